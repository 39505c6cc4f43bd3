// Numbers as color: scales that are safe without color vision, heat maps on a canvas, matrices as tables.
import { make, number } from "./dom.mjs";

// Corner points of two perceptually even scales: viridis-like for amounts, blue-white-orange for signed values.
const SEQUENTIAL = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const DIVERGING = [[29, 78, 137], [110, 163, 209], [242, 242, 242], [233, 168, 92], [166, 84, 4]];
const GRAY = [[0, 0, 0], [255, 255, 255]];
const SCALES = { sequential: SEQUENTIAL, diverging: DIVERGING, gray: GRAY };

// The color [r, g, b] of a share in [0, 1].
export function shade(share, scale = "sequential") {
  const corners = SCALES[scale];
  const at = Math.min(Math.max(share, 0), 1) * (corners.length - 1);
  const low = Math.min(Math.floor(at), corners.length - 2);
  return corners[low].map((c, i) => Math.round(c + (at - low) * (corners[low + 1][i] - c)));
}

export const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

// A canvas of rows × columns pixels, shown large with crisp edges. values: flat, row by row.
// range: [low, high] of the scale. Returns {node, draw(values)}.
export function heatMap({ rows, columns, scale = "sequential", range = [0, 1], label = "" }) {
  const node = make("canvas", { width: columns, height: rows, class: "bw-heat", role: "img", "aria-label": label });
  const context = node.getContext("2d");
  const picture = context.createImageData(columns, rows);
  const draw = (values, [low, high] = range) => {
    for (let i = 0; i < rows * columns; i += 1) {
      picture.data.set([...shade((values[i] - low) / (high - low || 1), scale), 255], 4 * i);
    }
    context.putImageData(picture, 0, 0);
  };
  return { node, draw };
}

// A matrix as a table with colored cells; the numbers stay readable on their color. rows: arrays of numbers.
export function matrix({ rows, range, scale = "diverging", digits = 2, label = "", cell = () => ({}) }) {
  const [low, high] = range ?? [Math.min(...rows.flat()), Math.max(...rows.flat())];
  const body = rows.map((values, i) =>
    make("tr", {}, ...values.map((value, j) => {
      const back = shade((value - low) / (high - low || 1), scale);
      const bright = 0.299 * back[0] + 0.587 * back[1] + 0.114 * back[2] > 140;
      return make("td", { style: `background:${css(back)};color:${bright ? "#111" : "#fff"}`, ...cell(i, j) }, number(value, digits));
    })));
  return make("table", { class: "bw-matrix", "aria-label": label }, make("tbody", {}, ...body));
}
