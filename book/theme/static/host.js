/* Runs the book's widgets on a page with no kernel.
 *
 * A widget is <div data-widget="name"> with its state as JSON (inside, or in the file data-state-src) and a
 * picture. Its module, the one that Jupyter loads, gets a model backed by that state. The picture goes only
 * once the module has drawn; whatever fails, the picture stays and one sentence says so.
 */
const HERE = new URL(".", import.meta.url);

/** anywidget's front-end model over a plain object. Nothing listens behind it: save_changes and send are silent. */
export function makeModel(state) {
  const listeners = new Map();
  const emit = (name, ...args) => [...(listeners.get(name) ?? [])].forEach((call) => call(...args));
  const model = {
    get: (key) => state[key],
    set(key, value) {
      if (Object.is(state[key], value)) return;
      state[key] = value;
      emit(`change:${key}`, model, value);
      emit("change", model);
    },
    save_changes() {},
    send() {},
    on(names, call) {
      for (const name of names.split(/\s+/)) {
        if (!listeners.has(name)) listeners.set(name, new Set());
        listeners.get(name).add(call);
      }
    },
    off(names, call) {
      for (const name of names ? names.split(/\s+/) : [...listeners.keys()]) {
        if (call) listeners.get(name)?.delete(call);
        else listeners.delete(name);
      }
    },
  };
  return model;
}

async function stateOf(widget) {
  if (widget.dataset.stateSrc) {
    const answer = await fetch(new URL(widget.dataset.stateSrc, document.baseURI));
    if (!answer.ok) throw new Error(`its data did not arrive (${answer.status})`);
    return answer.json();
  }
  const text = widget.querySelector('script[type="application/json"]')?.textContent;
  if (!text) throw new Error("it has no stored data");
  return JSON.parse(text);
}

// One sheet for all widgets. Without it they would still work, so a sheet that doesn't come holds nothing up.
let sheet = null;
function style() {
  sheet ??= new Promise((done) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: new URL("widgets/widget.css", HERE), onload: done, onerror: done });
    document.head.append(link);
  });
  return sheet;
}

// Leaving a page cuts short what is still on its way, which is no fault: shown again, the page starts it anew.
let visits = 0;
addEventListener("pagehide", () => { visits += 1; });

async function start(widget) {
  const name = widget.dataset.widget;
  const visit = visits;
  const stage = document.createElement("div");
  stage.className = "book-stage";
  try {
    if (!/^[\w-]+$/.test(name)) throw new Error("its name is not one of a module");
    const styled = style(); // drawn without it, a widget would be of another height for a moment
    const [state, module] = await Promise.all([stateOf(widget), import(new URL(`widgets/${name}.mjs`, HERE))]);
    const render = module.render ?? module.default?.render;
    if (!render) throw new Error("its module has nothing to render");
    const model = makeModel(state);
    await module.default?.initialize?.({ model });
    await styled;
    // Drawn in the page, so that a module can measure; unseen, so that a failure never shows half a widget.
    stage.style.cssText = "position:absolute;visibility:hidden;inline-size:100%";
    widget.append(stage);
    await render({ model, el: stage });
    widget.querySelector(":scope > figure")?.remove();
    stage.style.cssText = "";
    widget.dataset.live = "true";
  } catch (error) {
    stage.remove();
    await new Promise((done) => setTimeout(done, 300)); // the error comes before the leaving is told
    if (visit !== visits) {
      watch.observe(widget);
      return;
    }
    const note = document.createElement("p");
    note.className = "book-widget-note";
    note.setAttribute("role", "status");
    note.textContent = "This picture would move, but its widget could not start here. In Colab or Jupyter, it runs from this page's notebook.";
    widget.append(note);
    widget.dataset.live = "failed";
    console.warn(`Widget ${name}: ${error.message}`);
  }
}

const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    watch.unobserve(entry.target);
    start(entry.target);
  }
}, { rootMargin: "600px" });
for (const widget of document.querySelectorAll("[data-widget]")) watch.observe(widget);
