"""The divergence explorer: quadrature against closed forms and SciPy, the module against Python, the widget."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from node import call
from scipy import integrate, optimize, stats

from utils.plotting import use_style
from utils.widgets.base import STATE_LIMIT
from utils.widgets.density import GRID, INTEGRANDS
from utils.widgets.divergences import (
    Divergences,
    density,
    divergence_integrand,
    divergence_values,
    divergences,
    fit_q,
    gaussian_divergences,
)

TEXTS = {
    "caption": "Fit q both ways and compare.",
    "alt": "Two densities on a line, and under them the integrand of a divergence.",
}
P = [[0.4, -2.6, 0.5], [0.6, 2.2, 0.8]]
Q = [[1.0, -0.5, 1.3]]


def random_parts(rng, count: int) -> list[list[float]]:
    weight = rng.uniform(0.05, 0.95)
    weights = [weight, 1 - weight] if count == 2 else [1.0]
    return [[w, rng.uniform(-6, 6), float(np.exp(rng.uniform(np.log(0.2), np.log(5))))] for w in weights]


def random_pairs(seed: int, count: int = 100) -> list[list]:
    rng = np.random.default_rng(seed)
    return [[random_parts(rng, 1 + i % 2), random_parts(rng, 1 + i // 2 % 2)] for i in range(count)]


def finite(value) -> float:
    """JSON has no infinity: the module's arrives as None."""
    return np.inf if value is None else value


# ---------------------------------------------------------------- the mathematics


def test_gaussian_pairs_have_closed_forms():
    rng = np.random.default_rng(1)
    kept = 0
    for _ in range(200):
        (p,), (q,) = random_parts(rng, 1), random_parts(rng, 1)
        values, exact = divergence_values([p], [q]), gaussian_divergences(*p[1:], *q[1:])
        for name in ("kl_pq", "kl_qp", "hellinger"):
            assert values[name] == pytest.approx(exact[name], rel=1e-9, abs=1e-12)
        assert np.isinf(values["chi2"]) == np.isinf(exact["chi2"])
        # So close to where it becomes infinite, the integrand's tail is longer than any grid.
        if np.isfinite(exact["chi2"]) and p[2] < 1.4 * q[2]:
            kept += 1
            assert values["chi2"] == pytest.approx(exact["chi2"], rel=1e-6, abs=1e-9)
    assert kept > 80


def test_values_equal_scipy_quadrature():
    p = lambda x: sum(w * stats.norm.pdf(x, m, s) for w, m, s in P)  # noqa: E731
    q = lambda x: sum(w * stats.norm.pdf(x, m, s) for w, m, s in Q)  # noqa: E731
    m = lambda x: (p(x) + q(x)) / 2  # noqa: E731
    integrands = {
        "kl_pq": lambda x: p(x) * np.log(p(x) / q(x)),
        "kl_qp": lambda x: q(x) * np.log(q(x) / p(x)),
        "js": lambda x: (p(x) * np.log(p(x) / m(x)) + q(x) * np.log(q(x) / m(x))) / 2,
        "tv": lambda x: abs(p(x) - q(x)) / 2,
        "hellinger": lambda x: (np.sqrt(p(x)) - np.sqrt(q(x))) ** 2 / 2,
        "chi2": lambda x: (p(x) - q(x)) ** 2 / q(x),
    }
    values = divergence_values(P, Q)
    assert list(values) == list(integrands) == list(INTEGRANDS)
    for name, integrand in integrands.items():
        exact = integrate.quad(integrand, -12, 12, limit=500, epsabs=1e-11)[0]
        assert values[name] == pytest.approx(exact, abs=1e-4 if name == "tv" else 1e-7), name


def test_kl_equals_scipy_rel_entr_and_a_density_integrates_to_one():
    from scipy.special import rel_entr

    x = np.linspace(-14, 14, 20001)
    assert np.trapezoid(rel_entr(density(P, x), density(Q, x)), x) == pytest.approx(
        divergence_values(P, Q)["kl_pq"], rel=1e-8
    )
    for p, q in random_pairs(2, 20):
        assert np.trapezoid(density(p, GRID), GRID) == pytest.approx(1, abs=1e-3)
        values = divergence_values(p, q)
        assert all(value >= -1e-12 for value in values.values())
        assert values["js"] <= np.log(2) + 1e-12 and values["tv"] <= 1 + 1e-12
        # Le Cam: H² ≤ TV ≤ H √(2 − H²); Pinsker: TV² ≤ KL / 2.
        h = values["hellinger"]
        assert h - 1e-3 <= values["tv"] <= np.sqrt(h * (2 - h)) + 1e-3
        assert values["tv"] ** 2 <= min(values["kl_pq"], values["kl_qp"]) / 2 + 1e-3


def test_of_equal_densities_nothing_is_left():
    assert max(abs(v) for v in divergence_values(P, P).values()) < 1e-12
    assert np.abs(divergence_integrand("chi2", P, P, np.linspace(-7, 7, 99))).max() < 1e-12


def test_the_module_equals_python_on_random_inputs():
    pairs = random_pairs(3)
    infinite = 0
    for (p, q), module in zip(pairs, call("divergences", "values", pairs), strict=True):
        values = divergence_values(p, q)
        infinite += np.isinf(values["chi2"])
        assert list(module) == list(values)
        for name, value in values.items():
            assert finite(module[name]) == pytest.approx(value, rel=1e-6, abs=1e-6), name
    assert 5 < infinite < 95


def test_the_modules_integrands_and_densities_equal_pythons():
    rng = np.random.default_rng(4)
    pairs, xs = random_pairs(5), rng.uniform(-7, 7, 100)
    for name in INTEGRANDS:
        module = call(
            "divergences", "integrand", [[name, *pair, x] for pair, x in zip(pairs, xs, strict=True)]
        )
        own = [divergence_integrand(name, *pair, x) for pair, x in zip(pairs, xs, strict=True)]
        np.testing.assert_allclose([finite(v) for v in module], own, rtol=1e-6, atol=1e-9)
    module = call("divergences", "density", [[p, x] for (p, _), x in zip(pairs, xs, strict=True)])
    np.testing.assert_allclose(
        module, [density(p, x) for (p, _), x in zip(pairs, xs, strict=True)], rtol=1e-9
    )


def test_the_shares_add_up_to_the_value():
    pairs = random_pairs(6, 12)
    for name in INTEGRANDS:
        for (p, q), (above, below) in zip(
            pairs, call("divergences", "shares", [[name, *pair] for pair in pairs]), strict=True
        ):
            value = divergence_values(p, q)[name]
            assert finite(above) + below == pytest.approx(value, rel=1e-6, abs=1e-6)
            assert below <= 0 and (below > -1e-6 or name.startswith("kl"))


def test_the_modules_fit_equals_pythons():
    searches = [[*pair, "kl_pq" if i % 2 else "kl_qp", 15] for i, pair in enumerate(random_pairs(7))]
    for search, module in zip(searches, call("divergences", "fit", searches), strict=True):
        np.testing.assert_allclose(module, fit_q(*search), rtol=1e-6, atol=1e-6)


def test_one_fit_covers_the_mass_and_the_other_seeks_a_mode():
    mean = sum(w * m for w, m, _ in P)
    deviation = np.sqrt(sum(w * (s**2 + (m - mean) ** 2) for w, m, s in P))
    ((_, m, s),) = fit_q(P, Q, "kl_pq")
    assert (m, s) == (pytest.approx(mean, abs=1e-3), pytest.approx(deviation, abs=1e-3))  # p's moments
    for start, weight, mode, width in ((-1.5, 0.4, -2.6, 0.5), (1.5, 0.6, 2.2, 0.8)):
        q = fit_q(P, [[1.0, start, 1.0]], "kl_qp")
        ((_, m, s),) = q
        assert (m, s) == (pytest.approx(mode, abs=0.02), pytest.approx(width, abs=0.02))
        # The bump that q ignores costs the logarithm of what the other one weighs.
        assert divergence_values(P, q)["kl_qp"] == pytest.approx(np.log(1 / weight), abs=2e-3)
        best = optimize.minimize(
            lambda at: divergence_values(P, [[1.0, at[0], np.exp(at[1])]])["kl_qp"],
            [m + 0.05, np.log(s) + 0.05],
            method="L-BFGS-B",
            bounds=[(-6, 6), (-1.6, 1.6)],
            options={"ftol": 1e-14, "gtol": 1e-9},
        )
        assert (m, s) == (pytest.approx(best.x[0], abs=2e-3), pytest.approx(np.exp(best.x[1]), abs=2e-3))


def test_two_parts_fit_two_bumps():
    for by in ("kl_pq", "kl_qp"):
        q = fit_q(P, [[0.5, -1.0, 1.0], [0.5, 1.0, 1.0]], by)
        assert divergence_values(P, q)[by] < 1e-5
        assert sum(part[0] for part in q) == pytest.approx(1, abs=1e-12)


# ---------------------------------------------------------------- the widget


def state_of(widget: Divergences) -> dict:
    html = widget.page_html()
    assert len(html) < STATE_LIMIT
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html, re.S)[1])


def test_the_state_is_what_was_asked_for():
    use_style()
    state = state_of(divergences(P, Q, show="js", **TEXTS))
    assert state == {"p": P, "q": Q, "show": "js", **TEXTS, "live": False}
    start = state_of(divergences(**TEXTS))
    assert divergences(start["p"], start["q"], **TEXTS).page_state() == start


@pytest.mark.parametrize("show", INTEGRANDS)
def test_every_divergence_has_a_picture(show):
    use_style()
    html = divergences(P, Q, show=show, **TEXTS).page_html()
    assert TEXTS["alt"] in html and "data:image/svg+xml" in html


@pytest.mark.parametrize(
    ("kind", "words", "arguments"),
    [
        (ValueError, "show must be one of kl_pq, .*; got 'kl'", {"show": "kl"}),
        (TypeError, "p must be a list of", {"p": 3}),
        (TypeError, "q must be a list of", {"q": [["a", 1, 1]]}),
        (ValueError, "p must have one or two parts", {"p": []}),
        (ValueError, "p must have one or two parts", {"p": [[0.3, 0, 1], [0.3, 1, 1], [0.4, 2, 1]]}),
        (ValueError, "q must have one or two parts", {"q": [[0, 1]]}),
        (ValueError, "q must hold finite numbers", {"q": [[1, float("nan"), 1]]}),
        (ValueError, "p's weights must be positive and sum to 1", {"p": [[0.9, 0, 1]]}),
        (ValueError, "p's weights must be positive and sum to 1", {"p": [[1.5, 0, 1], [-0.5, 1, 1]]}),
        (ValueError, "q's widths must lie in", {"q": [[1, 0, 0.1]]}),
        (ValueError, "q's means must lie in", {"q": [[1, 7, 1]]}),
        (ValueError, "caption is missing", {"caption": ""}),
        (ValueError, "alt must say", {"alt": "Densities."}),
    ],
)
def test_what_makes_no_widget_is_refused(kind, words, arguments):
    with pytest.raises(kind, match=words):
        divergences(**{**TEXTS, **arguments})


def test_what_is_no_fit_is_refused():
    with pytest.raises(ValueError, match="by must be .*, got 'js'"):
        fit_q(P, Q, "js")
    with pytest.raises(ValueError, match="steps must be an integer from 1 to 10000, got 0"):
        fit_q(P, Q, steps=0)
    with pytest.raises(ValueError, match="name must be one of"):
        divergence_integrand("kl", P, Q, np.zeros(2))
