// Surfaces and optimizers of the optimizer race: the mathematics of utils/widgets/race.py, operation by operation.

// value and gradient at (x, y); x, y: the map; low: the smallest value; curvature: the largest eigenvalue of the
// Hessian at the minimum; start, lr, adaptive: where the race begins.
export const SURFACES = {
  ravine: {
    label: "Ravine", x: [-5, 5], y: [-3.5, 3.5], start: [-4, 1.5], lr: 0.06, adaptive: 0.2, low: 0, curvature: 20,
    minima: [[0, 0]],
    value: (x, y) => 0.5 * (x * x + 20 * (y * y)),
    gradient: (x, y) => [x, 20 * y],
  },
  tilted: {
    label: "Ravine, turned 45°", x: [-5, 5], y: [-3.5, 3.5], start: [-3.8891, -1.7678], lr: 0.06, adaptive: 0.2, low: 0,
    curvature: 20, minima: [[0, 0]],
    value: (x, y) => 5.25 * (x * x) - 9.5 * (x * y) + 5.25 * (y * y),
    gradient: (x, y) => [10.5 * x - 9.5 * y, 10.5 * y - 9.5 * x],
  },
  saddle: {
    label: "Saddle", x: [-4, 4], y: [-2.8, 2.8], start: [-3, 0.01], lr: 0.1, adaptive: 0.05, low: -1, curvature: 2,
    minima: [[0, 2], [0, -2]],
    value: (x, y) => 0.5 * (x * x) - 0.5 * (y * y) + 0.0625 * (y * y * y * y),
    gradient: (x, y) => [x, 0.25 * (y * y * y) - y],
  },
  rosenbrock: {
    label: "Rosenbrock", x: [-2, 2], y: [-0.4, 2.4], start: [-1.2, 1], lr: 0.001, adaptive: 0.05, low: 0,
    curvature: 1001.6006392325123, minima: [[1, 1]],
    value: (x, y) => (1 - x) * (1 - x) + 100 * ((y - x * x) * (y - x * x)),
    gradient: (x, y) => [-2 * (1 - x) - 400 * (x * (y - x * x)), 200 * (y - x * x)],
  },
  plateau: {
    label: "Plateau", x: [-5, 5], y: [-3.5, 3.5], start: [-3.6, 1.6], lr: 0.7, adaptive: 0.05, low: 0, curvature: 1,
    minima: [[0, 0]],
    value: (x, y) => 1 - Math.exp(-0.25 * (x * x + 2 * (y * y))),
    gradient(x, y) {
      const bell = Math.exp(-0.25 * (x * x + 2 * (y * y)));
      return [0.5 * (x * bell), y * bell];
    },
  },
  double_well: {
    label: "Double well", x: [-4, 4], y: [-2.8, 2.8], start: [3.4, 1.5], lr: 0.05, adaptive: 0.05,
    low: -0.4095442952001458, curvature: 2.2866204069762945, minima: [[-2.0933610636092044, 0]],
    value: (x, y) => 0.0625 * (x * x * x * x) - 0.5 * (x * x) + 0.2 * x + 0.5 * (y * y) + 1,
    gradient: (x, y) => [0.25 * (x * x * x) - x + 0.2, y],
  },
};

// What each optimizer keeps between steps, and one step of it; PyTorch's defaults and order of operations.
const EPS = 1e-8;
const ADAGRAD_EPS = 1e-10;
const ALPHA = 0.99;
const [BETA1, BETA2] = [0.9, 0.999];

function sgd(w, g, state, { lr, momentum, nesterov }) {
  for (let i = 0; i < 2; i += 1) {
    // PyTorch starts the velocity at the first gradient, without damping.
    state.v[i] = state.t === 1 ? g[i] : momentum * state.v[i] + g[i];
    w[i] -= lr * (nesterov ? g[i] + momentum * state.v[i] : state.v[i]);
  }
}

function adam(w, g, state, { lr, amsgrad }) {
  state.power1 *= BETA1;
  state.power2 *= BETA2;
  for (let i = 0; i < 2; i += 1) {
    state.m[i] += (1 - BETA1) * (g[i] - state.m[i]);
    state.v[i] = BETA2 * state.v[i] + (1 - BETA2) * (g[i] * g[i]);
    state.top[i] = amsgrad ? Math.max(state.top[i], state.v[i]) : state.v[i];
    const scale = Math.sqrt(state.top[i]) / Math.sqrt(1 - state.power2) + EPS;
    w[i] -= (lr / (1 - state.power1)) * (state.m[i] / scale);
  }
}

const STEPS = {
  gd: (w, g, state, { lr }) => sgd(w, g, state, { lr, momentum: 0 }),
  momentum: (w, g, state, { lr, momentum }) => sgd(w, g, state, { lr, momentum }),
  nesterov: (w, g, state, { lr, momentum }) => sgd(w, g, state, { lr, momentum, nesterov: true }),
  adagrad(w, g, state, { lr }) {
    for (let i = 0; i < 2; i += 1) {
      state.v[i] += g[i] * g[i];
      w[i] -= lr * (g[i] / (Math.sqrt(state.v[i]) + ADAGRAD_EPS));
    }
  },
  rmsprop(w, g, state, { lr }) {
    for (let i = 0; i < 2; i += 1) {
      state.v[i] = ALPHA * state.v[i] + (1 - ALPHA) * (g[i] * g[i]);
      w[i] -= lr * (g[i] / (Math.sqrt(state.v[i]) + EPS));
    }
  },
  adam: (w, g, state, { lr }) => adam(w, g, state, { lr }),
  amsgrad: (w, g, state, { lr }) => adam(w, g, state, { lr, amsgrad: true }),
};

// Every point of a run: steps + 1 pairs, the start first.
export function descend(optimizer, surface, start, lr, steps, momentum) {
  const { gradient } = SURFACES[surface];
  const state = { t: 0, v: [0, 0], m: [0, 0], top: [0, 0], power1: 1, power2: 1 };
  const w = [...start];
  const path = [[...w]];
  for (state.t = 1; state.t <= steps; state.t += 1) {
    STEPS[optimizer](w, gradient(...w), state, { lr, momentum });
    path.push([...w]);
  }
  return path;
}

// The first step at which a run stands outside the map enlarged four times, or nowhere; -1 if it never does.
export function divergedAt(path, surface) {
  const outside = (value, [low, high]) => !(Math.abs(value - (low + high) / 2) <= 2 * (high - low));
  return path.findIndex(([x, y]) => outside(x, SURFACES[surface].x) || outside(y, SURFACES[surface].y));
}

// How far above the lowest value each point of a path is; rounding can't push it below zero.
export const lossAlong = (path, surface) =>
  path.map(([x, y]) => Math.max(SURFACES[surface].value(x, y) - SURFACES[surface].low, 0));
