// broadcasting: two shapes in, predicted by the reader; the axes from the right, then the grids or the reason.
// State: pairs [[shape, shape], …] to choose from, a and b (lists of sizes) at the start.
import { frame, make } from "./kit/dom.mjs";
import { button, choice, row, toggle } from "./kit/controls.mjs";

export const compute = { broadcast, mend, parse, source };
const [MOST, OWN] = [60, "your own"]; // numbers that a grid shows; the name of a pair that is not in the list
const count = (shape) => shape.reduce((m, n) => m * n, 1);
const written = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

// "3, 1", "(3,1)" or "3 x 1" as [3, 1]; null when it is no shape.
function parse(text) {
  const inner = text.trim().replace(/^[([]|[)\]]$/g, "").trim().replace(/\s*,$/, "");
  const parts = inner ? inner.split(/\s*[,×x]\s*|\s+/) : [];
  return parts.length <= 6 && parts.every((part) => /^[1-9]\d{0,5}$/.test(part)) ? parts.map(Number) : null;
}

// Axis by axis from the right; a missing axis counts as 1. out is null where two sizes do not fit.
function broadcast(a, b) {
  const n = Math.max(a.length, b.length);
  const size = (shape, i) => shape[i - n + shape.length] ?? null;
  const axes = Array.from({ length: n }, (_, i) => {
    const [p, q] = [size(a, i) ?? 1, size(b, i) ?? 1];
    return { a: size(a, i), b: size(b, i), out: p === q || q === 1 ? p : p === 1 ? q : null };
  });
  return { axes, shape: axes.some((axis) => axis.out === null) ? null : axes.map((axis) => axis.out) };
}

// For every entry of a result: which entry of an array of this shape is read there, and whether as a copy.
function source(shape, out) {
  return Array.from({ length: count(out) }, (_, flat) => {
    let [rest, step, at, copy] = [flat, 1, 0, false];
    for (let i = out.length - 1; i >= 0; i -= 1) {
      const [index, size] = [rest % out[i], shape[i - out.length + shape.length] ?? 1];
      rest = Math.floor(rest / out[i]);
      if (size > 1) at += index * step;
      else copy ||= index > 0;
      step *= size;
    }
    return { at, copy };
  });
}

// One new axis that would make a pair fit with the fewest numbers, as code; null when one is not enough.
function mend(a, b) {
  const found = [];
  for (const [name, shape, other] of [["a", a, b], ["b", b, a]]) {
    for (let i = shape.length; i > 0; i -= 1) {
      const longer = [...shape.slice(0, i), 1, ...shape.slice(i)];
      const { shape: out } = broadcast(longer, other);
      if (out) found.push({ code: `${name}[${longer.map((_, j) => (j === i ? "None" : ":")).join(", ")}]`, shape: out });
    }
  }
  return found.sort((one, other) => count(one.shape) - count(other.shape))[0] ?? null;
}

function render({ model, el }) {
  const [pairs, now] = [model.get("pairs"), { a: model.get("a"), b: model.get("b"), open: true }];
  const { stage, controls, say, done } = frame({ model, el, kind: "broadcasting" });
  const [axesPlace, grids] = ["scroll", "grids"].map((name) => make("div", { class: `bw-shape-${name}` }));
  const cell = (size, out) => make("td", { class: size === null ? "bw-shape-faint" : now.open && size === 1 && out > 1 ? "bw-shape-one" : null }, String(size ?? 1));
  function drawAxes({ axes }) {
    const line = (name, cells) => make("tr", {}, make("th", { scope: "row" }, name), ...cells);
    const head = line("axis", axes.map((_, i) => make("th", { scope: "col" }, `\u2212${axes.length - i}`)));
    const result = axes.map(({ out }) => (!now.open ? make("td", {}, "?")
      : out === null ? make("td", { class: "bw-shape-misfit" }, "\u2717") : make("td", { class: "bw-shape-out" }, String(out))));
    const [a, b] = ["a", "b"].map((key) => line(key, axes.map((axis) => cell(axis[key], axis.out))));
    axesPlace.replaceChildren(make("table", { class: "bw-matrix" }, head, a, b, line("a + b", result)));
  }

  // ---- the numbers: a holds 10, 20, 30 …, b holds 1, 2, 3 …; what is only read again is pale
  function grid(sign, name, out, values, copies) {
    const [width, high] = [out.at(-1) ?? 1, out.at(-2) ?? 1];
    const td = (k) => make("td", { class: copies[k] ? "bw-shape-faint" : "bw-shape-held" }, String(values[k]));
    const range = (n, start = 0, by = 1) => Array.from({ length: n }, (_, k) => start + k * by);
    const slices = range(values.length / (width * high), 0, width * high).map((start) => make("table", { class: "bw-matrix" },
      ...range(high, start, width).map((left) => make("tr", {}, ...range(width, left).map(td)))));
    return make("div", { class: "bw-shape-term" }, make("span", {}, sign), make("div", { class: "bw-shape-scroll" }, make("p", {}, name), ...slices));
  }
  function drawGrids({ shape }) {
    grids.replaceChildren();
    if (!now.open || !shape) return;
    if (count(shape) > MOST || shape.at(-1) > 8) return grids.append(make("p", {}, `${count(shape).toLocaleString("en")} numbers, too many to draw.`));
    const [a, b] = [source(now.a, shape), source(now.b, shape)];
    grids.append(grid("", `a ${written(now.a)}`, shape, a.map(({ at }) => 10 * (at + 1)), a.map(({ copy }) => copy)),
      grid("+", `b ${written(now.b)}`, shape, b.map(({ at }) => at + 1), b.map(({ copy }) => copy)),
      grid("=", `a + b ${written(shape)}`, shape, a.map(({ at }, i) => 10 * (at + 1) + b[i].at + 1), []));
  }

  function why({ axes, shape }) {
    if (shape) return `the result has shape ${written(shape)}.`;
    const i = axes.findLastIndex((axis) => axis.out === null);
    const better = mend(now.a, now.b);
    return `an error. On axis \u2212${axes.length - i} the sizes are ${axes[i].a} and ${axes[i].b}; they differ and neither is 1.`
      + (better ? ` With ${better.code} the shapes would fit: ${written(better.shape)}.` : "");
  }
  function update(verdict = "") {
    const found = broadcast(now.a, now.b);
    drawAxes(found);
    drawGrids(found);
    say(`${verdict}${written(now.a)} and ${written(now.b)}: ${now.open ? why(found) : "which shape comes out, or is it an error? Write your prediction."}`);
  }

  const field = (name, value, onInput) => {
    const input = make("input", { type: "text", value, autocomplete: "off", spellcheck: "false", "aria-label": name });
    input.addEventListener("input", () => onInput(input.value, input));
    return { input, node: make("label", { class: "bw-shape-field" }, make("span", { class: "bw-label" }, name), input) };
  };
  const fields = Object.fromEntries(["a", "b"].map((key) => [key, field(`shape of ${key}`, written(now[key]), (text, input) => {
    const shape = parse(text);
    input.setAttribute("aria-invalid", String(shape === null));
    if (shape === null) return say("a shape is up to six sizes from 1 on, such as 3, 1");
    now[key] = shape;
    preset.set(OWN);
    change();
  })]));
  function change() {
    now.open = !hide.get();
    guess.input.value = "";
    update();
  }
  const preset = choice({ label: "Pair", value: "0", options: [...pairs.map(([a, b], i) => [String(i), `${written(a)} and ${written(b)}`]), [OWN, OWN]],
    onInput(at) {
      if (at === OWN) return;
      pairs[at].forEach((shape, i) => { now["ab"[i]] = shape; fields["ab"[i]].input.value = written(shape); });
      change();
    } });
  const check = () => {
    const { shape } = broadcast(now.a, now.b);
    const text = guess.input.value.trim();
    const said = /^err/i.test(text) ? "error" : parse(text) && text ? written(parse(text)) : null;
    if (said === null) return say("write a shape such as 3, 4, or the word error");
    now.open = true;
    update(said === (shape ? written(shape) : "error") ? "Right. " : `You said ${said}, it is otherwise. `);
  };
  const guess = field("your prediction", "", () => {});
  guess.input.addEventListener("keydown", (event) => { if (event.key === "Enter") check(); });
  const hide = toggle({ label: "hide the result until I have predicted it", value: true, onInput: change });
  stage.append(preset.node, row(fields.a.node, fields.b.node), axesPlace, grids);
  controls.append(row(guess.node, button("Check", check), button("Show", () => { now.open = true; update(); })), row(hide.node));
  const first = pairs.findIndex((pair) => String(pair.map(written)) === String([now.a, now.b].map(written)));
  preset.set(first < 0 ? OWN : String(first));
  update();
  return done;
}
export default { render };
