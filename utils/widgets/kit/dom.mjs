// Elements, and the frame that every widget stands in: stage, controls, a line that is read aloud, caption.

const SVG = "http://www.w3.org/2000/svg";

const fill = (node, attributes, children) => {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
};

// make("p", {class: "x", onclick: f}, "text"): an HTML element. drawn(...): the same for SVG.
export const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const drawn = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

// Jupyter loads a module anew for each widget, so the count is the page's, not the module's: ids and radio groups
// of two widgets must never meet.
const SERIAL = Symbol.for("book-widget-serial");
export const uniqueId = (prefix) => `bw-${prefix}-${(globalThis[SERIAL] = (globalThis[SERIAL] ?? 0) + 1)}`;

// The book's colors follow the page's theme; the second value serves Jupyter, which does not set them.
export const color = {
  ink: "var(--book-ink,#1f2328)", muted: "var(--book-muted,#5b6470)", rule: "var(--book-rule,#d4d7dc)",
  paper: "var(--book-paper,#ffffff)", data: "var(--book-data,#7d8794)", ours: "var(--book-ours,#1d6fb8)",
  reference: "var(--book-reference,#d98a12)", failure: "var(--book-failure,#b3274b)",
  fourth: "var(--book-fourth,#1f8a70)", fifth: "var(--book-fifth,#5f2c8c)",
};
export const cycle = [color.ours, color.reference, color.fourth, color.failure, color.fifth, color.data];

// Readers who ask for less motion get steps where others get animation.
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// A number for reading: four significant digits, no trailing zeros, a real minus sign.
export const number = (value, digits = 4) => {
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6)
    ? value.toExponential(Math.max(digits - 2, 0)) : String(+value.toPrecision(digits));
  return text.replace(/^-/, "−").replace(/\.?0*e\+?(-?)/, "e$1");
};

// What a run measured stands between ⟨ and ⟩ in stored texts, for the test that compares them with another run.
// Readers see no marks. unmarked(text): for attributes, drawings and speech; writeText(node, text): for an element.
const MARKED = /⟨([^⟨⟩]*)⟩/;
export const unmarked = (text) => String(text ?? "").split(MARKED).join("");
export const writeText = (node, text) => {
  const parts = String(text ?? "").split(MARKED);
  node.textContent = parts.join("");
  if (parts.length > 1) node.replaceChildren(...parts.map((part, i) => (i % 2 ? make("span", { class: "measured" }, part) : part)));
  return node;
};

// The frame. Returns {root, stage, controls, say, done}; call say(text) for every change the reader caused:
// it shows the line and, once changes pause, lets a screen reader speak it.
export function frame({ model, el, kind }) {
  const stage = make("div", { class: "bw-stage" });
  const readout = make("p", { class: "bw-readout" });
  const spoken = make("p", { class: "bw-spoken", role: "status" });
  const controls = make("div", { class: "bw-controls" });
  const caption = writeText(make("p", { class: "bw-caption" }), model.get("caption"));
  const root = make("div", { class: `bw bw-${kind}` }, stage, readout, controls, spoken, caption);
  // JupyterLab moves between cells with the arrow keys unless the element in focus says that it needs them.
  root.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", ""));
  el.append(root);
  let timer = 0;
  const say = (text) => {
    writeText(readout, text);
    clearTimeout(timer);
    timer = setTimeout(() => (spoken.textContent = unmarked(text)), 400);
  };
  return { root, stage, controls, say, done: () => clearTimeout(timer) };
}
