// Structured drawings: what utils/widgets/drawings.py describes, drawn for the width at hand so that text keeps
// its size on a phone. Every drawing is {kind, label, text, …}; text says in words what it shows.
import { color, drawn, make, unmarked } from "./dom.mjs";
import { inlineFigure } from "./inline.mjs";

const tone = (name, other = color.ink) => (name ? color[name] : other);
const wash = (name, share = 22) => (name ? `color-mix(in srgb, ${color[name]} ${share}%, ${color.paper})` : "none");

// Letters in a color of the palette, mixed with ink until they read well on the paper of either theme.
const letters = (tint) => `color-mix(in srgb, ${tint} 65%, ${color.ink})`;

const tokenRow = ({ items, label }) =>
  make("div", { class: label ? "bw-draw-row bw-draw-named" : "bw-draw-row" }, ...(label ? [make("span", { class: "bw-draw-label" }, label)] : []),
    make("div", {}, ...items.map(([text, mark]) =>
      make("span", { class: "bw-draw-token", style: mark ? `border-color:${color[mark]};background:${wash(mark)};color:${color.ink}` : "" }, text))));

function grid({ rows, marks, columns, index, label }) {
  const cell = (text, i, j) => {
    const mark = marks[`${i},${j}`];
    return make("td", { style: mark ? `background:${wash(mark)};color:${color.ink}` : "" }, text);
  };
  const head = columns ? [make("thead", {}, make("tr", {}, ...(index ? [make("td", {})] : []), ...columns.map((text) => make(text ? "th" : "td", {}, text))))] : [];
  return make("div", {}, ...(label ? [make("span", { class: "bw-draw-label" }, label)] : []),
    make("table", { class: "bw-draw-table" }, ...head,
      make("tbody", {}, ...rows.map((line, i) => make("tr", {}, ...(index ? [make("th", {}, index[i])] : []), ...line.map((text, j) => cell(text, i, j)))))));
}

// Positions are shares of the width and the height; circles and text have fixed sizes.
function network({ nodes, edges, height }, width) {
  const svg = drawn("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  const radius = 21;
  const place = (node) => [34 + node.x * (width - 68), 38 + node.y * (height - 84)];
  const at = Object.fromEntries(nodes.map((node) => [node.id, place(node)]));
  const words = (x, y, text, fill, more = {}) => drawn("text", { x, y, style: `fill:${fill}`, "text-anchor": "middle", "font-size": 14, ...more }, text);
  const halo = { stroke: color.paper, "stroke-width": 5, "paint-order": "stroke", "stroke-linejoin": "round" };
  for (const { from, to, text, mark, reverse } of edges) {
    const [[x1, y1], [x2, y2]] = reverse ? [at[to], at[from]] : [at[from], at[to]];
    const length = Math.hypot(x2 - x1, y2 - y1);
    const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
    const [ex, ey] = [x2 - (radius + 4) * ux, y2 - (radius + 4) * uy];
    const stroke = tone(mark, color.muted);
    svg.append(
      drawn("line", { x1: x1 + radius * ux, y1: y1 + radius * uy, x2: ex - 5 * ux, y2: ey - 5 * uy, stroke, "stroke-width": mark ? 2.5 : 1.25 }),
      drawn("path", { d: `M${ex} ${ey}L${ex - 9 * ux - 4 * uy} ${ey - 9 * uy + 4 * ux}L${ex - 9 * ux + 4 * uy} ${ey - 9 * uy - 4 * ux}z`, fill: stroke }));
    if (text) svg.append(words((x1 + x2) / 2, (y1 + y2) / 2 + 5, text, letters(stroke), { ...halo, "font-weight": 600 }));
  }
  for (const { id, text, mark, value, grad } of nodes) {
    const [x, y] = at[id];
    svg.append(
      drawn("circle", { cx: x, cy: y, r: radius, fill: color.paper }),
      drawn("circle", { cx: x, cy: y, r: radius, style: `fill:${wash(mark)}`, stroke: tone(mark, color.muted), "stroke-width": mark ? 2.5 : 1.25 }),
      words(x, y + 6, text, color.ink, { "font-size": 17 }));
    if (value) svg.append(words(x, y - radius - 7, value, letters(color.ours), halo));
    if (grad) svg.append(words(x, y + radius + 17, grad, letters(color.reference), { ...halo, "font-weight": 600 }));
  }
  return svg;
}

function rectangles({ boxes, size: [w, h], picture }, width, pictures) {
  const scale = Math.min(width, 360) / w;
  const svg = drawn("svg", { width: w * scale, height: h * scale, viewBox: `0 0 ${w * scale} ${h * scale}` });
  if (picture !== null) svg.append(drawn("image", { href: pictures[picture], width: w * scale, height: h * scale, preserveAspectRatio: "none" }));
  else svg.append(drawn("rect", { width: w * scale, height: h * scale, fill: "none", stroke: color.rule }));
  // Faint boxes first, so that they never cover the ones in question, and the letters above all boxes.
  const sorted = [...boxes].sort((a, b) => Number(b.faint) - Number(a.faint));
  for (const { at: [x, y, bw, bh], mark, faint } of sorted) {
    const frame = { x: x * scale, y: y * scale, width: bw * scale, height: bh * scale, fill: "none" };
    svg.append(
      drawn("rect", { ...frame, stroke: color.paper, "stroke-width": faint ? 2 : 4.5, "stroke-opacity": faint ? 0.35 : 0.85 }),
      drawn("rect", { ...frame, stroke: tone(mark, color.data), "stroke-width": faint ? 1.25 : 2.5, ...(faint ? { "stroke-dasharray": "4 4" } : {}) }));
  }
  const tags = []; // where letters stand already: the next one slides down until it is free
  for (const { at: [x, y], text, mark } of sorted.filter((one) => one.text && !one.faint)) {
    const [left, wide] = [x * scale, 9 + 8.5 * text.length];
    let top = y * scale;
    while (tags.some((tag) => Math.abs(tag[0] - left) < wide && Math.abs(tag[1] - top) < 20)) top += 10;
    tags.push([left, top]);
    svg.append(
      drawn("rect", { x: left, y: top, width: wide, height: 20, fill: color.paper, stroke: tone(mark, color.data), "stroke-width": 1.5 }),
      drawn("text", { x: left + wide / 2, y: top + 15, fill: color.ink, "text-anchor": "middle", "font-size": 13, "font-weight": 600 }, text));
  }
  return svg;
}

const figure = ({ svg }) => inlineFigure(svg);

const image = ({ picture, size }, width, pictures) =>
  make("img", { src: pictures[picture], alt: "", width: size[0], height: size[1], class: "bw-draw-image" });

const PAINTERS = { tokens: tokenRow, table: grid, graph: network, boxes: rectangles, figure, image };

// A drawing's texts as they are read, without the marks of what was measured.
const bare = (value) => (typeof value === "string" ? unmarked(value) : Array.isArray(value) ? value.map(bare)
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, key === "svg" ? part : bare(part)])) : value);

// One drawing as an element that is a picture with words to a screen reader.
export const paintDrawing = (stored, width, pictures) => {
  const drawing = bare(stored);
  return make("div", { class: `bw-draw bw-draw-${drawing.kind}`, role: "img", "aria-label": drawing.text }, PAINTERS[drawing.kind](drawing, width, pictures));
};
