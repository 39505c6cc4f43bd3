// A small net as a drawing: a line per weight, and for every unit a thumbnail of the function it computes.
import { color, drawn, make, number, uniqueId } from "./dom.mjs";
import { shade } from "./heat.mjs";

const THUMB = 16; // pixels a side of a unit's thumbnail
const ROW = 46; // px from unit to unit: each is a touch target

export const weightWidth = (w) => Math.min(Math.max(2.2 * Math.abs(w), 0.4), 9);
// On a log scale: 1e-6 and less is thin, 1 is thick.
const gradientShare = (g) => Math.min(Math.max((Math.log10(Math.abs(g)) + 6) / 6, 0), 1);
export const gradientWidth = (g) => 0.4 + 7 * gradientShare(g) ** 2;

// 256 colors of the signed scale, as the canvas stores them.
const INK = Uint32Array.from({ length: 256 }, (_, i) => {
  const [r, g, b] = shade(i / 255, "diverging");
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
});

// Paints side × side values, every `every`-th of a finer grid whose rows hold `grid`, onto a canvas.
export function paintSigned(canvas, side, grid, value) {
  const context = canvas.getContext("2d");
  const picture = (canvas.picture ??= context.createImageData(side, side)); // one for all frames
  const pixels = new Uint32Array(picture.data.buffer);
  const every = grid / side;
  for (let r = 0; r < side; r += 1) {
    for (let c = 0; c < side; c += 1) {
      const v = value(r * every * grid + c * every);
      pixels[r * side + c] = INK[v > -1 ? Math.round(127.5 * (Math.min(v, 1) + 1)) : 0];
    }
  }
  context.putImageData(picture, 0, 0);
}

// onPick({layer, unit}) when the reader points at or moves to a unit, onPick(null) when they leave.
// head(layer): the element over a layer. Returns {node, build(sizes), drawWires, drawUnits, tell, nameOf, picked}.
export function netView({ onPick, head }) {
  const lines = drawn("svg", { class: "bw-net-lines", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" });
  const units = make("div", { class: "bw-net-units" });
  const heads = make("div", { class: "bw-net-heads" });
  const feet = make("div", { class: "bw-net-feet" });
  const help = uniqueId("net");
  const board = make("div", { class: "bw-net-board", role: "group", "aria-label": "Network", "aria-describedby": help }, lines, units);
  const node = make("div", { class: "bw-net" }, heads, board, feet,
    make("p", { id: help, class: "bw-spoken" }, "Arrow keys move from unit to unit."));
  let sizes = [];
  let wires = [];
  let spots = [];
  let picked = null;

  const nameOf = (layer, unit) =>
    layer === 0 ? `input x${unit + 1}` : layer === sizes.length - 1 ? "output" : `layer ${layer}, unit ${unit + 1}`;

  const choose = (spot) => {
    picked = spot;
    const touches = (l, j, k) => !picked || (picked.layer === l + 1 && picked.unit === j) || (picked.layer === l && picked.unit === k);
    wires.forEach((row, l) => row.forEach((wire, i) => wire.classList.toggle("bw-faint", !touches(l, Math.floor(i / sizes[l]), i % sizes[l]))));
    onPick(picked);
  };
  const focusOn = (layer, unit) => {
    for (const row of spots) for (const spot of row) spot.button.tabIndex = -1;
    const { button } = spots[layer][unit];
    button.tabIndex = 0;
    button.focus();
  };
  board.addEventListener("keydown", (event) => {
    const layer = Number(event.target.dataset.layer);
    const unit = Number(event.target.dataset.unit);
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Escape") choose(null);
    if (!by || Number.isNaN(layer)) return;
    event.preventDefault();
    const next = Math.min(Math.max(layer + by[0], 0), sizes.length - 1);
    focusOn(next, Math.min(Math.max(unit + by[1], 0), sizes[next] - 1));
  });
  board.addEventListener("pointerleave", () => {
    if (picked && !board.contains(document.activeElement)) choose(null);
  });

  function build(next) {
    sizes = next;
    picked = null;
    const columns = sizes.length;
    const rows = Math.max(4, ...sizes);
    const x = (l) => ((l + 0.5) / columns) * 100;
    const y = (l, j) => ((j + 0.5 + (rows - sizes[l]) / 2) / rows) * 100;
    board.style.height = `${Math.max(rows * ROW, 240)}px`;
    wires = sizes.slice(1).map((count, l) =>
      Array.from({ length: count * sizes[l] }, (_, i) => {
        const [j, k] = [Math.floor(i / sizes[l]), i % sizes[l]];
        return drawn("line", { x1: x(l), y1: y(l, k), x2: x(l + 1), y2: y(l + 1, j), "vector-effect": "non-scaling-stroke" });
      }));
    lines.replaceChildren(...wires.flat());
    spots = sizes.map((count, l) =>
      Array.from({ length: count }, (_, j) => {
        const canvas = make("canvas", { width: THUMB, height: THUMB });
        const mark = make("span", { class: "bw-net-mark", "aria-hidden": "true" });
        const button = make("button", {
          type: "button", class: "bw-net-unit", "data-layer": l, "data-unit": j, "aria-label": nameOf(l, j),
          tabindex: l === 1 && j === 0 ? 0 : -1, style: `left:${x(l)}%;top:${y(l, j)}%`,
          onpointerenter: (event) => event.pointerType === "mouse" && choose({ layer: l, unit: j }),
          onclick: () => focusOn(l, j), onfocus: () => choose({ layer: l, unit: j }), onblur: () => picked && choose(null), // not when a new net takes its place
        }, canvas, mark);
        return { button, canvas, mark };
      }));
    units.replaceChildren(...spots.flat().map((spot) => spot.button));
    heads.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    heads.replaceChildren(...sizes.map((_, l) => head(l)));
    feet.style.gridTemplateColumns = `repeat(${columns - 1}, minmax(0, 1fr))`;
    feet.style.marginInline = `${50 / columns}%`;
    feet.replaceChildren(...wires.map(() => make("span", {})));
  }

  // foot(l): the words under layer l's lines.
  function drawWires({ net, grads, show, states, foot }) {
    wires.forEach((row, l) => row.forEach((wire, i) => {
      const [w, g] = [net.W[l][i], grads[l][i]];
      const ink = show === "gradients" ? color.fifth : w > 0 ? color.reference : color.ours;
      const none = show === "gradients" ? !(Math.abs(g) > 1e-12) : w === 0;
      wire.setAttribute("stroke-width", (show === "gradients" ? gradientWidth(g) : weightWidth(w)).toFixed(2));
      const look = none ? "none" : ink;
      if (wire.look === look) return; // most frames change widths alone
      wire.look = look;
      wire.setAttribute("stroke", none ? color.muted : ink);
      wire.setAttribute("stroke-dasharray", none ? "1 5" : "none");
    }));
    spots.forEach((row, l) => row.forEach(({ button, mark }, j) => {
      const state = states[l - 1]?.[j] ?? "";
      if (button.dataset.state === state) return;
      button.dataset.state = state;
      mark.textContent = { dead: "×", saturated: "=" }[state] ?? "";
      button.setAttribute("aria-label", nameOf(l, j) + (state ? `, ${state}` : ""));
    }));
    [...feet.children].forEach((span, l) => (span.textContent = foot(l)));
  }

  // value(layer, unit, at): what a unit says at a place of the grid, in [-1, 1].
  const drawUnits = (value, grid) =>
    spots.forEach((row, l) => row.forEach(({ canvas }, j) => paintSigned(canvas, THUMB, grid, (at) => value(l, j, at))));

  // The weights into and out of the picked unit, in words.
  const tell = ({ layer, unit }, values) => {
    const into = layer ? Array.from({ length: sizes[layer - 1] }, (_, k) => values[layer - 1][unit * sizes[layer - 1] + k]) : [];
    return `${nameOf(layer, unit)}${into.length ? `: incoming ${into.map((v) => number(v, 2)).join(", ")}` : ""}`;
  };
  return { node, build, drawWires, drawUnits, tell, nameOf, picked: () => picked };
}
