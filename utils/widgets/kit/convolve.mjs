// Two-dimensional cross-correlation as torch.nn.functional.conv2d computes it: one channel, zeros as padding.

// Pixels from the first to the last tap of a kernel of size k.
export const kernelSpan = (k, dilation) => dilation * (k - 1) + 1;

// May be zero or negative: then the kernel does not fit.
export const outputSize = (n, k, stride, padding, dilation) =>
  Math.floor((n + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;

// The terms of one output pixel, in the kernel's rows: {y, x, value, weight, inside}. y and x count from the
// input's own corner, so they are negative in the padding; inside: the pixel belongs to the input.
export function windowAt(input, kernel, stride, padding, dilation, row, column) {
  return kernel.map((weights, i) => weights.map((weight, j) => {
    const y = row * stride + i * dilation - padding;
    const x = column * stride + j * dilation - padding;
    const inside = y >= 0 && y < input.length && x >= 0 && x < input[0].length;
    return { y, x, value: inside ? input[y][x] : 0, weight, inside };
  }));
}

// input, kernel: arrays of rows. Returns the output's rows; none where the kernel does not fit.
export function convolve(input, kernel, stride, padding, dilation) {
  const size = (n, k) => Math.max(outputSize(n, k, stride, padding, dilation), 0);
  const rows = size(input.length, kernel.length);
  const columns = size(input[0].length, kernel[0].length);
  if (!rows || !columns) return [];
  const out = Array.from({ length: rows }, () => new Array(columns).fill(0));
  // Tap by tap: each weight adds its shifted copy of the input.
  kernel.forEach((weights, i) => weights.forEach((weight, j) => {
    if (weight === 0) return;
    for (let r = 0; r < rows; r += 1) {
      const line = input[r * stride + i * dilation - padding];
      if (!line) continue;
      for (let c = 0; c < columns; c += 1) {
        const value = line[c * stride + j * dilation - padding];
        if (value !== undefined) out[r][c] += weight * value;
      }
    }
  }));
  return out;
}

// The kernel with another size: rows and columns come and go around the center tap.
export function resizeKernel(kernel, size) {
  const shift = Math.floor((size - 1) / 2) - Math.floor((kernel.length - 1) / 2);
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (__, j) => kernel[i - shift]?.[j - shift] ?? 0));
}

// A weight as a reader types it: "−2", "0.5" or "1/9". Not a number: NaN.
export function parseWeight(text) {
  const parts = text.trim().replace(/−/g, "-").replace(",", ".").split("/").map((part) => part.trim());
  if (parts.length > 2 || parts.some((part) => part === "")) return NaN;
  const value = parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
  return Number.isFinite(value) && Math.abs(value) < 1e6 ? value : NaN;
}

// A short text that stands for a weight: a whole number, one decimal, a simple fraction, two decimals, another
// fraction, or four digits.
export function weightText(value) {
  const minus = (text) => String(text).replace("-", "−");
  const near = (a) => Math.abs(a - Math.round(a)) < 1e-9 * Math.max(1, Math.abs(a));
  for (const below of [10, 3, 4, 6, 8, 9, 16, 100, 12, 64, 256]) {
    if (!near(value * below)) continue;
    const above = Math.round(value * below);
    return minus(below % 10 ? `${above}/${below}` : above / below);
  }
  return minus(+value.toPrecision(4));
}
