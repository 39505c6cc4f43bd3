/* Predictions on a page with no kernel: the widget's own module (utils/widgets/ask.mjs stands in front of this, put
   there by bookext/assets.py) gets a model over the state stored in the page. What a reader commits is kept. */
function enliven(box) {
  const state = JSON.parse(box.querySelector("script").textContent);
  state.said = window.bookProgress?.said(box.dataset.ask) ?? "";
  let stale = false; // an option that this edition doesn't have
  const model = {
    get: (key) => state[key],
    set(key, value) { state[key] = value; },
    save_changes() {
      box.dataset.state = "committed";
      window.bookProgress?.keep("asked", box.dataset.ask, state.said, stale);
    },
    on() {},
    off() {},
  };
  const stage = Object.assign(document.createElement("div"), { className: "book-stage" });
  render({ model, el: stage });
  box.dataset.state = stage.firstChild.dataset.state;
  stale = state.said !== "" && box.dataset.state === "open";
  box.querySelector(".ask-plain").replaceWith(stage);
}

const link = document.createElement("link");
Object.assign(link, { rel: "stylesheet", href: document.currentScript.dataset.style });
document.head.append(link);
for (const box of document.querySelectorAll("[data-ask]")) {
  try {
    enliven(box);
  } catch (error) {
    console.warn(`Prediction ${box.dataset.ask}: ${error.message}`); // the plain text stays
  }
}
