"""Mixtures of Gaussians on a line and their divergences, for notebooks and for the `divergences` widget.

A density is a list of parts (weight, mean, width); a width is a standard deviation. All logarithms are natural,
so divergences are in nats. kit/density.mjs is the same mathematics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

Parts = Sequence[tuple[float, float, float]]

# The trapezoid rule in t with x = 3 sinh(t): close together where the densities live, and far enough out for the
# slow tails of chi-squared. For smooth integrands its error falls faster than any power of the spacing.
_T = np.linspace(-7, 7, 4001)
GRID = 3 * np.sinh(_T)
_CELLS = 3 * np.cosh(_T) * (_T[1] - _T[0])
MEANS, WIDTHS, WEIGHTS = (-6.0, 6.0), (0.2, 5.0), (0.05, 0.95)  # what the widget lets a reader reach
_RATE = 0.1


def check_parts(argument: str, parts: Parts) -> list[list[float]]:
    """``parts`` as lists of floats, or an error that names ``argument``: one or two parts, weights that sum to 1."""
    try:
        table = np.array([list(part) for part in parts], float)
    except (TypeError, ValueError):
        raise TypeError(f"{argument} must be a list of (weight, mean, width), got {parts!r}") from None
    if table.shape not in {(1, 3), (2, 3)}:
        raise ValueError(f"{argument} must have one or two parts (weight, mean, width), got {parts!r}")
    if not np.isfinite(table).all():
        raise ValueError(f"{argument} must hold finite numbers, got {parts!r}")
    if abs(table[:, 0].sum() - 1) > 1e-9 or (table[:, 0] <= 0).any():
        raise ValueError(f"{argument}'s weights must be positive and sum to 1, got {table[:, 0].tolist()}")
    if (table[:, 2] < WIDTHS[0]).any() or (table[:, 2] > WIDTHS[1]).any():
        raise ValueError(f"{argument}'s widths must lie in {list(WIDTHS)}, got {table[:, 2].tolist()}")
    if (np.abs(table[:, 1]) > MEANS[1]).any():
        raise ValueError(f"{argument}'s means must lie in {list(MEANS)}, got {table[:, 1].tolist()}")
    return table.tolist()


def _log_parts(parts: Parts, x: np.ndarray) -> np.ndarray:
    """(K, ...): the logarithm of each part, weight included."""
    weight, mean, width = (np.reshape(c, (-1,) + (1,) * np.ndim(x)) for c in np.transpose(parts))
    return np.log(weight) - np.log(width) - 0.5 * np.log(2 * np.pi) - 0.5 * ((x - mean) / width) ** 2


def log_density(parts: Parts, x: np.ndarray) -> np.ndarray:
    """The logarithm of the density at ``x``, of any shape; finite where the density itself underflows."""
    return np.logaddexp.reduce(_log_parts(parts, np.asarray(x, float)), axis=0)


def density(parts: Parts, x: np.ndarray) -> np.ndarray:
    """The density at ``x``, of any shape."""
    return np.exp(log_density(parts, x))


def _js(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    m = np.logaddexp(a, b) - np.log(2)
    return 0.5 * (np.exp(a) * (a - m) + np.exp(b) * (b - m))


# Each divergence as its integrand, from the logarithms a of p and b of q.
INTEGRANDS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = MappingProxyType(
    {
        "kl_pq": lambda a, b: np.exp(a) * (a - b),
        "kl_qp": lambda a, b: np.exp(b) * (b - a),
        "js": _js,
        "tv": lambda a, b: 0.5 * np.abs(np.exp(a) - np.exp(b)),
        "hellinger": lambda a, b: 0.5 * (np.exp(0.5 * a) - np.exp(0.5 * b)) ** 2,
        "chi2": lambda a, b: np.exp(2 * a - b) - 2 * np.exp(a) + np.exp(b),
    }
)


def divergence_integrand(name: str, p: Parts, q: Parts, x: np.ndarray) -> np.ndarray:
    """What the divergence ``name`` integrates, at ``x``; names as in `divergence_values`."""
    if name not in INTEGRANDS:
        raise ValueError(f"name must be one of {', '.join(INTEGRANDS)}; got {name!r}")
    with np.errstate(over="ignore"):
        return INTEGRANDS[name](log_density(p, x), log_density(q, x))


def divergence_values(p: Parts, q: Parts) -> dict[str, float]:
    """All divergences between two densities, by quadrature on a fixed grid.

    Args:
        p, q: one or two parts (weight, mean, width) each: weights sum to 1, means in [-6, 6], widths in [0.2, 5].

    Returns:
        "kl_pq": KL(p‖q), "kl_qp": KL(q‖p), "js": Jensen-Shannon, "tv": total variation, "hellinger": squared
        Hellinger distance, "chi2": Pearson's χ²(p‖q), which is inf where the tails of q are too light for p's.
        Smooth integrands are exact to about 1e-10, total variation, which has kinks, to 1e-4.

    Raises:
        ValueError, TypeError: ``p`` or ``q`` is not such a density.
    """
    p, q = check_parts("p", p), check_parts("q", q)
    a, b = log_density(p, GRID), log_density(q, GRID)
    with np.errstate(over="ignore"):
        values = {name: float((integrand(a, b) * _CELLS).sum()) for name, integrand in INTEGRANDS.items()}
    if max(part[2] for part in p) ** 2 >= 2 * max(part[2] for part in q) ** 2:
        values["chi2"] = float("inf")
    return values


def gaussian_divergences(m1: float, s1: float, m2: float, s2: float) -> dict[str, float]:
    """Closed forms for p = N(m1, s1²) and q = N(m2, s2²): "kl_pq", "kl_qp", "hellinger" and "chi2"."""
    gap = (m1 - m2) ** 2
    both, rest = s1**2 + s2**2, 2 * s2**2 - s1**2
    with np.errstate(over="ignore"):
        chi2 = float(s2**2 / (s1 * np.sqrt(rest)) * np.exp(gap / rest) - 1) if rest > 0 else float("inf")
    return {
        "kl_pq": float(np.log(s2 / s1) + (s1**2 + gap) / (2 * s2**2) - 0.5),
        "kl_qp": float(np.log(s1 / s2) + (s2**2 + gap) / (2 * s1**2) - 0.5),
        "hellinger": float(1 - np.sqrt(2 * s1 * s2 / both) * np.exp(-gap / (4 * both))),
        "chi2": chi2,
    }


def _to_parts(place: np.ndarray) -> np.ndarray:
    """(K, 3) parts from means, log widths and, for two, the log odds of the first weight, kept within limits."""
    means, widths = np.clip(place[0:4:2], *MEANS), np.clip(np.exp(place[1:4:2]), *WIDTHS)
    first = np.clip(1 / (1 + np.exp(-place[4])), *WEIGHTS) if place.size == 5 else 1.0
    return np.stack([[first, 1 - first][: means.size], means, widths], axis=1)


def _to_place(parts: np.ndarray) -> np.ndarray:
    place = np.stack([parts[:, 1], np.log(parts[:, 2])], axis=1).ravel()
    return place if len(parts) == 1 else np.append(place, np.log(parts[0, 0] / parts[1, 0]))


def fit_q(p: Parts, q: Parts, by: str = "kl_pq", steps: int = 300) -> list[list[float]]:
    """q moved to a (local) minimum of KL(p‖q) or KL(q‖p), by Adam on the exact gradient of the quadrature.

    The first covers all of p's mass; the second seeks a mode of p, and which one depends on where q starts.

    Args:
        p, q: densities as in `divergence_values`; q is where the search starts.
        by: "kl_pq" or "kl_qp".
        steps: steps of Adam; its rate falls from 0.1 to zero over them.

    Returns:
        The parts of the fitted q, as many as ``q`` has.

    Raises:
        ValueError, TypeError: an argument outside of the above.
    """
    p, q = check_parts("p", p), check_parts("q", q)
    if by not in ("kl_pq", "kl_qp"):
        raise ValueError(f'by must be "kl_pq" or "kl_qp", got {by!r}')
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool) or not 1 <= steps <= 10_000:
        raise ValueError(f"steps must be an integer from 1 to 10000, got {steps!r}")
    log_p = log_density(p, GRID)
    place = _to_place(np.array(q))
    m, v = np.zeros_like(place), np.zeros_like(place)
    for step in range(steps):
        parts = _to_parts(place)
        logs = _log_parts(parts, GRID)  # (K, N)
        log_q = np.logaddexp.reduce(logs, axis=0)
        # Both divergences change by an integral of a factor times the change of log q.
        factor = (-np.exp(log_p) if by == "kl_pq" else np.exp(log_q) * (log_q - log_p)) * _CELLS
        share = np.exp(logs - log_q)
        z = (GRID - parts[:, 1:2]) / parts[:, 2:3]
        g = np.stack([(share * factor * z).sum(1) / parts[:, 2], (share * factor * (z * z - 1)).sum(1)], 1)
        g = g.ravel()
        if len(parts) == 2:
            g = np.append(g, (factor * (share[0] - parts[0, 0])).sum())
        rate = 0.5 * _RATE * (1 + np.cos(np.pi * step / steps))
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        place -= rate * m / (1 - 0.9 ** (step + 1)) / (np.sqrt(v / (1 - 0.99 ** (step + 1))) + 1e-8)
        # What stands at a limit stays there.
        place = _to_place(_to_parts(place))
    return _to_parts(place).tolist()
