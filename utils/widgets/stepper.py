"""The stepper: an algorithm as captioned steps that the reader goes through, forward, back, or played."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import traitlets as t

from utils.plotting import figure_svg, image_uri, svg_uri
from utils.widgets.base import BookWidget
from utils.widgets.drawings import boxes, graph, table, tokens
from utils.widgets.explorer import Explorer
from utils.widgets.poster import draw_poster

__all__ = ["Step", "Stepper", "boxes", "graph", "steps", "table", "tokens"]

MAX_STEPS = 60
_STRUCTURED = ("tokens", "table", "graph", "boxes")


@dataclass(frozen=True)
class Step:
    """One step: what happens, what it looks like, and that in words.

    Args:
        caption: one or two sentences.
        picture: a matplotlib figure, an image (H, W) or (H, W, 3), a structured drawing (`tokens`, `table`,
            `graph`, `boxes`), or a list of these, from top to bottom.
        alt: what the picture shows; needed for figures and images. Structured drawings say it themselves, and
            keep their own words beside another drawing.
    """

    caption: str
    picture: Any
    alt: str = ""


class Stepper(BookWidget):
    """The widget behind `steps`."""

    name = "stepper"

    frames = t.List().tag(sync=True)  # [{caption, drawings}]
    pictures = t.List().tag(sync=True)  # data URIs that drawings refer to by index
    start = t.Int().tag(sync=True)
    delay = t.Int().tag(sync=True)  # ms from step to step while playing

    def page_state(self) -> dict[str, Any]:
        state = super().page_state()
        # Drawn into the page, a figure follows the page's theme.
        state["frames"] = [
            {**frame, "drawings": [Explorer._themed(drawing) for drawing in frame["drawings"]]}
            for frame in self.frames
        ]
        return state

    def poster(self) -> tuple[str, int, int]:
        from PIL import Image

        drawings = self.frames[self.start]["drawings"]
        if len(drawings) == 1 and drawings[0]["kind"] == "figure":
            svg = drawings[0]["svg"]
            width, height = (float(x) for x in svg.split('viewBox="0 0 ')[1].split('"')[0].split())
            return svg_uri(svg), 600, round(600 * height / width)
        if len(drawings) == 1 and drawings[0]["kind"] == "image":
            width, height = drawings[0]["size"]
            return self.pictures[drawings[0]["picture"]], 480, round(480 * height / width)
        raster = [
            np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))
            for uri in self.pictures
        ]
        return draw_poster(drawings, raster)


def _drawing(where: str, part: Any, alt: str, alone: bool, store: dict[str, int]) -> dict[str, Any]:
    """One part of a step's picture as data for the page; pictures go to ``store`` (data URI -> index), once."""
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    def kept(pixels: np.ndarray) -> int:
        return store.setdefault(image_uri(pixels), len(store))

    if isinstance(part, dict) and part.get("kind") in _STRUCTURED:
        if part["kind"] == "boxes" and part["picture"] is not None:
            part = part | {"picture": kept(part["picture"])}
        return part | {"text": alt} if alt and alone else part
    if not isinstance(part, (Figure, np.ndarray)):
        raise TypeError(
            f"{where} must have a matplotlib Figure, an image array or a drawing (tokens, table, graph, boxes) "
            f"as its picture, got {type(part).__name__}"
        )
    if not alt:
        raise ValueError(
            f"{where} needs alt, its picture in words: figures and images do not say it themselves"
        )
    if isinstance(part, np.ndarray):
        return {"kind": "image", "picture": kept(part), "size": list(part.shape[1::-1]), "text": alt}
    svg = figure_svg(part)
    plt.close(part)
    return {"kind": "figure", "svg": svg, "text": alt}


def steps(
    sequence: Sequence[Step | tuple], *, caption: str, alt: str, start: int = 0, delay: int = 1500
) -> Stepper:
    """An algorithm as captioned steps; forward, back and play, with and without a kernel.

    Args:
        sequence: 2 to 60 steps, as `Step` or as (caption, picture) or (caption, picture, alt).
        caption: what to try, under the widget.
        alt: what the steps show as a whole, for readers who cannot see them.
        start: the step shown first, and in the still picture.
        delay: milliseconds from step to step while it plays.

    Returns:
        The widget; make it the last line of the cell.

    Raises:
        ValueError: too few or too many steps, a step without caption, a figure or image without alt, a start
            that is no step, a delay out of range, or a state too large for a page.
        TypeError: a step of another type, or a picture that is none.
    """
    given = [one if isinstance(one, Step) else _as_step(i, one) for i, one in enumerate(sequence)]
    if not 2 <= len(given) <= MAX_STEPS:
        raise ValueError(f"sequence must hold 2 to {MAX_STEPS} steps, got {len(given)}")
    for name, value, low, high in (("start", start, 0, len(given) - 1), ("delay", delay, 200, 10_000)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be an integer, got {value!r}")
        if not low <= value <= high:
            raise ValueError(f"{name} must be {low} to {high}, got {value}")
    store: dict[str, int] = {}
    frames = []
    for i, one in enumerate(given):
        if not isinstance(one.caption, str) or not one.caption.strip():
            raise ValueError(f"step {i} must have a caption, got {one.caption!r}")
        parts = one.picture if isinstance(one.picture, list) else [one.picture]
        if not parts:
            raise ValueError(f"step {i} must have a picture, got an empty list")
        drawings = [_drawing(f"step {i}", part, one.alt, len(parts) == 1, store) for part in parts]
        frames.append({"caption": one.caption.strip(), "drawings": drawings})
    return Stepper(frames=frames, pictures=list(store), start=start, delay=delay, caption=caption, alt=alt)


def _as_step(i: int, one: Any) -> Step:
    if not isinstance(one, tuple) or len(one) not in (2, 3):
        raise TypeError(f"step {i} must be a Step or (caption, picture[, alt]), got {type(one).__name__}")
    return Step(*one)
