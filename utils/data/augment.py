"""Augmentations that keep boxes and masks true to the picture; batched, on the device of the input.

Every function takes ``images`` (N, C, H, W) float in [0, 1] and, where given, ``boxes`` (N, K, 4) float
``x1, y1, x2, y2`` in pixels and ``masks`` (N, H, W) of any integer kind (classes or instances, 0 background),
and returns the three in an `Augmented`. Inputs are never changed in place. Each image of a batch draws its
own numbers, on the CPU from ``generator``, so a seed means the same augmentation on every device. A box of
zero area is no object: blank slots stay blank, and an object that leaves the picture becomes one.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Generator, Tensor

from utils.data.checks import check_int, check_number


class Augmented(NamedTuple):
    images: Tensor  # (N, C, H', W')
    boxes: Tensor | None  # (N, K, 4), or None if none came
    masks: Tensor | None  # (N, H', W'), or None if none came


def _check(images: Tensor, boxes: Tensor | None, masks: Tensor | None) -> None:
    if not isinstance(images, Tensor):
        raise TypeError(f"images: got {type(images).__name__}, expected a tensor (N, C, H, W)")
    if images.ndim != 4 or not images.is_floating_point():
        raise ValueError(f"images: got {tuple(images.shape)} {images.dtype}, expected float (N, C, H, W)")
    n, _, h, w = images.shape
    if boxes is not None and (boxes.ndim != 3 or boxes.shape[0] != n or boxes.shape[2] != 4):
        raise ValueError(f"boxes: got {tuple(boxes.shape)}, expected ({n}, K, 4)")
    if masks is not None and tuple(masks.shape) != (n, h, w):
        raise ValueError(f"masks: got {tuple(masks.shape)}, expected {(n, h, w)}")


def _draw(n: int, images: Tensor, generator: Generator | None) -> Tensor:
    """(N, n) uniform numbers in [0, 1), one row an image."""
    return torch.rand(len(images), n, generator=generator).to(images.device)


def _tidy(boxes: Tensor, h: int, w: int) -> Tensor:
    """Clip boxes to the picture; one with nothing left becomes all zeros."""
    limit = boxes.new_tensor([w, h, w, h])
    boxes = boxes.clamp(min=0).minimum(limit)
    return boxes * _occupied(boxes)[..., None]


def _occupied(boxes: Tensor) -> Tensor:
    return (boxes[..., 2] > boxes[..., 0]) & (boxes[..., 3] > boxes[..., 1])


def _mirror(boxes: Tensor, w: int) -> Tensor:
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack([w - x2, y1, w - x1, y2], -1) * _occupied(boxes)[..., None]


def flip(
    images: Tensor,
    boxes: Tensor | None = None,
    masks: Tensor | None = None,
    *,
    p: float = 0.5,
    generator: Generator | None = None,
) -> Augmented:
    """Mirror each image left to right with probability ``p``."""
    _check(images, boxes, masks)
    chosen = _draw(1, images, generator)[:, 0] < check_number("p", p, 0.0, 1.0)
    images = torch.where(chosen[:, None, None, None], images.flip(-1), images)
    if boxes is not None:
        boxes = torch.where(chosen[:, None, None], _mirror(boxes, images.shape[-1]), boxes)
    if masks is not None:
        masks = torch.where(chosen[:, None, None], masks.flip(-1), masks)
    return Augmented(images, boxes, masks)


def rotate90(
    images: Tensor,
    boxes: Tensor | None = None,
    masks: Tensor | None = None,
    *,
    generator: Generator | None = None,
) -> Augmented:
    """Turn each image by 0, 1, 2 or 3 quarters counterclockwise, all equally likely. Square images only."""
    _check(images, boxes, masks)
    if images.shape[-1] != images.shape[-2]:
        raise ValueError(f"images: got {tuple(images.shape)}, expected square images: a batch has one shape")
    side = images.shape[-1]
    quarters = (_draw(1, images, generator)[:, 0] * 4).long()
    for turn in range(1, 4):  # an image is chosen at most once, so what is turned here is still unturned
        chosen = quarters == turn
        images = torch.where(chosen[:, None, None, None], torch.rot90(images, turn, (-2, -1)), images)
        if masks is not None:
            masks = torch.where(chosen[:, None, None], torch.rot90(masks, turn, (-2, -1)), masks)
        if boxes is not None:
            turned = boxes
            for _ in range(turn):  # a quarter turn sends (x, y) to (y, side - x)
                x1, y1, x2, y2 = turned.unbind(-1)
                turned = torch.stack([y1, side - x2, y2, side - x1], -1)
            turned = turned * _occupied(boxes)[..., None]
            boxes = torch.where(chosen[:, None, None], turned, boxes)
    return Augmented(images, boxes, masks)


def _gather(images: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    """Pixels ``rows`` (N, h) by ``cols`` (N, w) of each image of (N, C, H, W)."""
    item = torch.arange(len(images), device=images.device)[:, None, None, None]
    channel = torch.arange(images.shape[1], device=images.device)[:, None, None]
    return images[item, channel, rows[:, None, :, None], cols[:, None, None, :]]


def crop(
    images: Tensor,
    boxes: Tensor | None = None,
    masks: Tensor | None = None,
    *,
    size: int,
    generator: Generator | None = None,
) -> Augmented:
    """Cut a random ``size`` x ``size`` window from each image. Boxes are clipped to it, not shrunk to what an
    occluder leaves: `boxes_of` gives tight ones from an instance mask."""
    _check(images, boxes, masks)
    h, w = images.shape[-2:]
    size = check_int("size", size, 1, min(h, w))
    u = _draw(2, images, generator)
    top, left = (u[:, 0] * (h - size + 1)).long(), (u[:, 1] * (w - size + 1)).long()
    step = torch.arange(size, device=images.device)
    rows, cols = top[:, None] + step, left[:, None] + step
    if boxes is not None:
        shift = torch.stack([left, top, left, top], -1)[:, None].to(boxes.dtype)
        boxes = _tidy((boxes - shift) * _occupied(boxes)[..., None], size, size)
    if masks is not None:
        masks = _gather(masks[:, None], rows, cols)[:, 0]
    return Augmented(_gather(images, rows, cols), boxes, masks)


def translate(
    images: Tensor,
    boxes: Tensor | None = None,
    masks: Tensor | None = None,
    *,
    pixels: int,
    fill: float = 0.0,
    generator: Generator | None = None,
) -> Augmented:
    """Shift each image by up to ``pixels`` each way; what comes in is ``fill``, background in masks."""
    _check(images, boxes, masks)
    h, w = images.shape[-2:]
    pixels = check_int("pixels", pixels, 0, min(h, w) - 1)
    shift = (_draw(2, images, generator) * (2 * pixels + 1)).long() - pixels  # (N, 2): down, right
    rows = torch.arange(h, device=images.device) - shift[:, :1]
    cols = torch.arange(w, device=images.device) - shift[:, 1:]
    inside = ((rows >= 0) & (rows < h))[:, :, None] & ((cols >= 0) & (cols < w))[:, None, :]
    rows, cols = rows.clamp(0, h - 1), cols.clamp(0, w - 1)
    outside = images.new_tensor(check_number("fill", fill, 0.0, 1.0))
    moved = torch.where(inside[:, None], _gather(images, rows, cols), outside)
    if boxes is not None:
        by = shift[:, [1, 0, 1, 0]][:, None].to(boxes.dtype)
        boxes = _tidy((boxes + by) * _occupied(boxes)[..., None], h, w)
    if masks is not None:
        masks = _gather(masks[:, None], rows, cols)[:, 0] * inside.to(masks.dtype)
    return Augmented(moved, boxes, masks)


def color_jitter(
    images: Tensor,
    boxes: Tensor | None = None,
    masks: Tensor | None = None,
    *,
    brightness: float = 0.2,
    contrast: float = 0.2,
    saturation: float = 0.2,
    generator: Generator | None = None,
) -> Augmented:
    """Scale brightness, contrast and saturation of each image by factors in [1 - s, 1 + s], then clip to [0,
    1].

    Boxes and masks pass through. Saturation needs three channels and is left alone otherwise.
    """
    _check(images, boxes, masks)
    strengths = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    span = images.new_tensor([check_number(k, v, 0.0, 1.0) for k, v in strengths.items()])
    gain = (1 + (2 * _draw(3, images, generator) - 1) * span).to(images.dtype)
    light, spread, color = (g[:, None, None, None] for g in gain.unbind(1))
    images = images * light
    mean = images.mean((1, 2, 3), keepdim=True)
    images = mean + (images - mean) * spread
    if images.shape[1] == 3:
        luma = images.new_tensor([0.299, 0.587, 0.114])[None, :, None, None]  # ITU-R BT.601
        gray = (images * luma).sum(1, keepdim=True)
        images = gray + (images - gray) * color
    return Augmented(images.clamp(0, 1), boxes, masks)


def boxes_of(instances: Tensor, slots: int) -> Tensor:
    """Tight boxes (N, slots, 4) float32 around instances 1 to ``slots`` of (N, H, W); zeros if absent."""
    if instances.ndim != 3:
        raise ValueError(f"instances: got {tuple(instances.shape)}, expected (N, H, W)")
    slots = check_int("slots", slots, 1, 255)
    mask = (
        instances[:, None] == torch.arange(1, slots + 1, device=instances.device)[:, None, None]
    )  # (N, K, H, W)
    ends = []
    for lines in (mask.any(2), mask.any(3)):  # columns, then rows
        first = lines.to(torch.uint8).argmax(-1)
        last = lines.shape[-1] - lines.flip(-1).to(torch.uint8).argmax(-1)
        ends.append(torch.stack([first, last], -1) * lines.any(-1, keepdim=True))
    (x, y) = ends
    return torch.stack([x[..., 0], y[..., 0], x[..., 1], y[..., 1]], -1).float()
