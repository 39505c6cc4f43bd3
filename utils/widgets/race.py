"""`race`: optimizers from one start on one surface, drawn as they run.

The module computes its own steps; `surfaces`, `run_optimizer` and `diverged_at` are the same mathematics for
notebooks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import traitlets as t

from utils.palette import LIGHT
from utils.plotting import figure_svg, svg_uri
from utils.widgets.base import BookWidget
from utils.widgets.descent import (
    OPTIMIZERS,
    PLAIN,
    Surface,
    count_of_steps,
    diverged_at,
    number_between,
    one_of,
    run_optimizer,
    start_points,
    surfaces,
)

__all__ = ["Race", "Surface", "diverged_at", "race", "run_optimizer", "surfaces"]

LOSS_FLOOR = 1e-8  # below it the loss curves are not drawn


class Race(BookWidget):
    """The widget behind `race`."""

    name = "race"

    surface = t.Unicode().tag(sync=True)
    start = t.List(t.Float()).tag(sync=True)
    optimizers = t.List(t.Unicode()).tag(sync=True)
    lr = t.Float().tag(sync=True)
    lr_adaptive = t.Float().tag(sync=True)
    momentum = t.Float().tag(sync=True)
    steps = t.Int().tag(sync=True)

    def path(self, name: str) -> np.ndarray:
        """(steps + 1, 2): the run of one optimizer as the widget stands."""
        lr = self.lr if name in PLAIN else self.lr_adaptive
        return run_optimizer(name, self.surface, self.start, lr, self.steps, momentum=self.momentum)

    def poster(self) -> tuple[str, int, int]:
        from matplotlib import pyplot as plt

        field = surfaces[self.surface]
        fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3), width_ratios=(3, 2))
        x, y = np.meshgrid(np.linspace(*field.x, 120), np.linspace(*field.y, 84))
        z = field.value(np.stack([x, y], -1)) - field.low
        left.contour(x, y, z, z.max() * 2.0 ** np.arange(-12, 0), colors=LIGHT["data"], linewidths=0.6)
        for name in self.optimizers:
            path = self.path(name)
            path = path[: diverged_at(path, self.surface)]
            label, color, dashed = OPTIMIZERS[name]
            style = {"color": LIGHT[color], "ls": (0, (4, 1.5)) if dashed else "-", "lw": 1.4}
            left.plot(*path.T, **style)
            right.plot(np.maximum(field.value(path) - field.low, LOSS_FLOOR / 4), label=label, **style)
        left.plot(*self.start, "o", color=LIGHT["ink"])
        left.set(xlim=field.x, ylim=field.y, title=field.label)
        right.set(
            xlim=(0, self.steps),
            yscale="log",
            ylim=(LOSS_FLOOR, None),
            xlabel="step",
            title="loss above the minimum",
        )
        if self.optimizers:
            right.legend()
        svg = figure_svg(fig)
        plt.close(fig)
        return svg_uri(svg), 672, 288


def race(
    surface: str = "ravine",
    *,
    caption: str,
    alt: str,
    optimizers: Sequence[str] = ("gd", "momentum", "nesterov", "adam"),
    start: Sequence[float] | None = None,
    lr: float | None = None,
    lr_adaptive: float | None = None,
    momentum: float = 0.9,
    steps: int = 200,
) -> Race:
    """Optimizers race down a surface from a start that the reader drags.

    Args:
        surface: a name in `surfaces`: "ravine", "tilted", "saddle", "rosenbrock", "plateau", "double_well".
        caption: what to try, under the widget.
        alt: what the picture shows, for readers who cannot see it.
        optimizers: those that run at the start, names as in `run_optimizer`.
        start: (x, y) on the surface's map; the surface's own where left out.
        lr: rate of "gd", "momentum" and "nesterov", 1e-4 to 10; the surface's own where left out.
        lr_adaptive: rate of the others, which divide by the size of the gradient; likewise.
        momentum: of "momentum" and "nesterov", 0 to 0.99.
        steps: length of a run, 10 to 1000.

    Returns:
        The widget; make it the last line of the cell. Its ``path(name)`` is the run of one optimizer.

    Raises:
        ValueError, TypeError: an argument outside of the above, or a missing caption or alt text.
    """
    field = surfaces[one_of("surface", surface, surfaces)]
    if isinstance(optimizers, str) or not isinstance(optimizers, Sequence):
        raise TypeError(f"optimizers must be a sequence of names, got {optimizers!r}")
    chosen = [one_of("optimizers", name, OPTIMIZERS) for name in optimizers]
    place = start_points(field.start if start is None else start)
    if place.shape != (2,):
        raise ValueError(f"start must be one point (x, y), got shape {place.shape}")
    for axis, at, span in zip("xy", place, (field.x, field.y), strict=True):
        number_between(f"start's {axis}", at, *span)
    return Race(
        caption=caption,
        alt=alt,
        surface=surface,
        start=place.tolist(),
        optimizers=[name for name in OPTIMIZERS if name in chosen],
        lr=number_between("lr", field.lr if lr is None else lr, 1e-4, 10),
        lr_adaptive=number_between(
            "lr_adaptive", field.adaptive if lr_adaptive is None else lr_adaptive, 1e-4, 10
        ),
        momentum=number_between("momentum", momentum, 0, 0.99),
        steps=count_of_steps(steps, 10),
    )
