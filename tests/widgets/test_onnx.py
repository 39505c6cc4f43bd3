"""Exports: the file agrees with torch, carries nothing of this machine, and every fault is named."""

from __future__ import annotations

import base64
import logging

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from utils.widgets.input_gradient import OUTPUTS, InputGradients
from utils.widgets.onnx import ModelWidget, export_onnx, onnx_state, run_onnx

pytest.importorskip("onnx")
pytest.importorskip("onnxscript")


def net(seed: int = 0, size: int = 28, kernel: int = 5, pool: int = 2) -> nn.Sequential:
    torch.manual_seed(seed)
    left = size // pool
    return nn.Sequential(
        nn.Conv2d(1, 3, kernel, padding=kernel // 2),
        nn.ReLU(),
        nn.AvgPool2d(pool),
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * left * left, 10),
    )


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)
        self.drop = nn.Dropout(0.5)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return self.linear(self.drop(a)), a * b


@pytest.fixture(scope="module")
def exported():
    module, inputs = Pair(), (torch.randn(2, 4), torch.randn(2, 4))
    level = logging.getLogger("torch.onnx").level
    names = {"input_names": ["a", "b"], "output_names": ["y", "product"]}
    data = export_onnx(module, inputs, **names)
    assert module.training  # the reader's module stays as it was
    assert logging.getLogger("torch.onnx").level == level
    return module, data


def test_the_file_agrees_with_torch_on_other_inputs(exported):
    module, data = exported
    a, b = torch.randn(2, 4), torch.randn(2, 4)
    got, _ = run_onnx(data, {"a": a.numpy(), "b": b.numpy()})
    with torch.no_grad():
        expected = module.eval()(a, b)
    for name, reference in zip(("y", "product"), expected, strict=True):
        np.testing.assert_allclose(got[name], reference.numpy(), atol=1e-6)


def test_the_reference_evaluator_serves_where_onnxruntime_is_missing(exported, monkeypatch):
    module, data = exported
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    a, b = torch.randn(2, 4), torch.randn(2, 4)
    got, evaluator = run_onnx(data, {"a": a.numpy(), "b": b.numpy()})
    assert "reference" in evaluator
    np.testing.assert_allclose(got["product"], (a * b).numpy(), atol=1e-6)


def test_the_file_names_no_folder_of_this_machine(exported):
    _, data = exported
    for trace in (b".py", b"site-packages", b"/home", b"/tmp", b"stack_trace"):
        assert trace not in data


def test_export_says_size_and_error(capsys, monkeypatch, exported):
    _, data = exported
    monkeypatch.setattr("utils.widgets.onnx._export", lambda *args: data)
    export_onnx(
        exported[0],
        (torch.randn(2, 4), torch.randn(2, 4)),
        input_names=("a", "b"),
        output_names=("y", "product"),
    )
    said = capsys.readouterr().out
    assert f"{len(data) / 1000:.0f} kB" in said and "largest error" in said


def test_a_file_that_differs_from_torch_is_refused(exported, monkeypatch):
    _, data = exported
    other = Pair()  # other weights than the file's
    monkeypatch.setattr("utils.widgets.onnx._export", lambda *args: data)
    inputs = (torch.randn(2, 4), torch.randn(2, 4))
    names = {"input_names": ("a", "b"), "output_names": ("y", "product")}
    with pytest.raises(ValueError, match="output y differs from torch by .*, allowed is 0.0001"):
        export_onnx(other, inputs, **names)
    with pytest.raises(ValueError, match="allowed are 0 kB: use fewer parameters"):
        export_onnx(exported[0], inputs, **names, limit=100)
    with torch.no_grad():
        other.linear.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="differs from torch by nan"):
        export_onnx(other, inputs, **names)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"module": lambda x: x}, TypeError, "module must be a torch nn.Module, got function"),
        ({"example_inputs": [1, 2]}, TypeError, "example_inputs must be one tensor or several"),
        ({"example_inputs": []}, TypeError, "example_inputs must be one tensor or several"),
        ({"input_names": "x"}, TypeError, "input_names must be a sequence of names, got 'x'"),
        ({"input_names": ["x", "x"]}, ValueError, "input_names must be 1 different names"),
        ({"output_names": ["y", "z"]}, ValueError, "output_names must be 1 different names"),
        ({"tolerance": 0}, ValueError, "tolerance must be above 0, got 0"),
    ],
)
def test_arguments_are_checked(change, error, message):
    given = {"module": nn.Linear(2, 2), "example_inputs": torch.zeros(1, 2)} | change
    with pytest.raises(error, match=message):
        export_onnx(given.pop("module"), given.pop("example_inputs"), **given)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(ModuleNotFoundError, match="pip install onnx onnxscript"):
        export_onnx(nn.Linear(2, 2), torch.zeros(1, 2))


def test_state_is_the_file_as_base64():
    assert base64.b64decode(onnx_state(b"\x08\x0a")) == b"\x08\x0a"
    with pytest.raises(TypeError, match="data must be the bytes of an ONNX file, got str"):
        onnx_state("text")


# ---------------------------------------------------------------- gradients


@pytest.mark.parametrize(
    ("size", "kernel", "pool"), [(28, 5, 2), (28, 3, 3), (13, 5, 2), (9, 1, 4)]
)  # 28 / 3 and 13 / 2 leave rows that no window reads
def test_gradients_agree_with_autograd(size, kernel, pool):
    for seed in range(5):
        model = net(seed, size, kernel, pool)
        x = torch.rand(1, 1, size, size, requires_grad=True)
        logits = model(x)
        top = logits.argmax(1)
        saliency = torch.autograd.grad(logits.max(), x, retain_graph=True)[0]
        loss = torch.autograd.grad(nn.functional.cross_entropy(logits, top), x)[0]
        out = dict(zip(OUTPUTS, InputGradients(model)(x), strict=True))
        torch.testing.assert_close(out["logits"], logits, atol=0, rtol=0)
        torch.testing.assert_close(out["features"], model[1](model[0](x)), atol=0, rtol=0)
        torch.testing.assert_close(out["saliency"], saliency, atol=1e-6, rtol=0)
        rest = 1 - logits.softmax(1).max()  # the positive factor that `attack` leaves out
        torch.testing.assert_close(out["attack"] * rest, loss, atol=1e-6, rtol=0)


def test_a_sure_network_still_has_a_direction_to_attack():
    model = net()
    with torch.no_grad():
        model[-1].weight *= 5000
    x = torch.rand(1, 1, 28, 28)
    out = dict(zip(OUTPUTS, InputGradients(model)(x), strict=True))
    assert out["logits"].softmax(1).max() == 1  # so the gradient of the cross-entropy is 0
    assert (out["attack"] != 0).float().mean() > 0.5


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2)], r"net\[2\] must be one of .*, got MaxPool2d"),
        ([nn.Conv2d(1, 2, 3, stride=2), nn.ReLU(), nn.Flatten()], r"net\[0\]: Conv2d must have stride 1"),
        (
            [nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AvgPool2d(3, stride=2)],
            r"net\[2\]: AvgPool2d must tile its input",
        ),
        ([nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(0)], r"net\[2\]: Flatten must keep the batch"),
        ([nn.Flatten(), nn.Linear(4, 2), nn.ReLU()], "net must begin with a Conv2d and a ReLU"),
    ],
)
def test_layers_without_a_backward_here_are_named(layers, message):
    with pytest.raises(ValueError, match=message):
        InputGradients(nn.Sequential(*layers))
    with pytest.raises(TypeError, match="net must be an nn.Sequential, got Linear"):
        InputGradients(nn.Linear(2, 2))


# ---------------------------------------------------------------- with a kernel


class Demo(ModelWidget):
    name = "draw_digit"

    def poster(self):
        return "data:,", 1, 1


def packed(x: Tensor) -> dict:
    return {"data": base64.b64encode(x.numpy().tobytes()).decode(), "dims": list(x.shape)}


def test_with_a_kernel_torch_answers(exported):
    module, data = exported
    words = {"caption": "Try it.", "alt": "A picture of what it shows."}
    widget = Demo(module, data, input_names=["a", "b"], output_names=["y", "product"], **words)
    a, b = torch.randn(2, 4), torch.randn(2, 4)
    widget.request = {"id": "7", "inputs": {"a": packed(a), "b": packed(b)}}
    answer = widget.answer
    assert answer["id"] == "7" and answer["outputs"]["product"]["dims"] == [2, 4]
    got = np.frombuffer(base64.b64decode(answer["outputs"]["product"]["data"]), "<f4").reshape(2, 4)
    np.testing.assert_allclose(got, (a * b).numpy(), atol=1e-6)
    with torch.no_grad():  # training on does not part the widget's module from its file
        module.linear.weight.add_(1)
    before = widget.run_model(a, b)["y"]
    np.testing.assert_allclose(before, run_onnx(data, {"a": a.numpy(), "b": b.numpy()})[0]["y"], atol=1e-6)
    widget.request = {"id": "8", "inputs": {"a": packed(a)}}
    assert widget.answer == {"id": "8", "error": "KeyError: 'b'"}
    assert not {"request", "answer"} & set(widget.page_state())
