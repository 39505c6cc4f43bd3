"""The convolution explorer: Python and module against torch, what is refused, what the page is given."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
import torch
from node import call

from utils.plotting import use_style
from utils.widgets.base import STATE_LIMIT
from utils.widgets.convolution import PRESETS, conv2d, convolution_explorer, output_size

TEXTS = {
    "caption": "Choose another kernel.",
    "alt": "A matrix of digits and what a kernel makes of it.",
}
MATRIX = np.arange(49).reshape(7, 7) % 10


def cases(count=100, fit=True):
    rng = np.random.default_rng(0)
    while count:
        x = rng.normal(size=rng.integers(1, 13, 2)) * 10 ** rng.uniform(-2, 2)
        k = rng.normal(size=rng.integers(1, 6, 2))
        s, p, d = int(rng.integers(1, 5)), int(rng.integers(0, 5)), int(rng.integers(1, 5))
        fits = all(output_size(n, m, s, p, d) >= 1 for n, m in zip(x.shape, k.shape, strict=True))
        if fits == fit:
            count -= 1
            yield x, k, s, p, d


def torch_conv(x, k, s, p, d):
    x, k = (torch.from_numpy(a)[None, None] for a in (x, k))
    return torch.nn.functional.conv2d(x, k, stride=s, padding=p, dilation=d)[0, 0].numpy()


def as_json(given):
    return [[x.tolist(), k.tolist(), s, p, d] for x, k, s, p, d in given]


def test_python_agrees_with_torch():
    for one in cases():
        np.testing.assert_allclose(conv2d(*one), torch_conv(*one), rtol=1e-9, atol=1e-9)


def test_the_module_agrees_with_torch_and_python():
    given = list(cases())
    for one, found in zip(given, call("convolution", "convolve", as_json(given)), strict=True):
        np.testing.assert_allclose(found, torch_conv(*one), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found, conv2d(*one), rtol=1e-6, atol=1e-6)


def test_the_sizes_are_those_of_the_formula_also_below_one():
    rng = np.random.default_rng(1)
    given = [
        [int(rng.integers(1, 12)), *(int(rng.integers(1, 6)) for _ in range(2)), int(rng.integers(0, 5))]
        for _ in range(100)
    ]
    given = [[n, k, s, p, 1 + i % 4] for i, (n, k, s, p) in enumerate(given)]
    found = call("convolution", "outputSize", given)
    assert found == [output_size(*one) for one in given]
    assert min(found) < 0 < max(found)


def test_where_the_kernel_does_not_fit_there_is_no_output():
    given = list(cases(20, fit=False))
    assert call("convolution", "convolve", as_json(given)) == [[]] * 20
    for one in given:
        with pytest.raises(ValueError, match="kernel spans"):
            conv2d(*one)
        with pytest.raises(RuntimeError):
            torch_conv(*one)


def test_the_written_products_sum_to_the_output():
    given = list(cases(30))
    at = [
        [0, 0] if i % 2 else [conv2d(*one).shape[0] - 1, conv2d(*one).shape[1] - 1]
        for i, one in enumerate(given)
    ]
    terms = call(
        "convolution", "windowAt", [[*one, *where] for one, where in zip(as_json(given), at, strict=True)]
    )
    for one, where, found in zip(given, at, terms, strict=True):
        total = sum(term["value"] * term["weight"] for row in found for term in row)
        np.testing.assert_allclose(total, conv2d(*one)[tuple(where)], rtol=1e-9, atol=1e-9)
        assert all(term["inside"] or term["value"] == 0 for row in found for term in row)


def test_a_kernel_grows_and_shrinks_around_its_center():
    kernel = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    one, five = call("convolution", "resizeKernel", [[kernel, 1], [kernel, 5]])
    assert one == [[5]]
    assert np.array_equal(five, np.pad(kernel, 1))
    four = call("convolution", "resizeKernel", [[kernel, 4]])[0]
    assert call("convolution", "resizeKernel", [[four, 5]])[0] == five


def test_weights_are_read_as_typed_and_written_back():
    texts = ["1", "-2", "−2", " 1/9 ", "0,5", ".25", "", "x", "1/0", "1/2/3", "1/", "1e9"]
    want = [1, -2, -2, 1 / 9, 0.5, 0.25, None, None, None, None, None, None]
    assert call("convolution", "parseWeight", [[text] for text in texts]) == want
    rng = np.random.default_rng(2)
    values = [
        *np.concatenate([k.ravel() for k in PRESETS.values()]),
        *rng.normal(size=50).round(2),
        1 / 25,
        -1 / 3,
    ]
    written = call("convolution", "weightText", [[float(v)] for v in values])
    read = call("convolution", "parseWeight", [[text] for text in written])
    np.testing.assert_allclose(read, values, atol=1e-12)
    assert call("convolution", "weightText", [[1 / 9], [-0.5], [0.0625], [0.04], [2.0]]) == [
        "1/9",
        "−0.5",
        "1/16",
        "0.04",
        "2",
    ]


@pytest.mark.parametrize(
    ("kind", "words", "arguments"),
    [
        (ValueError, "give a picture, a matrix or both", {"matrix": None}),
        (ValueError, r"picture must be gray.*\(4, 4\)", {"picture": np.zeros((4, 4))}),
        (ValueError, "picture must be gray", {"picture": np.zeros((64, 64, 3))}),
        (
            ValueError,
            r"picture must lie in \[0, 1\], got 0.0 to 2.0",
            {"picture": np.linspace(0, 2, 4096).reshape(64, 64)},
        ),
        (TypeError, "picture must be uint8 or float", {"picture": np.zeros((64, 64), int)}),
        (ValueError, "matrix must have 1 to 12 rows", {"matrix": np.zeros((13, 3), int)}),
        (ValueError, "matrix must have 1 to 12 rows", {"matrix": []}),
        (TypeError, "matrix must hold integers", {"matrix": np.zeros((3, 3))}),
        (ValueError, "kernel must be one of identity.*'sobel'", {"kernel": "sobel"}),
        (ValueError, r"kernel must be square.*\(2, 3\)", {"kernel": np.ones((2, 3))}),
        (ValueError, "kernel must be square", {"kernel": np.ones((6, 6))}),
        (ValueError, "kernel must hold finite numbers", {"kernel": [[np.nan]]}),
        (ValueError, "stride must be 1 to 4, got 0", {"stride": 0}),
        (ValueError, "padding must be 0 to 4, got 5", {"padding": 5}),
        (TypeError, "dilation must be an integer, got 1.5", {"dilation": 1.5}),
        (ValueError, "kernel must fit .* output of -1 x -1", {"dilation": 4}),
        (ValueError, "pixel must lie in the output, 5 x 5", {"pixel": (5, 0)}),
        (ValueError, "caption is missing", {"caption": ""}),
        (ValueError, "alt must say", {"alt": "A matrix."}),
    ],
)
def test_what_makes_no_widget_is_refused(kind, words, arguments):
    with pytest.raises(kind, match=words):
        convolution_explorer(**{**TEXTS, "matrix": MATRIX, **arguments})


@pytest.mark.parametrize(
    ("x", "kernel", "name"), [(np.ones(3), np.ones((1, 1)), "x"), (np.ones((3, 3)), [[]], "kernel")]
)
def test_conv2d_names_what_is_no_matrix(x, kernel, name):
    with pytest.raises(ValueError, match=f"{name} must be a matrix"):
        conv2d(x, kernel)


def test_the_page_is_given_the_same_numbers():
    use_style()
    picture = np.random.default_rng(0).random((96, 80))
    widget = convolution_explorer(
        picture=picture, matrix=MATRIX, kernel="Laplacian", stride=2, padding=1, **TEXTS
    )
    state = json.loads(json.dumps(widget.page_state()))
    first, second = state["inputs"]
    pixels = np.frombuffer(base64.b64decode(first["data"]), np.uint8).reshape(first["rows"], first["columns"])
    assert np.abs(pixels / 255 - picture).max() <= 0.5 / 255 + 1e-9
    assert second["data"] == MATRIX.tolist()
    assert state["start"] == {
        "input": 0,
        "kernel": PRESETS["Laplacian"].tolist(),
        "name": "Laplacian",
        "pixel": None,
        "stride": 2,
        "padding": 1,
        "dilation": 1,
    }
    assert [one["name"] for one in state["kernels"]] == list(PRESETS)
    assert len(json.dumps(state)) < 20_000 < STATE_LIMIT
    assert 'data-widget="convolution"' in widget.page_html()
