"""`divergences`: two densities to shape, six divergences between them, and where on the line each comes from."""

from __future__ import annotations

import numpy as np
import traitlets as t

from utils.palette import LIGHT
from utils.plotting import figure_svg, svg_uri
from utils.widgets.base import BookWidget
from utils.widgets.density import (
    INTEGRANDS,
    Parts,
    check_parts,
    density,
    divergence_integrand,
    divergence_values,
    fit_q,
    gaussian_divergences,
)

__all__ = [
    "Divergences",
    "density",
    "divergence_integrand",
    "divergence_values",
    "divergences",
    "fit_q",
    "gaussian_divergences",
]

_LABELS = {
    "kl_pq": "KL(p‖q)",
    "kl_qp": "KL(q‖p)",
    "js": "Jensen–Shannon",
    "tv": "total variation",
    "hellinger": "squared Hellinger",
    "chi2": "Pearson χ²(p‖q)",
}
TWO_BUMPS: Parts = ((0.4, -2.6, 0.5), (0.6, 2.2, 0.8))
ONE_BUMP: Parts = ((1.0, -0.5, 1.3),)


class Divergences(BookWidget):
    """The widget behind `divergences`."""

    name = "divergences"

    p = t.List().tag(sync=True)  # [[weight, mean, width]], one or two parts
    q = t.List().tag(sync=True)
    show = t.Unicode().tag(sync=True)  # the divergence whose integrand is drawn

    def poster(self) -> tuple[str, int, int]:
        from matplotlib import pyplot as plt

        x = np.linspace(-7, 7, 400)
        fig, (top, bottom) = plt.subplots(2, 1, figsize=(7, 4.2), sharex=True, height_ratios=(3, 2))
        for parts, name, color in ((self.p, "p", "reference"), (self.q, "q", "ours")):
            y = density(parts, x)
            top.plot(x, y, color=LIGHT[color])
            top.fill_between(x, y, color=LIGHT[color], alpha=0.15, lw=0)
            top.annotate(
                name,
                (x[y.argmax()], y.max()),
                xytext=(0, 3),
                textcoords="offset points",
                color=LIGHT[color],
                weight="bold",
            )
        y = divergence_integrand(self.show, self.p, self.q, x)
        bottom.plot(x, y, color=LIGHT["ink"], lw=1.2)
        bottom.fill_between(x, y, where=y > 0, color=LIGHT["fourth"], alpha=0.35, lw=0)
        bottom.fill_between(x, y, where=y < 0, color=LIGHT["fifth"], alpha=0.35, lw=0)
        value = divergence_values(self.p, self.q)[self.show]
        bottom.set_title(f"integrand of {_LABELS[self.show]}, area {value:.3g}")
        top.set(xlim=(-7, 7), ylim=(0, None), ylabel="density")
        bottom.set(xlabel="x")
        svg = figure_svg(fig)
        plt.close(fig)
        return svg_uri(svg), 672, 403


def divergences(
    p: Parts = TWO_BUMPS,
    q: Parts = ONE_BUMP,
    *,
    caption: str,
    alt: str,
    show: str = "kl_pq",
) -> Divergences:
    """Two densities that the reader shapes, and six divergences between them, live.

    Args:
        p, q: one or two Gaussian parts (weight, mean, width) each: weights sum to 1 and lie in [0.05, 0.95] where
            there are two, means in [-6, 6], widths (standard deviations) in [0.2, 5].
        caption: what to try, under the widget.
        alt: what the picture shows, for readers who cannot see it.
        show: the divergence whose integrand is drawn at the start: "kl_pq", "kl_qp", "js", "tv", "hellinger" or
            "chi2".

    Returns:
        The widget; make it the last line of the cell. Its ``p`` and ``q`` follow the reader where a kernel runs.

    Raises:
        ValueError, TypeError: an argument outside of the above, or a missing caption or alt text.
    """
    if show not in INTEGRANDS:
        raise ValueError(f"show must be one of {', '.join(INTEGRANDS)}; got {show!r}")
    return Divergences(caption=caption, alt=alt, p=check_parts("p", p), q=check_parts("q", q), show=show)
