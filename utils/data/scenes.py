"""What the shapes world hands back: pictures with every label one could ask of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from utils.data.draw import COLORS, OUTLINES, TEXTURES

SHAPES: tuple[str, ...] = tuple(OUTLINES)
COLOR_NAMES: tuple[str, ...] = tuple(COLORS)
TEXTURE_NAMES: tuple[str, ...] = tuple(TEXTURES)
TASKS: tuple[str, ...] = ("classify", "detect", "segment", "caption", "vqa", "factors", "all")
FACTORS: tuple[str, ...] = ("x", "y", "scale", "rotation", "color", "texture", "shape")


@dataclass(eq=False)
class Scenes:
    """``N`` scenes of up to ``K`` objects. Objects stand in draw order: a later one lies in front.

    Slots past ``count`` are blank: class -1, boxes and numbers 0. Index it like a tensor: ``scenes[:100]``,
    ``scenes[mask]``, ``scenes[order]``; ``scenes[3]`` is one scene, still batched.
    """

    images: Tensor  # (N, 3, H, W) float32 in [0, 1], RGB
    count: Tensor  # (N,) int64, objects drawn
    labels: Tensor  # (N, K) int64, index into SHAPES
    colors: Tensor  # (N, K) int64, index into COLOR_NAMES
    textures: Tensor  # (N, K) int64, index into TEXTURE_NAMES
    centers: Tensor  # (N, K, 2) float32, x and y of the center as fractions of the image, y down
    radii: Tensor  # (N, K) float32, radius of the enclosing circle as a fraction of the image
    rotations: Tensor  # (N, K) float32, radians in [0, 2 pi), clockwise on the page
    boxes: (
        Tensor  # (N, K, 4) float32, x1 y1 x2 y2 in pixels, tight around the visible pixels, x2 y2 exclusive
    )
    visible: Tensor  # (N, K) float32, share of the object's pixels that no other hides
    instances: Tensor  # (N, H, W) uint8, 0 background, j + 1 where object j is visible
    index: Tensor  # (N,) int64, number of the scene in its world
    seed: int
    task: str

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, key: Any) -> Scenes:
        if isinstance(key, (int, np.integer)):
            if not -len(self) <= key < len(self):
                raise IndexError(f"scene {key} of {len(self)}")
            key = slice(int(key) % len(self), int(key) % len(self) + 1)
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Scenes(**{k: v[key] if isinstance(v, Tensor) else v for k, v in values.items()})

    def __eq__(self, other: object) -> bool:
        """Every field equal, every tensor bit for bit."""
        if not isinstance(other, Scenes):
            return NotImplemented
        pairs = [(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return all(torch.equal(a, b) if isinstance(a, Tensor) else a == b for a, b in pairs)

    def to(self, device: str | torch.device) -> Scenes:
        """The same scenes with every tensor on ``device``."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Scenes(**{k: v.to(device) if isinstance(v, Tensor) else v for k, v in values.items()})

    @property
    def masks(self) -> Tensor:
        """(N, H, W) int64 for segmentation: 0 background, 1 + class where a shape is visible."""
        table = torch.cat([torch.zeros_like(self.labels[:, :1]), self.labels + 1], 1)  # (N, K + 1)
        flat = self.instances.flatten(1).long()
        return table.gather(1, flat).view(self.instances.shape)

    @property
    def factors(self) -> Tensor:
        """(N, 7) float32: the latent `FACTORS` of the first object, in the units of the fields."""
        columns = (self.radii, self.rotations, self.colors, self.textures, self.labels)
        return torch.cat([self.centers[:, 0], *(c[:, :1].float() for c in columns)], 1)

    @cached_property
    def captions(self) -> list[str]:
        """One true sentence a scene, such as ``a red striped star above a blue ring and 1 more shape``."""
        from utils.data.language import captions

        return captions(self)

    @cached_property
    def _dialogue(self) -> tuple[list[str], list[str]]:
        from utils.data.language import questions

        return questions(self)

    @property
    def questions(self) -> list[str]:
        """One question a scene; see `utils.data.language` for its seven kinds."""
        return self._dialogue[0]

    @property
    def answers(self) -> list[str]:
        """The answer to each question, one of `utils.data.language.ANSWERS`."""
        return self._dialogue[1]

    @property
    def answer_ids(self) -> Tensor:
        """(N,) int64, the answers as indices into `utils.data.language.ANSWERS`."""
        from utils.data.language import ANSWERS

        return torch.tensor([ANSWERS.index(a) for a in self.answers], dtype=torch.int64)

    @property
    def target(self) -> Any:
        """What ``task`` predicts.

        ``classify``: (N,) int64 classes. ``detect``: N dicts of ``boxes`` (count, 4) and ``labels`` (count,),
        as torchvision's detectors take them. ``segment``: `masks`. ``caption``: `captions`. ``vqa``:
        `questions` and `answer_ids`. ``factors``: `factors`. ``all``: the scenes themselves.
        """
        if self.task == "detect":
            rows = zip(self.boxes, self.labels, self.count.tolist(), strict=True)
            return [{"boxes": box[:k], "labels": label[:k]} for box, label, k in rows]
        simple = {
            "classify": lambda: self.labels[:, 0],
            "segment": lambda: self.masks,
            "caption": lambda: self.captions,
            "vqa": lambda: (self.questions, self.answer_ids),
            "factors": lambda: self.factors,
            "all": lambda: self,
        }
        return simple[self.task]()
