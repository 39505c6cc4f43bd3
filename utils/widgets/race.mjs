// Optimizer race: a start to drag, optimizers to choose, their paths and losses as they run.
// State: surface, start, optimizers, lr (of the plain methods), lr_adaptive (of the others), momentum, steps.
import { calm, color, drawn, frame, make, number, uniqueId } from "./kit/dom.mjs";
import { button, choice, row, slider } from "./kit/controls.mjs";
import { levelLine } from "./kit/contour.mjs";
import { SURFACES, descend, divergedAt, lossAlong } from "./kit/descent.mjs";
import { handle } from "./kit/drag.mjs";
import { fitted } from "./kit/fit.mjs";
import { axes } from "./kit/plot.mjs";

// Variants of one idea share a color; the dash tells them apart.
const OPTIMIZERS = {
  gd: ["Gradient descent", color.ink], momentum: ["Momentum", color.ours], nesterov: ["Nesterov", color.ours, "6 3"],
  adagrad: ["AdaGrad", color.fourth], rmsprop: ["RMSProp", color.fifth],
  adam: ["Adam", color.reference], amsgrad: ["AMSGrad", color.reference, "6 3"],
};
const PLAIN = ["gd", "momentum", "nesterov"];
const LOSS_FLOOR = 1e-8;
const SPEED = 25; // steps a second
const CALM_JUMP = 10; // steps at a time, for readers who ask for less motion

export const compute = {
  run: descend,
  diverged: (name, surface, start, lr, steps, momentum) => divergedAt(descend(name, surface, start, lr, steps, momentum), surface),
  value: (surface, point) => SURFACES[surface].value(...point),
  gradient: (surface, point) => SURFACES[surface].gradient(...point),
  facts: (surface) => SURFACES[surface],
  level: levelLine,
};

// The rate a slider stands for: three digits, so that what is shown is what runs.
const rateAt = (place) => +(10 ** place).toPrecision(3);

function render({ model, el }) {
  const { root, stage, controls, say, done } = frame({ model, el, kind: "race" });
  const mapBox = make("div", { class: "bw-race-map" });
  const lossBox = make("div", { class: "bw-race-loss" });
  stage.append(mapBox, lossBox);
  const now = Object.fromEntries(["surface", "start", "optimizers", "lr", "lr_adaptive", "momentum", "steps"].map((key) => [key, model.get(key)]));
  let runs = {}; // optimizer -> {path, loss, out}
  let shown = now.steps; // how many steps are drawn
  let lit = null; // the optimizer that the reader points at
  let map, losses, start;
  let trails = [];
  let ours = false; // is the model being set from here?

  const rate = (name) => (PLAIN.includes(name) ? now.lr : now.lr_adaptive);
  const last = (run) => (run.out >= 0 ? Math.min(shown, run.out) : shown);

  function solve() {
    runs = Object.fromEntries(now.optimizers.map((name) => {
      const path = descend(name, now.surface, now.start, rate(name), now.steps, now.momentum);
      return [name, { path, loss: lossAlong(path, now.surface), out: divergedAt(path, now.surface) }];
    }));
  }

  // ---- drawing
  const cut = (plot, id) => {
    const [[x1, y1], [x2, y2]] = [plot.at(plot.range.x[0], plot.range.y[1]), plot.at(plot.range.x[1], plot.range.y[0])];
    const box = drawn("rect", { x: x1, y: y1, width: x2 - x1, height: y2 - y1 });
    plot.svg.prepend(drawn("clipPath", { id }, box));
    const clipped = drawn("g", { "clip-path": `url(#${id})` });
    plot.svg.insertBefore(clipped, plot.layer);
    return clipped;
  };

  function contours(field, ground) {
    const count = [72, 52];
    const [xs, ys] = ["x", "y"].map((axis, d) => {
      const [low, high] = map.range[axis];
      return Array.from({ length: count[d] }, (_, i) => low + ((high - low) * i) / (count[d] - 1));
    });
    const values = ys.map((y) => xs.map((x) => field.value(x, y) - field.low));
    const top = Math.max(...values.flat());
    for (let k = 1; k <= 12; k += 1) {
      const pieces = levelLine(values, xs, ys, top * 2 ** -k).map(([a, b]) => {
        const [[ax, ay], [bx, by]] = [map.at(...a), map.at(...b)];
        return `M${ax.toFixed(1)} ${ay.toFixed(1)}L${bx.toFixed(1)} ${by.toFixed(1)}`;
      });
      // Low ground is drawn stronger: the eye finds the valley.
      ground.append(drawn("path", { d: pieces.join(""), fill: "none", stroke: color.data, "stroke-opacity": 0.3 + 0.05 * k }));
    }
    for (const [x, y] of field.minima) {
      const [sx, sy] = map.at(x, y);
      ground.append(drawn("path", { d: `M${sx - 5} ${sy}h10M${sx} ${sy - 5}v10`, stroke: color.muted, "stroke-width": 1.5 }));
    }
  }

  let grounds = {};
  function layout() {
    const wide = stage.clientWidth >= 620;
    const width = Math.max(280, stage.clientWidth || 640);
    const mapWidth = wide ? Math.round(width * 0.58) : width;
    const lossWidth = wide ? width - mapWidth - 8 : width;
    const height = Math.round(mapWidth * (wide ? 0.74 : 0.76));
    const field = SURFACES[now.surface];
    map = axes({ width: mapWidth, height, x: field.x, y: field.y, equal: true, label: `${field.label}: level lines and the paths of the optimizers` });
    const top = 10 ** Math.ceil(Math.log10(Math.max(...field.x.flatMap((x) => field.y.map((y) => field.value(x, y) - field.low)))));
    losses = axes({
      width: lossWidth, height: wide ? height : Math.round(width * 0.55), x: [0, now.steps], y: [LOSS_FLOOR, top], log: "y",
      xlabel: "step", ylabel: "loss above the minimum", label: "Loss above the minimum at every step, on a logarithmic scale",
    });
    grounds = { map: cut(map, uniqueId("race")), loss: cut(losses, uniqueId("race")) };
    contours(field, grounds.map);
    const held = start?.node === document.activeElement;
    start = handle({
      plot: map, value: now.start, label: "Start point, x and y", fill: color.ink,
      step: [0.01, 0.01].map((share, d) => share * (field[d ? "y" : "x"][1] - field[d ? "y" : "x"][0])),
      limit: ([x, y]) => [Math.min(Math.max(x, field.x[0]), field.x[1]), Math.min(Math.max(y, field.y[0]), field.y[1])],
      onMove(place) {
        change({ start: place.map((value) => +value.toFixed(4)) });
      },
    });
    map.svg.setAttribute("width", mapWidth);
    losses.svg.setAttribute("width", lossWidth);
    mapBox.replaceChildren(map.svg);
    lossBox.replaceChildren(losses.svg);
    if (held) start.node.focus();
    trails = [];
    paint();
  }

  const cross = (ground, [sx, sy]) => {
    const node = drawn("path", { d: `M${sx - 5} ${sy - 5}l10 10m0 -10l-10 10`, stroke: color.failure, "stroke-width": 2.5, fill: "none" });
    ground.append(node);
    trails.push(node);
  };

  function trace(plot, ground, list, [, stroke, dash], faint) {
    const node = plot.curve(list, { stroke, "stroke-dasharray": dash, "stroke-opacity": faint ? 0.15 : 1 });
    ground.append(node);
    trails.push(node);
    const [x, y] = list[list.length - 1];
    const inside = (value, [low, high]) => value >= low && value <= high;
    if (!inside(x, plot.range.x) || !inside(y, plot.range.y)) return;
    const [cx, cy] = plot.at(x, y);
    const head = drawn("circle", { cx, cy, r: 4.5, fill: stroke, stroke: color.paper, "stroke-width": 1.5, opacity: faint ? 0.15 : 1 });
    ground.after(head); // a head on the border shows whole
    trails.push(head);
  }

  // Where a run that leaves for good was last on the map, pushed to the border.
  const exit = (path, out) => {
    const keep = (value, [low, high]) => Math.min(Math.max(value, low), high);
    const [x, y] = path.slice(0, out + 1).filter((w) => w.every(Number.isFinite)).at(-1);
    const [sx, sy] = map.at(keep(x, map.range.x), keep(y, map.range.y));
    return [keep(sx, [60, map.width + 44]), keep(sy, [20, map.height + 4])];
  };

  function paint() {
    for (const node of trails) node.remove();
    trails = [];
    for (const name of Object.keys(OPTIMIZERS)) {
      const run = runs[name];
      entries[name].tell(run);
      if (!run) continue;
      const faint = lit && lit !== name;
      const end = last(run);
      trace(map, grounds.map, run.path.slice(0, end + 1), OPTIMIZERS[name], faint);
      const curve = run.loss.slice(0, end + 1).map((value, step) => [step, value]).filter(([, value]) => Number.isFinite(value))
        .map(([step, value]) => [step, Math.min(Math.max(value, LOSS_FLOOR / 4), losses.range.y[1])]);
      trace(losses, grounds.loss, curve, OPTIMIZERS[name], faint);
      if (run.out >= 0 && shown >= run.out) {
        cross(map.svg, exit(run.path, run.out));
        cross(losses.svg, losses.at(run.out, losses.range.y[1]));
      }
    }
    place.set(shown);
  }

  // ---- what is said
  function tell() {
    const named = now.optimizers.map((name) => [OPTIMIZERS[name][0], runs[name]]);
    const out = named.filter(([, run]) => run.out >= 0 && run.out <= shown).map(([label, run]) => `${label} at step ${run.out}`);
    const going = named.filter(([, run]) => !(run.out >= 0 && run.out <= shown));
    const best = going.sort((a, b) => a[1].loss[shown] - b[1].loss[shown])[0];
    const parts = [`Step ${shown}`];
    if (best) parts.push(`lowest: ${best[0]}, ${number(best[1].loss[shown], 3)}`);
    if (out.length) parts.push(`diverged: ${out.join(", ")}`);
    say(named.length ? parts.join(" · ") : "Choose at least one optimizer.");
  }

  function change(next, redraw = paint) {
    Object.assign(now, next);
    ours = true;
    for (const [key, value] of Object.entries(next)) model.set(key, value);
    ours = false;
    model.save_changes();
    // A run that waits at step 0 keeps waiting; otherwise the whole run answers the hand at once.
    if (!timer && shown > 0) shown = now.steps;
    solve();
    redraw();
    tell();
  }

  // ---- playing
  let timer = 0;
  function go(step) {
    shown = Math.min(Math.max(step, 0), now.steps);
    paint();
    if (shown === now.steps) stop();
    if (!timer) tell();
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  }
  const play = button("Play", () => {
    if (timer) return stop(), tell();
    if (shown === now.steps) go(0);
    play.textContent = "Pause";
    timer = calm() ? setInterval(() => go(shown + CALM_JUMP), 900) : setInterval(() => go(shown + 1), 1000 / SPEED);
  });
  const step = button("Step", () => (stop(), go(shown === now.steps ? 1 : shown + 1)));
  const reset = button("Reset", () => (stop(), go(0)));
  const place = slider({ label: "step", min: 0, max: now.steps, value: shown, onInput: (value) => (stop(), go(value)) });

  // ---- controls
  const entries = Object.fromEntries(Object.entries(OPTIMIZERS).map(([name, [label, stroke, dash]]) => {
    const input = make("input", { type: "checkbox" });
    const swatch = drawn("svg", { width: 20, height: 12, "aria-hidden": "true" },
      drawn("line", { x1: 0, x2: 20, y1: 6, y2: 6, stroke, "stroke-width": 3, "stroke-dasharray": dash }));
    const value = make("span", { class: "bw-race-value" });
    const node = make("label", { class: "bw-race-entry" }, input, swatch, make("span", { class: "bw-race-name" }, label, value));
    const light = (next) => () => {
      lit = next;
      paint();
    };
    node.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && runs[name] && light(name)());
    node.addEventListener("pointerleave", light(null));
    input.addEventListener("change", () => {
      lit = null;
      change({ optimizers: Object.keys(OPTIMIZERS).filter((key) => entries[key].input.checked) });
    });
    const report = (run) => {
      input.checked = Boolean(run);
      const out = run && run.out >= 0 && run.out <= shown;
      value.textContent = !run ? "" : out ? `diverged, step ${run.out}` : number(run.loss[shown], 2);
      value.classList.toggle("bw-race-out", Boolean(out));
    };
    return [name, { node, input, tell: report }];
  }));
  const field = choice({
    label: "surface", value: now.surface, options: Object.entries(SURFACES).map(([key, { label }]) => [key, label]),
    onInput(surface) {
      const { start: from, lr, adaptive } = SURFACES[surface];
      change({ surface, start: [...from], lr, lr_adaptive: adaptive }, refresh);
    },
  });
  const rateSlider = (label, key, format) => slider({
    label, min: -4, max: 1, step: 0.01, value: Math.log10(now[key]), 
    // The slider snaps to its steps; a rate that Python gave is shown as given.
    format: (at) => format(Math.abs(at - Math.log10(now[key])) < 0.0055 ? now[key] : rateAt(at)), onInput: (at) => change({ [key]: rateAt(at) }),
  });
  const plain = rateSlider("learning rate", "lr", (lr) => `${number(lr, 3)} = ${number(lr * SURFACES[now.surface].curvature, 3)}/λ`);
  const adaptive = rateSlider("rate of adaptive", "lr_adaptive", (lr) => number(lr, 3));
  const momentum = slider({
    label: "momentum", min: 0, max: 0.99, step: 0.01, value: now.momentum, onInput: (value) => change({ momentum: value }),
  });
  function refresh() {
    field.set(now.surface);
    plain.set(Math.log10(now.lr));
    adaptive.set(Math.log10(now.lr_adaptive));
    momentum.set(now.momentum);
    layout();
  }
  controls.before(
    make("div", { class: "bw-controls" }, row(play, step, reset), place.node),
    make("fieldset", { class: "bw-race-list" }, make("legend", {}, "Optimizers, and the loss of each at this step"),
      ...Object.values(entries).map(({ node }) => node)));
  controls.append(field.node, plain.node, adaptive.node, momentum.node);

  // Python may set the state too.
  const keys = ["surface", "start", "optimizers", "lr", "lr_adaptive", "momentum"];
  const onModel = () => {
    const next = Object.fromEntries(keys.map((key) => [key, model.get(key)]));
    if (ours || keys.every((key) => JSON.stringify(next[key]) === JSON.stringify(now[key]))) return;
    Object.assign(now, next);
    solve();
    refresh();
    tell();
  };
  const names = keys.map((key) => `change:${key}`).join(" ");
  solve();
  const unfit = fitted(stage, layout);
  tell();
  model.on(names, onModel);
  return () => {
    stop();
    unfit();
    done();
    model.off(names, onModel);
    root.remove();
  };
}

export default { render };
