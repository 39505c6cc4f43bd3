"""`playground`: a small net on 2-D data, trained where the reader sees every weight and every gradient.

The module trains in the page; `utils.widgets.mlp` has the same mathematics in NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets as t

from utils.palette import LIGHT
from utils.plotting import PAGE_WIDTH, figure_svg, svg_uri
from utils.widgets.base import BookWidget
from utils.widgets.mlp import (
    ACTIVATIONS,
    DATA_SETS,
    INITS,
    data_set,
    forward,
    init_layers,
    loss_and_gradients,
)

EXTENT = 2.6  # the decision surface is drawn over [-EXTENT, EXTENT]²
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
L2S = (0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
BATCHES = (1, 5, 10, 20, 40, 80, 160)
SHOWS = ("weights", "gradients")


class Playground(BookWidget):
    """The widget behind `playground`."""

    name = "playground"

    data = t.Dict().tag(sync=True)  # name -> {"train": {"x": [x1, x2, …], "y"}, "test": the same}
    start = t.Dict().tag(sync=True)  # what the controls start at
    stops = t.Dict().tag(sync=True)  # values of the sliders: rate, l2, batch
    extent = t.Float(EXTENT).tag(sync=True)

    def poster(self) -> tuple[str, int, int]:
        from matplotlib import pyplot as plt
        from matplotlib.colors import LinearSegmentedColormap

        s = self.start
        sizes = (2, *s["hidden"], 1)
        layers = init_layers(sizes, s["init"], s["seed"])
        train = self.data[s["data"]]["train"]
        X, y = np.reshape(train["x"], (-1, 2)), np.array(train["y"])
        _, gradients = loss_and_gradients(layers, X, y, s["activation"], s["l2"])
        fig, (left, right) = plt.subplots(
            1, 2, figsize=(PAGE_WIDTH, 3.1), gridspec_kw={"width_ratios": [3, 2]}
        )
        place = [np.linspace(0, 1, n + 2)[1:-1] for n in sizes]
        for layer, ((W, _), (gW, _)) in enumerate(zip(layers, gradients, strict=True)):
            for (j, i), w in np.ndenumerate(W):
                if s["show"] == "gradients":
                    width, ink = gradient_width(gW[j, i]), LIGHT["fifth"]
                else:
                    width, ink = weight_width(w), LIGHT["reference" if w > 0 else "ours"]
                left.plot(
                    [layer, layer + 1], [place[layer][i], place[layer + 1][j]], color=ink, lw=width, zorder=1
                )
        for layer, ys in enumerate(place):
            left.scatter(
                [layer] * len(ys), ys, s=110, color=LIGHT["paper"], edgecolor=LIGHT["muted"], zorder=2
            )
        left.set_title(f"{s['activation']}, {s['init']} initialization: {s['show']}")
        left.axis("off")
        axis = np.linspace(-EXTENT, EXTENT, 40)
        grid = np.stack(np.meshgrid(axis, axis[::-1]), -1).reshape(-1, 2)
        p = 1 / (1 + np.exp(-forward(layers, grid, s["activation"])[-1][:, 0]))
        ramp = LinearSegmentedColormap.from_list(
            "signed", ["#1d4e89", "#6ea3d0", "#f2f2f2", "#e9a85c", "#a65404"]
        )
        box = (-EXTENT, EXTENT, -EXTENT, EXTENT)
        right.imshow(p.reshape(40, 40), extent=box, cmap=ramp, vmin=0, vmax=1)
        for label, ink in ((0, "ours"), (1, "reference")):
            right.scatter(*X[y == label].T, s=9, color=LIGHT[ink], edgecolor=LIGHT["paper"], linewidth=0.4)
        right.set_title("Decision surface")
        right.set(xticks=[], yticks=[])
        svg = figure_svg(fig)
        plt.close(fig)
        return svg_uri(svg), round(96 * PAGE_WIDTH), round(96 * 3.1)


def weight_width(w: float) -> float:
    """Width in px of the line of a weight."""
    return float(np.clip(2.2 * abs(w), 0.4, 9))


def gradient_width(g: float) -> float:
    """Width in px of the line of a weight by its gradient, on a log scale: 1e-6 and less is thin, 1 is thick."""
    return 0.4 + 7 * float(np.clip((np.log10(max(abs(g), 1e-300)) + 6) / 6, 0, 1)) ** 2


def _stop(name: str, value: Any, stops: Sequence[float]) -> Any:
    if isinstance(value, bool) or value not in stops:
        raise ValueError(f"{name} must be one of {', '.join(f'{s:g}' for s in stops)}, got {value!r}")
    return stops[list(stops).index(value)]


def playground(
    *,
    caption: str,
    alt: str,
    data: str = "circle",
    hidden: Sequence[int] = (4, 4),
    activation: str = "tanh",
    init: str = "xavier",
    rate: float = 0.1,
    l2: float = 0.0,
    batch: int = 20,
    show: str = "weights",
    noise: float = 0.12,
    seed: int = 0,
) -> Playground:
    """A neural-net playground: two-dimensional data, a net of up to four hidden layers, trained in the page.

    The net has two inputs, hidden layers of one activation and one logit; it minimizes the mean binary
    cross-entropy plus ``l2 / 2 · Σ w²`` by mini-batch gradient descent. Each of the five data sets has 160
    training and 160 test points. All arguments but ``noise`` and ``seed`` are where the reader's controls start.

    Args:
        caption: what to try, under the widget.
        alt: what the picture shows, for readers who cannot see it.
        data: one of circle, xor, spirals, gaussians, moons.
        hidden: units of each hidden layer, 1 to 4 numbers from 1 to 8.
        activation: tanh, relu, sigmoid or linear.
        init: zero, small (standard deviation 0.01), xavier, he, or large (standard deviation 3).
        rate: learning rate, one of 0.001, 0.003, 0.01, … 10.
        l2: strength of the penalty on squared weights, one of 0, 0.0001, 0.0003, 0.001, … 0.1.
        batch: examples in a mini-batch, one of 1, 5, 10, 20, 40, 80, 160.
        show: "weights" or "gradients": what the width of a connection stands for.
        noise: standard deviation of the noise on the points, 0 to 1.
        seed: of the points, the initial weights and the order of the examples.

    Returns:
        The widget; make it the last line of the cell.

    Raises:
        ValueError: an argument outside these values, or a missing caption or alt text.
        TypeError: ``hidden`` or ``seed`` of another type.
    """
    for name, value, allowed in (
        ("data", data, DATA_SETS),
        ("activation", activation, ACTIVATIONS),
        ("init", init, INITS),
        ("show", show, SHOWS),
    ):
        if value not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
    if isinstance(hidden, (str, bytes)) or not isinstance(hidden, Sequence):
        raise TypeError(f"hidden must be a sequence of units per layer, such as (4, 4), got {hidden!r}")
    units = list(hidden)
    if not 1 <= len(units) <= 4 or not all(type(u) is int and 1 <= u <= 8 for u in units):
        raise ValueError(f"hidden must be 1 to 4 whole numbers from 1 to 8, got {hidden!r}")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed must be a whole number, got {seed!r}")
    if not 0 <= seed < 2**31:
        raise ValueError(f"seed must be from 0 to 2147483647, got {seed!r}")
    if isinstance(noise, bool) or not isinstance(noise, (int, float)) or not 0 <= noise <= 1:
        raise ValueError(f"noise must be a number from 0 to 1, got {noise!r}")

    def part(name: str, seed: int) -> dict[str, list[float]]:
        X, y = data_set(name, 160, noise, seed)
        return {"x": X.round(3).ravel().tolist(), "y": y.tolist()}

    start = {
        "data": data,
        "hidden": units,
        "activation": activation,
        "init": init,
        "rate": _stop("rate", rate, RATES),
        "l2": _stop("l2", l2, L2S),
        "batch": _stop("batch", batch, BATCHES),
        "show": show,
        "seed": seed,
    }
    return Playground(
        caption=caption,
        alt=alt,
        # the test points are drawn with a seed of their own, so that both sets have the same distribution
        data={name: {"train": part(name, 2 * seed), "test": part(name, 2 * seed + 1)} for name in DATA_SETS},
        start=start,
        stops={"rate": list(RATES), "l2": list(L2S), "batch": list(BATCHES)},
    )
