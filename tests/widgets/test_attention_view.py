"""`attention_view`: softmax of the page against torch, what the state keeps, and what is refused."""

from __future__ import annotations

import json

import matplotlib as mpl
import numpy as np
import pytest
import torch

from tests.widgets.node import call
from utils.plotting import use_style
from utils.widgets.attention import (
    MASKS,
    allowed_keys,
    attention_weights,
    pack_weights,
    unpack_floats,
    unpack_weights,
)
from utils.widgets.attention_view import attention_demo, attention_view
from utils.widgets.base import STATE_LIMIT

TEXTS = {"caption": "Point at it.", "alt": "Lines between two columns of words and a matrix."}
CLOSE = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture(autouse=True)
def book_style():
    with mpl.rc_context():
        use_style()
        yield


def random_case(i: int) -> tuple[np.ndarray, np.ndarray, float, str | list]:
    """Queries, keys, temperature and a mask; boolean masks leave some queries with nothing to look at."""
    rng = np.random.default_rng(i)
    n, m, d = (int(v) for v in rng.integers(1, 12, 3))
    mask = [*MASKS, "rows"][i % 4]
    if mask == "rows":
        mask = (rng.random((n, m)) < 0.4).tolist()
    spread = 10 ** rng.uniform(-1, 1.5)  # up to scores in the thousands: exp must not overflow
    return rng.normal(0, spread, (n, d)), rng.normal(0, spread, (m, d)), float(10 ** rng.uniform(-1, 1)), mask


CASES = [random_case(i) for i in range(100)]


def test_weights_agree_with_torch_fully_masked_rows_included():
    answers = call(
        "attention_view", "attention", [[q.tolist(), k.tolist(), t, mask] for q, k, t, mask in CASES]
    )
    blind = 0
    for (q, k, t, mask), answer in zip(CASES, answers, strict=True):
        mask = mask if isinstance(mask, str) else np.array(mask)
        scores = torch.from_numpy(q @ k.T / q.shape[1] ** 0.5 / t)
        allowed = torch.from_numpy(allowed_keys(mask, len(q), len(k)))
        wanted = torch.softmax(scores.masked_fill(~allowed, -torch.inf), -1).nan_to_num(0).numpy()
        np.testing.assert_allclose(np.reshape(answer, wanted.shape), wanted, **CLOSE)
        np.testing.assert_allclose(attention_weights(q, k, t, mask), wanted, **CLOSE)
        blind += int((wanted.sum(-1) == 0).sum())
    assert blind > 20


def test_temperature_is_the_scale_of_torchs_attention():
    q, k = (torch.randn(2, 3, 5, 4, dtype=torch.float64, generator=torch.manual_seed(s)) for s in (0, 1))
    eye = torch.eye(5, dtype=torch.float64).expand(2, 3, 5, 5)
    wanted = torch.nn.functional.scaled_dot_product_attention(q, k, eye, is_causal=True, scale=0.5 / 0.3)
    np.testing.assert_allclose(
        attention_weights(q.numpy(), k.numpy(), 0.3, "causal"), wanted.numpy(), **CLOSE
    )


@pytest.mark.parametrize(("shape", "bits"), [((2, 4, 9, 9), 16), ((6, 6, 40, 40), 8)])
def test_stored_weights_are_as_close_as_promised(shape, bits):
    w = np.random.default_rng(0).dirichlet(np.full(shape[-1], 0.2), shape[:-1])
    packed = pack_weights(w)
    back = unpack_weights(packed, shape)
    assert packed["bits"] == bits
    assert (np.abs(back - w) <= (8e-6 if bits == 16 else 0.004 * np.sqrt(w) + 4e-6)).all()
    np.testing.assert_allclose(call("attention_view", "weights", [[packed]])[0], back.ravel(), rtol=1e-12)


def test_the_state_round_trips_and_fits():
    words = [f"w{i}" for i in range(24)]
    w = np.random.default_rng(1).dirichlet(np.ones(24), (6, 12, 24))
    widget = attention_view(words, torch.from_numpy(w), **TEXTS, layer=5, head=11, query=23)
    state = json.loads(json.dumps(widget.page_state()))
    assert state["shape"] == [6, 12, 24, 24] and state["tokens"] == words and state["live"] is False
    assert state["start"] == {"layer": 5, "head": 11, "query": 23, "mask": "none", "temperature": 1.0}
    np.testing.assert_allclose(unpack_weights(state["weights"], state["shape"]), w, atol=4e-3)
    assert len(json.dumps(state)) < STATE_LIMIT
    assert 'data-widget="attention_view"' in widget.page_html()


def test_queries_and_keys_travel_as_floats():
    rng = np.random.default_rng(2)
    q, k = rng.normal(size=(3, 8)), rng.normal(size=(5, 8))
    widget = attention_view(list("abc"), q=q, k=k, others=list("vwxyz"), **TEXTS)
    assert widget.shape == [1, 1, 3, 5]
    read = call("attention_view", "floats", [[widget.vectors["q"]]])[0]
    assert read == unpack_floats(widget.vectors["q"], (24,)).tolist()
    np.testing.assert_allclose(read, q.ravel(), rtol=1e-6)
    assert "book-figure" in widget.page_html()


def test_rows_of_nan_or_zeros_are_fully_masked_queries():
    w = np.array([[np.nan, np.nan], [0.25, 0.75], [0, 0]])
    widget = attention_view(list("abc"), w, others=list("xy"), **TEXTS)
    np.testing.assert_allclose(
        unpack_weights(widget.weights, (3, 2)), [[0, 0], [0.25, 0.75], [0, 0]], atol=1e-5
    )


def test_the_demo_heads_do_what_their_names_say():
    widget = attention_demo("banana bandana")
    text, n = "banana bandana", 14
    q, k = (unpack_floats(widget.vectors[name], (4, n, 16)) for name in "qk")
    previous, same, after, average = attention_weights(q, k, 1.0, "causal")
    for i in range(1, n):
        assert previous[i].argmax() == i - 1 and previous[i, i - 1] > 0.8
        equal = np.array([text[j] == text[i] for j in range(i + 1)])
        assert same[i, : i + 1][equal].sum() > 0.9
        follows = np.array([j > 0 and text[j - 1] == text[i] for j in range(i + 1)])
        if follows.any():
            assert after[i, : i + 1][follows].sum() > 0.9
        np.testing.assert_allclose(average[i, : i + 1], 1 / (i + 1))
    assert widget.names == [["previous letter", "same letter", "after the same letter", "average"]]
    assert len(json.dumps(widget.page_state())) < 20_000


EVEN = np.full((3, 3), 1 / 3)
Q = np.ones((3, 2))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"tokens": "abc", "weights": EVEN}, TypeError, "tokens must be a list"),
        ({"tokens": ["a", 1, "c"], "weights": EVEN}, TypeError, "tokens must hold non-empty strings"),
        ({"tokens": ["a"] * 65, "weights": EVEN}, ValueError, "tokens must hold 1 to 64"),
        ({}, ValueError, "give either weights, or both q and k"),
        ({"weights": EVEN, "q": Q, "k": Q}, ValueError, "give either weights"),
        ({"q": Q}, ValueError, "give either weights"),
        ({"weights": EVEN[:2]}, ValueError, r"weights must end in \(T_q, T_k\) = \(3, 3\)"),
        ({"weights": EVEN[0]}, ValueError, "weights must have shape"),
        ({"weights": 2 * EVEN}, ValueError, "a row sums to 2"),
        ({"weights": np.array([[2, -1, 0]] * 3)}, ValueError, "weights must be finite and not negative"),
        ({"weights": np.array([[np.nan, 1, 0]] * 3)}, ValueError, "weights must be finite"),
        ({"weights": EVEN, "mask": "causal"}, ValueError, "need q and k"),
        ({"q": Q, "k": np.ones((3, 4))}, ValueError, "k the shape"),
        ({"q": Q * np.inf, "k": Q}, ValueError, "q and k must be finite"),
        ({"q": Q, "k": Q, "mask": "future"}, ValueError, "mask must be one of none"),
        ({"q": Q, "k": Q, "temperature": 0}, ValueError, "temperature must be from 0.1 to 10"),
        ({"q": Q, "k": Q, "others": ["x", "y", "z"], "mask": "causal"}, ValueError, "mask must be none"),
        ({"weights": EVEN, "head": 1}, ValueError, "head must be a whole number from 0 to 0"),
        ({"weights": EVEN, "query": 3}, ValueError, "query must be a whole number from 0 to 2"),
        ({"weights": EVEN, "names": [["a", "b"]]}, ValueError, "names must hold 1 lists of 1"),
        ({"weights": np.full((12, 12, 64, 64), 1 / 64), "tokens": ["a"] * 64}, ValueError, "give fewer layers"),
        ({"weights": EVEN, "caption": ""}, ValueError, "caption is missing"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        attention_view(**{"tokens": ["a", "b", "c"], **TEXTS, **arguments})


def test_the_demo_refuses_other_texts():
    with pytest.raises(ValueError, match="text must have 2 to 64"):
        attention_demo("a")
    with pytest.raises(ValueError, match="at most 15 different"):
        attention_demo("the quick brown fox")
