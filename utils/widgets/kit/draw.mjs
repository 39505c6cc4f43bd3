// A canvas to draw on: mouse, touch, pen, and the keyboard (arrow keys move the pen, space puts it down or lifts it).
import { color, drawn, make, number } from "./dom.mjs";

// side: the drawing's units along both axes. radius: of the pen. label: what is drawn, for screen readers.
// onChange() is called when a stroke has grown or gone; onPen(text) when the keyboard has moved the pen.
// Returns {node, canvas, strokes, clear, undo}; `canvas` lies under the strokes, side × side pixels, yours to paint.
export function drawingPad({ side, radius, label, onChange, onPen = () => {} }) {
  const canvas = make("canvas", { width: side, height: side, class: "bw-heat", "aria-hidden": "true" });
  const lines = drawn("g", { fill: "none", stroke: "#fff", "stroke-width": 2 * radius, "stroke-linecap": "round", "stroke-linejoin": "round" });
  const pen = drawn("circle", { r: radius, class: "bw-pad-pen", stroke: color.reference, "stroke-width": 0.35, fill: "none" });
  const svg = drawn("svg", { viewBox: `0 0 ${side} ${side}`, "aria-hidden": "true" }, lines, pen);
  const node = make("div", { class: "bw-pad", tabindex: 0, role: "application", "aria-roledescription": "drawing area", "aria-label": label }, canvas, svg);
  let strokes = [];
  let at = [side / 2, side / 4]; // of the keyboard's pen
  let down = false;

  const inside = (value) => Math.min(Math.max(value, 0), side);
  const shape = (points) => (points.length > 1 ? points : [points[0], points[0]]).map((p) => p.join(",")).join(" ");
  const begin = (point) => {
    strokes.push([point]);
    lines.append(drawn("polyline", { points: shape([point]) }));
  };
  const grow = (point) => {
    const stroke = strokes[strokes.length - 1];
    const [x, y] = stroke[stroke.length - 1];
    if (Math.hypot(point[0] - x, point[1] - y) < 0.25) return false;
    stroke.push(point);
    lines.lastElementChild.setAttribute("points", shape(stroke));
    return true;
  };
  const putPen = () => {
    pen.setAttribute("cx", at[0]);
    pen.setAttribute("cy", at[1]);
    pen.setAttribute("fill", down ? color.reference : "none");
  };
  const tell = (what) => onPen(`${what}, column ${number(at[0])}, row ${number(at[1])}`);
  const lift = () => {
    down = false;
    putPen();
  };

  const place = (event) => {
    const box = svg.getBoundingClientRect();
    return [inside(((event.clientX - box.left) / box.width) * side), inside(((event.clientY - box.top) / box.height) * side)];
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    lift();
    begin(place(event));
    onChange();
  });
  node.addEventListener("pointermove", (event) => {
    if (!node.hasPointerCapture(event.pointerId)) return;
    const events = event.getCoalescedEvents?.() ?? [];
    const grown = (events.length ? events : [event]).map(place).filter(grow);
    if (grown.length) onChange();
  });
  node.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (by) {
      const far = event.shiftKey ? 0.5 : 1;
      at = at.map((value, axis) => inside(value + far * by[axis]));
      putPen();
      if (down && grow(at)) onChange();
      tell(down ? "drawing" : "pen up");
    } else if (event.key === " ") {
      down = !down;
      putPen();
      if (down) {
        begin(at);
        onChange();
      }
      tell(down ? "pen down" : "pen up");
    } else if (event.key === "Escape" && down) {
      lift();
      tell("pen up");
    } else if (event.key === "Backspace") undo();
    else if (event.key === "Delete") clear();
    else return;
    event.preventDefault();
  });
  const undo = () => {
    if (!strokes.length) return;
    strokes.pop();
    lines.lastElementChild.remove();
    lift();
    onChange();
  };
  const clear = (quiet = false) => {
    strokes = [];
    lines.replaceChildren();
    lift();
    if (quiet !== true) onChange();
  };
  putPen();
  return { node, canvas, strokes: () => strokes, undo, clear };
}

// Paints flat values on a canvas of the same number of pixels; paint(value, k) is [r, g, b] in 0 to 255.
export function paintPixels(canvas, values, paint) {
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  for (let k = 0; k < canvas.width * canvas.height; k += 1) picture.data.set([...paint(values[k], k), 255], 4 * k);
  context.putImageData(picture, 0, 0);
}
