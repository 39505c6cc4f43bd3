// draw_digit: a small network answers while the reader draws, shows what it looks at, and can be fooled.
// State: onnx (base64; outputs logits, features, saliency, attack), examples (base64 of 28 × 28 bytes), filters,
// epsilon, caption, alt, live.
import { color, frame, make } from "./kit/dom.mjs";
import { button, row, slider } from "./kit/controls.mjs";
import { heatMap, shade } from "./kit/heat.mjs";
import { drawingPad, paintPixels } from "./kit/draw.mjs";
import { DIGIT_SIDE, PEN_RADIUS, fgsm, inkOnPicture, prepareDigit, softmax, strokeInk } from "./kit/strokes.mjs";
import { modelStart } from "./kit/onnx.mjs";

export const compute = { strokeInk, prepareDigit, inkOnPicture, softmax, fgsm };

const PIXELS = DIGIT_SIDE * DIGIT_SIDE;
const percent = (p) => (p > 0.995 && p < 1 ? "> 99" : p > 0 && p < 0.005 ? "< 1" : Math.round(100 * p)) + " %";
const largest = (values) => values.indexOf(Math.max(...values));
const peak = (values) => values.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
const gray = (value) => shade(value, "gray");

// Ten bars; under the drawing's, on demand, those of the attacked picture.
function digitBars() {
  const lines = Array.from({ length: 10 }, (_, digit) => {
    const [clean, hit] = ["clean", "hit"].map((kind) => make("span", { class: `bw-digit-bar bw-digit-${kind}` }));
    const value = make("span", { class: "bw-value" });
    const node = make("div", { class: "bw-digit-line" }, make("span", { class: "bw-digit-name" }, String(digit)),
      make("span", { class: "bw-digit-track" }, clean, hit), value);
    return { node, clean, hit, value };
  });
  const node = make("div", { class: "bw-digit-bars", role: "img" }, ...lines.map((line) => line.node));
  return {
    node,
    draw(p, attacked) {
      lines.forEach((line, digit) => {
        line.clean.style.width = `${100 * (p?.[digit] ?? 0)}%`;
        line.hit.style.width = `${100 * (attacked?.[digit] ?? 0)}%`;
        line.hit.hidden = !attacked;
        line.value.textContent = p ? percent((attacked ?? p)[digit]) : "";
        line.value.style.color = attacked ? color.failure : "";
        line.node.classList.toggle("bw-digit-top", Boolean(p) && largest(attacked ?? p) === digit);
      });
      const list = (values) => values.map((value, digit) => [value, digit]).sort(([a], [b]) => b - a).slice(0, 3)
        .map(([value, digit]) => `${digit}: ${percent(value)}`).join(", ");
      node.setAttribute("aria-label", p ? `Most probable digits: ${list(p)}${attacked ? `; after the attack: ${list(attacked)}` : ""}` : "No digit drawn");
    },
  };
}

const panel = (title, canvas) => {
  const head = make("p", { class: "bw-digit-head" }, title);
  return { head, node: make("div", { class: "bw-digit-panel" }, head, canvas) };
};
const screen = (label) => make("canvas", { width: DIGIT_SIDE, height: DIGIT_SIDE, class: "bw-heat", role: "img", "aria-label": label });

function render({ model, el }) {
  const { root: outer, stage, controls, say, done } = frame({ model, el, kind: "draw_digit" });
  const examples = model.get("examples").map((text) => Array.from(atob(text), (c) => c.charCodeAt(0) / 255));
  const blank = new Array(PIXELS).fill(0);
  let base = null; // the example under the strokes; without one, strokes alone are prepared as a digit
  let attack = false;
  let epsilon = model.get("epsilon");
  let runner = null;
  let spoken = ""; // what the keyboard's pen did last, said together with the verdict
  let known = ""; // the verdict
  let closed = false;

  // ---- what the reader works on
  const pad = drawingPad({
    side: DIGIT_SIDE, radius: PEN_RADIUS, onChange: () => refresh(),
    label: "Draw a digit: arrow keys move the pen, space puts it down or lifts it, backspace undoes, delete clears",
    onPen(text) {
      spoken = text;
      say(known ? `${text}: ${known}` : text);
    },
  });
  const setBase = (picture) => {
    base = picture;
    paintPixels(pad.canvas, base ?? blank, gray);
    pad.clear();
  };
  const samples = examples.map((picture, i) => {
    const canvas = make("canvas", { width: DIGIT_SIDE, height: DIGIT_SIDE, class: "bw-heat", "aria-hidden": "true" });
    paintPixels(canvas, picture, gray);
    const node = button("", () => setBase(picture), { "aria-label": `start from test digit ${i + 1}` });
    node.classList.add("bw-digit-sample");
    node.append(canvas);
    return node;
  });

  // ---- what the network shows
  const bars = digitBars();
  const seen = screen("the 28 by 28 pixels that the network gets");
  const salient = screen("the drawing with the pixels that matter most for the verdict in orange");
  const step = heatMap({ rows: DIGIT_SIDE, columns: DIGIT_SIDE, scale: "diverging", range: [-0.3, 0.3], label: "the adversarial step: orange pixels become brighter, blue ones darker" });
  const fooled = screen("the drawing with the adversarial step added");
  const panels = [panel("Network's input", seen), panel("Saliency |∂z/∂x|", salient), panel("Step ε·sign(∂L/∂x)", step.node), panel("Input + step", fooled)];
  const filters = model.get("filters");
  let maps = []; // one heat map a filter, of the size that the first answer has

  function drawMaps({ data, dims: [, , rows, columns] }) {
    if (!maps.length) {
      maps = Array.from({ length: filters }, (_, k) => heatMap({ rows, columns, label: `feature map ${k + 1}` }));
      mapRow.replaceChildren(...maps.map((map) => map.node));
    }
    const most = peak(data);
    maps.forEach((map, k) => map.draw(data.subarray(k * rows * columns, (k + 1) * rows * columns), [0, most]));
  }

  // The drawing in gray, the pixels that move the verdict most in orange.
  const overlay = (x, gradient) => {
    const most = peak(gradient) || 1;
    paintPixels(salient, x, (value, k) => {
      const share = Math.abs(gradient[k]) / most;
      const ground = 200 * value;
      return [242, 150, 40].map((c) => ground + share * (c - ground));
    });
  };

  async function answer() {
    const strokes = pad.strokes();
    const x = base ? inkOnPicture(base, strokes) : prepareDigit(strokes);
    paintPixels(seen, x, gray);
    if (!base && !strokes.length) {
      bars.draw(null);
      maps.forEach((map) => map.draw(new Float32Array(map.node.width * map.node.height)));
      for (const canvas of [salient, fooled]) paintPixels(canvas, blank, gray);
      step.draw(blank);
      known = "";
      return say("Draw a digit, or start from an example.");
    }
    const ask = (picture) => runner.run({ x: { data: Float32Array.from(picture), dims: [1, 1, DIGIT_SIDE, DIGIT_SIDE] } });
    const clean = await ask(x);
    const e = attack ? epsilon : 0;
    const moved = fgsm(x, clean.attack.data, e);
    const hit = e ? await ask(moved) : null;
    if (closed) return;
    const p = softmax(clean.logits.data);
    const q = hit && softmax(hit.logits.data);
    bars.draw(p, q);
    overlay(x, clean.saliency.data);
    drawMaps(clean.features);
    step.draw(Array.from(clean.attack.data, (g) => e * Math.sign(g)));
    paintPixels(fooled, moved, gray);
    root.dataset.logits = Array.from(clean.logits.data).join(" ");
    known = `reads ${largest(p)} (${percent(p[largest(p)])})`;
    if (q) known += largest(q) === largest(p) ? `, still ${largest(q)} (${percent(q[largest(q)])}) after the step` : `, and ${largest(q)} (${percent(q[largest(q)])}) after the step`;
    say(spoken ? `${spoken}: ${known}` : `R${known.slice(1)}`);
    if (!again) spoken = ""; // else the pen has moved on meanwhile, and the next answer is the one to its last move
  }

  // One question at a time; of those that come meanwhile, only the last is asked.
  let busy = false;
  let again = false;
  async function refresh() {
    again = true;
    if (busy || !runner) return;
    busy = true;
    while (again && !closed) {
      again = false;
      try {
        await answer();
      } catch (error) {
        say(error.sentence ?? "The model gave no answer.");
        console.warn(`Model: ${error.message}`);
      }
    }
    busy = false;
  }

  // ---- how it stands together
  const attackButton = button("Attack", () => {
    attack = !attack;
    attackButton.setAttribute("aria-pressed", String(attack));
    legend.hidden = !attack;
    refresh();
  }, { "aria-pressed": "false" });
  const size = slider({ label: "step size ε", min: 0.01, max: 0.3, step: 0.01, value: epsilon, format: (e) => e.toFixed(2),
    onInput(e) {
      epsilon = e;
      if (attack) refresh();
    } });
  const erase = button("Clear", () => setBase(null));
  const mapRow = make("div", { class: "bw-digit-maps" });
  const legend = make("span", { style: `color:${color.failure}`, hidden: "" }, ", attacked");
  const root = make("div", { class: "bw-digit", hidden: "" },
    make("div", { class: "bw-digit-main" },
      make("div", { class: "bw-digit-left" }, pad.node, row(erase, button("Undo", pad.undo)),
        make("p", { class: "bw-digit-head" }, "Or start from a test digit, and draw on it"), row(...samples)),
      make("div", {}, make("p", { class: "bw-digit-head" }, "Probability of each digit: ", make("span", { style: `color:${color.ours}` }, "drawing"), legend),
        bars.node, outer.querySelector(".bw-readout"), make("div", { class: "bw-digit-attack" }, attackButton, size.node))),
    make("div", { class: "bw-digit-panels" }, ...panels.map((one) => one.node)),
    make("p", { class: "bw-digit-head" }, "Feature maps of the first layer"), mapRow);
  controls.remove(); // they stand beside the bars that they change
  const start = modelStart({ model, el, begin(opened) {
    const held = root.hidden && document.activeElement?.closest?.(".bw-start");
    runner = opened;
    root.hidden = false;
    setBase(examples[0]);
    if (held) pad.node.focus({ preventScroll: true }); // the button that had the focus is gone
  } });
  stage.append(start.node, root);
  return () => {
    closed = true;
    done();
    start.close();
  };
}

export default { render };
