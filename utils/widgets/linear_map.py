"""The linear map explorer: a 2 x 2 matrix whose columns the reader drags.

`analyse` is the mathematics in Python, by LAPACK; the widget's module computes the same in closed form, and a
test holds one against the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets as t

from utils.palette import LIGHT
from utils.plotting import figure_svg, svg_uri
from utils.widgets.base import BookWidget

PRESETS: dict[str, list[list[float]]] = {
    "identity": [[1, 0], [0, 1]],
    "stretch": [[2, 0], [0, 0.5]],
    "rotation by 30°": [[0.866025, -0.5], [0.5, 0.866025]],
    "shear": [[1, 1], [0, 1]],
    "projection onto a line": [[0.8, 0.4], [0.4, 0.2]],
    "reflection": [[0.6, 0.8], [0.8, -0.6]],
    "symmetric": [[1.6, 0.6], [0.6, 1.0]],
    "turn and stretch": [[1.2, -1], [0.6, 0.4]],
    "nearly singular": [[1.6, 0.8], [1.2, 0.65]],
}
RANK_TOLERANCE = 1e-12  # of the largest singular value
_REACH = 3.0


def analyse(A: np.ndarray) -> dict[str, np.ndarray]:
    """Determinant, rank, condition number, singular values and eigenvalues of 2 x 2 matrices.

    Args:
        A: (..., 2, 2).

    Returns:
        ``det``, ``rank``, ``condition`` (...) (infinite below rank 2), ``s`` (..., 2) in falling order,
        ``values`` (..., 2) complex eigenvalues, falling by real, then by imaginary part.

    Raises:
        ValueError: another shape, or entries that are not finite.
    """
    A = np.asarray(A, float)
    if A.shape[-2:] != (2, 2):
        raise ValueError(f"A must have shape (..., 2, 2), got {A.shape}")
    if not np.isfinite(A).all():
        raise ValueError("A must hold finite numbers")
    s = np.linalg.svd(A, compute_uv=False)
    rank = (s > RANK_TOLERANCE * s[..., :1]).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        condition = np.where(rank == 2, s[..., 0] / s[..., 1], np.inf)
    values = np.sort(np.linalg.eigvals(A).astype(complex), axis=-1)[..., ::-1]
    return {"det": np.linalg.det(A), "rank": rank, "condition": condition, "s": s, "values": values}


class LinearMap(BookWidget):
    """The widget behind `linear_map_explorer`."""

    name = "linear_map"

    presets = t.List().tag(sync=True)  # [{name, matrix}]
    matrix = t.List().tag(sync=True)  # [[a, b], [c, d]] at the start
    chosen = t.Unicode().tag(sync=True)  # the preset's name, or "your own"
    angle = t.Float().tag(sync=True)  # degrees, of the vector x

    def poster(self) -> tuple[str, int, int]:
        from matplotlib import pyplot as plt
        from matplotlib.patches import Polygon

        A = np.asarray(self.matrix)
        fig, ax = plt.subplots(figsize=(4.4, 4.4))
        for i in range(-8, 9):
            ends = np.array([[i, i], [-8, 8]])
            for line in (ends, ends[::-1]):
                ax.plot(*line, color=LIGHT["rule"], lw=0.6)
                ax.plot(*(A @ line), color=LIGHT["ours"], lw=0.8, alpha=0.3)
        turn = np.linspace(0, 2 * np.pi, 121)
        circle = np.stack([np.cos(turn), np.sin(turn)])
        side = "ours" if np.linalg.det(A) > 0 else "failure"
        ax.add_patch(Polygon((A @ np.array([[0, 1, 1, 0], [0, 0, 1, 1]])).T, color=LIGHT[side], alpha=0.2))
        ax.plot(*circle, "--", color=LIGHT["muted"], lw=1.2)
        ax.plot(*(A @ circle), color=LIGHT["ours"])
        values, vectors = np.linalg.eig(A)
        for value, vector in zip(values, vectors.T, strict=True):
            if np.isreal(value):
                ax.plot(*np.outer(vector.real, [-9, 9]), color=LIGHT["reference"], lw=1.4)
        for j, label in enumerate(("a₁", "a₂")):
            ax.annotate(
                "", A[:, j], (0, 0), arrowprops={"arrowstyle": "-|>", "color": LIGHT["ink"], "lw": 1.6}
            )
            ax.plot(*A[:, j], "o", color=LIGHT["ink"], ms=8)
            ax.annotate(label, A[:, j], (8, 6), textcoords="offset points", fontsize=11)
        ax.set(xlim=(-3.25, 3.25), ylim=(-3.25, 3.25), aspect="equal")
        ax.axis("off")
        svg = figure_svg(fig)
        plt.close(fig)
        return svg_uri(svg), 422, 422


def linear_map_explorer(
    *, caption: str, alt: str, matrix: Any = "symmetric", angle: float = 115.0
) -> LinearMap:
    """A 2 x 2 matrix as what it does to the plane; the reader drags its columns.

    Args:
        caption: what to try, under the widget.
        alt: what the picture shows, for readers who cannot see it.
        matrix: the name of one of `PRESETS`, or a (2, 2) matrix with entries from -3 to 3.
        angle: degrees, where the vector x stands on the unit circle at the start.

    Returns:
        The widget; make it the last line of the cell.

    Raises:
        ValueError: another shape, an entry out of range, an unknown name, an angle that is not finite, or a
            missing caption or alt text.
        TypeError: an angle that is no number.
    """
    chosen = "your own"
    if isinstance(matrix, str):
        if matrix not in PRESETS:
            raise ValueError(f"matrix must be one of {', '.join(PRESETS)} or a (2, 2) array, got {matrix!r}")
        chosen, matrix = matrix, PRESETS[matrix]
    A = np.asarray(matrix, float)
    if A.shape != (2, 2):
        raise ValueError(f"matrix must have shape (2, 2), got {A.shape}")
    if not (np.abs(A) <= _REACH).all():
        raise ValueError(f"matrix must have entries from {-_REACH:g} to {_REACH:g}, got {A.tolist()}")
    if isinstance(angle, bool) or not isinstance(angle, (int, float, np.number)):
        raise TypeError(f"angle must be a number of degrees, got {angle!r}")
    if not np.isfinite(angle):
        raise ValueError(f"angle must be finite, got {angle}")
    presets = [{"name": name, "matrix": rows} for name, rows in PRESETS.items()]
    return LinearMap(
        presets=presets, matrix=A.tolist(), chosen=chosen, angle=float(angle), caption=caption, alt=alt
    )
