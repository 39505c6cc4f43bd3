// convolution: a kernel slides over a picture or a small matrix; every output pixel shows its sum of products.
// State: inputs [{name, kind: "picture" | "matrix", rows, columns, data}] (a picture's data are base64 bytes, a
// matrix's are rows of numbers), kernels [{name, rows}], start {input, kernel, name, stride, padding, dilation}.
import { color, frame, make, number, uniqueId } from "./kit/dom.mjs";
import { choice, slider } from "./kit/controls.mjs";
import { ABOVE, BELOW, board, tint } from "./kit/board.mjs";
import { convolve, kernelSpan, outputSize, parseWeight, resizeKernel, weightText, windowAt } from "./kit/convolve.mjs";

export const compute = { convolve, outputSize, windowAt, resizeKernel, parseWeight, weightText };

const OWN = "your own";
const times = "\u00d7";

function readInput(stored) {
  if (stored.kind === "matrix") return stored.data;
  const bytes = Uint8Array.from(atob(stored.data), (c) => c.charCodeAt(0));
  return Array.from({ length: stored.rows }, (_, i) => [...bytes.subarray(i * stored.columns, (i + 1) * stored.columns)]);
}

function render({ model, el }) {
  const stored = model.get("inputs");
  const presets = model.get("kernels");
  const now = { ...model.get("start") };
  const inputs = stored.map(() => null); // decoded when first shown
  const { stage, controls, say, done } = frame({ model, el, kind: "convolution" });
  let cell = null; // the output pixel in view: [row, column]
  let input = null;
  let output = [];
  let onBoard = ""; // which input and padding the input's board shows
  let top = 1; // the largest size of an input value
  const isPicture = () => stored[now.input].kind === "picture";

  // ---- what stands on the stage
  const inBoard = board("bw-conv-in");
  const outBoard = board("bw-conv-out");
  const inHead = make("p", { class: "bw-conv-head" });
  const outHead = make("p", { class: "bw-conv-head" });
  const scale = make("p", { class: "bw-conv-note" });
  const misfit = make("p", { class: "bw-conv-misfit" });
  const cursor = outBoard.node;
  for (const [key, value] of Object.entries({ tabindex: 0, role: "slider", "aria-label": "Output pixel, moved by the arrow keys", "aria-valuemin": 0 })) {
    cursor.setAttribute(key, value);
  }
  const kernelHead = make("p", { class: "bw-conv-head" });
  const weights = make("div", { class: "bw-conv-kernel", role: "group", "aria-label": "Kernel weights" });
  const sumHead = make("p", { class: "bw-conv-head" });
  const sum = make("div", { class: "bw-conv-sum" });
  const formula = make("p", { class: "bw-conv-formula" });
  const source = choice({ label: "Input", options: stored.map((one, i) => [String(i), one.name]), value: String(now.input),
    onInput(value) { now.input = Number(value); cell = null; update(""); } });
  const preset = choice({ label: "Kernel", options: [...presets.map((one) => one.name), OWN], value: now.name,
    onInput(name) {
      const found = presets.find((one) => one.name === name);
      if (!found) return;
      setKernel(found.rows.map((line) => [...line]), name);
    } });
  const pair = make("div", {}, make("div", {}, inHead, inBoard.node), make("div", {}, outHead, cursor, misfit, scale));

  // ---- the output pixel in view
  function look(row, column, tell = true) {
    if (!output.length) return;
    cell = [Math.min(Math.max(row, 0), output.length - 1), Math.min(Math.max(column, 0), output[0].length - 1)];
    const { kernel, stride: s, padding: p, dilation: d } = now;
    const terms = windowAt(input, kernel, s, p, d, ...cell);
    const value = output[cell[0]][cell[1]];
    const span = kernelSpan(kernel.length, d);
    inBoard.marks.replaceChildren(
      ...(d > 1 || isPicture() ? terms.flat().map(({ x, y }) => inBoard.tap(x + p, y + p, d > 1 && isPicture() ? 0.6 : 0.2)) : []),
      ...inBoard.outline(cell[1] * s, cell[0] * s, span, span));
    outBoard.marks.replaceChildren(...outBoard.outline(cell[1], cell[0], 1, 1));
    const paint = (one) => {
      if (!one.inside) return "";
      if (!isPicture()) return `background:${tint(one.value, top)};color:${color.ink}`;
      const level = Math.round(one.value);
      return `background:rgb(${level} ${level} ${level});color:${level > 130 ? "#111" : "#fff"}`;
    };
    sumHead.textContent = `Sum for output[${cell.join(", ")}]: pixel ${times} weight`;
    sum.style.setProperty("--k", kernel.length);
    sum.replaceChildren(
      ...terms.flat().map((one) => make("span", { class: one.inside ? "" : "bw-conv-zero", style: paint(one) },
        `${number(one.value)}\u200b\u00b7${one.weight < 0 ? `(${weightText(one.weight)})` : weightText(one.weight)}`)),
      make("p", { class: "bw-conv-total" }, written(terms), make("strong", {}, ` =\u00a0${number(value)}`)));
    cursor.setAttribute("aria-valuemax", output.length * output[0].length - 1);
    cursor.setAttribute("aria-valuenow", cell[0] * output[0].length + cell[1]);
    cursor.setAttribute("aria-valuetext", `row ${cell[0]}, column ${cell[1]}: ${number(value)}`);
    if (tell) say(`output[${cell.join(", ")}] = ${number(value)}, from input rows ${reach(0)} and columns ${reach(1)}`);
  }

  // The products as one line; zeros add nothing.
  const written = (terms) => {
    const products = terms.flat().map((one) => one.value * one.weight).filter((one) => one !== 0);
    return products.map((one, i) => (i ? (one < 0 ? ` \u2212 ${number(-one)}` : ` + ${number(one)}`) : number(one))).join("") || "0";
  };

  const reach = (axis) => {
    const first = cell[axis] * now.stride - now.padding;
    return now.kernel.length === 1 ? number(first) : `${number(first)} to ${number(first + kernelSpan(now.kernel.length, now.dilation) - 1)}`;
  };

  // ---- everything that a changed setting changes
  function update(what) {
    const { kernel, stride: s, padding: p, dilation: d } = now;
    input = inputs[now.input] ??= readInput(stored[now.input]);
    const [h, w, k] = [input.length, input[0].length, kernel.length];
    pair.className = `bw-conv-pair bw-conv-${stored[now.input].kind}`;
    output = convolve(input, kernel, s, p, d);
    const sizes = [outputSize(h, k, s, p, d), outputSize(w, k, s, p, d)];
    const fits = output.length > 0;
    const gray = (value) => { const level = Math.min(Math.max(Math.round(value), 0), 255); return [level, level, level, 255]; };
    if (onBoard !== `${now.input} ${p}`) { // most changes leave the input as it is drawn
      onBoard = `${now.input} ${p}`;
      top = Math.max(...input.map((line) => Math.max(...line.map(Math.abs))));
      inBoard.draw(input, p, isPicture() ? gray : null, top);
    }
    inHead.textContent = `Input ${h} ${times} ${w}${p ? `, padded to ${h + 2 * p} ${times} ${w + 2 * p}` : ""}`;
    outHead.textContent = `Output ${number(sizes[0])} ${times} ${number(sizes[1])}`;
    kernelHead.textContent = `Kernel ${k} ${times} ${k}`;
    cursor.hidden = scale.hidden = !fits;
    misfit.hidden = fits;
    if (fits) drawOutput(gray, (w + 2 * p));
    else {
      const short = Math.min(h, w);
      inBoard.marks.replaceChildren();
      sumHead.textContent = "No output pixel, no sum";
      sum.replaceChildren();
      misfit.textContent = `The kernel does not fit. With dilation ${d} it spans ${d}\u00b7(${k} \u2212 1) + 1 = ${kernelSpan(k, d)} pixels, and the padded `
        + `input has only ${short + 2 * p}. A size below 1 means that there is no place for even one window, and conv2d raises an error. `
        + `Padding of ${Math.ceil((kernelSpan(k, d) - short) / 2)} would make room.`;
    }
    drawFormula(h, w, k);
    const size = `output ${number(sizes[0])} ${times} ${number(sizes[1])}`;
    const [row, column] = cell ?? now.pixel ?? [Math.floor(sizes[0] / 2), Math.floor(sizes[1] / 2)];
    look(row, column, false);
    if (!fits) say(`${what}the kernel does not fit, the formula gives ${number(Math.min(...sizes))}`);
    else say(`${what}${size}, output[${cell.join(", ")}] = ${number(output[cell[0]][cell[1]])}`);
  }

  // A kernel whose weights sum to about zero answers with signed values; others answer with brightness.
  function drawOutput(gray, paddedWidth) {
    const flat = output.flat();
    const most = flat.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
    const total = now.kernel.flat().reduce((a, b) => a + b, 0);
    const isSigned = Math.abs(total) < 0.2;
    if (!isPicture()) scale.textContent = "blue below zero, orange above";
    else if (isSigned) scale.textContent = `blue below zero, orange above, full color at \u00b1${number(most, 3)}`;
    else {
      const share = flat.filter((value) => value < -0.5 || value > 255.5).length / flat.length;
      scale.textContent = `black 0, white 255${share > 0.001 ? `; ${number(100 * share, 2)}% of the values lie outside and are clipped` : ""}`;
    }
    const signed = (value) => [...(value < 0 ? BELOW : ABOVE), Math.round((255 * Math.abs(value)) / (most || 1))];
    const paint = isSigned ? signed : gray;
    outBoard.draw(output, 0, isPicture() ? paint : null, most);
    cursor.style.width = `${(100 * output[0].length) / paddedWidth}%`; // one scale for both, so strides are seen
  }

  function drawFormula(h, w, k) {
    const { stride: s, padding: p, dilation: d } = now;
    const line = (n) => `\u230a(${n} + 2\u00b7${p} \u2212 ${d}\u00b7(${k} \u2212 1) \u2212 1) / ${s}\u230b + 1 = ${number(outputSize(n, k, s, p, d))}`;
    formula.replaceChildren(
      make("span", { class: "bw-conv-symbols" }, "\u230a(n + 2p \u2212 d(k \u2212 1) \u2212 1) / s\u230b + 1"), " ",
      ...(h === w ? [make("span", {}, line(h))] : [make("span", {}, `height: ${line(h)}`), " ", make("span", {}, `width: ${line(w)}`)]));
  }

  // ---- the kernel
  function setKernel(rows, name) {
    now.kernel = rows;
    now.name = name;
    preset.set(name);
    knobs.size.set(rows.length);
    drawKernel();
    update(`${name}: `);
  }

  // Fields stay from kernel to kernel: to lay out new ones is the most that a step would cost.
  const fields = [];
  const kernelId = uniqueId("kernel");

  function drawKernel() {
    const k = now.kernel.length;
    weights.style.setProperty("--k", k);
    while (fields.length < k * k) fields.push(weightField(fields.length));
    fields.forEach((field, n) => {
      if (n >= k * k) return field.remove();
      const [i, j] = [Math.floor(n / k), n % k];
      field.value = weightText(now.kernel[i][j]);
      field.setAttribute("aria-invalid", "false");
      field.setAttribute("aria-label", `weight ${i}, ${j}; a number or a fraction, arrow up and down change it`);
      if (!field.isConnected) weights.append(field);
    });
    tintKernel();
  }

  function tintKernel() {
    const flat = now.kernel.flat();
    const most = Math.max(...flat.map(Math.abs));
    flat.forEach((value, n) => { fields[n].style.background = tint(value, most); });
  }

  // The n-th weight, row by row, of whatever kernel there is.
  function weightField(n) {
    const field = make("input", { type: "text", id: `${kernelId}-${n}`, autocomplete: "off", spellcheck: "false" });
    const place = () => [Math.floor(n / now.kernel.length), n % now.kernel.length];
    const held = () => now.kernel[place()[0]][place()[1]];
    const take = (next) => {
      const [i, j] = place();
      now.kernel[i][j] = next;
      now.name = OWN;
      preset.set(OWN);
      tintKernel();
      update(`weight ${i}, ${j} is ${weightText(next)}: `);
    };
    field.addEventListener("focus", () => field.select());
    field.addEventListener("input", () => {
      const next = parseWeight(field.value);
      field.setAttribute("aria-invalid", String(Number.isNaN(next)));
      if (!Number.isNaN(next)) return take(next);
      if (field.value.trim()) say(`${field.value} is not a number: the weight stays ${weightText(held())}`);
    });
    field.addEventListener("blur", () => {
      if (!field.isConnected) return; // its weight is gone with a smaller kernel
      field.value = weightText(held());
      field.setAttribute("aria-invalid", "false");
    });
    field.addEventListener("keydown", (event) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      take(Math.round((held() + by * (event.shiftKey ? 0.1 : 1)) * 1e9) / 1e9);
      field.value = weightText(held());
      field.select(); // what is typed next replaces it
      field.setAttribute("aria-invalid", "false");
    });
    return field;
  }

  // ---- controls
  const knob = (name, label, min, max) => slider({ label, min, max, value: now[name],
    onInput(value) { now[name] = value; update(`${label} = ${value}: `); } });
  const knobs = {
    size: slider({ label: "kernel size k", min: 1, max: 5, value: now.kernel.length, onInput: (k) => setKernel(resizeKernel(now.kernel, k), OWN) }),
    stride: knob("stride", "stride s", 1, 4), padding: knob("padding", "padding p", 0, 4), dilation: knob("dilation", "dilation d", 1, 4),
  };
  // Settings stand above what they change: on a phone both are in view. Pick, turn, see, compute.
  controls.remove();
  stage.append(
    make("div", { class: "bw-conv-pick" }, source.node, preset.node),
    make("div", { class: "bw-conv-knobs" }, ...Object.values(knobs).map((one) => one.node)),
    formula, pair,
    make("div", { class: "bw-conv-pair" }, make("div", {}, kernelHead, weights), make("div", {}, sumHead, sum)));

  const point = (event) => {
    const box = cursor.getBoundingClientRect();
    look(Math.floor(((event.clientY - box.top) / box.height) * output.length), Math.floor(((event.clientX - box.left) / box.width) * output[0].length));
  };
  cursor.addEventListener("pointermove", point);
  cursor.addEventListener("pointerdown", point);
  cursor.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [-999, -999], End: [999, 999] }[event.key];
    if (!by || !cell) return;
    event.preventDefault();
    const far = event.shiftKey ? 10 : 1;
    look(cell[0] + by[0] * far, cell[1] + by[1] * far);
  });
  drawKernel();
  update("");
  return done;
}

export default { render };
