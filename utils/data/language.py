"""Captions of scenes, and questions about them with their answers.

Grammar of a caption (``thing`` is ``a [color] [texture] [shape]``, the texture left out when plain)::

    caption  = thing                                       one object
             | thing relation thing [and n more shape(s)]  two or more
             | number "shapes:" thing, … and thing         two or more, from left to right
    relation = left of | right of | above | below          along the axis on which the centers differ most

Questions are of seven kinds: how many shapes; how many of a color; is there a [color] [shape]; the color of a
shape; the shape of a color; the texture of a shape; is one shape left of, right of, above or below another. A
question that says *the* names something that occurs once. Yes and no are about equally frequent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from utils.data.draw import COLORS, OUTLINES, TEXTURES

if TYPE_CHECKING:
    from utils.data.scenes import Scenes

_SHAPES, _COLORS, _TEXTURES = tuple(OUTLINES), tuple(COLORS), tuple(TEXTURES)
NUMBERS: tuple[str, ...] = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")
ANSWERS: tuple[str, ...] = ("no", "yes", *NUMBERS, *_COLORS, *_TEXTURES, *_SHAPES)
RELATIONS: tuple[str, ...] = ("left of", "right of", "above", "below")

Thing = tuple[str, str, str, float, float]  # shape, color, texture, x, y


def _things(scenes: Scenes) -> list[list[Thing]]:
    """Every scene's objects in words, in draw order."""
    columns = (scenes.labels, scenes.colors, scenes.textures, scenes.centers)
    rows = zip(*(c.tolist() for c in (*columns, scenes.count)), strict=True)
    return [
        [(_SHAPES[s], _COLORS[c], _TEXTURES[t], *xy) for s, c, t, xy in zip(*row[:4], strict=True)][: row[4]]
        for row in rows
    ]


def _numbers(scenes: Scenes, stream: int) -> list[list[float]]:
    """Random numbers of their own for the words of each scene, whichever scenes are beside it."""
    from utils.data.world import uniforms

    return uniforms(scenes.seed, scenes.index.cpu().numpy().astype(np.int64), 6, stream).tolist()


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _name(thing: Thing) -> str:
    shape, color, texture = thing[:3]
    return _article(f"{color} {shape}" if texture == "plain" else f"{color} {texture} {shape}")


def _pair(u: float, v: float, n: int) -> tuple[int, int]:
    """Two different numbers below ``n``."""
    first, step = int(u * n), 1 + int(v * (n - 1))
    return first, (first + step) % n


def _relation(a: Thing, b: Thing) -> str:
    dx, dy = b[3] - a[3], b[4] - a[4]
    if abs(dx) >= abs(dy):
        return RELATIONS[0] if dx > 0 else RELATIONS[1]
    return RELATIONS[2] if dy > 0 else RELATIONS[3]


def captions(scenes: Scenes) -> list[str]:
    """One sentence for each scene, by the grammar above; N strings."""
    return [_caption(things, u) for things, u in zip(_things(scenes), _numbers(scenes, 1), strict=True)]


def _caption(things: list[Thing], u: list[float]) -> str:
    n = len(things)
    if n == 1:
        return _name(things[0])
    if u[0] < 0.5:
        i, j = _pair(u[1], u[2], n)
        rest = "" if n == 2 else f" and {n - 2} more shape{'s' if n > 3 else ''}"
        return f"{_name(things[i])} {_relation(things[i], things[j])} {_name(things[j])}{rest}"
    names = [_name(t) for t in sorted(things, key=lambda t: t[3])]
    return f"{NUMBERS[n]} shapes: {', '.join(names[:-1])} and {names[-1]}"


def questions(scenes: Scenes) -> tuple[list[str], list[str]]:
    """One question and its answer for each scene: N and N strings."""
    rows = [_question(things, u) for things, u in zip(_things(scenes), _numbers(scenes, 2), strict=True)]
    return [q for q, _ in rows], [a for _, a in rows]


def _once(things: list[Thing], field: int) -> list[Thing]:
    """The objects whose shape (0) or color (1) no other has."""
    values = [t[field] for t in things]
    return [t for t in things if values.count(t[field]) == 1]


def _question(things: list[Thing], u: list[float]) -> tuple[str, str]:
    by_shape, by_color = _once(things, 0), _once(things, 1)
    kinds = ["count", "count color", "exist"]
    kinds += ["color", "texture"] if by_shape else []
    kinds += ["shape"] if by_color else []
    kinds += ["relation"] * 2 if len(by_shape) > 1 else []
    kind = kinds[int(u[0] * len(kinds))]
    if kind == "count":
        return "how many shapes are there?", NUMBERS[len(things)]
    if kind == "count color":
        color = things[int(u[1] * len(things))][1] if u[2] < 0.6 else _COLORS[int(u[1] * len(_COLORS))]
        return f"how many {color} shapes are there?", NUMBERS[sum(t[1] == color for t in things)]
    if kind == "exist":
        return _exists(things, u)
    if kind == "relation":
        i, j = _pair(u[1], u[2], len(by_shape))
        a, b = by_shape[i], by_shape[j]
        true = _relation(a, b)
        opposite = RELATIONS[RELATIONS.index(true) ^ 1]
        said, answer = (true, "yes") if u[3] < 0.5 else (opposite, "no")
        return f"is the {a[0]} {said} the {b[0]}?", answer
    pool = by_color if kind == "shape" else by_shape
    thing = pool[int(u[1] * len(pool))]
    if kind == "shape":
        return f"what shape is the {thing[1]} one?", thing[0]
    return f"what {kind} is the {thing[0]}?", thing[1] if kind == "color" else thing[2]


def _exists(things: list[Thing], u: list[float]) -> tuple[str, str]:
    """A color and a shape asked for together; a false one borrows one of the two from the scene."""
    thing = things[int(u[1] * len(things))]
    shape, color = thing[:2]
    if u[2] >= 0.5:
        if u[3] < 0.5:
            missing = [s for s in _SHAPES if all(t[:2] != (s, color) for t in things)]
            shape = missing[int(u[4] * len(missing))]
        else:
            missing = [c for c in _COLORS if all(t[:2] != (shape, c) for t in things)]
            color = missing[int(u[4] * len(missing))] if missing else color
    said = any(t[:2] == (shape, color) for t in things)
    return f"is there {_article(f'{color} {shape}')}?", "yes" if said else "no"
