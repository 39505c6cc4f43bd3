// Two-by-two matrices [[a, b], [c, d]] in closed form.

// Relative size below which a number counts as zero.
const SMALL = 1e-12;

// Singular values and vectors: A = U diag(s) Vᵀ with s[0] ≥ s[1] ≥ 0. Columns of u and v as [[x, y], [x, y]].
// A rotation by φ, a stretch and a rotation by θ: Blinn, "Consider the Lowly 2×2 Matrix" (1996).
export function svd2([[a, b], [c, d]]) {
  const [e, f, g, h] = [(a + d) / 2, (a - d) / 2, (c + b) / 2, (c - b) / 2];
  const [q, r] = [Math.hypot(e, h), Math.hypot(f, g)];
  const [a1, a2] = [Math.atan2(g, f), Math.atan2(h, e)];
  const [theta, phi] = [(a2 - a1) / 2, (a2 + a1) / 2];
  const big = q + r;
  // |det| / s[0] keeps the digits of the small one that q − r would lose.
  const small = big === 0 ? 0 : Math.abs(a * d - b * c) / big;
  const turn = q >= r ? 1 : -1;
  return {
    s: [big, Math.min(small, big)],
    u: [[Math.cos(phi), Math.sin(phi)], [-turn * Math.sin(phi), turn * Math.cos(phi)]],
    v: [[Math.cos(theta), -Math.sin(theta)], [Math.sin(theta), Math.cos(theta)]],
  };
}

// Eigenvalues as [re, im] pairs, the larger first, and unit eigenvectors of the real ones.
// kind: "real" (two directions), "every" (every direction), "one" (a repeated value, one direction), "complex".
export function eigen2([[a, b], [c, d]]) {
  const middle = (a + d) / 2;
  const size = Math.max(Math.abs(a), Math.abs(b), Math.abs(c), Math.abs(d));
  const spread = ((a - d) / 2) ** 2 + b * c;
  if (spread < -SMALL * 1e-2 * size * size) {
    const im = Math.sqrt(-spread);
    return { kind: "complex", values: [[middle, im], [middle, -im]], vectors: [] };
  }
  const vector = (value) => {
    const [top, low] = [[b, value - a], [value - d, c]]; // each is orthogonal to one row of A − value·I
    const [x, y] = Math.hypot(...top) >= Math.hypot(...low) ? top : low;
    const length = Math.hypot(x, y);
    return [x / length, y / length];
  };
  const repeated = Math.abs(spread) <= SMALL * 1e-2 * size * size;
  const root = Math.sqrt(Math.max(spread, 0));
  if (repeated) {
    const values = [[middle + root, 0], [middle - root, 0]];
    const even = Math.max(Math.abs(a - d), Math.abs(b), Math.abs(c)) <= SMALL * size;
    return even ? { kind: "every", values, vectors: [[1, 0], [0, 1]] } : { kind: "one", values, vectors: [vector(middle)] };
  }
  // The larger in size first, the other from the determinant: no digits cancel.
  const far = middle >= 0 ? middle + root : middle - root;
  const near = far === 0 ? 0 : (a * d - b * c) / far;
  const pair = far >= near ? [far, near] : [near, far];
  return { kind: "real", values: pair.map((value) => [value, 0]), vectors: pair.map(vector) };
}

// Everything the explorer says about a matrix.
export function analyse([[a, b], [c, d]]) {
  const A = [[a, b], [c, d]];
  const svd = svd2(A);
  const [big, small] = svd.s;
  const rank = big === 0 ? 0 : small <= SMALL * big ? 1 : 2;
  // null stands for infinity, which JSON has no word for.
  return { det: a * d - b * c, rank, condition: rank === 2 ? big / small : null, ...svd, eigen: eigen2(A) };
}
