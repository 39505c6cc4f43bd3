// playground: a small net on 2-D data, trained here, with every weight and every gradient in sight.
// State: data {name: {train, test: {x, y}}}, start (where the controls begin), stops {rate, l2, batch}, extent.
import { calm, color, drawn, frame, make, number, unmarked } from "./kit/dom.mjs";
import { button, choice, slider } from "./kit/controls.mjs";
import { axes } from "./kit/plot.mjs";
import { mlpDataLoss, mlpForward, mlpGradients, mlpInit, mlpNotes, mlpOrder, mlpStep, mlpUnitStates, mulberry32, rootMeanSquare } from "./kit/mlp.mjs";
import { gradientWidth, netView, paintSigned, weightWidth } from "./kit/netview.mjs";

const GRID = 32; // the decision surface is computed at GRID × GRID points
const MOST_EPOCHS = 2000;
const MOST_LOSS = 1e12; // beyond it training has diverged, and stops
const INIT_NAMES = [["zero", "all zero"], ["small", "small (σ = 0.01)"], ["xavier", "Xavier"], ["he", "He"], ["large", "too large (σ = 3)"]];
const ACTIVATION_NAMES = [["tanh", "tanh"], ["relu", "ReLU"], ["sigmoid", "sigmoid"], ["linear", "linear"]];
const DATA_NAMES = { circle: "circle", xor: "XOR", spirals: "spirals", gaussians: "two Gaussians", moons: "moons" };

// Failures worth seeing, each one press away; the rest of the controls stay as they are.
const TRIALS = [
  ["Works", { data: "circle", hidden: [4, 4], activation: "tanh", init: "xavier", rate: 0.1, l2: 0, batch: 20, show: "weights" }],
  ["Zero init", { data: "circle", hidden: [4, 4], activation: "sigmoid", init: "zero", rate: 1, l2: 0, batch: 20, show: "weights" }],
  ["Sigmoid chain", { data: "circle", hidden: [4, 4, 4, 4], activation: "sigmoid", init: "xavier", rate: 0.3, l2: 0, batch: 20, show: "gradients" }],
  ["Dead ReLUs", { data: "spirals", hidden: [8, 8], activation: "relu", init: "he", rate: 3, l2: 0, batch: 20, show: "gradients" }],
  ["Rate too large", { data: "circle", hidden: [8], activation: "linear", init: "xavier", rate: 10, l2: 0, batch: 160, show: "weights" }],
];

// A size in at most five characters: there can be six to a phone's width.
const brief = (size) => (size === 0 || (size >= 0.01 && size < 1000) ? number(size, 2) : size.toExponential(0).replace("e+", "e"));

// The loss to draw: none where it overflowed.
const shown = (value) => (Number.isFinite(value) ? Math.min(Math.max(value, 1e-4), MOST_LOSS) : NaN);

function render({ model, el }) {
  const data = model.get("data");
  const stops = model.get("stops");
  const extent = model.get("extent");
  const set = structuredClone(model.get("start"));
  const { stage, controls, root, say, done } = frame({ model, el, kind: "playground" });
  let net;
  let epoch;
  let at; // mini-batches done in this epoch
  let order;
  let history; // [epoch, train loss, test loss]
  let broken = false;
  let timer = 0;
  let measured;

  const places = new Float64Array(2 * GRID * GRID); // row by row from the top left
  for (let r = 0; r < GRID; r += 1) {
    for (let c = 0; c < GRID; c += 1) {
      places[2 * (r * GRID + c)] = extent * ((2 * c) / (GRID - 1) - 1);
      places[2 * (r * GRID + c) + 1] = extent * (1 - (2 * r) / (GRID - 1));
    }
  }
  const points = (part) => ({ X: Float64Array.from(data[set.data][part].x), y: data[set.data][part].y });
  let train;
  let test;

  // ---- what is seen
  const sample = (width, ink, dashes) => drawn("svg", { width: 26, height: 10, "aria-hidden": "true" },
    drawn("line", { x1: 1, x2: 25, y1: 5, y2: 5, stroke: ink, "stroke-width": width, "stroke-dasharray": dashes }));
  const lossTitle = make("p", { class: "bw-title" }, "Loss: ", sample(2, color.ours), " training  ", sample(2, color.reference, "5 3"), " test");
  const surface = make("canvas", { width: GRID, height: GRID, role: "img" });
  const dots = drawn("svg", { viewBox: `${-extent} ${-extent} ${2 * extent} ${2 * extent}`, "aria-hidden": "true" });
  const surfaceTitle = make("p", { class: "bw-title" });
  const curves = axes({ width: 300, height: 176, x: [0, 10], y: [0.1, 1], log: "y", xlabel: "epoch", label: "Loss on training and test data" });
  const notes = make("ul", { class: "bw-notes" });
  const legend = make("p", { class: "bw-legend" });
  const unitsOf = (layer) => {
    if (layer === 0) return make("span", { class: "bw-head" }, "input");
    if (layer > set.hidden.length) return make("span", { class: "bw-head" }, "output");
    const select = make("select", { "aria-label": `Units in layer ${layer}` },
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => make("option", { value: n }, String(n))));
    select.value = set.hidden[layer - 1];
    select.addEventListener("change", () => {
      set.hidden[layer - 1] = Number(select.value);
      reset();
      [...view.node.querySelectorAll("select")][layer - 1].focus(); // the header was built anew
    });
    return select;
  };
  const view = netView({ head: unitsOf, onPick: (spot) => (paint(), spot && tellUnit(spot)) });
  const showButtons = ["weights", "gradients"].map((name) => button(name, () => (setShow(name), draw())));
  stage.append(
    make("div", { class: "bw-net-side" },
      make("div", { class: "bw-row bw-show", role: "group", "aria-label": "Width of a line" }, make("span", { class: "bw-label" }, "Lines show"), ...showButtons),
      view.node, legend, notes),
    make("div", { class: "bw-plots" }, make("div", {}, surfaceTitle, make("div", { class: "bw-surface" }, surface, dots)), make("div", {}, lossTitle, curves.svg)),
  );

  const setShow = (name) => {
    set.show = name;
    showButtons.forEach((node) => node.setAttribute("aria-pressed", String(node.textContent === name)));
    legend.replaceChildren(...(name === "gradients"
      ? ["|∂L/∂w| ", ...[1e-6, 1e-4, 1e-2, 1].flatMap((g) => [sample(gradientWidth(g), color.fifth), ` ${number(g)}  `])]
      : [sample(weightWidth(1), color.reference), " w = 1  ", sample(weightWidth(1), color.ours), " w = −1  ", sample(weightWidth(2), color.ours), " w = −2"]),
      make("span", { class: "bw-below" }, `Under each layer: root mean square of its ${name}.`));
  };

  // What the net says over the whole plane, of each unit scaled to [-1, 1].
  let maps = [];
  let scales = [];
  const value = (layer, unit, place) => {
    if (layer === 0) return places[2 * place + unit] / extent;
    const v = maps[layer - 1][place * net.sizes[layer] + unit];
    if (layer === net.sizes.length - 1) return Math.tanh(v / 2); // 2p − 1
    return set.activation === "sigmoid" ? 2 * v - 1 : v / scales[layer - 1];
  };
  const paint = () => {
    const { layer, unit } = view.picked() ?? { layer: net.sizes.length - 1, unit: 0 };
    paintSigned(surface, GRID, GRID, (place) => value(layer, unit, place));
    const title = view.picked() ? view.nameOf(layer, unit) : "Decision surface";
    surfaceTitle.textContent = title[0].toUpperCase() + title.slice(1);
    surface.setAttribute("aria-label", view.picked() ? `What ${title} computes over the plane` : unmarked(model.get("alt")));
  };
  const tellUnit = (spot) => {
    const values = set.show === "gradients" ? measured.W : net.W;
    say(`${view.tell(spot, values)} (${set.show})`);
  };

  const drawCurves = () => {
    const losses = history.flatMap(([, a, b]) => [shown(a), shown(b)]).filter((v) => !Number.isNaN(v));
    const low = 10 ** Math.floor(Math.log10(Math.min(0.1, ...losses)) + 1e-9);
    const high = 10 ** Math.ceil(Math.log10(Math.max(1, ...losses)) - 1e-9);
    curves.rescale({ x: [0, Math.max(10, epoch + at / batches())], y: [low, high] });
    const every = Math.ceil(history.length / 300);
    const kept = history.filter((_, i) => i % every === 0 || i === history.length - 1);
    curves.curve(kept.map(([e, , b]) => [e, shown(b)]), { stroke: color.reference, "stroke-dasharray": "5 3" });
    curves.curve(kept.map(([e, a]) => [e, shown(a)]));
    if (history.length === 1) curves.dot([0, shown(history[0][1])]);
    const [, first, second] = history[history.length - 1];
    curves.svg.setAttribute("aria-label", `Loss after ${epoch} epochs: training ${number(first, 3)}, test ${number(second, 3)}`);
  };

  // Draws the net as it stands; measured holds loss and gradients on all training points.
  // In motion a frame draws either what the units say or how they are connected, so that each stays short.
  let tick = 0;
  const draw = (moving = false) => {
    tick += 1;
    measured = mlpGradients(net, train.X, train.y, set.activation, set.l2);
    if (!moving || tick % 2) {
      maps = mlpForward(net, places, GRID * GRID, set.activation);
      const bounded = set.activation === "tanh" || set.activation === "sigmoid";
      scales = maps.map((map) => (bounded ? 1 : map.reduce((most, v) => Math.max(most, Math.abs(v)), 1)));
      view.drawUnits(value, GRID);
      paint();
    }
    if (moving && tick % 2) return;
    const states = mlpUnitStates(measured.outs, net.sizes, train.y.length, set.activation);
    const foot = (l) => brief(rootMeanSquare(set.show === "gradients" ? measured.W[l] : net.W[l]));
    view.drawWires({ net, grads: measured.W, show: set.show, states, foot });
    if (!moving || tick % 4 === 0) drawCurves();
    const remarks = broken ? ["The loss is past 10¹²: training has diverged. Lower the learning rate and reset."] : mlpNotes(net, measured.W, states);
    if (notes.textContent !== remarks.join("")) notes.replaceChildren(...remarks.map((text) => make("li", {}, text)));
  };
  const tell = () => {
    const [, a, b] = history[history.length - 1];
    say(`Epoch ${epoch}${at ? `, batch ${at} of ${batches()}` : ""}: training loss ${number(a, 3)}, test loss ${number(b, 3)}`);
  };

  // ---- what happens
  const batches = () => Math.ceil(train.y.length / set.batch);
  const note = () => {
    const lossOf = ({ X, y }) => mlpDataLoss(mlpForward(net, X, y.length, set.activation).at(-1), y);
    history.push([epoch + at / batches(), lossOf(train), lossOf(test)]);
    broken = !(history.at(-1)[1] <= MOST_LOSS);
    if (broken || epoch >= MOST_EPOCHS) stop();
  };
  const step = () => {
    if (at === 0) order = mlpOrder(train.y.length, set.seed, epoch);
    mlpStep(net, train.X, train.y, order.slice(at * set.batch, (at + 1) * set.batch), set.activation, set.rate, set.l2);
    at += 1;
    if (at >= batches()) [epoch, at] = [epoch + 1, 0];
  };
  const wholeEpoch = () => {
    do step(); while (at !== 0);
    note();
  };
  const reset = () => {
    stop();
    train = points("train");
    test = points("test");
    net = mlpInit([2, ...set.hidden, 1], set.init, set.seed);
    [epoch, at, history, broken] = [0, 0, [], false];
    note();
    dots.replaceChildren(...train.y.map((label, i) => drawn("circle", {
      cx: train.X[2 * i], cy: -train.X[2 * i + 1], r: 0.07, class: label ? "bw-one" : "bw-nought" })));
    view.build(net.sizes);
    draw();
    tell();
  };
  const act = (work) => () => {
    stop();
    if (broken || epoch >= MOST_EPOCHS) return tell();
    work();
    draw();
    tell();
  };
  function stop() {
    cancelAnimationFrame(timer);
    clearTimeout(timer);
    timer = 0;
    play.textContent = "Play";
  }
  // One frame of play: an epoch, or what of it fits in the time; the steps are the same either way.
  const run = () => {
    if (calm()) for (let i = 0; i < 25 && !broken && epoch < MOST_EPOCHS; i += 1) wholeEpoch();
    else {
      const began = performance.now();
      do step(); while (at !== 0 && performance.now() - began < 10);
      if (at === 0) note();
    }
    const moving = play.textContent === "Pause";
    draw(moving && !calm());
    tell();
    if (moving) next();
  };
  const next = () => (timer = calm() ? setTimeout(run, 1500) : requestAnimationFrame(run));
  const play = button("Play", () => {
    if (play.textContent === "Pause") return stop(), draw();
    if (broken || epoch >= MOST_EPOCHS) reset();
    play.textContent = "Pause";
    next();
  });

  // ---- controls
  const stopSlider = (label, key, words) => slider({
    label, min: 0, max: stops[key].length - 1, value: stops[key].indexOf(set[key]), format: (i) => words(stops[key][i]),
    onInput: (i) => {
      set[key] = stops[key][i];
      if (key === "batch") [epoch, at] = [at ? epoch + 1 : epoch, 0]; // a new size begins with a new epoch
      draw();
    },
  });
  const fields = {
    data: choice({ label: "Data", options: Object.keys(data).map((k) => [k, DATA_NAMES[k] ?? k]), value: set.data, onInput: (v) => ((set.data = v), reset()) }),
    layers: choice({ label: "Hidden layers", options: ["1", "2", "3", "4"], value: String(set.hidden.length),
      onInput: (v) => ((set.hidden = Array.from({ length: Number(v) }, (_, i) => set.hidden[i] ?? set.hidden.at(-1))), reset()) }),
    activation: choice({ label: "Activation", options: ACTIVATION_NAMES, value: set.activation, onInput: (v) => ((set.activation = v), reset()) }),
    init: choice({ label: "Initialization", options: INIT_NAMES, value: set.init, onInput: (v) => ((set.init = v), reset()) }),
    rate: stopSlider("Learning rate", "rate", number),
    batch: stopSlider("Batch size", "batch", number),
    l2: stopSlider("L2 penalty", "l2", number),
  };
  const apply = (trial) => {
    Object.assign(set, structuredClone(trial));
    for (const key of ["data", "activation", "init"]) fields[key].set(set[key]);
    fields.layers.set(String(set.hidden.length));
    for (const key of ["rate", "batch", "l2"]) fields[key].set(stops[key].indexOf(set[key]));
    setShow(set.show);
    reset();
  };
  root.prepend(
    make("div", { class: "bw-row", role: "group", "aria-label": "Training" },
      play, button("1 batch", act(() => (step(), note()))), button("1 epoch", act(wholeEpoch)), button("Reset", reset),
      button("New weights", () => ((set.seed = (set.seed + 1) % 2 ** 31), reset()))));
  controls.append(
    make("div", { class: "bw-row bw-trials", role: "group", "aria-label": "Try" },
      make("span", { class: "bw-label" }, "Try"), ...TRIALS.map(([name, trial]) => button(name, () => apply(trial)))),
    ...Object.values(fields).map((field) => field.node));
  setShow(set.show);
  reset();
  return () => {
    stop();
    done();
  };
}

// The mathematics alone, for the test that holds it against PyTorch. Nets come and go as [[W rows, b], …].
const packed = (layers) => ({
  sizes: [layers[0][0][0].length, ...layers.map(([, b]) => b.length)],
  W: layers.map(([W]) => Float64Array.from(W.flat())), b: layers.map(([, b]) => Float64Array.from(b)),
});
const listed = ({ sizes, W, b }) => W.map((w, l) => [
  Array.from({ length: sizes[l + 1] }, (_, j) => [...w.slice(j * sizes[l], (j + 1) * sizes[l])]), [...b[l]]]);

export const compute = {
  uniforms: (seed, count) => Array.from({ length: count }, mulberry32(seed)),
  order: mlpOrder,
  init: (sizes, init, seed) => listed(mlpInit(sizes, init, seed)),
  forward: (layers, x, activation) => mlpForward(packed(layers), x.flat(), x.length, activation).map((out) => [...out]),
  gradients: (layers, x, y, activation, l2) => {
    const net = packed(layers);
    const { loss, W, b } = mlpGradients(net, x.flat(), y, activation, l2);
    return { loss, layers: listed({ sizes: net.sizes, W, b }) };
  },
  sgd: (layers, x, y, activation, rate, l2, batch, seed, steps) => {
    const net = packed(layers);
    const per = Math.ceil(y.length / batch);
    const losses = Array.from({ length: steps }, (_, s) => {
      const [epoch, at] = [Math.floor(s / per), s % per];
      return mlpStep(net, x.flat(), y, mlpOrder(y.length, seed, epoch).slice(at * batch, (at + 1) * batch), activation, rate, l2);
    });
    return { layers: listed(net), losses };
  },
  states: (layers, x, activation) => {
    const net = packed(layers);
    return mlpUnitStates(mlpForward(net, x.flat(), x.length, activation), net.sizes, x.length, activation);
  },
};

export default { render };
