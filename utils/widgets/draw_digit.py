"""Draw a digit: a small network answers while the reader draws, shows what it looks at, and can be fooled.

The drawing is prepared as MNIST's digits were, in the module and here with the same numbers (`render_strokes`,
`prepare_digit`). Strokes are lists of points (x, y) in pixels of the 28 x 28 picture, x to the right, y down,
pixel centers at one half.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import traitlets as t
from torch import Tensor, nn

from utils.palette import LIGHT
from utils.plotting import PAGE_WIDTH, figure_svg, svg_uri
from utils.widgets.input_gradient import OUTPUTS, InputGradients
from utils.widgets.onnx import ModelWidget, export_onnx

SIDE = 28
PEN_RADIUS = 1.15
_BOX = 20  # the longer side of a digit, pen included
_MIDDLE = 14.5  # where MNIST's centers of mass lie: in the middle of pixel 14
_MOST = 4  # a dot is not blown up to a digit
_MAX_EXAMPLES = 6

Strokes = Sequence[Sequence[Sequence[float]]]


def _points(strokes: Strokes) -> list[np.ndarray]:
    """Each stroke as an array (N, 2) of at least one finite point."""
    arrays = [np.asarray(points, float) for points in strokes]
    for i, points in enumerate(arrays):
        if points.ndim != 2 or points.shape[1] != 2 or not len(points) or not np.isfinite(points).all():
            raise ValueError(f"strokes[{i}] must be at least one finite point (x, y), got {strokes[i]!r}")
    return arrays


def render_strokes(strokes: Strokes, radius: float = PEN_RADIUS, side: int = SIDE) -> np.ndarray:
    """Coverage of each pixel by a round pen, (side, side) in [0, 1]; an edge is one pixel soft."""
    arrays = _points(strokes)
    if not arrays:
        return np.zeros((side, side))
    a = np.concatenate([p[:-1] if len(p) > 1 else p for p in arrays])  # (S, 2), a single point is a dot
    d = np.concatenate([p[1:] if len(p) > 1 else p for p in arrays]) - a  # (S, 2)
    y, x = np.indices((side, side)).reshape(2, -1) + 0.5
    p = np.stack([x, y], 1)[:, None] - a  # (pixels, S, 2)
    square = (d**2).sum(1)
    along = np.clip((p * d).sum(2) / np.where(square > 0, square, 1), 0, 1)
    distance = np.hypot(*np.moveaxis(p - along[..., None] * d, 2, 0))
    return np.clip(radius + 0.5 - distance.min(1), 0, 1).reshape(side, side)


def prepare_digit(strokes: Strokes) -> np.ndarray:
    """Strokes as MNIST prepared its digits: (28, 28) in [0, 1].

    The longer side fits 20 pixels, then the center of mass goes to the middle (LeCun, Cortes and Burges, 1998).
    We scale the strokes, not their pixels, so that the line is as wide as MNIST's for a digit of any size.

    Raises:
        ValueError: a stroke without points, or points that are not finite pairs.
    """
    arrays = _points(strokes)
    if not arrays:
        return np.zeros((SIDE, SIDE))
    points = np.concatenate(arrays)
    low, high = points.min(0), points.max(0)
    size = _BOX - 2 * PEN_RADIUS
    scale = size / max((high - low).max(), size / _MOST)

    def placed(middle: np.ndarray) -> list[np.ndarray]:
        return [(p - (low + high) / 2) * scale + middle for p in arrays]

    middle = np.full(2, _MIDDLE)
    ink = render_strokes(placed(middle))
    rows, columns = np.indices(ink.shape) + 0.5
    mass = np.array([(ink * columns).sum(), (ink * rows).sum()]) / ink.sum()
    return render_strokes(placed(2 * middle - mass))


def fgsm(x: np.ndarray, gradient: np.ndarray, epsilon: float) -> np.ndarray:
    """Fast gradient sign method: x + epsilon sign(gradient), kept in [0, 1].

    Source: Goodfellow, Shlens and Szegedy (2014), https://arxiv.org/abs/1412.6572.
    """
    return np.clip(x + epsilon * np.sign(gradient), 0, 1)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(float) - logits.max())
    return powers / powers.sum()


class DrawDigit(ModelWidget):
    """The widget behind `draw_digit`."""

    name = "draw_digit"

    examples = t.List().tag(sync=True)  # base64 of 28 x 28 bytes each
    epsilon = t.Float().tag(sync=True)  # of the attack, where its slider starts
    filters = t.Int().tag(sync=True)  # feature maps of the first layer

    def picture(self, i: int) -> np.ndarray:
        """Example ``i``, (28, 28) in [0, 1]."""
        return np.frombuffer(base64.b64decode(self.examples[i]), np.uint8).reshape(SIDE, SIDE) / 255

    def poster(self) -> tuple[str, int, int]:
        from matplotlib import pyplot as plt

        x = self.picture(0)
        out = self.run_model(torch.from_numpy(x[None, None]).float())
        p = _softmax(out["logits"][0])
        columns = min(self.filters, 8)
        fig = plt.figure(figsize=(PAGE_WIDTH, 3.9))
        upper, lower = fig.subfigures(2, 1, height_ratios=[2.2, 1])
        *pictures, ax = upper.subplots(1, 3, width_ratios=[1, 1, 1.1])
        pictures[0].imshow(x, vmin=0, vmax=1)
        pictures[1].imshow(np.abs(out["saliency"][0, 0]), cmap="viridis")
        for picture, title in zip(pictures, ("Drawing", "Saliency: |∂ logit / ∂ pixel|"), strict=True):
            picture.set_title(title)
            picture.axis("off")
        ax.barh(range(10), p, color=LIGHT["ours"], height=0.7)
        ax.set_yticks(range(10), range(10))
        ax.invert_yaxis()
        ax.set_xlim(0, 1)
        ax.set_title(f"Reads {p.argmax()}, probability {p.max():.2f}")
        most = out["features"].max()
        for i, ax in enumerate(lower.subplots(1, columns, squeeze=False)[0]):
            ax.imshow(out["features"][0, i], cmap="viridis", vmin=0, vmax=most)
            ax.axis("off")
        lower.suptitle("Feature maps of the first layer", x=0.01, ha="left", fontsize=10.5)
        svg = figure_svg(fig)
        plt.close(fig)
        return svg_uri(svg), round(96 * PAGE_WIDTH), round(96 * 3.9)


def _example_pictures(examples: Any) -> list[str]:
    values = examples.detach().cpu().numpy() if isinstance(examples, Tensor) else np.asarray(examples)
    if values.ndim == 4 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 3 or values.shape[1:] != (SIDE, SIDE) or not 1 <= len(values) <= _MAX_EXAMPLES:
        raise ValueError(
            f"examples must be 1 to {_MAX_EXAMPLES} pictures, (N, 28, 28) or (N, 1, 28, 28), got shape {values.shape}"
        )
    if values.dtype.kind != "f":
        raise TypeError(f"examples must be float in [0, 1], got dtype {values.dtype}")
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise ValueError(f"examples must lie in [0, 1], got {values.min():.3g} to {values.max():.3g}")
    return [base64.b64encode(np.rint(x * 255).astype(np.uint8).tobytes()).decode("ascii") for x in values]


def draw_digit(
    net: nn.Sequential, *, examples: Any, caption: str, alt: str, epsilon: float = 0.1
) -> DrawDigit:
    """A pad to draw a digit on, answered by ``net`` at every stroke.

    As the reader draws: the probabilities of the ten digits, the first layer's feature maps, the saliency
    |∂ logit / ∂ pixel|, and on demand the fast gradient sign method. On the page, the exported network runs in
    the browser once the reader starts it; with a kernel, ``net`` itself answers.

    Args:
        net: a classifier of (1, 1, 28, 28) pictures, white on black in [0, 1], with 10 logits; layers as
            `InputGradients` takes them, fewer than about 25,000 parameters.
        examples: 1 to 6 digits, (N, 28, 28) or (N, 1, 28, 28), float in [0, 1]; the reader can start from them,
            and the widget starts with the first.
        caption: what to try, under the widget.
        alt: what the still picture shows, for readers who cannot see it.
        epsilon: where the slider of the attack starts, 0.01 to 0.3.

    Returns:
        The widget; make it the last line of the cell.

    Raises:
        ValueError: a net, examples or epsilon of another kind than above, a network too large for a page, an
            exported file that disagrees with torch, or a missing caption or alt text.
        TypeError: ``net`` is no ``nn.Sequential``, or examples that are not floats.
        ModuleNotFoundError: onnx or onnxscript is not installed.
    """
    if isinstance(epsilon, bool) or not isinstance(epsilon, (int, float)) or not 0.01 <= epsilon <= 0.3:
        raise ValueError(f"epsilon must be a number from 0.01 to 0.3, got {epsilon!r}")
    pictures = _example_pictures(examples)
    module = InputGradients(net)
    device = next(net.parameters()).device
    x = np.frombuffer(base64.b64decode(pictures[0]), np.uint8).astype(np.float32) / 255
    probe = torch.from_numpy(x.reshape(1, 1, SIDE, SIDE))
    try:
        with torch.no_grad():
            shape = tuple(net(probe.to(device)).shape)
    except RuntimeError as error:
        raise ValueError(f"net must take a (1, 1, 28, 28) picture: {error}") from error
    if shape != (1, 10):
        raise ValueError(f"net must give 10 logits for a picture, got an output of shape {shape}")
    names = {"input_names": ["x"], "output_names": list(OUTPUTS)}
    return DrawDigit(
        module,
        export_onnx(module, probe, **names),
        **names,
        examples=pictures,
        epsilon=float(epsilon),
        filters=net[0].out_channels,
        caption=caption,
        alt=alt,
    )
