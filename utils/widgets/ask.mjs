// ask: the reader commits to a prediction, then gets what follows from it and what the run measured.
// State: question, options [[option, what follows]] and right (index), or scale {low, high, step, unit, tol, value,
// under, over}; found; said (what was committed, "" before). Small on purpose, so without the kit.

const MARKED = /⟨([^⟨⟩]*)⟩/;
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};
// What a run measured stands between ⟨ and ⟩; a reader sees the number.
const text = (line) => line.split(MARKED).map((part, i) => (i % 2 ? make("span", { class: "measured" }, part) : part));
const minus = (number) => String(number).replace("-", "−");

function render({ model, el }) {
  const options = model.get("options");
  const scale = model.get("scale");
  const name = `ask-${Math.random().toString(36).slice(2)}`;
  const inputs = options.length
    ? options.map(([option]) => make("input", { type: "radio", name, value: option }))
    : [make("input", { type: "range", min: scale.low, max: scale.high, step: scale.step })];
  const [first] = inputs;
  const shown = make("span", { class: "bw-ask-value", "aria-hidden": "true" });
  const tell = () => {
    shown.textContent = minus(first.value) + scale.unit;
    first.setAttribute("aria-valuetext", shown.textContent);
  };
  const labels = inputs.map((input, i) => make("label", {}, input, ...(options.length ? text(options[i][0]) : [shown])));
  if (!options.length) {
    first.setAttribute("aria-label", "Your prediction");
    first.addEventListener("input", tell);
    tell();
  }
  const button = make("button", { type: "submit" }, "Commit");
  const said = make("output", { "aria-live": "polite" });
  const legend = make("legend", {}, make("b", {}, "Predict. "), ...text(model.get("question")));
  const form = make("form", { class: "bw bw-ask", "data-state": "open" }, make("fieldset", {}, legend, ...labels), button, said);
  // JupyterLab moves between cells with the arrow keys unless the element in focus says that it needs them.
  form.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", ""));

  const line = (...parts) => make("p", {}, ...parts);
  const byOption = (at) => {
    const right = model.get("right");
    const [option, why] = options[right];
    labels[right].append(make("i", {}, "the run"));
    return at === right
      ? [line(make("b", {}, "As you said. "), ...text(why))]
      : [line(make("b", {}, "Not so. "), ...text(options[at][1])), line("The run: ", make("b", {}, ...text(option)), ". ", ...text(why))];
  };
  const byNumber = () => {
    const value = Number(scale.value.slice(1, -1));
    const miss = Number(first.value) - value;
    const near = Math.abs(miss) <= scale.tol * (1 + 1e-9);
    const why = near ? "" : miss < 0 ? scale.under : scale.over;
    return [line(make("b", {}, near ? "As near as asked. " : `Too ${miss < 0 ? "small" : "large"}. `), ...text(why)),
      line("The run: ", make("b", { class: "measured" }, minus(scale.value.slice(1, -1))), `${scale.unit}; you said ${shown.textContent}.`)];
  };
  const reveal = () => {
    const committed = model.get("said");
    const at = options.findIndex(([option]) => option === committed);
    if (form.dataset.state === "committed" || committed === "" || (options.length && at < 0)) return;
    form.dataset.state = "committed";
    if (options.length) inputs[at].checked = true;
    else {
      first.value = committed;
      tell();
    }
    for (const input of inputs) input.disabled = true;
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Committed";
    const found = model.get("found");
    said.replaceChildren(...(options.length ? byOption(at) : byNumber()), ...(found ? [line(...text(found))] : []));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.state === "committed") return;
    const chosen = options.length ? inputs.find((input) => input.checked) : first;
    if (!chosen) {
      said.textContent = "Choose first: nothing is told before.";
      first.focus();
      return;
    }
    model.set("said", chosen.value);
    model.save_changes();
    reveal();
  });
  model.on("change:said", reveal);
  el.append(form);
  reveal();
  return () => model.off("change:said", reveal);
}

export default { render };
