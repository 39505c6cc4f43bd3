"""draw_digit: preparation in module and Python, arguments, state, and what the exported file answers."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
import torch
from node import call
from torch import nn

from utils.widgets import draw_digit as digits
from utils.widgets.onnx import run_onnx

rng = np.random.default_rng(0)
WORDS = {"caption": "Draw a digit.", "alt": "A digit, its saliency, ten bars and feature maps."}


def drawing(center: float = 14.0, spread: float = 5.0) -> list:
    """Random strokes as a reader leaves them: walks of 1 to 30 points."""
    walk = [rng.normal(0, 1.5, (rng.integers(1, 30), 2)).cumsum(0) for _ in range(rng.integers(1, 4))]
    return [(points + rng.normal(center, spread, 2)).clip(0, 28).tolist() for points in walk]


@pytest.fixture(scope="module")
def drawings() -> list:
    dots = [[[[14.0, 14.0]]], [[[0.0, 0.0]], [[28.0, 28.0]]], [[[3.0, 20.0], [3.0, 20.0]]], []]
    return [drawing() for _ in range(96)] + dots


def test_strokes_become_the_same_pixels(drawings):
    got = call("draw_digit", "strokeInk", [[strokes] for strokes in drawings])
    for strokes, ink in zip(drawings, got, strict=True):
        np.testing.assert_allclose(np.reshape(ink, (28, 28)), digits.render_strokes(strokes), atol=1e-9)


def test_preparation_is_the_same(drawings):
    got = call("draw_digit", "prepareDigit", [[strokes] for strokes in drawings])
    for strokes, ink in zip(drawings, got, strict=True):
        np.testing.assert_allclose(np.reshape(ink, (28, 28)), digits.prepare_digit(strokes), atol=1e-6)


def test_preparation_is_mnists(drawings):
    for strokes in drawings[:50]:
        x = digits.prepare_digit(strokes)
        rows, columns = np.nonzero(x > 0.3)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
        if x[0].any() or x[-1].any() or x[:, 0].any() or x[:, -1].any():
            continue  # ink that a far center of mass has pushed over the edge is lost, as in MNIST
        mass = [(np.indices(x.shape)[axis] * x).sum() / x.sum() for axis in (0, 1)]
        assert np.allclose(mass, 14, atol=0.15)
        # Where and how large it was drawn does not matter; the pen is a pen.
        moved = [(np.asarray(points) * 0.5 + 3).tolist() for points in strokes]
        if np.ptp(np.concatenate([np.asarray(p) for p in moved]), axis=0).max() > 5:
            np.testing.assert_allclose(digits.prepare_digit(moved), x, atol=1e-9)


def test_softmax_and_attack_are_the_same():
    logits = rng.normal(0, 20, (100, 10))
    for z, p in zip(logits, call("draw_digit", "softmax", [[z.tolist()] for z in logits]), strict=True):
        np.testing.assert_allclose(p, torch.softmax(torch.tensor(z), 0).numpy(), atol=1e-9)
    cases = [
        (rng.random(20), rng.normal(size=20) * (rng.random(20) > 0.2), rng.random() * 0.3) for _ in range(100)
    ]
    got = call("draw_digit", "fgsm", [[x.tolist(), g.tolist(), e] for x, g, e in cases])
    for (x, g, e), moved in zip(cases, got, strict=True):
        np.testing.assert_allclose(moved, digits.fgsm(x, g, e), atol=1e-12)


def test_strokes_on_an_example_keep_it():
    picture, strokes = rng.random(784), drawing()
    (got,) = call("draw_digit", "inkOnPicture", [[picture.tolist(), strokes]])
    expected = np.maximum(picture, digits.render_strokes(strokes).ravel())
    np.testing.assert_allclose(got, expected, atol=1e-9)


@pytest.mark.parametrize("strokes", [[[]], [[[1.0]]], [[[1.0, float("nan")]]], [[1.0, 2.0]]])
def test_strokes_are_checked(strokes):
    with pytest.raises(ValueError, match=r"strokes\[0\] must be at least one finite point"):
        digits.prepare_digit(strokes)


def net(outputs: int = 10) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(4 * 49, outputs)
    )


@pytest.fixture(scope="module")
def widget():
    pytest.importorskip("onnxscript")
    return digits.draw_digit(net(), examples=torch.rand(3, 1, 28, 28), **WORDS)


def test_state_goes_round_and_is_small(widget):
    html = widget.page_html()
    state = json.loads(html.split('<script type="application/json">')[1].split("</script>")[0])
    assert len(html) < 150_000 and state["live"] is False and state["filters"] == 4
    assert {"onnx", "examples", "epsilon", "caption", "alt"} <= set(state)
    picture = np.frombuffer(base64.b64decode(state["examples"][1]), np.uint8).reshape(28, 28) / 255
    np.testing.assert_array_equal(picture, widget.picture(1))


def test_the_file_in_the_state_answers_as_torch(widget):
    data = base64.b64decode(widget.onnx)
    for i in range(3):
        x = widget.picture(i)[None, None].astype(np.float32)
        got, _ = run_onnx(data, {"x": x})
        expected = widget.run_model(torch.from_numpy(x))
        assert set(got) == {"logits", "features", "saliency", "attack"}
        for name, value in got.items():
            np.testing.assert_allclose(value, expected[name], atol=1e-4)
        pixels = torch.from_numpy(x).requires_grad_()
        gradient = torch.autograd.grad(net()(pixels).max(), pixels)[0]
        np.testing.assert_allclose(got["saliency"], gradient.numpy(), atol=1e-4)


def test_poster_is_a_picture_of_text_and_pixels(widget):
    src, width, height = widget.poster()
    svg = base64.b64decode(src.split(",")[1]).decode()
    assert "Saliency" in svg and "Feature maps" in svg and width > height > 100


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"epsilon": 0}, ValueError, "epsilon must be a number from 0.01 to 0.3, got 0"),
        ({"epsilon": True}, ValueError, "epsilon must be a number"),
        (
            {"examples": torch.zeros(1, 28, 27)},
            ValueError,
            r"examples must be 1 to 6 pictures.*\(1, 28, 27\)",
        ),
        ({"examples": torch.zeros(7, 28, 28)}, ValueError, "examples must be 1 to 6 pictures"),
        ({"examples": np.zeros((1, 28, 28), int)}, TypeError, "examples must be float"),
        ({"examples": torch.full((1, 28, 28), 1.5)}, ValueError, r"examples must lie in \[0, 1\], got 1.5"),
        ({"examples": torch.full((1, 28, 28), float("nan"))}, ValueError, "examples must lie in"),
        ({"net": nn.Linear(2, 2)}, TypeError, "net must be an nn.Sequential"),
        ({"net": net(7)}, ValueError, r"net must give 10 logits for a picture, got .*\(1, 7\)"),
        (
            {"net": net()[:-1].append(nn.Linear(5, 10))},
            ValueError,
            r"net must take a \(1, 1, 28, 28\) picture",
        ),
    ],
)
def test_arguments_are_checked(change, error, message):
    given = {"net": net(), "examples": torch.zeros(1, 28, 28), **WORDS} | change
    with pytest.raises(error, match=message):
        digits.draw_digit(given.pop("net"), **given)
