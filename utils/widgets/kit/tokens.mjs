// Attention: its numbers (the same as utils/widgets/attention_view.py), and tokens joined by lines beside a matrix.
import { color, drawn, number, uniqueId } from "./dom.mjs";

// Which keys a query may look at: "none" all, "causal" up to its own place, "past" before it, or rows of booleans.
export const mayLook = (mask, i, j) =>
  Array.isArray(mask) ? Boolean(mask[i][j]) : mask === "causal" ? j <= i : mask === "past" ? j < i : true;

// softmax(q kᵀ / √d / temperature) over the allowed keys. q: n × d and k: m × d, flat. Returns n × m, flat;
// a query with no allowed key gets a row of zeros.
export function attention(q, k, n, m, d, temperature, mask) {
  const weights = new Float64Array(n * m);
  for (let i = 0; i < n; i += 1) {
    let top = -Infinity;
    for (let j = 0; j < m; j += 1) {
      if (!mayLook(mask, i, j)) continue;
      let score = 0;
      for (let c = 0; c < d; c += 1) score += q[i * d + c] * k[j * d + c];
      weights[i * m + j] = score / Math.sqrt(d) / temperature;
      top = Math.max(top, weights[i * m + j]);
    }
    let total = 0;
    for (let j = 0; j < m; j += 1) {
      const e = mayLook(mask, i, j) ? Math.exp(weights[i * m + j] - top) : 0;
      weights[i * m + j] = e;
      total += e;
    }
    if (total > 0) for (let j = 0; j < m; j += 1) weights[i * m + j] /= total;
  }
  return weights;
}

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
export const floatsOf = (text) => Float64Array.from(new Float32Array(bytesOf(text).buffer));
// Weights from one byte each (of the square root: small ones keep their size) or two.
export const weightsOf = ({ bits, data }) =>
  bits === 16 ? Float64Array.from(new Uint16Array(bytesOf(data).buffer), (v) => v / 65535)
    : Float64Array.from(bytesOf(data), (v) => (v / 255) ** 2);

// How spread a row of weights is, in bits: 0 for one key, log₂ of the number of keys for even attention.
export const entropyBits = (row) => row.reduce((sum, w) => (w > 0 ? sum - w * Math.log2(w) : sum), 0);

const VISIBLE = { " ": "␣", "\n": "⏎", "\t": "⇥" };
export const shownToken = (token, most = 12) => {
  const text = [...token].map((c) => VISIBLE[c] ?? c);
  return text.length > most ? `${text.slice(0, most - 1).join("")}…` : text.join("");
};

const widthOf = (tokens, size) => Math.max(...tokens.map((t) => shownToken(t).length)) * size * 0.62 + 10;
const pitchOf = (rows) => (rows <= 10 ? 34 : rows <= 18 ? 26 : rows <= 36 ? 20 : 16);
const sizeOf = (pitch) => (pitch > 20 ? 15 : pitch > 16 ? 13 : 12);

const BUNDLES = 32;

// Tokens that look (left) and tokens looked at (right) with a line per weight. head: px above the first row.
// onPoint({side, at}) while the reader points, onPoint(null) on leaving; onPin on a press or when focus moves.
export function tokenLines({ queries, keys, width, head, onPoint, onPin }) {
  const rows = Math.max(queries.length, keys.length);
  const pitch = pitchOf(rows);
  const size = sizeOf(pitch);
  const left = Math.min(Math.max(widthOf(queries, size), 48), width * 0.33); // a column a finger can hit
  const right = width - Math.min(widthOf(keys, size) + 34, width * 0.4);
  const y = (i) => head + (i + 0.5) * pitch;
  const height = head + rows * pitch + 4;
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "bw-tokens", role: "group", "aria-label": "Tokens: arrow keys move, left and right change sides, Escape shows all" });
  const [every, one] = [0, 1].map(() => drawn("g", { fill: "none", stroke: color.ours }));
  svg.append(every, one);
  const title = (x, words, anchor) => svg.append(drawn("text", { x, y: head - 8, "text-anchor": anchor, "font-size": 13, fill: color.muted }, words));
  title(left - 8, "query", "end");
  title(right + 8, "key", "start");
  const column = (tokens, side) => tokens.map((token, i) => {
    const q = side === "q";
    const back = drawn("rect", { x: q ? 0 : right, y: y(i) - pitch / 2 + 1, width: q ? left : width - right, height: pitch - 2, rx: 3, fill: color.ours, "fill-opacity": 0 });
    const text = drawn("text", { x: q ? left - 8 : right + 8, y: y(i) + size * 0.35, "text-anchor": q ? "end" : "start", "font-size": size, fill: color.ink }, shownToken(token));
    const note = drawn("text", { x: width - 4, y: y(i) + 4, "text-anchor": "end", "font-size": 12, fill: color.muted });
    const node = drawn("g", {
      class: "bw-token", role: "button", tabindex: q && i === 0 ? 0 : -1, "aria-pressed": "false",
      "aria-label": `${q ? "query" : "key"} ${i + 1}, ${shownToken(token, 40)}`,
      onfocus: () => onPin({ side, at: i }),
    }, back, text, ...(q ? [] : [note]));
    svg.append(node);
    return { node, back, text, note };
  });
  const sides = { q: column(queries, "q"), k: column(keys, "k") };
  const focusOn = (side, at) => {
    for (const { node } of [...sides.q, ...sides.k]) node.setAttribute("tabindex", -1);
    const { node } = sides[side][at];
    node.setAttribute("tabindex", 0);
    node.focus({ preventScroll: false });
  };
  svg.addEventListener("keydown", (event) => {
    const side = sides.q.some(({ node }) => node === event.target) ? "q" : "k";
    const at = sides[side].findIndex(({ node }) => node === event.target);
    if (at < 0) return;
    const go = { ArrowUp: [side, at - 1], ArrowDown: [side, at + 1], ArrowLeft: ["q", at], ArrowRight: ["k", at], Home: [side, 0], End: [side, rows] }[event.key];
    if (event.key === "Escape") onPin(null);
    if (event.key === "Enter" || event.key === " ") onPin({ side, at });
    if (go || event.key === " ") event.preventDefault();
    if (go) focusOn(go[0], Math.min(Math.max(go[1], 0), sides[go[0]].length - 1));
  });
  // Rows can be lower than a finger: whatever row is under it counts, up to the middle of the lines.
  const under = (event) => {
    const box = svg.getBoundingClientRect();
    const side = event.clientX - box.left < box.width / 2 ? "q" : "k";
    const at = Math.floor(((event.clientY - box.top) * (height / box.height) - head) / pitch);
    return at >= 0 && at < sides[side].length ? { side, at } : null;
  };
  svg.addEventListener("pointermove", (event) => onPoint(under(event)));
  svg.addEventListener("pointerleave", () => onPoint(null));
  svg.addEventListener("click", (event) => onPin(under(event)));

  const middle = (left + right) / 2;
  const pathOf = (i, j) => `M${left} ${y(i)}C${middle} ${y(i)} ${middle} ${y(j)} ${right} ${y(j)}`;
  // Fills a group with the lines from and to the tokens of `only`; weights under 1 % get none. Lines of about one
  // weight are one path: a few elements instead of thousands, which a browser can redraw while a slider moves.
  const fillWires = (group, weights, only) => {
    const m = keys.length;
    const bundles = Array.from({ length: BUNDLES }, () => "");
    for (let i = 0; i < queries.length; i += 1) {
      if (only?.side === "q" && only.at !== i) continue;
      for (let j = 0; j < m; j += 1) {
        const w = weights[i * m + j];
        if (w < 0.01 || (only?.side === "k" && only.at !== j)) continue;
        bundles[Math.min(Math.floor(w * BUNDLES), BUNDLES - 1)] += pathOf(i, j);
      }
    }
    group.replaceChildren(...bundles.flatMap((d, at) => {
      const w = (at + 0.5) / BUNDLES;
      return d ? [drawn("path", { d, "stroke-width": (0.4 + 5 * w).toFixed(2), "stroke-opacity": ((only ? 0.45 : 0.25) + 0.5 * w).toFixed(2) })] : [];
    }));
  };

  // weights: n × m, flat. chosen: {side, at} or null. Pointing at a token leaves the lines of all as they are.
  let filled = null;
  function draw(weights, chosen) {
    const m = keys.length;
    one.replaceChildren();
    if (chosen) fillWires(one, weights, chosen);
    else if (filled !== weights) fillWires(every, (filled = weights));
    every.setAttribute("display", chosen ? "none" : "inline");
    for (const side of ["q", "k"]) {
      sides[side].forEach(({ node, back, text, note }, at) => {
        const self = chosen?.side === side && chosen.at === at;
        const w = !chosen || chosen.side === side ? 0 : side === "k" ? weights[chosen.at * m + at] : weights[at * m + chosen.at];
        back.setAttribute("fill-opacity", self ? 0.16 : (0.5 * w).toFixed(3));
        text.setAttribute("font-weight", self ? 700 : 400);
        note.textContent = side === "k" && chosen?.side === "q" && w >= 0.005 ? w.toFixed(2) : "";
        node.setAttribute("aria-pressed", String(self));
        if (chosen) node.setAttribute("tabindex", self ? 0 : -1);
      });
    }
  }
  return { svg, draw, focusOn };
}

// The weights as a matrix whose rows stand level with the lines' rows; masked cells are hatched.
export function tokenMatrix({ queries, keys, width, head, labels, onPoint, onPin }) {
  const [n, m] = [queries.length, keys.length];
  const pitch = pitchOf(Math.max(n, m));
  const size = sizeOf(pitch);
  const left = labels ? Math.min(widthOf(queries, size), width * 0.3) : 2;
  const cell = Math.min((width - left - 4) / m, pitch * 1.15);
  const height = head + n * pitch + 4;
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "bw-tokens", role: "img" });
  const hatch = uniqueId("hatch");
  svg.append(drawn("defs", {}, drawn("pattern", { id: hatch, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    drawn("rect", { width: 1, height: 5, fill: color.rule }))));
  const long = Math.max(...keys.map((t) => shownToken(t).length)) > 2;
  keys.forEach((token, j) => {
    const at = [left + (j + 0.5) * cell, head - 6];
    if (cell >= 8) svg.append(drawn("text", { fill: color.ink, "font-size": Math.min(size, cell * 1.1),
      ...(long ? { transform: `translate(${at[0] + size * 0.35} ${at[1]}) rotate(-90)` } : { x: at[0], y: at[1], "text-anchor": "middle" }) }, shownToken(token)));
  });
  if (labels) queries.forEach((token, i) => svg.append(drawn("text", { x: left - 7, y: head + (i + 0.5) * pitch + size * 0.35, "text-anchor": "end", "font-size": size, fill: color.ink }, shownToken(token))));
  // One sheet of the ink under a mask with a pixel for each weight: it follows the page's theme, and a change of
  // head redraws one picture instead of thousands of cells.
  const place = { x: left, y: head, width: cell * m, height: pitch * n };
  const pixels = Object.assign(document.createElement("canvas"), { width: m, height: n });
  const paint = pixels.getContext("2d");
  const shares = paint.createImageData(m, n);
  const image = drawn("image", { ...place, preserveAspectRatio: "none", style: "image-rendering:pixelated" });
  const mask = uniqueId("mask");
  svg.append(drawn("defs", {}, drawn("mask", { id: mask, style: "mask-type:alpha" }, image)));
  const hatched = svg.appendChild(drawn("path", { fill: `url(#${hatch})`, class: "bw-hatched" }));
  svg.append(drawn("rect", { ...place, fill: color.ours, mask: `url(#${mask})`, class: "bw-weights" }));
  svg.append(drawn("path", { fill: "none", stroke: color.paper, "pointer-events": "none",
    d: [...Array.from({ length: m }, (_, j) => `M${left + (j + 1) * cell - 0.5} ${head}v${pitch * n}`),
      ...Array.from({ length: n }, (_, i) => `M${left} ${head + (i + 1) * pitch - 0.5}h${cell * m}`)].join("") }));
  const veil = svg.appendChild(drawn("path", { fill: color.paper, "fill-opacity": 0.7, "fill-rule": "evenodd" }));
  const ring = svg.appendChild(drawn("path", { fill: "none", stroke: color.ours, "stroke-width": 2, "stroke-linejoin": "round" }));
  const under = (event) => {
    const box = svg.getBoundingClientRect();
    const j = Math.floor(((event.clientX - box.left) * (width / box.width) - left) / cell);
    const i = Math.floor(((event.clientY - box.top) * (height / box.height) - head) / pitch);
    if (i >= 0 && i < n && j < m) return { side: "q", at: i, other: j < 0 ? undefined : j };
    return i < 0 && j >= 0 && j < m ? { side: "k", at: j } : null;
  };
  svg.addEventListener("pointermove", (event) => onPoint(under(event)));
  svg.addEventListener("pointerleave", () => onPoint(null));
  svg.addEventListener("click", (event) => onPin(under(event)));
  const boxOf = (x, top, w, h) => `M${x} ${top}h${w}v${h}h${-w}z`;
  let filled = null;
  function draw(weights, chosen, allowed, words) {
    if (filled !== weights) {
      filled = weights;
      let shut = "";
      for (let at = 0; at < n * m; at += 1) {
        const [i, j] = [Math.floor(at / m), at % m];
        const open = allowed(i, j);
        // The square root lets small weights be seen; the scale under the matrix shows it.
        shares.data.set([255, 255, 255, open ? Math.round(255 * Math.sqrt(weights[at])) : 0], 4 * at);
        if (!open) shut += boxOf(left + j * cell, head + i * pitch, cell, pitch);
      }
      paint.putImageData(shares, 0, 0);
      image.setAttribute("href", pixels.toDataURL());
      hatched.setAttribute("d", shut);
    }
    const box = !chosen ? "" : chosen.side === "q"
      ? boxOf(left - 1, head + chosen.at * pitch - 1, cell * m + 1, pitch + 1)
      : boxOf(left + chosen.at * cell - 1, head - 1, cell + 1, n * pitch + 1);
    ring.setAttribute("d", box);
    veil.setAttribute("d", chosen ? boxOf(left - 1, head - 1, cell * m + 1, n * pitch + 1) + box : "");
    svg.setAttribute("aria-label", words);
  }
  return { svg, draw };
}

export const tokenHead = (keys) => {
  const most = Math.max(...keys.map((t) => shownToken(t).length));
  return most > 2 ? Math.min(most, 12) * 8.5 + 14 : 28;
};

// "t" 3: a token and its place.
export const placed = (tokens, i) => `“${shownToken(tokens[i], 24)}” ${i + 1}`;

// Where a query looks: its three largest weights in words.
export const topKeys = (row, keys, most = 3) => {
  const seen = Array.from(row, (w, j) => [w, j]).filter(([w]) => w >= 0.005).sort((a, b) => b[0] - a[0]);
  const words = seen.slice(0, most).map(([w, j]) => `${placed(keys, j)} (${number(w, 2)})`).join(", ");
  return seen.length > most ? `${words} and ${seen.length - most} more` : words;
};
