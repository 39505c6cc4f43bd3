// Axes and curves in SVG.
import { color, drawn, number } from "./dom.mjs";

// About `count` round numbers from low to high.
export function ticks(low, high, count = 5) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const values = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) values.push(+(i * step).toPrecision(12));
  return values;
}

const decades = (low, high) => {
  const values = [];
  const every = Math.max(1, Math.ceil((Math.log10(high) - Math.log10(low)) / 6));
  for (let p = Math.ceil(Math.log10(low) - 1e-9); 10 ** p <= high * 1.0000001; p += every) values.push(10 ** p);
  return values;
};

// Axes over x = [low, high] and y = [low, high] in a width × height box (SVG units, which scale with the page).
// log: "x", "y" or "xy". equal: one unit is as long in y as in x (the y range grows or shrinks around its middle).
// Returns {svg, at, back, curve, line, dot, area, text, clear, layer}. Names in `label` are read aloud.
export function axes({ width = 560, height = 320, x, y, xlabel = "", ylabel = "", log = "", equal = false, frame = true, label = "" }) {
  const pad = frame ? { left: 52, right: 12, top: 12, bottom: xlabel ? 44 : 28 } : { left: 4, right: 4, top: 4, bottom: 4 };
  const w = width - pad.left - pad.right;
  const h = height - pad.top - pad.bottom;
  const range = { x: [...x], y: [...y] };
  if (equal) {
    const half = ((x[1] - x[0]) / w) * h * 0.5;
    const middle = (y[0] + y[1]) / 2;
    range.y = [middle - half, middle + half];
  }
  const scale = (axis) => (log.includes(axis) ? Math.log10 : (value) => value);
  const unscale = (axis) => (log.includes(axis) ? (value) => 10 ** value : (value) => value);
  const place = (axis, value) => {
    const [low, high] = range[axis].map(scale(axis));
    return (scale(axis)(value) - low) / (high - low);
  };
  const at = (px, py) => [pad.left + w * place("x", px), pad.top + h * (1 - place("y", py))];
  const back = (sx, sy) => {
    const invert = (axis, share) => {
      const [low, high] = range[axis].map(scale(axis));
      return unscale(axis)(low + share * (high - low));
    };
    return [invert("x", (sx - pad.left) / w), invert("y", 1 - (sy - pad.top) / h)];
  };
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "bw-plot" });
  const clip = drawn("g", {});
  const layer = drawn("g", {}); // marks above the curves, outside the clip: handles
  const scaffold = drawn("g", { class: "bw-axes" });
  svg.append(scaffold, clip, layer);

  function rule() {
    scaffold.replaceChildren();
    if (!frame) return;
    const text = (value, attributes) => scaffold.append(drawn("text", { fill: color.muted, "font-size": 12, ...attributes }, value));
    const bar = (x1, y1, x2, y2) => scaffold.append(drawn("line", { x1, y1, x2, y2, stroke: color.rule }));
    const marks = (axis) => (log.includes(axis) ? decades(...range[axis]) : ticks(...range[axis]));
    for (const value of marks("x")) {
      const [sx] = at(value, range.y[0]);
      bar(sx, pad.top + h, sx, pad.top + h + 4);
      text(number(value), { x: sx, y: pad.top + h + 17, "text-anchor": "middle" });
    }
    for (const value of marks("y")) {
      const [, sy] = at(range.x[0], value);
      bar(pad.left - 4, sy, pad.left, sy);
      text(number(value), { x: pad.left - 7, y: sy + 4, "text-anchor": "end" });
    }
    bar(pad.left, pad.top + h, pad.left + w, pad.top + h);
    bar(pad.left, pad.top, pad.left, pad.top + h);
    text(xlabel, { x: pad.left + w / 2, y: height - 8, "text-anchor": "middle" });
    text(ylabel, { x: 12, y: pad.top + h / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${pad.top + h / 2})` });
  }
  rule();

  // Far outside, a coordinate is brought to the edge region: browsers drop paths with huge numbers.
  const clamp = (value, size) => Math.min(Math.max(value, -size), 2 * size);
  const points = (list) =>
    list.filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b))
      .map(([a, b]) => at(a, b)).map(([a, b]) => `${clamp(a, width).toFixed(2)},${clamp(b, height).toFixed(2)}`).join(" ");
  const add = (tag, attributes, ...children) => {
    const node = drawn(tag, attributes, ...children);
    clip.append(node);
    return node;
  };
  return {
    svg, at, back, layer, range,
    width: w, height: h,
    curve: (list, attributes = {}) =>
      add("polyline", { points: points(list), fill: "none", stroke: color.ours, "stroke-width": 2, "stroke-linejoin": "round", ...attributes }),
    area: (list, attributes = {}) => add("polygon", { points: points(list), fill: color.ours, "fill-opacity": 0.15, ...attributes }),
    line: (from, to, attributes = {}) => {
      const [x1, y1] = at(...from);
      const [x2, y2] = at(...to);
      return add("line", { x1, y1, x2, y2, stroke: color.muted, ...attributes });
    },
    dot: ([px, py], attributes = {}) => {
      const [cx, cy] = at(px, py);
      return add("circle", { cx, cy, r: 4, fill: color.ours, ...attributes });
    },
    text: ([px, py], words, attributes = {}) => {
      const [sx, sy] = at(px, py);
      return add("text", { x: sx, y: sy, fill: color.ink, "font-size": 13, ...attributes }, words);
    },
    image: (href, attributes = {}) => {
      const node = add("image", { href, x: pad.left, y: pad.top, width: w, height: h, preserveAspectRatio: "none", ...attributes });
      clip.prepend(node);
      return node;
    },
    clear: () => clip.replaceChildren(),
    // New ranges; what was drawn is cleared, since it stands at the old ones.
    rescale(next) {
      if (next.x) range.x = [...next.x];
      if (next.y) range.y = [...next.y];
      clip.replaceChildren();
      rule();
    },
  };
}
