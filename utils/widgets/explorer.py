"""`explore`: sliders over any Python drawing function.

Every combination of the given values is drawn when the notebook runs, and the page looks the frames up. With
a kernel the sliders also stop between the given values, and those frames are drawn on demand.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import traitlets as t

from utils.palette import LIGHT
from utils.plotting import figure_svg, image_uri, svg_uri
from utils.widgets.base import BookWidget

MAX_FRAMES = 400


def _plain(value: Any) -> Any:
    """A JSON value: NumPy scalars become Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _grid(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """One slider, checked: its name, its stops, and whether there is anything between them."""
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must be a sequence of values for its slider, got {values!r}")
    stops = [_plain(v) for v in values]
    if not all(isinstance(v, (bool, int, float, str)) for v in stops):
        raise TypeError(f"{name} must hold numbers, strings or booleans, got {stops!r}")
    # True equals 1 in Python, but not in the module.
    if len(stops) < 2 or len({(isinstance(v, bool), v) for v in stops}) < len(stops):
        raise ValueError(f"{name} needs at least two different values, got {stops!r}")
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in stops)
    if numeric and not all(math.isfinite(v) for v in stops):
        raise ValueError(f"{name} must hold finite numbers, got {stops!r}")
    kind = "choice" if not numeric else "integer" if all(isinstance(v, int) for v in stops) else "number"
    return {"name": name, "label": name.replace("_", " "), "stops": stops, "kind": kind}


class Explorer(BookWidget):
    """The widget behind `explore`."""

    name = "explore"

    grids = t.List().tag(sync=True)  # [{name, label, stops, kind}]
    frames = t.Dict().tag(sync=True)  # "i,j" (a stop of each slider) -> frame
    index = t.List().tag(sync=True)  # the stop of each slider at the start
    width = t.Int().tag(sync=True)  # px
    request = t.Dict().tag(sync=True)  # {"id", "values"} from the page, answered in `answer`
    answer = t.Dict().tag(sync=True)  # {"id", "frame"} or {"id", "error"}

    def __init__(
        self, draw: Callable[..., Any], grids: list[dict[str, Any]], index: list[int], **state: Any
    ) -> None:
        self._draw = draw
        sizes = [range(len(grid["stops"])) for grid in grids]
        frames = {
            ",".join(map(str, at)): self._frame(
                {g["name"]: g["stops"][i] for g, i in zip(grids, at, strict=True)}
            )
            for at in itertools.product(*sizes)
        }
        super().__init__(grids=grids, frames=frames, index=index, **state)
        self.observe(self._on_request, "request")

    def _frame(self, values: dict[str, Any]) -> dict[str, str]:
        """One drawn frame: ``{"svg": …}`` or ``{"src": …}``, and ``"text"`` where the drawing says something."""
        from matplotlib import pyplot as plt
        from matplotlib.figure import Figure

        drawn = self._draw(**values)
        picture, text = drawn if isinstance(drawn, tuple) else (drawn, "")
        if not isinstance(text, str):
            raise TypeError(
                f"draw must return a picture or (picture, text), the second part is {type(text).__name__}"
            )
        if isinstance(picture, Figure):
            svg = figure_svg(picture)
            plt.close(picture)
            return {"svg": svg, "text": text}
        if isinstance(picture, np.ndarray):
            return {"src": image_uri(picture), "text": text, "size": list(picture.shape[1::-1])}
        raise TypeError(
            f"draw must return a matplotlib Figure or an image array, got {type(picture).__name__}"
        )

    def page_state(self) -> dict[str, Any]:
        state = super().page_state()
        # Drawn into the page, a figure follows the page's theme: its colors become the page's variables.
        state["frames"] = {key: self._themed(frame) for key, frame in self.frames.items()}
        return {k: v for k, v in state.items() if k not in ("request", "answer")}

    @staticmethod
    def _themed(frame: dict[str, str]) -> dict[str, str]:
        if "svg" not in frame:
            return frame
        svg = frame["svg"]
        for name, color in LIGHT.items():
            svg = svg.replace(color, f"var(--book-{name},{color})")
        return {**frame, "svg": svg}

    def poster(self) -> tuple[str, int, int]:
        frame = self.frames[",".join(map(str, self.index))]
        if "src" in frame:
            w, h = frame["size"]
            return frame["src"], self.width, round(self.width * h / w)
        w, h = (float(x) for x in frame["svg"].split('viewBox="0 0 ')[1].split('"')[0].split())
        return svg_uri(frame["svg"]), self.width, round(self.width * h / w)

    def _on_request(self, change: Any) -> None:
        asked = change["new"]
        try:
            answer = {"frame": self._frame(asked["values"])}
        except Exception as error:  # the reader sees it under the picture; the widget goes on
            answer = {"error": f"{type(error).__name__}: {error}"}
        self.answer = {"id": asked.get("id"), **answer}


def explore(
    draw: Callable[..., Any],
    *,
    caption: str,
    alt: str,
    start: dict[str, Any] | None = None,
    width: int = 480,
    **grids: Sequence[Any],
) -> Explorer:
    """Sliders over a drawing function, alive with and without a kernel.

    Args:
        draw: called with one value per grid, by name. Returns a matplotlib figure or an image, (H, W) or
            (H, W, 3), uint8 or float in [0, 1]; or a pair of that and a line of text that the widget shows
            and announces. What training makes vary in it is marked by `utils.measured`.
        caption: what to try, under the widget.
        alt: what the picture shows, for readers who cannot see it.
        start: values the sliders start at, by name; the first of each grid where left out.
        width: width of the picture in px, where the page has the room.
        **grids: for each argument of ``draw`` the values its slider stops at: numbers in order, strings or
            booleans. Between numbers a slider also moves when a kernel runs.

    Returns:
        The widget; make it the last line of the cell.

    Raises:
        ValueError: no grid, too few or equal values, more than 400 frames, a start that is not among the
            values, a missing caption or alt text, or frames too large for a page.
        TypeError: values of another type, or ``draw`` returns something that is not a picture.
    """
    if not callable(draw):
        raise TypeError(f"draw must be a function, got {type(draw).__name__}")
    if not grids:
        raise ValueError("give at least one grid of values, such as rank=[1, 5, 20]")
    sliders = [_grid(name, values) for name, values in grids.items()]
    count = math.prod(len(s["stops"]) for s in sliders)
    if count > MAX_FRAMES:
        raise ValueError(f"the grids make {count} frames, at most {MAX_FRAMES} are stored: give fewer values")
    start = start or {}
    if set(start) - set(grids):
        raise ValueError(f"start names {sorted(set(start) - set(grids))}, the grids are {sorted(grids)}")
    index = []
    for slider in sliders:
        value = start.get(slider["name"], slider["stops"][0])
        if value not in slider["stops"]:
            raise ValueError(f"start[{slider['name']!r}] must be one of {slider['stops']}, got {value!r}")
        index.append(slider["stops"].index(value))
    return Explorer(draw, sliders, index, caption=caption, alt=alt, width=width)
