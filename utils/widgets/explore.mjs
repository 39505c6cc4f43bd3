// explore: sliders over frames that were drawn in Python. One module for Jupyter and for the site.
// State: grids [{name, label, stops, kind}], frames {"i,j": {svg|src, text}}, index, width, caption, alt, live.

// With a kernel a numeric slider has this many places from one stop to the next.
const BETWEEN = 8;

const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

const format = (value) =>
  typeof value === "number" && !Number.isInteger(value) ? String(+value.toPrecision(4)) : String(value);

function render({ model, el }) {
  const grids = model.get("grids");
  const live = model.get("live");
  const place = [...model.get("index")]; // where each slider stands, in stops; fractional between two stops
  let asked = 0;

  const stage = make("div", { class: "bw-stage" });
  stage.style.maxWidth = `${model.get("width")}px`;
  const readout = make("p", { class: "bw-readout", role: "status" });
  const controls = make("div", { class: "bw-controls" });
  const caption = make("p", { class: "bw-caption" }, model.get("caption"));
  el.append(make("div", { class: "bw bw-explore" }, stage, readout, controls, caption));

  // The value a slider stands for: a stop, or with a kernel a number between two stops.
  const valueAt = (grid, at) => {
    const low = Math.floor(at);
    if (low === at) return grid.stops[at];
    const mix = grid.stops[low] + (at - low) * (grid.stops[low + 1] - grid.stops[low]);
    return grid.kind === "integer" ? Math.round(mix) : mix;
  };

  // A value between stops can round to a stop itself; then its frame is at hand.
  const frameKey = () => {
    const key = place.map((at, i) => grids[i].stops.indexOf(valueAt(grids[i], at)));
    return key.includes(-1) ? null : key.join(",");
  };

  const say = (text) => {
    const values = grids.map((grid, i) => `${grid.label} ${format(valueAt(grid, place[i]))}`).join(", ");
    readout.textContent = text ? `${values}: ${text}` : values;
  };

  const draw = (frame) => {
    if (frame.svg) {
      stage.innerHTML = frame.svg;
      const svg = stage.firstElementChild;
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", model.get("alt"));
      svg.removeAttribute("height");
      svg.setAttribute("width", "100%");
    } else {
      let image = stage.querySelector("img");
      if (!image) {
        const [w, h] = frame.size;
        image = make("img", { alt: model.get("alt"), width: w, height: h });
        stage.replaceChildren(image);
      }
      image.src = frame.src;
    }
    say(frame.text);
  };

  const update = () => {
    const key = frameKey();
    if (key !== null) return draw(model.get("frames")[key]);
    say("drawing …");
    asked += 1;
    const values = Object.fromEntries(grids.map((grid, i) => [grid.name, valueAt(grid, place[i])]));
    model.set("request", { id: asked, values });
    model.save_changes();
  };

  const onAnswer = () => {
    const { id, frame, error } = model.get("answer");
    if (id !== asked) return; // the reader has moved on
    if (frame) draw(frame);
    else say(error);
  };
  model.on("change:answer", onAnswer);

  grids.forEach((grid, i) => {
    const fine = live && grid.kind !== "choice";
    const input = make("input", {
      type: "range", min: 0, max: grid.stops.length - 1, step: fine ? 1 / BETWEEN : 1, "aria-label": grid.label,
    });
    input.value = place[i];
    const shown = make("output", { class: "bw-value" });
    const tell = () => {
      const text = format(valueAt(grid, place[i]));
      shown.textContent = text;
      input.setAttribute("aria-valuetext", text);
    };
    input.addEventListener("input", () => {
      place[i] = Number(input.value);
      tell();
      update();
    });
    tell();
    controls.append(make("label", { class: "bw-control" }, make("span", { class: "bw-label" }, grid.label), input, shown));
  });
  update();
  return () => model.off("change:answer", onAnswer);
}

export default { render };
