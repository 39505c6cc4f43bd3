"""The shapes world: seeded scenes of colored, textured shapes on photographs, labeled for every vision task.

One generator serves classification, detection, segmentation, captioning, visual questions and disentangling.
Everything random in scene ``i`` is a hash of ``(seed, i, which number)``, so a scene never depends on how
many are asked for: ``shapes(5) == shapes(10)[:5]``. The labels are generated, so they have no errors; the
pictures are drawn over CC0 and public-domain photographs from scikit-image.
"""

from __future__ import annotations

import numpy as np
import torch

from utils.data.checks import check_int, check_number, check_range
from utils.data.draw import COLORS, OUTLINES, RGB, TEXTURES, cover, paint_backdrop
from utils.data.scenes import TASKS, Scenes

Array = np.ndarray
_CHUNK = 64  # scenes painted together: their canvas stays in the processor's cache
_TRIES = 8  # places tried for an object before it is left out
_SCENE, _OBJECT = 16, 32  # random numbers set aside for a scene and for each of its objects

# task -> objects, radius as a fraction of the image, background
_DEFAULTS: dict[str, tuple[tuple[int, int], tuple[float, float], str]] = {
    "classify": ((1, 1), (0.16, 0.36), "photo"),
    "factors": ((1, 1), (0.14, 0.28), "plain"),
}
_MANY = ((1, 4), (0.09, 0.22), "photo")


def _mix(z: Array) -> Array:
    """The finalizer of splitmix64: a bijection of 64-bit integers whose output bits look independent."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniforms(seed: int, index: Array, columns: int, stream: int = 0) -> Array:
    """Uniform numbers in [0, 1), (len(index), columns) float64: a pure function of seed, stream, index,
    column.

    Splitmix64 (Steele, Lea and Flood, 2014, https://doi.org/10.1145/2660193.2660195) used as a counter-based
    generator. Unlike ``numpy.random`` its numbers are the same in every version of NumPy.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        base = _mix(np.array([seed], np.uint64) + golden * np.uint64(stream + 1))
        key = _mix(base + golden * (index.astype(np.uint64) + np.uint64(1)))
        bits = _mix(key[:, None] + golden * np.arange(1, columns + 1, dtype=np.uint64))
    return (bits >> np.uint64(11)) * 2.0**-53


def shapes(
    n: int,
    task: str = "all",
    size: int = 64,
    seed: int = 0,
    *,
    objects: tuple[int, int] | None = None,
    radius: tuple[float, float] | None = None,
    background: str | None = None,
    imbalance: float = 1.0,
    overlap: float = 0.35,
    min_visible: float = 0.4,
    start: int = 0,
) -> Scenes:
    """Draw ``n`` scenes of ``size`` x ``size`` pixels: 10,000 of 64 x 64 take a few seconds and 0.6 GB.

    Args:
        n: how many scenes.
        task: what `Scenes.target` returns, and the defaults of the layout: ``"classify"`` one object on a
            photograph; ``"factors"`` one object on plain paper, its seven factors independent and uniform;
            ``"detect"``, ``"segment"``, ``"caption"``, ``"vqa"`` and ``"all"`` the same scenes of one to four
            objects.
        size: side of the image in pixels, 16 to 512.
        seed: a different world for each, 0 or more.
        objects: least and most objects tried in a scene, drawn uniformly; at most 8. One that finds no place,
            or would hide another, is left out, so crowded scenes hold fewer: `Scenes.count` were drawn.
        radius: least and greatest radius of an object as a fraction of ``size``, drawn uniformly. Small
            targets for detection: ``(0.06, 0.1)``. At least 3 pixels.
        background: ``"photo"`` or ``"plain"``.
        imbalance: how many times more frequent the first class is than the last; the classes between fall off
            geometrically. 1 draws all alike.
        overlap: 0 keeps the circles around objects apart; 1 lets them fall anywhere.
        min_visible: least share of an object's pixels that others must leave visible, in (0, 1]. Later
            objects lie in front.
        start: index of the first scene; ``shapes(5, start=5)`` continues ``shapes(5)``. A test set is
            ``shapes(1000, start=10_000)``: same world, other scenes.

    Returns:
        `Scenes`: images float32 in [0, 1] with every label; see its fields.

    Raises:
        TypeError, ValueError: an argument is out of its range; the message names it.
    """
    n = check_int("n", n, 1)
    size = check_int("size", size, 16, 512)
    seed = check_int("seed", seed, 0, 2**63 - 1)
    start = check_int("start", start, 0, 2**40)
    if task not in TASKS:
        raise ValueError(f"task: got {task!r}, expected one of {', '.join(TASKS)}")
    default_objects, default_radius, default_background = _DEFAULTS.get(task, _MANY)
    # In tiny images the smallest default radius grows to three pixels.
    default_radius = (min(max(default_radius[0], 3 / size), default_radius[1]), default_radius[1])
    objects = check_range("objects", objects or default_objects, 1, 8, whole=True)
    radius = check_range("radius", radius or default_radius, 3 / size, 0.45)
    background = background or default_background
    if background not in ("photo", "plain"):
        raise ValueError(f"background: got {background!r}, expected 'photo' or 'plain'")
    if task in _DEFAULTS and objects != (1, 1):
        raise ValueError(f"objects: got {objects}, expected (1, 1): task {task!r} has one object a scene")
    imbalance = check_number("imbalance", imbalance, 1.0, 1e6)
    overlap = check_number("overlap", overlap, 0.0, 1.0)
    min_visible = check_number("min_visible", min_visible, 1e-6, 1.0)

    layout = _layout(
        seed, np.arange(start, start + n), objects, radius, imbalance, overlap, task == "factors"
    )
    images = np.empty((n, 3, size, size), np.float32)
    instances = np.zeros((n, size, size), np.uint8)
    boxes = np.zeros((n, objects[1], 4), np.float32)
    visible = np.zeros((n, objects[1]), np.float32)
    for low in range(0, n, _CHUNK):
        part = slice(low, min(low + _CHUNK, n))
        chunk = {name: value[part] for name, value in layout.items()}  # views: `present` is updated in place
        images[part], boxes[part], visible[part] = _paint(
            chunk, instances[part], size, radius[1], background == "photo", min_visible
        )
    return _scenes(layout, images, instances, boxes, visible, task, seed)


def _layout(
    seed: int,
    index: Array,
    objects: tuple[int, int],
    radius: tuple[float, float],
    imbalance: float,
    overlap: float,
    fixed_margin: bool,
) -> dict[str, Array]:
    """Draw all factors of the scenes ``index`` and find each object a place."""
    n, slots = len(index), objects[1]
    u = uniforms(seed, index, _SCENE + _OBJECT * slots)
    of_object = u[:, _SCENE:].reshape(n, slots, _OBJECT)
    weight = imbalance ** (-np.arange(len(OUTLINES)) / (len(OUTLINES) - 1))
    edges = np.cumsum(weight / weight.sum())[:-1]
    scale = radius[0] + (radius[1] - radius[0]) * of_object[:, :, 3]
    # Wholly inside the picture. With one margin for all, position is independent of size.
    margin = np.full_like(scale, radius[1]) if fixed_margin else scale
    spots = of_object[:, :, 5 : 5 + 2 * _TRIES].reshape(n, slots, _TRIES, 2)
    spots = margin[:, :, None, None] + (1 - 2 * margin[:, :, None, None]) * spots
    count = objects[0] + (u[:, 0] * (objects[1] - objects[0] + 1)).astype(np.int64)
    present = np.arange(slots) < count[:, None]
    center = spots[:, :, 0].copy()
    for k in range(1, slots):
        gap = np.linalg.norm(spots[:, k, :, None] - center[:, None, :k], axis=-1)  # (n, tries, k)
        need = (1 - overlap) * (scale[:, k, None] + scale[:, :k])
        free = ((gap >= need[:, None]) | ~present[:, None, :k]).all(-1)
        center[:, k] = spots[np.arange(n), k, free.argmax(1)]
        present[:, k] &= free.any(1)
    return {
        "index": index,
        "backdrop": u[:, 1:5],
        "present": present,
        "label": np.searchsorted(edges, of_object[:, :, 0], side="right"),
        "color": (of_object[:, :, 1] * len(COLORS)).astype(np.int64),
        "texture": (of_object[:, :, 2] * len(TEXTURES)).astype(np.int64),
        "radius": scale,
        "rotation": 2 * np.pi * of_object[:, :, 4],
        "center": center,
    }


def _paint(
    chunk: dict[str, Array], instances: Array, size: int, largest: float, photo: bool, min_visible: float
) -> tuple[Array, Array, Array]:
    """Paint one chunk, back to front; clears ``present`` of objects that would hide another too much."""
    n, slots = chunk["present"].shape
    canvas = np.empty((3, n, size * size), np.float32)
    paint_backdrop(canvas, chunk["backdrop"], size, photo)
    planes, ids = canvas.reshape(3, -1), instances.reshape(-1)
    full, left = np.zeros((n, slots), np.int64), np.zeros((n, slots), np.int64)
    span = min(
        size, 2 * int(np.ceil(largest * size)) + 6
    )  # window around an object, with room for its shadow
    offset = np.arange(span)
    for k in range(slots):
        rows = np.flatnonzero(chunk["present"][:, k])
        center = chunk["center"][rows, k] * size
        corner = np.clip(np.floor(center - span / 2).astype(np.int64) + 1, 0, size - span)
        x = (corner[:, :1] + offset + 0.5 - center[:, :1]).astype(np.float32)[:, None, :]
        y = (corner[:, 1:] + offset + 0.5 - center[:, 1:]).astype(np.float32)[:, :, None]
        radius = (chunk["radius"][rows, k] * size).astype(np.float32)
        turn = chunk["rotation"][rows, k]
        cos = (np.cos(turn).astype(np.float32) / radius)[:, None, None]
        sin = (np.sin(turn).astype(np.float32) / radius)[:, None, None]
        flat = (len(rows), span * span)
        distance, tone = cover(
            chunk["label"][rows, k],
            chunk["texture"][rows, k],
            (x * cos + y * sin).reshape(flat),
            (y * cos - x * sin).reshape(flat),
            radius,
        )
        where = ((corner[:, 1:] + offset) * size + rows[:, None] * size * size)[:, :, None]
        where = (where + (corner[:, :1] + offset)[:, None, :]).reshape(flat)
        inside = distance < 0
        behind = ids[where]
        lost = np.stack([((behind == j + 1) & inside).sum(1) for j in range(k)], 1) if k else full[rows, :0]
        fits = ((left[rows, :k] - lost) >= min_visible * full[rows, :k]).all(1)
        chunk["present"][rows[~fits], k] = False
        if not fits.all():
            rows, where, distance, tone = rows[fits], where[fits], distance[fits], tone[fits]
            inside, behind, lost, x, y, radius = (v[fits] for v in (inside, behind, lost, x, y, radius))
        left[rows, :k] -= lost
        full[rows, k] = left[rows, k] = inside.sum(1)
        ids[where] = np.where(inside, np.uint8(k + 1), behind)
        light = (0.06 * (-x - y) / radius[:, None, None]).reshape(
            len(rows), span * span
        )  # a lamp at the top left
        _blend(planes, where, distance, tone, light, RGB[chunk["color"][rows, k]], size)
    images = np.rint(np.clip(canvas, 0, 1) * 255) / np.float32(255)
    visible = left / np.maximum(full, 1)
    images = images.reshape(3, n, size, size).transpose(1, 0, 2, 3)
    return images, _boxes(instances, slots), visible


def _blend(
    planes: Array, where: Array, distance: Array, tone: Array, light: Array, rgb: Array, size: int
) -> None:
    """Lay one object a scene on the canvas: a soft shadow around it, then its color."""
    alpha = np.clip(0.5 - distance, 0, 1)
    soft = max(1.5, size / 32)
    shade = np.float32(1) - np.float32(0.3) * np.clip(1 - distance / np.float32(soft), 0, 1) ** 2
    gain = (np.float32(1) - np.float32(0.42) * tone) * (1 + light)
    for c in range(3):
        below = planes[c][where] * shade
        planes[c][where] = below + alpha * (gain * rgb[:, c, None] - below)


def _boxes(instances: Array, slots: int) -> Array:
    """Tight boxes (n, slots, 4) float32 ``x1, y1, x2, y2`` around the visible pixels; zeros where none is."""
    n, size, _ = instances.shape
    boxes = np.zeros((n, slots, 4), np.float32)
    for k in range(slots):
        mask = instances == k + 1
        for axis, lines in ((0, mask.any(1)), (1, mask.any(2))):
            seen = lines.any(1)
            boxes[:, k, axis] = np.where(seen, lines.argmax(1), 0)
            boxes[:, k, axis + 2] = np.where(seen, size - lines[:, ::-1].argmax(1), 0)
    return boxes


def _scenes(
    layout: dict[str, Array],
    images: Array,
    instances: Array,
    boxes: Array,
    visible: Array,
    task: str,
    seed: int,
) -> Scenes:
    """Move the drawn objects of every scene to the front slots, in draw order, and blank the rest."""
    present = layout["present"]
    order = np.argsort(~present, axis=1, kind="stable")
    filled = np.take_along_axis(present, order, 1)
    # Where an object was left out, the ones after it moved up a slot: object k + 1 of the painter is j + 1
    # now.
    moved = np.flatnonzero((filled & (order != np.arange(order.shape[1]))).any(1))
    rank = np.zeros((len(moved), order.shape[1] + 1), np.uint8)
    np.put_along_axis(
        rank, order[moved] + 1, (filled[moved] * np.arange(1, order.shape[1] + 1)).astype(np.uint8), 1
    )
    for names, scene in zip(rank, moved, strict=True):
        instances[scene] = names[instances[scene]]

    def tidy(value: Array, blank: float, dtype: torch.dtype) -> torch.Tensor:
        lead = order if value.ndim == 2 else order[:, :, None]
        keep = filled if value.ndim == 2 else filled[:, :, None]
        return torch.from_numpy(np.where(keep, np.take_along_axis(value, lead, 1), blank)).to(dtype)

    return Scenes(
        images=torch.from_numpy(images),
        count=torch.from_numpy(present.sum(1).astype(np.int64)),
        labels=tidy(layout["label"], -1, torch.int64),
        colors=tidy(layout["color"], -1, torch.int64),
        textures=tidy(layout["texture"], -1, torch.int64),
        centers=tidy(layout["center"], 0, torch.float32),
        radii=tidy(layout["radius"], 0, torch.float32),
        rotations=tidy(layout["rotation"], 0, torch.float32),
        boxes=tidy(boxes, 0, torch.float32),
        visible=tidy(visible, 0, torch.float32),
        instances=torch.from_numpy(instances),
        index=torch.from_numpy(layout["index"].astype(np.int64)),
        seed=seed,
        task=task,
    )
