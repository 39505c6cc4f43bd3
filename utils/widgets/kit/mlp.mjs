// A small multilayer perceptron with hand-written gradients; the same numbers as utils/widgets/mlp.py.
// A net is { sizes, W, b }: W[l] is a Float64Array of sizes[l + 1] × sizes[l] values, row by row.

export const MLP_STD = {
  zero: () => 0, small: () => 0.01, xavier: (m, n) => Math.sqrt(2 / (m + n)), he: (m) => Math.sqrt(2 / m), large: () => 3,
};

// mulberry32: numbers in [0, 1) that Python computes bit for bit.
export function mulberry32(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function mlpInit(sizes, init, seed) {
  const uniform = mulberry32(seed);
  const normal = () => {
    const u = uniform();
    return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * uniform());
  };
  const W = [];
  const b = [];
  for (let l = 0; l + 1 < sizes.length; l += 1) {
    const std = MLP_STD[init](sizes[l], sizes[l + 1]);
    W.push(Float64Array.from({ length: sizes[l] * sizes[l + 1] }, () => std * normal()));
    b.push(new Float64Array(sizes[l + 1]));
  }
  return { sizes: [...sizes], W, b };
}

const ACT = {
  tanh: Math.tanh,
  relu: (z) => (z > 0 ? z : 0),
  sigmoid: (z) => 0.5 * (1 + Math.tanh(z / 2)), // 1 / (1 + e^-z) without overflow
  linear: (z) => z,
};
// The derivative, from the activation's value.
const SLOPE = { tanh: (a) => 1 - a * a, relu: (a) => (a > 0 ? 1 : 0), sigmoid: (a) => a * (1 - a), linear: () => 1 };

// Activations of every layer for n inputs (flat, two each): Float64Arrays of n × units, the last holds the logits.
export function mlpForward({ sizes, W, b }, X, n, activation) {
  const outs = [];
  let below = X;
  for (let l = 0; l < W.length; l += 1) {
    const [m, units, w, bias] = [sizes[l], sizes[l + 1], W[l], b[l]];
    const act = l === W.length - 1 ? ACT.linear : ACT[activation];
    const out = new Float64Array(n * units);
    for (let i = 0; i < n; i += 1) {
      for (let j = 0; j < units; j += 1) {
        let z = bias[j];
        for (let k = 0; k < m; k += 1) z += w[j * m + k] * below[i * m + k];
        out[i * units + j] = act(z);
      }
    }
    outs.push(out);
    below = out;
  }
  return outs;
}

// Mean binary cross-entropy of logits: log(1 + e^z) - y z, written so that e^|z| never overflows.
export function mlpDataLoss(logits, y) {
  let sum = 0;
  for (let i = 0; i < y.length; i += 1) {
    const z = logits[i];
    sum += Math.max(z, 0) - y[i] * z + Math.log1p(Math.exp(-Math.abs(z)));
  }
  return sum / y.length;
}

// The loss with its penalty l2/2 Σ w², and its gradient for every weight and bias.
// Returns {loss, data, W, b, outs}: data is the loss without penalty; outs are the activations.
export function mlpGradients(net, X, y, activation, l2) {
  const { sizes, W } = net;
  const n = y.length;
  const outs = mlpForward(net, X, n, activation);
  const logits = outs[W.length - 1];
  const data = mlpDataLoss(logits, y);
  let square = 0;
  for (const w of W) for (const value of w) square += value * value;
  let delta = new Float64Array(n);
  for (let i = 0; i < n; i += 1) delta[i] = (ACT.sigmoid(logits[i]) - y[i]) / n;
  const gW = [];
  const gb = [];
  for (let l = W.length - 1; l >= 0; l -= 1) {
    const [m, units, w] = [sizes[l], sizes[l + 1], W[l]];
    const below = l ? outs[l - 1] : X;
    const dW = new Float64Array(m * units);
    const db = new Float64Array(units);
    const next = l ? new Float64Array(n * m) : null;
    for (let i = 0; i < n; i += 1) {
      for (let j = 0; j < units; j += 1) {
        const d = delta[i * units + j];
        db[j] += d;
        for (let k = 0; k < m; k += 1) {
          dW[j * m + k] += d * below[i * m + k];
          if (l) next[i * m + k] += d * w[j * m + k];
        }
      }
    }
    if (l2) for (let k = 0; k < dW.length; k += 1) dW[k] += l2 * w[k];
    if (l) for (let k = 0; k < next.length; k += 1) next[k] *= SLOPE[activation](below[k]);
    gW.unshift(dW);
    gb.unshift(db);
    delta = next;
  }
  return { loss: data + (l2 / 2) * square, data, W: gW, b: gb, outs };
}

// The order in which an epoch visits n examples: Fisher and Yates' shuffle.
export function mlpOrder(n, seed, epoch) {
  const uniform = mulberry32(seed + 7919 * (epoch + 1));
  const places = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i -= 1) {
    const j = Math.floor(uniform() * (i + 1));
    [places[i], places[j]] = [places[j], places[i]];
  }
  return places;
}

// One step of gradient descent on the examples in `pick`; changes the net, returns the batch's loss before it.
export function mlpStep(net, X, y, pick, activation, rate, l2) {
  const Xb = new Float64Array(2 * pick.length);
  const yb = new Float64Array(pick.length);
  pick.forEach((i, k) => {
    Xb[2 * k] = X[2 * i];
    Xb[2 * k + 1] = X[2 * i + 1];
    yb[k] = y[i];
  });
  const { loss, W, b } = mlpGradients(net, Xb, yb, activation, l2);
  W.forEach((g, l) => g.forEach((value, k) => (net.W[l][k] -= rate * value)));
  b.forEach((g, l) => g.forEach((value, k) => (net.b[l][k] -= rate * value)));
  return loss;
}

// "dead", "saturated" or "" for every hidden unit, from the activations of the training examples.
export function mlpUnitStates(outs, sizes, n, activation) {
  const top = { tanh: 1, sigmoid: 0.25 }[activation];
  return outs.slice(0, -1).map((out, l) =>
    Array.from({ length: sizes[l + 1] }, (_, j) => {
      let low = 0; // examples at which the unit passes next to no gradient
      for (let i = 0; i < n; i += 1) {
        const a = out[i * sizes[l + 1] + j];
        if (activation === "relu" ? a <= 0 : top && SLOPE[activation](a) < 0.05 * top) low += 1;
      }
      if (activation === "relu") return low === n ? "dead" : "";
      return top && low / n >= 0.9 ? "saturated" : "";
    }));
}

// Root mean square of a layer's gradient: its size in one number.
export const rootMeanSquare = (values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);

// What a reader should notice, as sentences: copies, units that pass no gradient, a first layer that starves.
export function mlpNotes({ sizes, W }, grads, states) {
  const notes = [];
  const hidden = states.length;
  const copies = [];
  for (let l = 0; l < hidden; l += 1) {
    const m = sizes[l];
    if (sizes[l + 1] > 1 && W[l].every((w, k) => Math.abs(w - W[l][k % m]) < 1e-12)) copies.push(l + 1);
  }
  if (copies.length) {
    notes.push(`${copies.length > 1 ? `In layers ${copies.join(", ")}` : `In layer ${copies[0]}`} all units are copies of one: the same weights, so the same gradients, so the same weights.`);
  }
  for (const kind of ["dead", "saturated"]) {
    const where = states.map((row, l) => [l + 1, row.filter((s) => s === kind).length]).filter(([, count]) => count);
    if (where.length) notes.push(`${kind === "dead" ? "Dead" : "Saturated"}: ${where.map(([l, count]) => `${count} of ${sizes[l]} in layer ${l}`).join(", ")}.`);
  }
  const first = rootMeanSquare(grads[0]);
  const last = rootMeanSquare(grads[hidden]);
  if (!copies.length && first < last / 10) {
    notes.push(first === 0 ? "No gradient reaches layer 1." : `Layer 1 gets a gradient ${(+(last / first).toPrecision(2)).toLocaleString("en")} times smaller than the output layer's.`);
  }
  return notes;
}
