"""How a scene of the shapes world is painted: outlines, textures, backgrounds.

An outline is a *signed distance function*: for a point in the shape's own frame it returns the distance to
the edge, negative inside. Coverage of a pixel is then ``clip(1/2 - distance in pixels, 0, 1)``, which gives
smooth edges at any size and rotation without supersampling. Formulas after Inigo Quilez, "2D distance
functions", https://iquilezles.org/articles/distfunctions2d/ . The frame: x right, y down, the shape inside
the unit circle.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

Array = np.ndarray


def _circle(x: Array, y: Array) -> Array:
    return np.sqrt(x * x + y * y) - 0.88


def _ring(x: Array, y: Array) -> Array:
    return np.abs(np.sqrt(x * x + y * y) - 0.68) - 0.26


def _moon(x: Array, y: Array) -> Array:
    disc = np.sqrt(x * x + y * y) - 0.96
    bite = 0.80 - np.sqrt((x - 0.60) ** 2 + y * y)
    return np.maximum(disc, bite)


def _heart(x: Array, y: Array) -> Array:
    u, v = np.abs(x) * 0.72, 0.55 - y * 0.63  # a little taller than wide
    lobe = np.sqrt((u - 0.25) ** 2 + (v - 0.75) ** 2) - 0.35355
    half = 0.5 * np.maximum(u + v, 0)
    tip = np.sqrt(np.minimum(u * u + (v - 1) ** 2, (u - half) ** 2 + (v - half) ** 2)) * np.sign(u - v)
    return np.where(u + v > 1, lobe, tip) / 0.67


def _triangle(x: Array, y: Array) -> Array:
    return np.maximum(0.8660 * np.abs(x) - 0.5 * y, y) - 0.49


def _square(x: Array, y: Array) -> Array:
    return np.maximum(np.abs(x), np.abs(y)) - 0.70


def _hexagon(x: Array, y: Array) -> Array:
    u, v = np.abs(x), np.abs(y)
    return np.maximum(0.8660 * u + 0.5 * v, v) - 0.82


def _star(x: Array, y: Array) -> Array:
    kx, ky, inner = 0.809017, -0.587785, 0.5
    u, v = np.abs(x), -y
    for sign in (1, -1):  # fold the plane onto one tenth of the star
        overlap = 2 * np.maximum(sign * kx * u + ky * v, 0)
        u, v = u - overlap * (sign * kx), v - overlap * ky
    u, v = np.abs(u), v - 1.0
    ex, ey = inner * -ky, inner * kx - 1.0
    along = np.clip((u * ex + v * ey) / (ex * ex + ey * ey), 0, 1)
    return np.sqrt((u - ex * along) ** 2 + (v - ey * along) ** 2) * np.sign(v * ex - u * ey)


def _cross(x: Array, y: Array) -> Array:
    u, v = np.abs(x), np.abs(y)
    return np.maximum(np.maximum(u, v) - 0.92, np.minimum(u, v) - 0.32)


def _arrow(x: Array, y: Array) -> Array:
    u = np.abs(x)
    head = np.maximum(y - 0.02, (0.97 * u - 0.74 * (y + 0.95)) / 1.22)
    shaft = np.maximum(u - 0.28, np.maximum(y - 0.92, -y - 0.2))
    return np.minimum(head, shaft)


OUTLINES: dict[str, Callable[[Array, Array], Array]] = {
    "circle": _circle,
    "ring": _ring,
    "moon": _moon,
    "heart": _heart,
    "triangle": _triangle,
    "square": _square,
    "hexagon": _hexagon,
    "star": _star,
    "cross": _cross,
    "arrow": _arrow,
}


def _cell(x: Array, period: float) -> Array:
    """``x`` from the middle of its repeat of length ``period``; floor is several times faster than ``%``."""
    return x - period * (np.floor(x / period) + 0.5)


def _wave(x: Array, period: float) -> Array:
    """Signed distance to the edges of stripes of width ``period / 2``, positive on the stripe."""
    return np.abs(_cell(x, period)) - 0.25 * period


def _striped(x: Array, y: Array) -> Array:
    return _wave(x + y, 0.9) * 0.7071


def _dotted(x: Array, y: Array) -> Array:
    u, v = _cell(x, 0.56), _cell(y, 0.56)
    return 0.16 - np.sqrt(u * u + v * v)


def _checked(x: Array, y: Array) -> Array:
    u, v = _wave(x, 0.8), _wave(y, 0.8)
    return np.minimum(np.abs(u), np.abs(v)) * np.sign(u * v)


# Distance to the pattern's edge, positive where the second tone shows; None is one tone.
TEXTURES: dict[str, Callable[[Array, Array], Array] | None] = {
    "plain": None,
    "striped": _striped,
    "dotted": _dotted,
    "checked": _checked,
}

# Eight hues that keep their names apart; the second tone of a texture is a darker form of the same hue.
COLORS: dict[str, str] = {
    "red": "#d94141",
    "orange": "#ef8a33",
    "yellow": "#f4cb43",
    "green": "#3f9a57",
    "cyan": "#37b6bd",
    "blue": "#2f67c9",
    "purple": "#8450b4",
    "pink": "#ea8ab8",
}
RGB: Array = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLORS.values()], np.float32)
PAPER: Array = np.array([0.94, 0.93, 0.91], np.float32)

# PNG only (decoded to the same bytes everywhere), all CC0 or public domain: see `photographs`.
# The gray ones are tinted with the color of the thing they show.
_PHOTOS: dict[str, tuple[float, float, float]] = {
    "astronaut": (1, 1, 1),
    "brick": (1.14, 0.93, 0.82),
    "chelsea": (1, 1, 1),
    "coffee": (1, 1, 1),
    "grass": (0.92, 1.10, 0.74),
    "gravel": (1.05, 1.0, 0.92),
}


@lru_cache(maxsize=4)
def backdrops(size: int) -> tuple[Array, Array, Array, Array]:
    """The photographs at three magnifications, laid end to end for one-gather crops.

    Returns ``(pixels, start, height, width)``: ``pixels`` is (P,) uint32, bytes R, G, B, 0 each, and image
    ``j`` occupies ``height[j] * width[j]`` of them from ``start[j]``; each side is at least ``size``.
    """
    from PIL import Image

    from utils.data.images import photograph_array

    flat, heights, widths = [], [], []
    for name, color in _PHOTOS.items():
        photo = Image.fromarray(photograph_array(name)).convert("RGB")
        for zoom in (1.3, 2.0, 3.0):
            ratio = zoom * size / min(photo.size)
            shape = (max(size, round(photo.width * ratio)), max(size, round(photo.height * ratio)))
            image = np.asarray(photo.resize(shape, Image.Resampling.BICUBIC))
            # Faded toward paper: the shapes are the subject, the photograph is the noise behind them.
            faded = np.float32(0.62) * image * np.float32(color) + np.float32(0.38 * 255) * PAPER
            flat.append(np.rint(np.clip(faded, 0, 255)).astype(np.uint8).reshape(-1, 3))
            heights.append(image.shape[0])
            widths.append(image.shape[1])
    height, width = np.array(heights), np.array(widths)
    start = np.concatenate([[0], np.cumsum(height * width)[:-1]])
    pixels = np.zeros((int((height * width).sum()), 4), np.uint8)
    pixels[:, :3] = np.concatenate(flat)
    return pixels.view(np.uint32)[:, 0], start, height, width


def paint_backdrop(canvas: Array, u: Array, size: int, photo: bool) -> None:
    """Fill ``canvas`` (3, n, size * size) float32 with paper or with one photograph crop a scene.

    ``u`` is (n, 4) uniform numbers: which image, row, column, mirrored or not.
    """
    if not photo:
        canvas[:] = PAPER[:, None, None]
        return
    pixels, start, height, width = backdrops(size)
    j = (u[:, 0] * len(start)).astype(np.int64)
    top = (u[:, 1] * (height[j] - size + 1)).astype(np.int64)
    left = (u[:, 2] * (width[j] - size + 1)).astype(np.int64)
    step = np.arange(size)
    cols = np.where(u[:, 3, None] < 0.5, step, step[::-1]) + left[:, None]
    rows = (top[:, None] + step) * width[j][:, None] + start[j][:, None]
    crop = pixels.take((rows[:, :, None] + cols[:, None, :]).reshape(len(j), -1))
    crop = crop.view(np.uint8).reshape(len(j), -1, 4)
    for c in range(3):
        np.multiply(crop[:, :, c], np.float32(1 / 255), out=canvas[c])


def cover(kind: Array, texture: Array, x: Array, y: Array, radius: Array) -> tuple[Array, Array]:
    """Coverage and tone of objects on their windows.

    ``kind`` and ``texture`` (m,) index `OUTLINES` and `TEXTURES`; ``x``, ``y`` (m, p) float32 are pixel
    centers in each object's own frame; ``radius`` (m,) is in pixels. Returns the distance to the outline in
    pixels and the share of the second tone in [0, 1], both (m, p) float32.
    """
    distance, tone = np.empty_like(x), np.zeros_like(x)
    for j, outline in enumerate(OUTLINES.values()):
        if (rows := np.flatnonzero(kind == j)).size:
            distance[rows] = outline(x[rows], y[rows]) * radius[rows, None]
    for j, pattern in enumerate(TEXTURES.values()):
        if pattern is not None and (rows := np.flatnonzero(texture == j)).size:
            tone[rows] = np.clip(0.5 + pattern(x[rows], y[rows]) * radius[rows, None], 0, 1)
    return distance, tone
