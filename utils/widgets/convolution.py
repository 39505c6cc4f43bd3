"""The convolution explorer: a kernel, a stride, a padding and a dilation on a picture or a small matrix.

`conv2d` and `output_size` are the mathematics in Python; the widget's module computes the same in the page.
"Convolution" is what deep learning calls cross-correlation: the kernel is not flipped (as in
``torch.nn.functional.conv2d``).
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import traitlets as t

from utils.palette import LIGHT
from utils.plotting import PAGE_WIDTH, figure_svg, svg_uri
from utils.widgets.base import BookWidget

PRESETS: dict[str, np.ndarray] = {
    "identity": np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], float),
    "box blur": np.full((3, 3), 1 / 9),
    "Gaussian blur": np.outer([1, 2, 1], [1, 2, 1]) / 16,
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], float),
    "edge x (Sobel)": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], float),
    "edge y (Sobel)": np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], float),
    "Laplacian": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], float),
    "emboss": np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], float),
}
_LIMITS = {"stride": (1, 4), "padding": (0, 4), "dilation": (1, 4)}


def output_size(n: int, k: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Output pixels along one axis, floor((n + 2p - d(k - 1) - 1) / s) + 1; below 1 the kernel does not fit."""
    return (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1


def conv2d(
    x: np.ndarray, kernel: np.ndarray, stride: int = 1, padding: int = 0, dilation: int = 1
) -> np.ndarray:
    """Cross-correlation of one channel with zero padding, as ``torch.nn.functional.conv2d`` computes it.

    Args:
        x: (H, W).
        kernel: (kH, kW).

    Returns:
        (H', W') with `output_size` of each axis.

    Raises:
        ValueError: an argument that is no matrix, or a kernel that does not fit into the padded input.
    """
    x, kernel = np.asarray(x, float), np.asarray(kernel, float)
    for name, value in (("x", x), ("kernel", kernel)):
        if value.ndim != 2 or value.size == 0:
            raise ValueError(f"{name} must be a matrix, got shape {value.shape}")
    span = tuple(dilation * (k - 1) + 1 for k in kernel.shape)
    padded = np.pad(x, padding)
    if span[0] > padded.shape[0] or span[1] > padded.shape[1]:
        raise ValueError(
            f"kernel spans {span[0]} x {span[1]} pixels and must fit into the padded input, "
            f"{padded.shape[0]} x {padded.shape[1]}"
        )
    windows = np.lib.stride_tricks.sliding_window_view(padded, span)
    windows = windows[::stride, ::stride, ::dilation, ::dilation]  # (H', W', kH, kW)
    return np.einsum("hwij,ij->hw", windows, kernel)


def _picture(picture: Any) -> np.ndarray:
    pixels = np.asarray(picture)
    if pixels.ndim != 2 or min(pixels.shape) < 8 or max(pixels.shape) > 128:
        raise ValueError(
            f"picture must be gray, (H, W) with 8 to 128 pixels a side, got shape {pixels.shape}"
        )
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind != "f":
        raise TypeError(f"picture must be uint8 or float in [0, 1], got dtype {pixels.dtype}")
    if not np.isfinite(pixels).all() or pixels.min() < 0 or pixels.max() > 1:
        raise ValueError(f"picture must lie in [0, 1], got {pixels.min()} to {pixels.max()}")
    return np.rint(pixels * 255).astype(np.uint8)


def _matrix(matrix: Any) -> np.ndarray:
    values = np.asarray(matrix)
    if values.ndim != 2 or min(values.shape, default=0) < 1 or max(values.shape) > 12:
        raise ValueError(f"matrix must have 1 to 12 rows and columns, got shape {values.shape}")
    if values.dtype.kind not in "iu":
        raise TypeError(f"matrix must hold integers, got dtype {values.dtype}")
    return values


def _kernel(kernel: Any) -> tuple[str, np.ndarray]:
    if isinstance(kernel, str):
        if kernel not in PRESETS:
            raise ValueError(f"kernel must be one of {', '.join(PRESETS)} or a matrix, got {kernel!r}")
        return kernel, PRESETS[kernel]
    weights = np.asarray(kernel, float)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or not 1 <= weights.shape[0] <= 5:
        raise ValueError(f"kernel must be square, 1 x 1 to 5 x 5, got shape {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError("kernel must hold finite numbers")
    return "your own", weights


class Convolution(BookWidget):
    """The widget behind `convolution_explorer`."""

    name = "convolution"

    inputs = t.List().tag(sync=True)  # [{name, kind, rows, columns, data}]
    kernels = t.List().tag(sync=True)  # [{name, rows}], the presets
    start = t.Dict().tag(sync=True)  # {input, kernel, name, stride, padding, dilation, pixel}

    def poster(self) -> tuple[str, int, int]:
        from matplotlib import pyplot as plt
        from matplotlib.colors import LinearSegmentedColormap
        from matplotlib.patches import Rectangle

        start, first = self.start, self.inputs[0]
        x = np.asarray(first["data"]) if first["kind"] == "matrix" else self._pixels(first)
        k, (s, p, d) = np.asarray(start["kernel"]), (start[n] for n in ("stride", "padding", "dilation"))
        y, span = conv2d(x, k, s, p, d), d * (len(k) - 1) + 1
        row, column = start["pixel"] or (y.shape[0] // 2, y.shape[1] // 2)
        fig, axes = plt.subplots(1, 3, figsize=(PAGE_WIDTH, 3.1), width_ratios=[3, 1.5, 3])
        picture = first["kind"] == "picture"
        signed = abs(k.sum()) < 0.2
        gray = {"cmap": "gray", "vmin": 0, "vmax": 255}
        signs = LinearSegmentedColormap.from_list("signs", [LIGHT[c] for c in ("ours", "paper", "reference")])
        # Numbers must stay readable on their cells: there the colors reach half their strength.
        most = (np.abs(y).max() or 1) * (1 if picture else 2)
        both = {"cmap": signs, "vmin": -most, "vmax": most}
        axes[0].imshow(np.pad(x, p), **(gray if picture else {**both, "vmin": -25, "vmax": 25}))
        axes[1].imshow(k, cmap=signs, vmin=-2.5 * np.abs(k).max(), vmax=2.5 * np.abs(k).max())
        axes[2].imshow(y, **(gray if picture and not signed else both))
        for ax, values, shown in zip(
            axes, (np.pad(x, p), k, y), (not picture, True, not picture), strict=True
        ):
            for (i, j), value in np.ndenumerate(values) if shown else ():
                ax.text(j, i, f"{value:.3g}".replace("-", "−"), ha="center", va="center", fontsize=9)
            ax.axis("off")
        for ax, corner, size in ((axes[0], (column * s, row * s), span), (axes[2], (column, row), 1)):
            at = (corner[0] - 0.5, corner[1] - 0.5)
            ax.add_patch(Rectangle(at, size, size, fill=False, ec=LIGHT["ours"], lw=2))
        axes[0].set_title(f"Input {x.shape[0]} × {x.shape[1]}")
        axes[1].set_title(start["name"])
        axes[2].set_title(f"Output {y.shape[0]} × {y.shape[1]}")
        svg = figure_svg(fig)
        plt.close(fig)
        return svg_uri(svg), round(96 * PAGE_WIDTH), round(96 * 3.1)

    @staticmethod
    def _pixels(stored: dict[str, Any]) -> np.ndarray:
        flat = np.frombuffer(base64.b64decode(stored["data"]), np.uint8)
        return flat.reshape(stored["rows"], stored["columns"])


def convolution_explorer(
    *,
    caption: str,
    alt: str,
    picture: Any = None,
    matrix: Any = None,
    kernel: Any = "edge x (Sobel)",
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    pixel: tuple[int, int] | None = None,
) -> Convolution:
    """A kernel that the reader edits, on a picture or a matrix; every output pixel shows its sum of products.

    Args:
        caption: what to try, under the widget.
        alt: what the picture shows, for readers who cannot see it.
        picture: (H, W) gray, uint8 or float in [0, 1], 8 to 128 pixels a side (64 to 96 read best).
        matrix: integers, up to 12 x 12, shown as numbers. At least one of the two; the reader chooses between
            them and starts at the picture.
        kernel: the name of one of `PRESETS`, or a square matrix, 1 x 1 to 5 x 5.
        stride, padding, dilation: as in ``conv2d``; 1 to 4, 0 to 4, 1 to 4.
        pixel: (row, column) of the output pixel in view at the start; the middle where left out.

    Returns:
        The widget; make it the last line of the cell.

    Raises:
        ValueError: neither input, another shape, a setting out of range, a kernel that does not fit at the
            start, a pixel outside of the output, or a missing caption or alt text.
        TypeError: a picture that is neither uint8 nor float, a matrix that holds no integers, settings that are
            no integers.
    """
    inputs = []
    if picture is not None:
        pixels = _picture(picture)
        data = base64.b64encode(pixels.tobytes()).decode()
        inputs.append({"name": "picture", "kind": "picture", "data": data} | _shape(pixels))
    if matrix is not None:
        values = _matrix(matrix)
        inputs.append({"name": "matrix", "kind": "matrix", "data": values.tolist()} | _shape(values))
    if not inputs:
        raise ValueError("give a picture, a matrix or both, got neither")
    for name, value in {"stride": stride, "padding": padding, "dilation": dilation}.items():
        low, high = _LIMITS[name]
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{name} must be an integer, got {value!r}")
        if not low <= value <= high:
            raise ValueError(f"{name} must be {low} to {high}, got {value}")
    label, weights = _kernel(kernel)
    sizes = [output_size(inputs[0][a], len(weights), stride, padding, dilation) for a in ("rows", "columns")]
    if min(sizes) < 1:
        raise ValueError(f"kernel must fit into the padded input, got an output of {sizes[0]} x {sizes[1]}")
    if pixel is not None and not (
        len(pixel) == 2 and all(0 <= a < n for a, n in zip(pixel, sizes, strict=True))
    ):
        raise ValueError(f"pixel must lie in the output, {sizes[0]} x {sizes[1]}, got {pixel!r}")
    start = {
        "input": 0,
        "kernel": weights.tolist(),
        "name": label,
        "pixel": pixel and [int(a) for a in pixel],
    }
    start |= {"stride": int(stride), "padding": int(padding), "dilation": int(dilation)}
    kernels = [{"name": n, "rows": rows.tolist()} for n, rows in PRESETS.items()]
    return Convolution(inputs=inputs, kernels=kernels, start=start, caption=caption, alt=alt)


def _shape(values: np.ndarray) -> dict[str, int]:
    return {"rows": values.shape[0], "columns": values.shape[1]}
