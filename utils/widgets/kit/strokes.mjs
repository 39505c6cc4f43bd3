// Pen strokes as pixels, prepared as the digits of MNIST were; the same numbers as utils/widgets/draw_digit.py.
// Strokes are lists of points [x, y] in pixels of the 28 × 28 picture; x to the right, y down, pixel centers at ½.

export const DIGIT_SIDE = 28;
export const PEN_RADIUS = 1.15;
const BOX = 20; // the longer side of a digit, pen included
const MIDDLE = 14.5; // where MNIST's centers of mass lie: in the middle of pixel 14
const MOST = 4; // a dot is not blown up to a digit

// Coverage of each pixel by a round pen, 0 to 1, row by row; an edge is one pixel soft.
export function strokeInk(strokes, radius = PEN_RADIUS, side = DIGIT_SIDE) {
  const ink = new Array(side * side).fill(0);
  const reach = radius + 0.5;
  for (const points of strokes) {
    for (let n = 0; n < points.length; n += 1) {
      if (n === points.length - 1 && n > 0) break;
      const [ax, ay] = points[n];
      const [bx, by] = points[Math.min(n + 1, points.length - 1)]; // a single point is a dot
      const [dx, dy] = [bx - ax, by - ay];
      const square = dx * dx + dy * dy;
      const first = (a, b) => Math.max(Math.floor(Math.min(a, b) - reach), 0);
      const last = (a, b) => Math.min(Math.ceil(Math.max(a, b) + reach), side);
      for (let i = first(ay, by); i < last(ay, by); i += 1) {
        for (let j = first(ax, bx); j < last(ax, bx); j += 1) {
          const [px, py] = [j + 0.5 - ax, i + 0.5 - ay];
          const along = square > 0 ? Math.min(Math.max((px * dx + py * dy) / square, 0), 1) : 0;
          const cover = reach - Math.hypot(px - along * dx, py - along * dy);
          if (cover > ink[i * side + j]) ink[i * side + j] = Math.min(cover, 1);
        }
      }
    }
  }
  return ink;
}

// MNIST's preparation: the longer side fits 20 pixels, then the center of mass goes to the middle of 28 × 28.
// The strokes are scaled, not their pixels, so that the line is as wide as MNIST's for a digit of any size.
export function prepareDigit(strokes) {
  const points = strokes.flat();
  if (!points.length) return new Array(DIGIT_SIDE * DIGIT_SIDE).fill(0);
  const [xs, ys] = [0, 1].map((axis) => points.map((p) => p[axis]));
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const size = BOX - 2 * PEN_RADIUS;
  const scale = size / Math.max(right - left, bottom - top, size / MOST);
  const place = (tx, ty) => strokes.map((list) =>
    list.map(([x, y]) => [(x - (left + right) / 2) * scale + tx, (y - (top + bottom) / 2) * scale + ty]));
  const ink = strokeInk(place(MIDDLE, MIDDLE));
  let [sum, x, y] = [0, 0, 0];
  ink.forEach((value, k) => {
    sum += value;
    x += value * ((k % DIGIT_SIDE) + 0.5);
    y += value * (Math.floor(k / DIGIT_SIDE) + 0.5);
  });
  return strokeInk(place(2 * MIDDLE - x / sum, 2 * MIDDLE - y / sum));
}

// Strokes added to a picture that is prepared already: the brighter of both, pixel by pixel.
export function inkOnPicture(picture, strokes) {
  const ink = strokeInk(strokes);
  return picture.map((value, k) => Math.max(value, ink[k]));
}

export function softmax(logits) {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (z) => Math.exp(z - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

// Fast gradient sign method: every pixel moves by ε in the direction that raises the loss, and stays in [0, 1].
export const fgsm = (x, gradient, epsilon) =>
  Array.from(x, (value, k) => Math.min(Math.max(value + epsilon * Math.sign(gradient[k]), 0), 1));
