"""`race`: optimizers from one start on one surface, drawn as they run.

The module computes its own steps; `surfaces`, `run_optimizer` and `diverged_at` are the same mathematics for
notebooks, and follow PyTorch's conventions (https://docs.pytorch.org/docs/stable/optim.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import traitlets as t

from utils.palette import LIGHT
from utils.plotting import figure_svg, svg_uri
from utils.widgets.base import BookWidget

MAX_STEPS = 1000
LOSS_FLOOR = 1e-8  # below it the loss curves are not drawn

# name -> (label, color, dashed). Variants of one idea share a color.
OPTIMIZERS: Mapping[str, tuple[str, str, bool]] = MappingProxyType(
    {
        "gd": ("gradient descent", "ink", False),
        "momentum": ("momentum", "ours", False),
        "nesterov": ("Nesterov", "ours", True),
        "adagrad": ("AdaGrad", "fourth", False),
        "rmsprop": ("RMSProp", "fifth", False),
        "adam": ("Adam", "reference", False),
        "amsgrad": ("AMSGrad", "reference", True),
    }
)
PLAIN = ("gd", "momentum", "nesterov")  # take the rate lr; the others take lr_adaptive


@dataclass(frozen=True)
class Surface:
    """A function of the plane to minimize.

    Attributes:
        label: its name for readers.
        value: (..., 2) points -> (...) values.
        gradient: (..., 2) points -> (..., 2) gradients.
        x, y: the part of the plane that the map shows.
        low: the smallest value; ``minima``: where it is taken.
        curvature: the largest eigenvalue of the Hessian at the minimum, λ_max.
        start, lr, adaptive: where the race begins, and at which rates.
    """

    label: str
    value: Callable[[np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray], np.ndarray]
    x: tuple[float, float]
    y: tuple[float, float]
    low: float
    minima: tuple[tuple[float, float], ...]
    curvature: float
    start: tuple[float, float]
    lr: float
    adaptive: float


def _surface(
    value: Callable[..., Any], gradient: Callable[..., tuple[Any, Any]], label: str, **facts: Any
) -> Surface:
    """A surface from functions of x and y."""
    return Surface(
        label=label,
        value=lambda w: value(*np.moveaxis(np.asarray(w, float), -1, 0)),
        gradient=lambda w: np.stack(gradient(*np.moveaxis(np.asarray(w, float), -1, 0)), axis=-1),
        **facts,
    )


def _bell(x: Any, y: Any) -> Any:
    return np.exp(-0.25 * (x * x + 2 * (y * y)))


# The same constants stand in kit/descent.mjs; a test holds the two against each other.
surfaces: Mapping[str, Surface] = MappingProxyType(
    {
        "ravine": _surface(
            lambda x, y: 0.5 * (x * x + 20 * (y * y)),
            lambda x, y: (x, 20 * y),
            "Ravine",
            **{"x": (-5, 5), "y": (-3.5, 3.5), "low": 0, "minima": ((0, 0),), "curvature": 20},
            **{"start": (-4, 1.5), "lr": 0.06, "adaptive": 0.2},
        ),
        "tilted": _surface(
            lambda x, y: 5.25 * (x * x) - 9.5 * (x * y) + 5.25 * (y * y),
            lambda x, y: (10.5 * x - 9.5 * y, 10.5 * y - 9.5 * x),
            "Ravine, turned 45°",
            **{"x": (-5, 5), "y": (-3.5, 3.5), "low": 0, "minima": ((0, 0),), "curvature": 20},
            **{"start": (-4, -1.5), "lr": 0.06, "adaptive": 0.2},
        ),
        "saddle": _surface(
            lambda x, y: 0.5 * (x * x) - 0.5 * (y * y) + 0.0625 * (y * y * y * y),
            lambda x, y: (x, 0.25 * (y * y * y) - y),
            "Saddle",
            **{"x": (-4, 4), "y": (-2.8, 2.8), "low": -1, "minima": ((0, 2), (0, -2)), "curvature": 2},
            **{"start": (-3, 0.01), "lr": 0.1, "adaptive": 0.05},
        ),
        "rosenbrock": _surface(
            lambda x, y: (1 - x) * (1 - x) + 100 * ((y - x * x) * (y - x * x)),
            lambda x, y: (-2 * (1 - x) - 400 * (x * (y - x * x)), 200 * (y - x * x)),
            "Rosenbrock",
            **{"x": (-2, 2), "y": (-0.4, 2.4), "low": 0, "minima": ((1, 1),)},
            **{"curvature": 1001.6006392325123, "start": (-1.2, 1), "lr": 0.001, "adaptive": 0.05},
        ),
        "plateau": _surface(
            lambda x, y: 1 - _bell(x, y),
            lambda x, y: (0.5 * (x * _bell(x, y)), y * _bell(x, y)),
            "Plateau",
            **{"x": (-5, 5), "y": (-3.5, 3.5), "low": 0, "minima": ((0, 0),), "curvature": 1},
            **{"start": (-3.6, 1.6), "lr": 0.7, "adaptive": 0.05},
        ),
        "double_well": _surface(
            lambda x, y: 0.0625 * (x * x * x * x) - 0.5 * (x * x) + 0.2 * x + 0.5 * (y * y) + 1,
            lambda x, y: (0.25 * (x * x * x) - x + 0.2, y),
            "Double well",
            **{"x": (-4, 4), "y": (-2.8, 2.8), "low": -0.4095442952001458},
            **{"minima": ((-2.0933610636092044, 0),), "curvature": 2.2866204069762945},
            **{"start": (3.4, 1.5), "lr": 0.05, "adaptive": 0.05},
        ),
    }
)


def _one_of(argument: str, name: Any, known: Iterable[str]) -> str:
    if name not in (known := list(known)):
        raise ValueError(f"{argument} must be one of {', '.join(known)}; got {name!r}")
    return name


def _number(argument: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{argument} must be a number, got {value!r}")
    if not low <= value <= high:  # NaN too
        raise ValueError(f"{argument} must lie between {low:g} and {high:g}, got {value!r}")
    return value.item() if isinstance(value, np.number) else value


def _steps(steps: Any, least: int) -> int:
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool):
        raise TypeError(f"steps must be an integer, got {steps!r}")
    return int(_number("steps", steps, least, MAX_STEPS))


def _start(start: Any) -> np.ndarray:
    w = np.array(start, float)
    if w.ndim == 0 or w.shape[-1] != 2:
        raise ValueError(f"start must be a point (x, y) or an array (..., 2), got shape {w.shape}")
    if not np.isfinite(w).all():
        raise ValueError(f"start must be finite, got {start!r}")
    return w


def run_optimizer(
    name: str,
    surface: str | Surface,
    start: Any,
    lr: float,
    steps: int,
    *,
    momentum: float = 0.9,
    betas: tuple[float, float] = (0.9, 0.999),
    alpha: float = 0.99,
    eps: float | None = None,
) -> np.ndarray:
    """Every point that an optimizer visits, with PyTorch's update and PyTorch's defaults, in float64.

    Args:
        name: "gd", "momentum", "nesterov" (``torch.optim.SGD``), "adagrad", "rmsprop", "adam" or "amsgrad".
        surface: a name in `surfaces`, or a `Surface`.
        start: (2,), or (..., 2) for many runs at once: no optimizer here couples the coordinates.
        lr: learning rate, at least 0.
        steps: number of updates, 0 to 1000.
        momentum: of "momentum" and "nesterov", in [0, 1].
        betas: of "adam" and "amsgrad".
        alpha: smoothing of "rmsprop".
        eps: added to the denominator; 1e-8, for "adagrad" 1e-10, where left out.

    Returns:
        (steps + 1, 2), or (steps + 1, ..., 2): the start first. A run that diverges ends in inf or NaN, as in
        PyTorch.

    Raises:
        ValueError, TypeError: an argument outside of the above.
    """
    _one_of("name", name, OPTIMIZERS)
    field = surface if isinstance(surface, Surface) else surfaces[_one_of("surface", surface, surfaces)]
    w, steps, lr = _start(start), _steps(steps, 0), _number("lr", lr, 0, np.inf)
    momentum = 0 if name == "gd" else _number("momentum", momentum, 0, 1)
    beta1, beta2 = betas
    eps = eps if eps is not None else 1e-10 if name == "adagrad" else 1e-8
    path = np.empty((steps + 1, *w.shape))
    path[0] = w
    m, v, top = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    power1 = power2 = 1.0  # beta**t
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(1, steps + 1):
            g = field.gradient(w)
            if name in PLAIN:
                # PyTorch starts the velocity at the first gradient, without damping.
                v = g if step == 1 else momentum * v + g
                w = w - lr * (g + momentum * v if name == "nesterov" else v)
            elif name == "adagrad":
                v = v + g * g
                w = w - lr * (g / (np.sqrt(v) + eps))
            elif name == "rmsprop":
                v = alpha * v + (1 - alpha) * (g * g)
                w = w - lr * (g / (np.sqrt(v) + eps))
            else:
                power1, power2 = power1 * beta1, power2 * beta2
                m = m + (1 - beta1) * (g - m)
                v = beta2 * v + (1 - beta2) * (g * g)
                # PyTorch takes the maximum before the bias correction.
                top = np.maximum(top, v) if name == "amsgrad" else v
                scale = np.sqrt(top) / np.sqrt(1 - power2) + eps
                w = w - (lr / (1 - power1)) * (m / scale)
            path[step] = w
    return path


def diverged_at(path: np.ndarray, surface: str) -> int | None:
    """The first step at which a run (steps + 1, 2) is outside the map enlarged four times, or not a number."""
    field = surfaces[_one_of("surface", surface, surfaces)]
    low, high = np.array([field.x, field.y]).T
    inside = (np.abs(np.asarray(path) - (low + high) / 2) <= 2 * (high - low)).all(axis=-1)
    return None if inside.all() else int(np.argmin(inside))


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
            right.plot(np.maximum(field.value(path) - field.low, LOSS_FLOOR), label=label, **style)
        left.plot(*self.start, "o", color=LIGHT["ink"])
        left.set(xlim=field.x, ylim=field.y, title=field.label)
        right.set(xlim=(0, self.steps), yscale="log", xlabel="step", title="loss above the minimum")
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
    field = surfaces[_one_of("surface", surface, surfaces)]
    if isinstance(optimizers, str) or not isinstance(optimizers, Sequence):
        raise TypeError(f"optimizers must be a sequence of names, got {optimizers!r}")
    chosen = [_one_of("optimizers", name, OPTIMIZERS) for name in optimizers]
    place = _start(field.start if start is None else start)
    if place.shape != (2,):
        raise ValueError(f"start must be one point (x, y), got shape {place.shape}")
    for axis, at, span in zip("xy", place, (field.x, field.y), strict=True):
        _number(f"start's {axis}", at, *span)
    return Race(
        caption=caption,
        alt=alt,
        surface=surface,
        start=place.tolist(),
        optimizers=[name for name in OPTIMIZERS if name in chosen],
        lr=_number("lr", field.lr if lr is None else lr, 1e-4, 10),
        lr_adaptive=_number("lr_adaptive", field.adaptive if lr_adaptive is None else lr_adaptive, 1e-4, 10),
        momentum=_number("momentum", momentum, 0, 0.99),
        steps=_steps(steps, 10),
    )
