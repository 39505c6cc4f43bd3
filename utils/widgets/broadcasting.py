"""The broadcasting widget: two shapes in, the stretched grids or the reason for the error out."""

from __future__ import annotations

from collections.abc import Sequence

import traitlets as t

from utils.palette import LIGHT
from utils.plotting import figure_svg, svg_uri
from utils.widgets.base import BookWidget

PAIRS = [((3, 1), (1, 4)), ((2, 3), (3,)), ((3,), (2,)), ((2, 1, 3), (2, 1)), ((2, 3), (2,)), ((4,), (4, 1))]
PAIRS += [((), (2, 2)), ((64, 3, 32, 32), (3, 1, 1)), ((64, 3, 32, 32), (3,))]


class Broadcasting(BookWidget):
    """The widget behind `broadcasting`."""

    name = "broadcasting"

    pairs = t.List().tag(sync=True)  # [[shape, shape]] to choose from
    a, b = t.List().tag(sync=True), t.List().tag(sync=True)  # sizes

    def poster(self) -> tuple[str, int, int]:
        from matplotlib import pyplot as plt

        fig, ax = plt.subplots(figsize=(6, 1.2))
        ax.axis("off")
        text = f"shapes {tuple(self.a)} and {tuple(self.b)}: which comes out?"
        ax.text(0.5, 0.5, text, size=13, ha="center", va="center", color=LIGHT["ours"])
        svg = figure_svg(fig)
        plt.close(fig)
        return svg_uri(svg), 576, 115


def broadcasting(
    *, caption: str, alt: str, a: Sequence[int] = (3, 1), b: Sequence[int] = (1, 4)
) -> Broadcasting:
    """Two shapes that the reader sets; the result is predicted, then shown axis by axis and as numbers.

    Args:
        caption: what to try, under the widget.
        alt: what the picture shows, for readers who cannot see it.
        a, b: the two shapes at the start, up to six sizes each.

    Raises:
        ValueError: more than six axes, a size that is no integer from 1 to 999,999, or a missing caption or alt text.
    """
    for name, shape in (("a", a), ("b", b)):
        if len(shape) > 6 or not all(type(n) is int and 1 <= n <= 999_999 for n in shape):
            raise ValueError(f"{name} must be up to 6 integers from 1 to 999,999, got {shape!r}")
    pairs = [[list(one), list(other)] for one, other in PAIRS]
    return Broadcasting(pairs=pairs, a=list(a), b=list(b), caption=caption, alt=alt)
