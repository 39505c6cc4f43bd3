// Distribution and divergence explorer: two densities to shape, six divergences, and where each comes from.
// State: p, q ([[weight, mean, width]], one or two parts), show (the divergence whose integrand is drawn).
import { calm, color, drawn, frame, make, number, uniqueId } from "./kit/dom.mjs";
import { button, choice, row } from "./kit/controls.mjs";
import { DIVERGENCES, divergenceValues, fit, fitting, keep, logDensity, shares } from "./kit/density.mjs";
import { handle } from "./kit/drag.mjs";
import { fitted } from "./kit/fit.mjs";
import { axes } from "./kit/plot.mjs";

const NAMES = {
  kl_pq: ["KL(p‖q)", "p ln(p/q)"], kl_qp: ["KL(q‖p)", "q ln(q/p)"], js: ["Jensen–Shannon", "½ p ln(p/m) + ½ q ln(q/m), m = (p+q)/2"],
  tv: ["Total variation", "½ |p − q|"], hellinger: ["Squared Hellinger", "½ (√p − √q)²"], chi2: ["Pearson χ²(p‖q)", "(p − q)²/q"],
};
const INK = { p: color.reference, q: color.ours };
const SPAN = [-7, 7];
const XS = Array.from({ length: 281 }, (_, i) => SPAN[0] + ((SPAN[1] - SPAN[0]) * i) / 280);
const FIT_STEPS = 300;
const FIT_BATCH = 5; // steps of the fit between two pictures
const ROOT = Math.sqrt(2 * Math.PI);

const pick = (name, p, q) => divergenceValues(p, q)[name];
export const compute = {
  density: (parts, x) => Math.exp(logDensity(parts, x)),
  integrand: (name, p, q, x) => DIVERGENCES[name](logDensity(p, x), logDensity(q, x)),
  values: divergenceValues,
  value: pick,
  shares,
  fit,
};

// The smallest of 1, 2, 5, 10, … (times a power of ten) that is not below the value.
const roundUp = (value) => {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((m) => m * power).find((s) => s >= value * 0.9999);
};

function render({ model, el }) {
  const { root, stage, controls, say, done } = frame({ model, el, kind: "divergences" });
  const shapes = make("div", { class: "bw-divergences-plot" });
  const origin = make("div", { class: "bw-divergences-plot" });
  const note = make("p", { class: "bw-divergences-note" });
  stage.append(shapes, note, origin);
  const copy = (parts) => parts.map((part) => [...part]);
  const now = { p: copy(model.get("p")), q: copy(model.get("q")), show: model.get("show") };
  let top, bottom;
  let handles = [];
  let values = {};
  let search = 0; // the timer of a running fit
  let ours = false; // is the model being set from here?

  const peak = ([weight, , width]) => weight / (width * ROOT);
  // Of the widths alone, so that the scale stays put while a weight is dragged.
  const height = () => {
    const tallest = Math.max(...[...now.p, ...now.q].map(([, , width]) => 1 / (width * ROOT)));
    return [0.45, 0.65, 1, 1.5, 2.1].find((level) => level >= tallest * 1.02) ?? 2.1;
  };

  // ---- handles: a full dot at a part's peak (mean, weight), a hollow one on the axis (width)
  function place() {
    for (const { grip, key, k, kind } of handles) {
      const part = now[key][k];
      const side = key === "p" ? 1 : -1; // p's width on the right, q's on the left: a perfect fit hides neither
      grip.set(kind === "peak" ? [part[1], peak(part)] : [part[1] + side * part[2], 0]);
      const weight = now[key].length === 2 ? `, weight ${number(part[0], 2)}` : "";
      grip.node.setAttribute("aria-valuetext", kind === "peak" ? `mean ${number(part[1], 3)}${weight}` : `width ${number(part[2], 3)}`);
    }
  }

  function grips() {
    for (const { grip } of handles) grip.node.remove();
    handles = [];
    for (const key of ["q", "p"]) {
      const side = key === "p" ? 1 : -1;
      now[key].forEach((_, k) => {
        const part = () => now[key][k];
        const which = now[key].length === 2 ? `, part ${k + 1}` : "";
        const update = (next) => {
          const parts = copy(now[key]);
          parts[k] = next;
          if (parts.length === 2) parts[1 - k][0] = 1 - next[0];
          change({ [key]: parts });
        };
        const wide = handle({
          plot: top, value: [part()[1] + side * part()[2], 0], label: `Width of ${key}${which}`, fill: color.paper, step: [0.05, 0],
          limit: ([x]) => [part()[1] + side * keep(side * (x - part()[1]), "width"), 0],
          onMove: ([x]) => update([part()[0], part()[1], +(side * (x - part()[1])).toFixed(3)]),
        });
        Object.entries({ stroke: INK[key], "stroke-width": 2.5, r: 6.5 }).forEach(([name, value]) => wide.node.lastChild.setAttribute(name, value));
        const summit = handle({
          plot: top, value: [part()[1], peak(part())], label: `Mean${which ? " and weight" : ""} of ${key}${which}`, fill: INK[key],
          step: [0.1, 0.004], // of height: a hundredth of weight at width 1
          limit: ([x, y]) => {
            const weight = now[key].length === 2 ? keep(y * part()[2] * ROOT, "weight") : 1;
            return [keep(x, "mean"), weight / (part()[2] * ROOT)];
          },
          onMove: ([x, y]) => update([now[key].length === 2 ? +(y * part()[2] * ROOT).toFixed(3) : 1, +x.toFixed(3), part()[2]]),
        });
        handles.push({ grip: wide, key, k, kind: "width" }, { grip: summit, key, k, kind: "peak" });
      });
    }
  }

  // ---- drawing
  function layout() {
    const width = Math.max(280, stage.clientWidth || 640);
    const held = handles.findIndex(({ grip }) => grip.node === document.activeElement);
    top = axes({ width, height: Math.round(Math.max(200, width * 0.36)), x: SPAN, y: [0, height()], ylabel: "density", label: "The densities p and q" });
    bottom = axes({ width, height: Math.round(Math.max(150, width * 0.24)), x: SPAN, y: [0, 1], xlabel: "x", label: "The integrand of the chosen divergence" });
    for (const plot of [top, bottom]) plot.svg.setAttribute("width", width);
    shapes.replaceChildren(top.svg);
    origin.replaceChildren(bottom.svg);
    handles = [];
    grips();
    if (held >= 0) handles[held]?.grip.node.focus();
    paint();
  }

  function paint() {
    top.rescale({ y: [0, height()] });
    for (const key of ["p", "q"]) {
      const line = XS.map((x) => [x, Math.exp(logDensity(now[key], x))]);
      top.area([[SPAN[0], 0], ...line, [SPAN[1], 0]], { fill: INK[key] });
      top.curve(line, { stroke: INK[key], "stroke-width": 2.25 });
      const [x, y] = line.reduce((best, at) => (at[1] > best[1] ? at : best));
      top.text([x, y], key, { dx: 13, dy: -7, style: `fill:color-mix(in srgb, ${INK[key]} 65%, ${color.ink})`, "font-weight": 700, "font-size": 16 });
    }
    place();
    paintOrigin();
    values = divergenceValues(now.p, now.q);
    for (const [name, entry] of Object.entries(entries)) entry.tell(values[name]);
  }

  function paintOrigin() {
    const line = XS.map((x) => [x, DIVERGENCES[now.show](logDensity(now.p, x), logDensity(now.q, x))]).filter(([, y]) => Number.isFinite(y));
    const high = roundUp(Math.max(0.01, ...line.map(([, y]) => y)));
    const low = Math.min(...line.map(([, y]) => y));
    bottom.rescale({ y: [low < -1e-3 * high ? -roundUp(-low) : 0, high] });
    const part = (keepSign, attributes) => bottom.area([[line[0][0], 0], ...line.map(([x, y]) => [x, keepSign(y, 0)]), [line[line.length - 1][0], 0]], { "fill-opacity": 0.35, ...attributes });
    part(Math.max, { fill: color.fourth });
    part(Math.min, { fill: color.fifth });
    bottom.line([SPAN[0], 0], [SPAN[1], 0], { stroke: color.rule });
    bottom.curve(line, { stroke: color.ink, "stroke-width": 1.5 });
    const [above, below] = shares(now.show, now.p, now.q);
    const [label, formula] = NAMES[now.show];
    const sum = below < -5e-4 ? ` = ${number(above, 3)} above the axis − ${number(-below, 3)} below` : "";
    const total = above === Infinity ? "the integral is infinite: the tails of q are too light for p" : `area ${number(above + below, 3)}${sum}`;
    note.replaceChildren(make("strong", {}, label), ` integrates ${formula}: ${total}`);
  }

  const tell = (lead = "") => say(`${lead}KL(p‖q) ${number(values.kl_pq, 3)} · KL(q‖p) ${number(values.kl_qp, 3)}`
    + (["kl_pq", "kl_qp"].includes(now.show) ? "" : ` · ${NAMES[now.show][0]} ${number(values[now.show], 3)}`));

  function set(next) {
    const counts = ["p", "q"].map((key) => now[key].length).join();
    Object.assign(now, next);
    ours = true;
    for (const [key, value] of Object.entries(next)) model.set(key, value);
    ours = false;
    if (["p", "q"].map((key) => now[key].length).join() !== counts) grips();
    paint();
  }

  function change(next) {
    stop();
    set(next);
    model.save_changes();
    tell();
  }

  // ---- fitting q
  function stop() {
    clearInterval(search);
    search = 0;
  }
  function start(by) {
    stop();
    const quiet = calm();
    const run = fitting(now.p, now.q, by, FIT_STEPS);
    set({ show: by });
    search = setInterval(() => {
      for (let i = 0; i < FIT_BATCH && !run.done(); i += 1) run.step();
      if (!run.done() && quiet) return;
      set({ q: run.parts().map((part) => part.map((value) => +value.toFixed(4))).map((part, k, all) => (k === 1 ? [1 - all[0][0], part[1], part[2]] : part)) });
      if (!run.done()) return;
      stop();
      model.save_changes();
      const fitText = now.q.map(([, mean, width]) => `mean ${number(mean, 3)}, width ${number(width, 3)}`).join("; ");
      tell(`q fitted: ${fitText} · `);
    }, 16);
  }

  // ---- controls
  const group = uniqueId("divergence");
  const entries = Object.fromEntries(Object.entries(NAMES).map(([name, [label]]) => {
    const input = make("input", { type: "radio", name: group, value: name });
    const value = make("span", { class: "bw-divergences-value" });
    input.addEventListener("change", () => change({ show: name }));
    const node = make("label", { class: "bw-divergences-entry" }, input, make("span", { class: "bw-divergences-name" }, label), value);
    const report = (amount) => {
      input.checked = now.show === name;
      value.textContent = number(amount, 3);
    };
    return [name, { node, tell: report }];
  }));
  // A second part is split off to the side; a single one takes over mean and variance.
  const bumps = (key) => choice({
    label: `${key} has`, value: String(now[key].length), options: [["1", "one bump"], ["2", "two bumps"]],
    onInput(count) {
      const [[weight, mean, width], other] = now[key];
      if (count === "2") return change({ [key]: [[0.5, keep(mean - 1, "mean"), width], [0.5, keep(mean + 1, "mean"), width]] });
      const middle = weight * mean + other[0] * other[1];
      const spread = weight * (width ** 2 + (mean - middle) ** 2) + other[0] * (other[2] ** 2 + (other[1] - middle) ** 2);
      change({ [key]: [[1, +middle.toFixed(3), +keep(Math.sqrt(spread), "width").toFixed(3)]] });
    },
  });
  const counts = { p: bumps("p"), q: bumps("q") };
  const first = { p: copy(now.p), q: copy(now.q) };
  const reset = () => {
    change({ p: copy(first.p), q: copy(first.q) });
    onModel(true);
  };
  controls.before(make("fieldset", { class: "bw-divergences-list" }, make("legend", {}, "Divergences in nats; choose one to see where it comes from"), ...Object.values(entries).map(({ node }) => node)));
  controls.append(
    row(button("Fit q by KL(p‖q)", () => start("kl_pq")), button("Fit q by KL(q‖p)", () => start("kl_qp")), button("Reset", reset)),
    make("div", { class: "bw-divergences-counts" }, counts.p.node, counts.q.node));

  // Python may set the state too.
  function onModel(again) {
    if (ours) return;
    for (const key of ["p", "q"]) counts[key].set(String(model.get(key).length));
    const next = { p: copy(model.get("p")), q: copy(model.get("q")), show: model.get("show") };
    if (again !== true && JSON.stringify(next) === JSON.stringify(now)) return;
    set(next);
    tell();
  }
  const unfit = fitted(stage, layout);
  tell();
  model.on("change:p change:q change:show", onModel);
  return () => {
    stop();
    unfit();
    done();
    model.off("change:p change:q change:show", onModel);
    root.remove();
  };
}

export default { render };
