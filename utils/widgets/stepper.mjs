// stepper: an algorithm as captioned steps, forward, back and played.
// State: frames [{caption, drawings}] (see kit/drawings.mjs), pictures (data URIs, each once), start, delay (ms).
import { frame, make } from "./kit/dom.mjs";
import { player } from "./kit/controls.mjs";
import { paintDrawing } from "./kit/drawings.mjs";

const WIDEST = 600; // px; drawings grow no further

function render({ model, el }) {
  const frames = model.get("frames");
  const pictures = model.get("pictures");
  const { stage, controls, say, done } = frame({ model, el, kind: "stepper" });
  let width = 0;
  let step = model.get("start");
  let shown = null;

  // All steps lie in one grid cell and one is visible: the place has the size of the largest, nothing jumps.
  const paint = () => {
    stage.replaceChildren(...frames.map((one) =>
      make("div", { class: "bw-step" }, ...one.drawings.map((drawing) => paintDrawing(drawing, width, pictures)))));
    shown = null;
    reveal();
  };
  const reveal = () => {
    shown?.classList.remove("bw-step-now");
    shown = stage.children[step];
    shown.classList.add("bw-step-now");
  };
  const fit = () => {
    const next = Math.min(Math.round(stage.clientWidth) || WIDEST, WIDEST);
    if (next === width) return;
    width = next;
    paint();
  };

  const steps = player({
    count: frames.length, start: step, delay: model.get("delay"), label: "step",
    show(next) {
      step = next;
      reveal();
      say(frames[step].caption);
    } });
  controls.append(steps.node);
  fit();
  say(frames[step].caption);
  const watch = new ResizeObserver(fit);
  watch.observe(stage);
  return () => {
    watch.disconnect();
    steps.stop();
    done();
  };
}

export default { render };
