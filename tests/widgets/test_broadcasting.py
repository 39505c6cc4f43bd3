"""The broadcasting widget: the module's rule, its copies and its advice against NumPy."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from node import call

from utils.plotting import use_style
from utils.widgets.broadcasting import PAIRS, broadcasting

TEXTS = {"caption": "Predict the shape.", "alt": "Two shapes above each other, and the shape that comes out."}
SHAPES = [(), *(s for n in (1, 2, 3) for s in itertools.product((1, 2, 3), repeat=n))]
ALL = [*itertools.product(SHAPES, SHAPES), *PAIRS]


def numpys(a, b):
    try:
        return list(np.broadcast_shapes(a, b))
    except ValueError:
        return None


@pytest.fixture(scope="module")
def found():
    return call("broadcasting", "broadcast", [[list(a), list(b)] for a, b in ALL])


def test_the_shape_is_numpys_or_an_error_as_numpys_is(found):
    assert [one["shape"] for one in found] == [numpys(a, b) for a, b in ALL]
    assert {None} < {one["shape"] if one["shape"] is None else "fits" for one in found}


def test_the_axes_are_aligned_from_the_right(found):
    for (a, b), one in zip(ALL, found, strict=True):
        n = max(len(a), len(b))
        assert [axis["a"] for axis in one["axes"]] == [None] * (n - len(a)) + list(a)
        assert [axis["b"] for axis in one["axes"]] == [None] * (n - len(b)) + list(b)


def test_every_entry_is_read_where_numpy_reads_it_and_copies_are_told():
    pairs = [(a, numpys(a, b)) for a, b in ALL if numpys(a, b) is not None and np.prod(numpys(a, b)) < 100]
    for (shape, out), entries in zip(
        pairs, call("broadcasting", "source", [[list(s), o] for s, o in pairs]), strict=True
    ):
        wide = np.broadcast_to(np.arange(np.prod(shape, dtype=int)).reshape(shape), out)
        assert [entry["at"] for entry in entries] == wide.ravel().tolist()
        assert sum(not entry["copy"] for entry in entries) == np.prod(shape, dtype=int)


def test_the_advice_makes_the_pair_fit():
    misfits = [(a, b) for a, b in ALL if numpys(a, b) is None]
    advice = call("broadcasting", "mend", [[list(a), list(b)] for a, b in misfits])
    assert any(advice) and not all(advice)
    for (a, b), one in zip(misfits, advice, strict=True):
        if one:
            names = {"a": np.empty(a, bool), "b": np.empty(b, bool)}
            longer = eval(one["code"], {}, names)
            other = names["b" if one["code"][0] == "a" else "a"]
            assert list(np.broadcast_shapes(longer.shape, other.shape)) == one["shape"]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("3, 1", [3, 1]),
        ("(3,1)", [3, 1]),
        ("(4,)", [4]),
        ("3 x 1", [3, 1]),
        ("2 × 5", [2, 5]),
        ("7 8", [7, 8]),
        ("()", []),
        ("", []),
        ("3,,1", None),
        ("0, 2", None),
        ("-1", None),
        ("2.5", None),
        ("a", None),
        ("1,1,1,1,1,1,1", None),
    ],
)
def test_a_shape_is_read_as_readers_write_it(text, shape):
    assert call("broadcasting", "parse", [[text]]) == [shape]


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("a must be up to 6 integers", {"a": (1,) * 7}),
        ("b must be up to 6 integers", {"b": (0, 2)}),
        ("b must be up to 6 integers", {"b": (1.5,)}),
        ("caption is missing", {"caption": ""}),
    ],
)
def test_what_makes_no_widget_is_refused(words, given):
    with pytest.raises(ValueError, match=words):
        broadcasting(**{**TEXTS, **given})


def test_the_page_is_given_the_shapes():
    use_style()
    widget = broadcasting(a=(2, 3), b=(3,), **TEXTS)
    state = json.loads(json.dumps(widget.page_state()))
    assert (state["a"], state["b"], len(state["pairs"])) == ([2, 3], [3], len(PAIRS))
    assert 'data-widget="broadcasting"' in widget.page_html()
