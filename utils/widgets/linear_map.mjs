// linear_map: drag the columns of a 2×2 matrix and see where circle, grid and special directions go.
// State: presets [{name, matrix}], matrix [[a, b], [c, d]], chosen (name of the preset it is, or "your own"), angle
// (degrees, of the vector x on the unit circle).
import { color, drawn, frame, make, number, uniqueId, unmarked } from "./kit/dom.mjs";
import { choice, toggle } from "./kit/controls.mjs";
import { handle } from "./kit/drag.mjs";
import { axes } from "./kit/plot.mjs";
import { analyse } from "./kit/linear2.mjs";

export const compute = { analyse };

const OWN = "your own";
const REACH = 3; // entries lie in ±REACH
const VIEW = 3.25;
// The lines' orange is too light for letters; toward the ink it is readable in both themes.
const EIGEN_TEXT = `color-mix(in srgb, ${color.reference} 65%, ${color.ink})`;
const degrees = (angle) => `${number((angle * 180) / Math.PI, 3)}\u00b0`;
const value2 = ([re]) => number(re, 3);
const pairText = ([p, q], join) => (p[1] ? `${number(p[0], 3)} \u00b1 ${number(p[1], 3)}i` : `${value2(p)}${join}${value2(q)}`);

// What eigenvectors the matrix has, in words.
function directions({ eigen }) {
  const [[re, im]] = eigen.values;
  if (eigen.kind === "complex") {
    return `No real direction keeps its line. In a suitable basis the map turns by ${degrees(Math.atan2(im, re))} and scales by ${number(Math.hypot(re, im), 3)}.`;
  }
  if (eigen.kind === "every") return `Every direction is an eigenvector: the map scales by ${number(re, 3)}.`;
  if (eigen.kind === "one") return "One eigenvalue twice, but only one direction: the matrix is defective and has no basis of eigenvectors.";
  const [v, w] = eigen.vectors;
  const between = Math.acos(Math.min(Math.abs(v[0] * w[0] + v[1] * w[1]), 1));
  return between > Math.PI / 2 - 1e-6 ? "Two eigenvectors at a right angle, as every symmetric matrix has."
    : `Two eigenvectors, ${degrees(between)} apart.`;
}

function render({ model, el }) {
  const presets = model.get("presets");
  let A = model.get("matrix").map((line) => [...line]);
  let angle = (model.get("angle") * Math.PI) / 180;
  const show = { grid: true, eigen: true, singular: false };
  const { stage, controls, say, done } = frame({ model, el, kind: "linear_map" });
  const apply = ([x, y]) => [A[0][0] * x + A[0][1] * y, A[1][0] * x + A[1][1] * y];

  const plot = axes({ width: 420, height: 420, x: [-VIEW, VIEW], y: [-VIEW, VIEW], frame: false, label: unmarked(model.get("alt")) });
  const facts = make("dl", { class: "bw-map-facts" });
  const words = make("p", { class: "bw-map-words" });

  // ---- the drawing
  const through = ([x, y], attributes) => plot.line([-9 * x, -9 * y], [9 * x, 9 * y], attributes);
  const head = drawn("marker", { id: uniqueId("head"), viewBox: "0 0 10 10", refX: 8, refY: 5, markerWidth: 5, markerHeight: 5, orient: "auto-start-reverse" },
    drawn("path", { d: "M0 0L10 5L0 10z", fill: "context-stroke" }));
  plot.svg.prepend(drawn("defs", {}, head));
  const arrow = (to, stroke, attributes = {}) => {
    if (Math.hypot(...to) > 0.05) plot.line([0, 0], to, { stroke, "stroke-width": 2, "marker-end": `url(#${head.id})`, ...attributes });
  };
  // A label stands a little beyond its point, where it is seen: not under a finger, not outside.
  const name = ([x, y], text, fill, side = 0) => {
    const far = Math.hypot(x, y) || 1;
    const limit = (at) => Math.min(Math.max(at, -VIEW + 0.3), VIEW - 0.3);
    const place = [limit(x + (0.36 * x) / far - (side * y) / far), limit(y + (0.36 * y) / far + (side * x) / far)];
    const anchor = text.length > 3 && Math.abs(place[0]) > VIEW - 1 ? (place[0] > 0 ? "end" : "start") : "middle";
    plot.text(place, text, { style: `fill:${fill}`, "text-anchor": anchor, dy: "0.35em", "font-size": 15, stroke: color.paper, "stroke-width": 4, "paint-order": "stroke", "font-weight": 600 });
  };

  function draw(found) {
    plot.clear();
    if (show.grid) {
      for (let i = -8; i <= 8; i += 1) {
        if (Math.abs(i) <= 3) {
          plot.line([i, -4], [i, 4], { stroke: color.rule, "stroke-width": i ? 0.75 : 1.5 });
          plot.line([-4, i], [4, i], { stroke: color.rule, "stroke-width": i ? 0.75 : 1.5 });
        }
        const faint = { stroke: color.ours, "stroke-width": 1, "stroke-opacity": i ? 0.32 : 0.6 };
        plot.line(apply([i, -8]), apply([i, 8]), faint);
        plot.line(apply([-8, i]), apply([8, i]), faint);
      }
    }
    const sign = found.rank < 2 ? color.data : found.det > 0 ? color.ours : color.failure;
    plot.area([[0, 0], apply([1, 0]), apply([1, 1]), apply([0, 1])], { fill: sign, "fill-opacity": 0.2 });
    const turn = Array.from({ length: 121 }, (_, i) => [Math.cos((i * Math.PI) / 60), Math.sin((i * Math.PI) / 60)]);
    plot.curve(turn, { stroke: color.muted, "stroke-width": 1.5, "stroke-dasharray": "4 4" });
    plot.curve(turn.map(apply), { stroke: color.ours, "stroke-width": 2 });
    if (show.eigen && found.eigen.kind !== "every") {
      found.eigen.vectors.forEach((vector, i) => {
        through(vector, { stroke: color.reference, "stroke-width": 1.75 });
        const far = 3.05 / Math.max(Math.abs(vector[0]), Math.abs(vector[1]));
        const up = vector[1] + 1e-9 * vector[0] < 0 ? -far : far;
        name([vector[0] * up, vector[1] * up], `\u03bb${found.eigen.kind === "one" ? "" : "\u2081\u2082"[i]} = ${value2(found.eigen.values[i])}`, EIGEN_TEXT, 0.3);
      });
    }
    if (show.singular) {
      found.s.forEach((s, i) => {
        const [v, u] = [found.v[i], found.u[i]];
        const tone = [color.fourth, color.fifth][i];
        arrow(v, tone, { "stroke-dasharray": "3 3" });
        arrow(u.map((part) => s * part), tone, { "stroke-width": 2.5 });
        name(v, `v${"\u2081\u2082"[i]}`, tone, 0.3);
        if (s > 0.3) name(u.map((part) => s * part), `\u03c3${"\u2081\u2082"[i]}u${"\u2081\u2082"[i]}`, tone, -0.3);
      });
    }
    const x = [Math.cos(angle), Math.sin(angle)];
    arrow(apply([1, 0]), color.ink);
    arrow(apply([0, 1]), color.ink);
    arrow(x, color.muted, { "stroke-width": 1.5 });
    arrow(apply(x), color.ours, { "stroke-width": 2.5 });
    name(apply([1, 0]), "a\u2081", color.ink);
    name(apply([0, 1]), "a\u2082", color.ink);
    name(x, "x", color.muted, -0.1);
    if (Math.hypot(...apply(x)) > 0.4) name(apply(x), "Ax", color.ours, -0.1);
  }

  // ---- the numbers
  const fact = (term, ...values) => [make("dt", {}, term), make("dd", {}, ...values)];
  function tellFacts(found) {
    const { det, rank, condition, s, eigen } = found;
    const area = rank < 2 ? "area is lost" : `area \u00d7 ${number(Math.abs(det), 3)}${det < 0 ? ", turned over" : ""}`;
    facts.replaceChildren(
      ...fact("determinant", number(det, 3), make("span", {}, area)),
      ...fact("rank", String(rank), make("span", {}, ["everything to 0", "plane onto a line", "invertible"][rank])),
      ...fact("eigenvalues", pairText(eigen.values, ",  ")),
      ...fact("singular values", s.map((one) => number(one, 3)).join(",  ")),
      ...fact("condition number", condition === null ? "\u221e" : number(condition, 3)));
    words.textContent = directions(found);
  }

  // ---- the matrix as numbers
  const id = uniqueId("entry");
  const entries = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([i, j]) => {
    const field = make("input", { type: "number", step: 0.1, min: -REACH, max: REACH, id: `${id}-${i}${j}`, "aria-label": `row ${i + 1}, column ${j + 1}` });
    field.addEventListener("input", () => {
      const next = field.valueAsNumber;
      field.setAttribute("aria-invalid", String(!(Math.abs(next) <= REACH)));
      if (!(Math.abs(next) <= REACH)) return;
      A[i][j] = next;
      update(`row ${i + 1}, column ${j + 1} is ${number(next)}`, field);
    });
    field.addEventListener("blur", () => { field.value = +A[i][j].toFixed(3); field.setAttribute("aria-invalid", "false"); });
    return field;
  });
  const preset = choice({ label: "Matrix", options: [...presets.map((one) => one.name), OWN], value: model.get("chosen"),
    onInput(chosen) {
      const found = presets.find((one) => one.name === chosen);
      if (!found) return;
      A = found.matrix.map((line) => [...line]);
      update(chosen);
      preset.set(chosen);
    } });

  // Dragged columns stop at multiples of 0.05: numbers one can read, and exact shears and projections.
  const snap = (place) => place.map((part) => +Math.min(Math.max(Math.round(part * 20) / 20, -REACH), REACH).toFixed(2));
  const column = (j) => handle({
    plot, value: [A[0][j], A[1][j]], label: `column ${j + 1} of the matrix`, step: 0.05, fill: color.ink, limit: snap,
    onMove([top, low]) {
      [A[0][j], A[1][j]] = [top, low];
      update(`column ${j + 1} at ${number(top)}, ${number(low)}`, null, j);
    } });
  const onCircle = ([x, y]) => { const far = Math.hypot(x, y) || 1; return [x / far, y / far]; };
  const probe = handle({
    plot, value: [Math.cos(angle), Math.sin(angle)], label: "vector x on the unit circle", step: 0.04, fill: color.muted, limit: onCircle,
    onMove([x, y]) {
      angle = Math.atan2(y, x);
      draw(analyse(A));
      tellProbe();
    } });
  // On the circle an arrow key turns x; straight steps would stick where the circle runs across them.
  probe.node.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    angle += ((by * Math.PI) / 180) * (event.shiftKey ? 15 : 1);
    probe.set([Math.cos(angle), Math.sin(angle)]);
    draw(analyse(A));
    tellProbe();
  }, { capture: true });
  const columns = [column(0), column(1)];

  function tellProbe() {
    const x = [Math.cos(angle), Math.sin(angle)];
    const y = apply(x);
    const turned = Math.atan2(x[0] * y[1] - x[1] * y[0], x[0] * y[0] + x[1] * y[1]);
    const size = Math.hypot(...y);
    const { kind, vectors } = analyse(A).eigen;
    const near = kind === "complex" ? -1 : vectors.findIndex((v) => Math.abs(x[0] * v[1] - x[1] * v[0]) < 0.01);
    const own = kind === "every" ? "; every x keeps its line" : near >= 0 ? `; x lies along eigenvector ${near + 1}` : "";
    say(size < 1e-9 ? `x at ${degrees(angle)} goes to 0: it lies in the null space`
      : `x at ${degrees(angle)}: Ax is ${number(size, 3)} long, turned by ${degrees(Math.abs(turned) < 1e-6 ? 0 : turned)}${own}`);
  }

  function update(what, typed = null, dragged = null) {
    if (what !== preset.get()) preset.set(OWN);
    const found = analyse(A);
    entries.forEach((field, n) => { if (field !== typed) field.value = +A[n >> 1][n & 1].toFixed(3); });
    columns.forEach((one, j) => { if (j !== dragged) one.set([A[0][j], A[1][j]]); });
    draw(found);
    tellFacts(found);
    const pair = pairText(found.eigen.values, " and ");
    say(`${what}: determinant ${number(found.det, 3)}, eigenvalues ${pair}`);
  }

  const boxes = [["grid", "grid"], ["eigen", "eigenvectors"], ["singular", "singular vectors"]].map(([key, label]) =>
    toggle({ label, value: show[key], onInput(on) { show[key] = on; draw(analyse(A)); say(`${label} ${on ? "shown" : "hidden"}`); } }).node);
  stage.append(make("div", { class: "bw-map-pair" }, plot.svg,
    make("div", {}, make("div", { class: "bw-map-entry", role: "group", "aria-label": "Matrix A" }, make("span", {}, "A ="), make("div", { class: "bw-map-matrix" }, ...entries)), facts, words)));
  controls.append(make("div", { class: "bw-map-choices" }, preset.node, make("div", { class: "bw-row" }, ...boxes)));
  update(model.get("chosen"));
  return done;
}

export default { render };
