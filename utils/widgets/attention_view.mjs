// attention_view: attention heads as lines between tokens and as a matrix; with queries and keys at hand, softmax
// is computed here, under the reader's temperature and mask.
// State: tokens, others, shape [layers, heads, T_q, T_k], names, weights {bits, data} or vectors {d, q, k}, start.
import { color, drawn, frame, make, number, unmarked } from "./kit/dom.mjs";
import { button, choice, slider } from "./kit/controls.mjs";
import { attention, entropyBits, floatsOf, mayLook, placed, shownToken, tokenHead, tokenLines, tokenMatrix, topKeys, weightsOf } from "./kit/tokens.mjs";

const MASK_NAMES = [["none", "none"], ["causal", "causal: itself and before"], ["past", "past only: before itself"]];

function render({ model, el }) {
  const queries = model.get("tokens");
  const keys = model.get("others").length ? model.get("others") : queries;
  const [layers, heads, n, m] = model.get("shape");
  const names = model.get("names").map((row) => row.map(unmarked));
  const given = model.get("weights").data ? weightsOf(model.get("weights")) : null;
  const vectors = given ? null : { d: model.get("vectors").d, q: floatsOf(model.get("vectors").q), k: floatsOf(model.get("vectors").k) };
  const set = { ...model.get("start") };
  const { stage, controls, say, done } = frame({ model, el, kind: "attention_view" });
  let pinned = set.query >= 0 ? { side: "q", at: set.query } : null;
  let pointed = null;
  let weights;
  let views = [];

  const nameOf = (layer, head) => names[layer]?.[head] ?? `head ${head + 1}`;
  const row = (i) => weights.subarray(i * m, (i + 1) * m);
  const blind = (i) => row(i).every((w) => w === 0); // a query that may look at nothing
  const open = (i, j) => (given ? !blind(i) : mayLook(set.mask, i, j));

  // ---- numbers of the head in view
  const measure = () => {
    const at = set.layer * heads + set.head;
    if (given) weights = given.subarray(at * n * m, (at + 1) * n * m);
    else {
      const { d, q, k } = vectors;
      weights = attention(q.subarray(at * n * d, (at + 1) * n * d), k.subarray(at * m * d, (at + 1) * m * d), n, m, d, set.temperature, set.mask);
    }
  };

  // ---- words
  const describe = (chosen) => {
    if (chosen?.side === "q") {
      const who = placed(queries, chosen.at);
      if (blind(chosen.at)) return `${who} may look at nothing: all its keys are masked, so softmax is undefined here; drawn as zeros`;
      if (chosen.other !== undefined) {
        const { at, other } = chosen;
        return open(at, other) ? `${who} looks at ${placed(keys, other)} with weight ${number(weights[at * m + other], 3)}` : `${who} may not look at ${placed(keys, other)}`;
      }
      return `${who} looks at ${topKeys(row(chosen.at), keys)}`;
    }
    if (chosen?.side === "k") {
      const column = Array.from({ length: n }, (_, i) => weights[i * m + chosen.at]);
      const total = column.reduce((a, b) => a + b, 0);
      return `${placed(keys, chosen.at)} receives ${number(total, 3)} in all${total > 0.005 ? `, most from ${topKeys(column, queries)}` : ""}`;
    }
    const seeing = queries.map((_, i) => i).filter((i) => !blind(i));
    const bits = seeing.reduce((sum, i) => sum + entropyBits(row(i)), 0) / (seeing.length || 1);
    const even = seeing.reduce((sum, i) => sum + Math.log2(keys.filter((_, j) => open(i, j)).length), 0) / (seeing.length || 1);
    const none = n - seeing.length;
    const whose = layers * heads > 1 ? `${layers > 1 ? `Layer ${set.layer + 1}, ` : ""}${nameOf(set.layer, set.head)}: ` : "";
    // Two to the entropy: as many keys with equal weights would be spread as widely.
    return `${whose}a query spreads over about ${number(2 ** bits, 2)} keys (even attention: ${number(2 ** even, 2)})`
      + (none ? `; ${none === 1 ? `${placed(queries, queries.findIndex((_, i) => blind(i)))} may` : `${none} queries may`} look at nothing` : "");
  };

  const draw = () => {
    const chosen = pointed ?? pinned;
    const text = describe(chosen);
    const words = text[0].toUpperCase() + text.slice(1);
    views[0].draw(weights, chosen);
    views[1].draw(weights, chosen, open, `Attention matrix, ${n} queries by ${m} keys. ${words}`);
    say(words);
    all.disabled = !pinned;
    token.set(pinned?.side === "q" ? pinned.at + 1 : 0);
  };
  const change = () => {
    measure();
    draw();
  };
  const same = (a, b) => a?.side === b?.side && a?.at === b?.at && a?.other === b?.other;
  const onPoint = (next) => {
    if (same(next, pointed)) return;
    pointed = next;
    draw();
  };
  const onPin = (next) => {
    pinned = next && { side: next.side, at: next.at };
    pointed = null;
    draw();
  };

  // ---- layout: side by side where there is room, else one under the other
  const arrange = () => {
    const room = Math.max(Math.floor(stage.clientWidth || 640), 240);
    const wide = room >= 560;
    const gap = 28;
    const first = wide ? Math.min(Math.round(room * 0.46), 330) : Math.min(room, 420);
    const head = tokenHead(keys);
    const about = { queries, keys, onPoint, onPin };
    const focus = stage.contains(document.activeElement);
    views = [
      tokenLines({ ...about, width: first, head: wide ? head : 28 }),
      tokenMatrix({ ...about, width: wide ? room - first - gap : Math.min(room, 420), head, labels: true }),
    ];
    stage.replaceChildren(...views.map((view) => view.svg));
    if (focus && pinned) views[0].focusOn(pinned.side, pinned.at);
    draw();
  };

  // ---- controls
  const headChoice = choice({
    label: "Head", value: String(set.head), options: Array.from({ length: heads }, (_, h) => [String(h), nameOf(set.layer, h)]),
    onInput: (v) => ((set.head = Number(v)), change()),
  });
  const layerChoice = choice({
    label: "Layer", value: String(set.layer), options: Array.from({ length: layers }, (_, l) => [String(l), `${l + 1} of ${layers}`]),
    onInput(v) {
      set.layer = Number(v);
      [...headChoice.node.querySelectorAll("option")].forEach((option, h) => (option.textContent = nameOf(set.layer, h)));
      change();
    },
  });
  const token = slider({
    label: "Query", min: 0, max: n, value: set.query + 1, format: (v) => (v ? `${v}: ${shownToken(queries[v - 1], 8)}` : "all"),
    onInput(v) {
      pinned = v ? { side: "q", at: v - 1 } : null;
      pointed = null;
      draw();
    },
  });
  const all = button("Show all", () => onPin(null));
  const scale = make("p", { class: "bw-legend" }, "weight ", ...[0.01, 0.1, 0.5, 1].flatMap((w) => [
    drawn("svg", { width: 16, height: 12, "aria-hidden": "true" }, drawn("rect", { width: 16, height: 12, fill: color.ours, "fill-opacity": Math.sqrt(w) })), ` ${w}  `]));
  controls.before(scale);
  if (layers > 1) controls.append(layerChoice.node);
  if (heads > 1) controls.append(headChoice.node);
  controls.append(token.node);
  if (vectors) {
    controls.append(slider({
      label: "Temperature", min: -1, max: 1, step: 0.05, value: Math.log10(set.temperature), format: (v) => number(10 ** v, 2),
      onInput: (v) => ((set.temperature = 10 ** v), change()),
    }).node);
    if (queries === keys) controls.append(choice({ label: "Mask", options: MASK_NAMES, value: set.mask, onInput: (v) => ((set.mask = v), change()) }).node);
  }
  controls.append(make("div", { class: "bw-row" }, all));
  measure();
  arrange();
  let width = stage.clientWidth;
  const watch = new ResizeObserver(() => {
    if (Math.abs(stage.clientWidth - width) < 2) return;
    width = stage.clientWidth;
    arrange();
  });
  watch.observe(stage);
  return () => {
    watch.disconnect();
    done();
  };
}

// The mathematics alone, for the test that holds it against torch. q: n rows of d, k: m rows of d.
export const compute = {
  attention: (q, k, temperature, mask) => [...attention(q.flat(), k.flat(), q.length, k.length, q[0].length, temperature, mask)],
  weights: (packed) => [...weightsOf(packed)],
  floats: (text) => [...floatsOf(text)],
};

export default { render };
