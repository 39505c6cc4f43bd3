"""The stepper: what the page is given, what is refused, and its algorithms against references."""

from __future__ import annotations

import json
import re

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from node import call

from utils.palette import LIGHT
from utils.plotting import use_style
from utils.widgets.algorithms import autodiff_steps, bpe_steps, convolution_steps, iou, nms_steps
from utils.widgets.drawings import boxes, graph, table, tokens
from utils.widgets.stepper import Step, steps

TEXTS = {"caption": "Guess the next step.", "alt": "A few small drawings, one after the other."}
ROW = tokens(["a", "b"])


@pytest.fixture(autouse=True)
def book_style():
    with mpl.rc_context():
        use_style()
        yield
    assert not plt.get_fignums(), "a widget closes the figures it was given"


def figure():
    fig, ax = plt.subplots()
    ax.plot([0, 1])
    return fig


# ---------------------------------------------------------------- drawings


def test_drawings_say_what_they_show():
    assert tokens(["lo", "w"], highlight={0: "ours"}, label="low")["text"] == "low: lo | w; highlighted: lo"
    shown = table([[1, -2.5]], columns=["a", "b"], index=["row"], highlight={(0, 1): "ours"}, label="T")
    assert shown["text"] == "T: row: a 1, b −2.5; highlighted: −2.5"
    assert table(np.array([[0.123456, 2]]))["rows"] == [["0.1235", "2"]]
    nodes = {"x": {"at": (0, 0), "value": "x = 1"}, "f": {"at": (1, 1), "grad": 3}}
    assert graph(nodes, [{"from": "x", "to": "f"}])["text"] == "node x, x = 1; node f, 3; x to f"
    back = graph(nodes, [{"from": "x", "to": "f", "reverse": True, "text": "·2"}])
    assert back["text"].endswith("f to x, ·2")
    assert boxes([{"at": (1, 2, 4, 6), "text": "A"}], size=(9, 9))["text"] == "box A at 1, 2, 3 wide, 4 high"


@pytest.mark.parametrize(
    ("words", "make"),
    [
        ("highlight must name tokens 0 to 1, got 2", lambda: tokens("ab", highlight={2: "ours"})),
        ("highlight must be a color of the palette .*'red'", lambda: tokens("ab", highlight={0: "red"})),
        (r"rows must be of one length, got \[1, 2\]", lambda: table([[1], [1, 2]])),
        ("columns must hold 2 names, got 1", lambda: table([[1, 2]], columns=["a"])),
        ("index must hold 1 names, got 0", lambda: table([[1, 2]], index=[])),
        ("highlight must name cells of 1 x 2", lambda: table([[1, 2]], highlight={(1, 0): "ours"})),
        (r"nodes\['x'\]\['at'\] must lie in \[0, 1\]", lambda: graph({"x": {"at": (2, 0)}}, [])),
        ("edges must join nodes", lambda: graph({"x": {"at": (0, 0)}}, [{"from": "x", "to": "y"}])),
        ("rectangles must have x1 < x2", lambda: boxes([{"at": (3, 0, 1, 1)}], size=(4, 4))),
    ],
)
def test_drawings_that_make_no_sense_are_refused(words, make):
    with pytest.raises(ValueError, match=words):
        make()


# ---------------------------------------------------------------- steps


@pytest.mark.parametrize(
    ("kind", "words", "given", "arguments"),
    [
        (ValueError, "sequence must hold 2 to 60 steps, got 1", [("a", ROW)], {}),
        (ValueError, "sequence must hold 2 to 60 steps, got 61", [("a", ROW)] * 61, {}),
        (TypeError, "step 1 must be a Step or", [("a", ROW), "b"], {}),
        (ValueError, "step 0 must have a caption", [("", ROW), ("b", ROW)], {}),
        (ValueError, "step 1 must have a picture, got an empty list", [("a", ROW), ("b", [])], {}),
        (TypeError, "step 1 must have a matplotlib Figure.* got str", [("a", ROW), ("b", "text")], {}),
        (ValueError, "step 1 needs alt", [("a", ROW), ("b", np.ones((2, 2)))], {}),
        (ValueError, "start must be 0 to 1, got 2", [("a", ROW)] * 2, {"start": 2}),
        (TypeError, "start must be an integer", [("a", ROW)] * 2, {"start": 0.5}),
        (ValueError, "delay must be 200 to 10000, got 10", [("a", ROW)] * 2, {"delay": 10}),
        (ValueError, "caption is missing", [("a", ROW)] * 2, {"caption": ""}),
    ],
)
def test_what_makes_no_widget_is_refused(kind, words, given, arguments):
    with pytest.raises(kind, match=words):
        steps(given, **{**TEXTS, **arguments})


def test_a_picture_is_stored_once_and_a_figure_takes_the_pages_colors():
    picture = np.random.default_rng(0).random((20, 30))
    drawn = boxes([{"at": (0, 0, 5, 5)}], size=(30, 20), picture=picture)
    given = [
        Step("one", drawn),
        Step("two", [drawn, ROW]),
        ("three", picture, "noise"),
        ("four", figure(), "a line"),
    ]
    state = steps(given, **TEXTS).page_state()
    assert len(state["pictures"]) == 1
    assert [d["kind"] for f in state["frames"] for d in f["drawings"]] == [
        "boxes",
        "boxes",
        "tokens",
        "image",
        "figure",
    ]
    assert all(d["text"] for f in state["frames"] for d in f["drawings"])
    assert json.loads(json.dumps(state)) == state
    svg = state["frames"][3]["drawings"][0]["svg"]
    assert f"var(--book-ours,{LIGHT['ours']})" in svg
    assert state["live"] is False


def test_alt_replaces_the_words_of_a_drawing_that_stands_alone():
    frames = steps([Step("a", ROW, "two letters"), Step("b", [ROW, ROW], "pairs")], **TEXTS).frames
    assert [d["text"] for f in frames for d in f["drawings"]] == ["two letters", "a | b", "a | b"]


@pytest.mark.parametrize("start", [0, 1, 2])
def test_where_no_script_runs_there_is_a_picture_of_the_start(start):
    given = [
        ("a", [ROW, table([[1]], columns=["n"], index=["k"])]),
        ("b", figure(), "a line"),
        ("c", np.ones((2, 4)), "white"),
    ]
    html = steps(given, start=start, **TEXTS).page_html()
    assert re.search(r'<img src="data:image/\S+" alt="A few small drawings', html)


def test_the_module_is_one_that_an_engine_reads():
    assert call("stepper", "none", []) == []


# ---------------------------------------------------------------- the algorithms


def bpe_reference(text, merges):
    """Sennrich's own way: words as strings of symbols between spaces, merged by a regular expression."""
    words = {}
    for word in text.split():
        words[" ".join([*word, "_"])] = words.get(" ".join([*word, "_"]), 0) + 1
    for _ in range(merges):
        pairs = {}
        for word, count in words.items():
            parts = word.split()
            for pair in zip(parts, parts[1:], strict=False):
                pairs[pair] = pairs.get(pair, 0) + count
        if not pairs or max(pairs.values()) < 2:
            break
        best = max(pairs, key=pairs.get)
        pattern = re.compile(r"(?<!\S)" + re.escape(" ".join(best)) + r"(?!\S)")
        words = {pattern.sub("".join(best), word): count for word, count in words.items()}
    return [word.split() for word in words]


@pytest.mark.parametrize(
    "text",
    [
        "low low low lower lower newest newest newest widest widest",
        "aaaa aaa aa",
        "a",
        "banana bandana cabana",
    ],
)
def test_bpe_merges_as_the_reference_does(text):
    sequence = bpe_steps(text, 8)
    last = [d for d in sequence[-1].picture if d["kind"] == "tokens"]
    assert [[token for token, _ in row["items"]] for row in last] == bpe_reference(text, 8)


def test_nms_keeps_what_the_definition_keeps():
    rng = np.random.default_rng(0)
    for _ in range(20):
        low = rng.uniform(0, 60, (9, 2))
        corners = np.hstack([low, low + rng.uniform(10, 40, (9, 2))])
        scores = rng.random(9)
        kept: list[int] = []
        for i in np.argsort(-scores):
            if all(iou(corners[i], corners[[j]])[0] <= 0.4 for j in kept):
                kept.append(int(i))
        sequence = nms_steps(corners, scores, 0.4, size=(100, 100))
        assert sequence[-1].caption.endswith(": " + ", ".join(chr(65 + i) for i in kept) + ".")
        assert sum(not b["faint"] for b in sequence[-1].picture[0]["boxes"]) == len(kept)


def test_iou_of_known_boxes():
    found = iou(np.array([0, 0, 2, 2.0]), np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6.0]]))
    np.testing.assert_allclose(found, [1, 1 / 3, 0])


def test_autodiff_agrees_with_torch():
    x, y, z = (torch.tensor(v, requires_grad=True) for v in (1.5, -0.25, 3.0))
    ((x + y) * z).backward()
    sequence = autodiff_steps(1.5, -0.25, 3.0)
    grads = {n["id"]: n["grad"] for n in sequence[-1].picture["nodes"]}
    for name, value in (("x", x), ("y", y), ("z", z)):
        assert float(grads[name].removeprefix("grad ").replace("−", "-")) == pytest.approx(value.grad.item())


def test_convolution_steps_compute_the_layer():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x, w = rng.integers(-2, 4, (3, 4, 5)), rng.integers(-2, 3, (2, 3, 2, 3))
    wanted = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w)).flatten().tolist()
    sequence = convolution_steps(x, w)
    assert len(sequence) == len(wanted) == 2 * 3 * 3
    for step, y in zip(sequence, wanted, strict=True):
        terms, _, total = step.caption.replace("−", "-").rpartition(" = ")
        assert eval(terms) == int(total) == y
        marked = [value for value, at in zip(*_cells_and_marks(step.picture[0]), strict=True) if at]
        assert len(marked) == 3 * 2 * 3
    assert convolution_steps(x[0], w[0, 0])[0].caption.count("·") == 2 * 3
    with pytest.raises(TypeError, match="x and w must hold integers"):
        convolution_steps(x / 2, w)


def _cells_and_marks(drawn):
    spots = [(i, j) for i, row in enumerate(drawn["rows"]) for j in range(len(row))]
    return [drawn["rows"][i][j] for i, j in spots], [f"{i},{j}" in drawn["marks"] for i, j in spots]


@pytest.mark.parametrize(
    ("words", "make"),
    [
        ("text must hold at least one word", lambda: bpe_steps(" ")),
        ("merges must be at least 1, got 0", lambda: bpe_steps("a", 0)),
        (
            r"corners must be \(N, 4\) and scores \(N,\)",
            lambda: nms_steps(np.ones((2, 3)), np.ones(2), size=(1, 1)),
        ),
        (
            r"w must be \(C_out, C, k, k\) .* got \(1, 1, 4, 4\) for \(1, 3, 3\)",
            lambda: convolution_steps(np.ones((3, 3), int), np.ones((4, 4), int)),
        ),
        (r"threshold must lie in \[0, 1\]", lambda: nms_steps([[0, 0, 1, 1]], [1], 2, size=(1, 1))),
    ],
)
def test_algorithms_name_what_they_cannot_take(words, make):
    with pytest.raises(ValueError, match=words):
        make()


def test_the_examples_are_small():
    corners = np.array([[0, 0, 20, 20], [2, 2, 22, 22], [40, 40, 60, 60]])
    for sequence in (
        bpe_steps("low low lower", 6),
        nms_steps(corners, [0.9, 0.8, 0.7], size=(64, 64)),
        autodiff_steps(),
    ):
        widget = steps(sequence, **TEXTS)
        assert len(json.dumps(widget.page_state()).encode()) < 20_000
        assert 'data-widget="stepper"' in widget.page_html()
