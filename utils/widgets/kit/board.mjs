// A grid of values as pixels or as cells with numbers, and marks above it.
import { color, drawn, make, number } from "./dom.mjs";

// Light tints, so that ink stays readable on them in both themes: blue below zero, orange above.
export const tint = (value, most) => {
  const share = most > 0 ? Math.min(Math.abs(value) / most, 1) : 0;
  return `color-mix(in srgb, ${value < 0 ? color.ours : color.reference} ${Math.round(share * 40)}%, ${color.paper})`;
};

// Signed pixels let the page's paper through where they are near zero.
export const BELOW = [46, 130, 206];
export const ABOVE = [219, 138, 24];

// One grid of values. Pictures are pixels on a canvas, matrices are cells with numbers; marks lie above both.
export function board(className) {
  const canvas = make("canvas", { class: "bw-heat", "aria-hidden": "true" });
  const cells = drawn("g", {});
  const marks = drawn("g", {});
  const svg = drawn("svg", { "aria-hidden": "true", preserveAspectRatio: "none" }, cells, marks);
  const node = make("div", { class: `bw-conv-board ${className}` }, canvas, svg);
  const box = (x, y, w, h, attributes) => drawn("rect", { x, y, width: w, height: h, "vector-effect": "non-scaling-stroke", ...attributes });
  return {
    node, marks,
    // values: rows; pad: zeros around them; paint(value) is [r, g, b, alpha] of a pixel, or null for cells.
    draw(values, pad, paint, most) {
      const height = values.length + 2 * pad;
      const width = values[0].length + 2 * pad;
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      node.style.aspectRatio = `${width} / ${height}`;
      canvas.width = width;
      canvas.height = height;
      canvas.hidden = !paint;
      const parts = [];
      const pixels = paint ? canvas.getContext("2d").createImageData(width, height) : null;
      for (let i = 0; i < height; i += 1) {
        for (let j = 0; j < width; j += 1) {
          const inside = i >= pad && j >= pad && i < height - pad && j < width - pad;
          const value = inside ? values[i - pad][j - pad] : 0;
          if (paint) {
            const at = 4 * (i * width + j);
            [pixels.data[at], pixels.data[at + 1], pixels.data[at + 2], pixels.data[at + 3]] = paint(value);
            continue;
          }
          const text = number(value, 3);
          parts.push(
            drawn("rect", { x: j + 0.03, y: i + 0.03, width: 0.94, height: 0.94, rx: 0.08, style: `fill:${inside ? tint(value, most) : "none"}`,
              ...(inside ? {} : { stroke: color.rule, "stroke-width": 0.03, "stroke-dasharray": "0.12 0.1" }) }),
            drawn("text", { x: j + 0.5, y: i + 0.5, dy: "0.35em", "text-anchor": "middle", fill: inside ? color.ink : color.muted,
              "font-size": text.length > 4 ? 0.31 : text.length > 2 ? 0.38 : 0.46 }, text));
        }
      }
      if (pixels) canvas.getContext("2d").putImageData(pixels, 0, 0);
      cells.replaceChildren(...parts);
      if (paint && pad) {
        cells.append(box(pad, pad, width - 2 * pad, height - 2 * pad, { fill: "none", stroke: color.data, "stroke-width": 1, "stroke-dasharray": "3 3" }));
      }
    },
    // A light line below a dark one is seen on any pixel.
    outline: (x, y, w, h) => [
      box(x, y, w, h, { fill: "none", stroke: color.paper, "stroke-width": 4 }),
      box(x, y, w, h, { fill: "none", stroke: color.ours, "stroke-width": 2 })],
    tap: (x, y, share) => box(x, y, 1, 1, { fill: color.ours, "fill-opacity": share }),
  };
}
