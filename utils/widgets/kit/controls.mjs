// Sliders, choices, switches, buttons and a player. All are native inputs: mouse, touch and keyboard come free.
import { calm, make, number, uniqueId } from "./dom.mjs";

// A labelled slider. Returns {node, get, set}; set does not call onInput.
export function slider({ label, min, max, step = 1, value, format = number, onInput }) {
  const input = make("input", { type: "range", min, max, step });
  // Hidden from screen readers: the slider itself says its value.
  const shown = make("span", { class: "bw-value", "aria-hidden": "true" });
  const tell = () => {
    const text = format(Number(input.value));
    shown.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  input.value = value;
  input.addEventListener("input", () => {
    tell();
    onInput(Number(input.value));
  });
  tell();
  const node = make("label", { class: "bw-control" }, make("span", { class: "bw-label" }, label), input, shown);
  return {
    node,
    get: () => Number(input.value),
    set(next) {
      input.value = next;
      tell();
    },
  };
}

// A drop-down list. options: strings, or [value, text] pairs.
export function choice({ label, options, value, onInput }) {
  const pairs = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  const select = make("select", {}, ...pairs.map(([key, text]) => make("option", { value: key }, text)));
  select.value = value ?? pairs[0][0];
  select.addEventListener("change", () => onInput(select.value));
  const node = make("label", { class: "bw-control bw-choice" }, make("span", { class: "bw-label" }, label), select);
  return { node, get: () => select.value, set: (next) => (select.value = next) };
}

// A check box.
export function toggle({ label, value = false, onInput }) {
  const id = uniqueId("toggle");
  const input = make("input", { type: "checkbox", id });
  input.checked = value;
  input.addEventListener("change", () => onInput(input.checked));
  const node = make("span", { class: "bw-toggle" }, input, make("label", { for: id }, label));
  return { node, get: () => input.checked, set: (next) => (input.checked = next) };
}

export const button = (label, onClick, attributes = {}) =>
  make("button", { type: "button", class: "bw-button", onclick: onClick, ...attributes }, label);

export const row = (...nodes) => make("div", { class: "bw-row" }, ...nodes);

// Steps 0 to count - 1: first, back, play or pause, forward, and a slider. show(step) draws a step.
// For readers who ask for less motion, play moves one step at a time, slowly.
export function player({ count, start = 0, delay = 700, label = "step", format, show }) {
  let step = start;
  let timer = 0;
  const go = (next) => {
    step = Math.min(Math.max(next, 0), count - 1);
    place.set(step);
    show(step);
    if (step === count - 1) stop();
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };
  const play = button("Play", () => {
    if (timer) return stop();
    if (step === count - 1) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => go(step + 1), calm() ? Math.max(delay, 1500) : delay);
  });
  const back = button("Back", () => (stop(), go(step - 1)));
  const forward = button("Next", () => (stop(), go(step + 1)));
  const place = slider({
    label, min: 0, max: count - 1, value: start,
    format: format ?? ((value) => `${value + 1} of ${count}`),
    onInput: (value) => (stop(), go(value)),
  });
  const node = make("div", { class: "bw-player" }, row(back, play, forward), place.node);
  return { node, go, stop, get: () => step };
}
