// Level lines of a function of two variables, by marching squares.

// Which edges of a cell a level line joins, by which corners lie above it (bit 1: lower left, 2: lower right,
// 4: upper right, 8: upper left). Edges: 0 lower, 1 right, 2 upper, 3 left.
const JOINS = [[], [[3, 0]], [[0, 1]], [[3, 1]], [[1, 2]], [[3, 2], [0, 1]], [[0, 2]], [[3, 2]],
  [[2, 3]], [[2, 0]], [[0, 3], [2, 1]], [[2, 1]], [[1, 3]], [[1, 0]], [[0, 3]], []];

// values[j][i] at xs[i], ys[j] -> line pieces [[x, y], [x, y]] of one level.
export function levelLine(values, xs, ys, level) {
  const pieces = [];
  for (let j = 0; j + 1 < ys.length; j += 1) {
    for (let i = 0; i + 1 < xs.length; i += 1) {
      const [a, b, c, d] = [values[j][i], values[j][i + 1], values[j + 1][i + 1], values[j + 1][i]];
      const joins = JOINS[(a > level) + 2 * (b > level) + 4 * (c > level) + 8 * (d > level)];
      if (!joins.length) continue;
      const corner = [a, b, c, d];
      const spot = [[xs[i], ys[j]], [xs[i + 1], ys[j]], [xs[i + 1], ys[j + 1]], [xs[i], ys[j + 1]]];
      const cross = (edge) => {
        const next = (edge + 1) % 4;
        const share = (level - corner[edge]) / (corner[next] - corner[edge]);
        return [0, 1].map((k) => spot[edge][k] + share * (spot[next][k] - spot[edge][k]));
      };
      for (const [from, to] of joins) pieces.push([cross(from), cross(to)]);
    }
  }
  return pieces;
}
