// A point the reader moves: by mouse, touch (a 44 px target) or the arrow keys.
import { color, drawn, number } from "./dom.mjs";

// plot: from axes(). value: [x, y]. step: what one arrow key moves, in data units; Shift moves ten times as far.
// label names the point for screen readers. onMove([x, y]) is called while it moves. Returns {node, get, set}.
export function handle({ plot, value, label, step, fill = color.ours, limit = (p) => p, onMove }) {
  let place = limit(value);
  const [stepX, stepY] = Array.isArray(step) ? step : [step, step];
  const dot = drawn("circle", { r: 8, fill, stroke: color.paper, "stroke-width": 2 });
  const target = drawn("circle", { r: 22, fill: "transparent" });
  const node = drawn("g", { class: "bw-handle", tabindex: 0, role: "slider" }, target, dot);
  const put = () => {
    const [sx, sy] = plot.at(...place);
    node.setAttribute("transform", `translate(${sx} ${sy})`);
    const text = `${number(place[0], 3)}, ${number(place[1], 3)}`;
    node.setAttribute("aria-label", label);
    node.setAttribute("aria-valuetext", text);
    node.setAttribute("aria-valuenow", String(+place[0].toPrecision(6)));
  };
  const move = (next) => {
    place = limit(next);
    put();
    onMove(place);
  };
  node.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
    node.focus();
  });
  node.addEventListener("pointermove", (event) => {
    if (!node.hasPointerCapture(event.pointerId)) return;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.svg.getScreenCTM().inverse());
    move(plot.back(point.x, point.y));
  });
  node.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const far = event.shiftKey ? 10 : 1;
    move([place[0] + by[0] * stepX * far, place[1] + by[1] * stepY * far]);
  });
  plot.layer.append(node);
  // An SVG that holds a control must not be one picture to a screen reader.
  plot.svg.setAttribute("role", "group");
  put();
  return {
    node,
    get: () => place,
    set(next) {
      place = limit(next);
      put();
    },
  };
}
