"""The linear map explorer: closed forms in the module against NumPy's LAPACK."""

from __future__ import annotations

import json

import numpy as np
import pytest
from node import call

from utils.plotting import use_style
from utils.widgets.linear_map import PRESETS, analyse, linear_map_explorer

TEXTS = {"caption": "Drag the columns.", "alt": "A circle and the ellipse that a matrix makes of it."}


def matrices():
    """100: general, symmetric, nearly singular, singular, defective, rotations, and the presets."""
    rng = np.random.default_rng(0)
    out = [*rng.uniform(-3, 3, (30, 2, 2))]
    out += [a + a.T for a in rng.uniform(-1.5, 1.5, (15, 2, 2))]
    for size in (1e-2, 1e-4, 1e-6) * 4:
        a, b = rng.normal(size=(2, 2))
        out.append(np.outer(a, b) + size * rng.normal(size=(2, 2)))
    for _ in range(9):
        a, b = rng.integers(-3, 4, (2, 2))
        out.append(np.outer(a, b).astype(float))
    for _ in range(10):  # one eigenvalue, one direction; multiples of 1/4 keep the discriminant exact
        value, low = rng.integers(-8, 9) / 4, rng.choice([0.25, 0.5, 1, -2])
        out.append(
            np.array([[value, low], [0, value]])
            if rng.random() < 0.5
            else np.array([[value + 1, 1], [-1, value - 1]])
        )
    for angle in rng.uniform(-np.pi, np.pi, 12):
        c, s = np.cos(angle), np.sin(angle)
        out.append(rng.uniform(0.2, 2) * np.array([[c, -s], [s, c]]))
    out += [np.zeros((2, 2)), np.eye(2) * -1.5, np.array([[0, 1], [0, 0.0]])]
    return np.array([*out, *(np.array(m, float) for m in PRESETS.values())])


@pytest.fixture(scope="module")
def both():
    A = matrices()
    assert len(A) >= 100
    return A, call("linear_map", "analyse", [[a.tolist()] for a in A]), analyse(A)


def test_determinant_rank_and_condition_agree_with_numpy(both):
    A, module, numpy = both
    for i, found in enumerate(module):
        np.testing.assert_allclose(found["det"], numpy["det"][i], rtol=1e-6, atol=1e-6)
        assert found["rank"] == numpy["rank"][i] == np.linalg.matrix_rank(A[i])
        condition = np.inf if found["condition"] is None else found["condition"]
        np.testing.assert_allclose(condition, numpy["condition"][i], rtol=1e-6)


def test_singular_values_and_vectors_agree_with_numpy(both):
    A, module, numpy = both
    for a, found, s in zip(A, module, numpy["s"], strict=True):
        np.testing.assert_allclose(found["s"], s, rtol=1e-6, atol=1e-12)
        U, V = np.array(found["u"]).T, np.array(found["v"]).T
        np.testing.assert_allclose(U @ np.diag(found["s"]) @ V.T, a, atol=1e-9)
        np.testing.assert_allclose([U.T @ U, V.T @ V], [np.eye(2)] * 2, atol=1e-12)


def test_a_tiny_singular_value_keeps_its_digits():
    tiny = 2.0**-30
    big, small = call("linear_map", "analyse", [[[[1, 2], [3, 6 + tiny]]]])[0]["s"]
    assert small == pytest.approx(tiny / big, rel=1e-12, abs=0), "the determinant is exact here"


def test_eigenvalues_agree_with_numpy(both):
    A, module, numpy = both
    for a, found, values in zip(A, module, numpy["values"], strict=True):
        ours = np.array([complex(*pair) for pair in found["eigen"]["values"]])
        distance = min(np.abs(ours - values).max(), np.abs(ours - values[::-1]).max())
        assert distance <= 1e-6 * max(1, np.abs(a).max()), (a, ours, values)


def test_eigenvectors_are_eigenvectors(both):
    A, module, numpy = both
    seen = set()
    for a, found in zip(A, module, strict=True):
        eigen = found["eigen"]
        seen.add(eigen["kind"])
        assert len(eigen["vectors"]) == {"real": 2, "every": 2, "one": 1, "complex": 0}[eigen["kind"]]
        for (value, _), vector in zip(eigen["values"], eigen["vectors"], strict=False):
            assert np.linalg.norm(vector) == pytest.approx(1)
            np.testing.assert_allclose(
                a @ vector, np.array(vector) * value, atol=1e-6 * max(1, np.abs(a).max())
            )
    assert seen == {"real", "every", "one", "complex"}


@pytest.mark.parametrize(
    ("matrix", "kind"),
    [
        ([[1, 1], [0, 1]], "one"),
        ([[3, 1], [-1, 1]], "one"),
        ([[0, 1], [0, 0]], "one"),
        ([[2, 0], [0, 2]], "every"),
        ([[0, 0], [0, 0]], "every"),
        ([[0, -1], [1, 0]], "complex"),
        ([[1, 1e-5], [0, 1 + 1e-5]], "real"),
        ([[1, 1], [-1e-5, 1]], "complex"),
        ([[1, 1e-9], [0, 1]], "one"),
    ],
)
def test_the_kinds_are_told_apart(matrix, kind):
    assert call("linear_map", "analyse", [[matrix]])[0]["eigen"]["kind"] == kind


def test_a_rotations_angle_is_the_eigenvalues_angle():
    angle = np.deg2rad(30)
    found = call(
        "linear_map", "analyse", [[[[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]]]
    )[0]
    re, im = found["eigen"]["values"][0]
    assert np.arctan2(im, re) == pytest.approx(angle)


@pytest.mark.parametrize(
    ("kind", "words", "arguments"),
    [
        (ValueError, "matrix must be one of identity.*'spin'", {"matrix": "spin"}),
        (ValueError, r"matrix must have shape \(2, 2\), got \(3, 3\)", {"matrix": np.eye(3)}),
        (ValueError, "matrix must have entries from -3 to 3", {"matrix": [[4, 0], [0, 1]]}),
        (ValueError, "matrix must have entries from -3 to 3", {"matrix": [[np.nan, 0], [0, 1]]}),
        (TypeError, "angle must be a number of degrees, got '20'", {"angle": "20"}),
        (ValueError, "angle must be finite", {"angle": float("inf")}),
        (ValueError, "caption is missing", {"caption": " "}),
        (ValueError, "alt must say", {"alt": "Ellipse."}),
    ],
)
def test_what_makes_no_widget_is_refused(kind, words, arguments):
    with pytest.raises(kind, match=words):
        linear_map_explorer(**{**TEXTS, **arguments})


@pytest.mark.parametrize(
    ("A", "words"), [(np.eye(3), r"\(\.\.\., 2, 2\), got \(3, 3\)"), ([[np.inf, 0], [0, 1]], "finite")]
)
def test_analyse_names_what_it_cannot_take(A, words):
    with pytest.raises(ValueError, match=words):
        analyse(A)


@pytest.mark.parametrize("matrix", [*PRESETS, [[0.5, -0.25], [2, 3]]])
def test_the_page_is_given_the_same_matrix(matrix):
    use_style()
    widget = linear_map_explorer(matrix=matrix, angle=40, **TEXTS)
    state = json.loads(json.dumps(widget.page_state()))
    assert (
        state["matrix"]
        == np.asarray(PRESETS.get(matrix, matrix) if isinstance(matrix, str) else matrix, float).tolist()
    )
    assert state["chosen"] == (matrix if isinstance(matrix, str) else "your own")
    assert state["angle"] == 40
    assert len(json.dumps(state)) < 2_000
    assert 'data-widget="linear_map"' in widget.page_html()
