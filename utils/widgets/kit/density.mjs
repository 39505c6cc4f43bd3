// Mixtures of Gaussians on a line and their divergences: the mathematics of utils/widgets/density.py.
// A density is a list of parts [weight, mean, width]; all logarithms are natural.

// Quadrature: the trapezoid rule in t with x = 3 sinh(t): close together where the densities live, and far enough
// out for the slow tails of χ². For smooth integrands its error falls faster than any power of the spacing.
const COUNT = 4001;
const REACH = 7;
const SPACING = (2 * REACH) / (COUNT - 1);
const spots = Float64Array.from({ length: COUNT }, (_, i) => i * SPACING - REACH);
export const GRID = spots.map((t) => 3 * Math.sinh(t));
const CELLS = spots.map((t) => 3 * Math.cosh(t) * SPACING);
const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

// The part of a logarithm that does not depend on x; on the grid it is computed once.
const logPeak = ([weight, , width]) => Math.log(weight) - Math.log(width) - HALF_LOG_2PI;
const logPart = ([, mean, width], x, peak) => {
  const z = (x - mean) / width;
  return peak - 0.5 * z * z;
};

const logSum = (a, b) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

// Stays finite where the density itself is too small for a number.
const logDensities = (parts, xs) => {
  const [one, two] = parts;
  const peaks = parts.map(logPeak);
  return xs.map((x) => (two ? logSum(logPart(one, x, peaks[0]), logPart(two, x, peaks[1])) : logPart(one, x, peaks[0])));
};
export const logDensity = (parts, x) => logDensities(parts, [x])[0];

const squares = (a, b) => (Math.exp(0.5 * a) - Math.exp(0.5 * b)) ** 2;

// Each divergence as its integrand, from the logarithms a, b of the two densities.
export const DIVERGENCES = {
  kl_pq: (a, b) => Math.exp(a) * (a - b),
  kl_qp: (a, b) => Math.exp(b) * (b - a),
  js(a, b) {
    const m = logSum(a, b) - Math.LN2;
    return 0.5 * (Math.exp(a) * (a - m) + Math.exp(b) * (b - m));
  },
  tv: (a, b) => 0.5 * Math.abs(Math.exp(a) - Math.exp(b)),
  hellinger: (a, b) => 0.5 * squares(a, b),
  chi2: (a, b) => Math.exp(2 * a - b) - 2 * Math.exp(a) + Math.exp(b),
};

const widest = (parts) => Math.max(...parts.map(([, , width]) => width));

// χ²(p‖q) needs tails of q that are not much lighter: the integrand p²/q must fall.
const infinite = (name, p, q) => name === "chi2" && widest(p) ** 2 >= 2 * widest(q) ** 2;

const logsOnGrid = (p, q) => [logDensities(p, GRID), logDensities(q, GRID)];

// [above, below]: what the integrand's positive and its negative part contribute.
export function shares(name, p, q) {
  if (infinite(name, p, q)) return [Infinity, 0];
  const integrand = DIVERGENCES[name];
  const [a, b] = logsOnGrid(p, q);
  let [above, below] = [0, 0];
  for (let i = 0; i < COUNT; i += 1) {
    const value = integrand(a[i], b[i]) * CELLS[i];
    if (value > 0) above += value;
    else below += value;
  }
  return [above, below];
}

export function divergenceValues(p, q) {
  const [a, b] = logsOnGrid(p, q);
  return Object.fromEntries(Object.entries(DIVERGENCES).map(([name, integrand]) => {
    if (infinite(name, p, q)) return [name, Infinity];
    return [name, CELLS.reduce((sum, cell, i) => sum + integrand(a[i], b[i]) * cell, 0)];
  }));
}

// ---- fitting q
const LIMITS = { mean: [-6, 6], width: [0.2, 5], weight: [0.05, 0.95] };
export const keep = (value, key) => Math.min(Math.max(value, LIMITS[key][0]), LIMITS[key][1]);
const RATE = 0.1;

// A minimization of KL(p‖q) (by "kl_pq") or KL(q‖p) (by "kl_qp") over q's means, log widths and log odds of the
// weights: `steps` steps of Adam on the exact gradient, the rate falling to zero. Returns {step, parts, done}.
export function fitting(p, q, by, steps) {
  const logP = logDensities(p, GRID);
  const place = q.flatMap(([, mean, width]) => [mean, Math.log(width)]);
  if (q.length === 2) place.push(Math.log(q[0][0] / q[1][0]));
  const [m, v] = [place.map(() => 0), place.map(() => 0)];
  let at = 0;

  const parts = () => {
    const first = q.length === 2 ? keep(1 / (1 + Math.exp(-place[4])), "weight") : 1;
    return q.map((_, k) => [k === 0 ? first : 1 - first, keep(place[2 * k], "mean"), keep(Math.exp(place[2 * k + 1]), "width")]);
  };

  function gradient() {
    const now = parts();
    const sum = place.map(() => 0);
    const logs = now.map((part) => logDensities([part], GRID));
    for (let i = 0; i < COUNT; i += 1) {
      const logQ = logs.length === 1 ? logs[0][i] : logSum(logs[0][i], logs[1][i]);
      // Both divergences change by an integral of a factor times the change of log q.
      const factor = (by === "kl_pq" ? -Math.exp(logP[i]) : Math.exp(logQ) * (logQ - logP[i])) * CELLS[i];
      if (factor === 0) continue; // far out, where the densities are too small for numbers
      for (let k = 0; k < now.length; k += 1) {
        const [, mean, width] = now[k];
        const share = factor * Math.exp(logs[k][i] - logQ);
        const z = (GRID[i] - mean) / width;
        sum[2 * k] += (share * z) / width;
        sum[2 * k + 1] += share * (z * z - 1);
      }
      if (now.length === 2) sum[4] += factor * (Math.exp(logs[0][i] - logQ) - now[0][0]);
    }
    return sum;
  }

  function step() {
    const g = gradient();
    const rate = 0.5 * RATE * (1 + Math.cos((Math.PI * at) / steps));
    at += 1;
    for (let i = 0; i < place.length; i += 1) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
      place[i] -= (rate * m[i]) / (1 - 0.9 ** at) / (Math.sqrt(v[i] / (1 - 0.99 ** at)) + 1e-8);
    }
    // What stands at a limit stays there, so that the next step starts from what is drawn.
    parts().forEach(([weight, mean, width], k) => {
      place[2 * k] = mean;
      place[2 * k + 1] = Math.log(width);
      if (k === 0 && place.length === 5) place[4] = Math.log(weight / (1 - weight));
    });
  }
  return { step, parts, done: () => at >= steps };
}

export function fit(p, q, by, steps) {
  const search = fitting(p, q, by, steps);
  while (!search.done()) search.step();
  return search.parts();
}
