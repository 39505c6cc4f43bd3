"""Surfaces and optimizers of the optimizer race, for notebooks.

Updates follow PyTorch's conventions (https://docs.pytorch.org/docs/stable/optim.html); kit/descent.mjs is the same
mathematics, operation by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

MAX_STEPS = 1000

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
            **{"start": (-3.8891, -1.7678), "lr": 0.06, "adaptive": 0.2},
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


def one_of(argument: str, name: Any, known: Iterable[str]) -> str:
    if name not in (known := list(known)):
        raise ValueError(f"{argument} must be one of {', '.join(known)}; got {name!r}")
    return name


def number_between(argument: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{argument} must be a number, got {value!r}")
    value = value.item() if isinstance(value, np.number) else value
    if not low <= value <= high:  # NaN too
        raise ValueError(f"{argument} must lie between {low:g} and {high:g}, got {value!r}")
    return value


def count_of_steps(steps: Any, least: int) -> int:
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool):
        raise TypeError(f"steps must be an integer, got {steps!r}")
    return int(number_between("steps", steps, least, MAX_STEPS))


def start_points(start: Any) -> np.ndarray:
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
    one_of("name", name, OPTIMIZERS)
    field = surface if isinstance(surface, Surface) else surfaces[one_of("surface", surface, surfaces)]
    w, steps, lr = start_points(start), count_of_steps(steps, 0), number_between("lr", lr, 0, np.inf)
    momentum = 0 if name == "gd" else number_between("momentum", momentum, 0, 1)
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
    field = surfaces[one_of("surface", surface, surfaces)]
    low, high = np.array([field.x, field.y]).T
    inside = (np.abs(np.asarray(path) - (low + high) / 2) <= 2 * (high - low)).all(axis=-1)
    return None if inside.all() else int(np.argmin(inside))
