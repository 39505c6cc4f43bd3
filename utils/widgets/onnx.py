"""A torch module as an ONNX file that a page can carry and run.

`export_onnx` writes the file and holds it against torch. Needs the packages onnx and onnxscript; the check runs in
onnxruntime where it is installed, and otherwise in onnx's own reference evaluator, which is slower and enough.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import traitlets as t
from torch import Tensor, nn

from utils.display import seal
from utils.widgets.base import BookWidget

FILE_LIMIT = (
    100_000  # bytes: as text in a widget's state, which a page limits to 150 kB, they grow by a third
)
OPSET = 20


def _missing(package: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"export_onnx needs the package {package}: pip install onnx onnxscript")


def _bare(model: Any) -> bytes:
    """The file without what only a debugger reads: stack traces (which name this machine's folders), shapes."""
    model.metadata_props.clear()
    for graph in [model.graph, *model.functions]:
        graph.doc_string = ""
        graph.value_info.clear()
        graph.metadata_props.clear()
        for node in graph.node:
            node.doc_string = ""
            node.metadata_props.clear()
    for tensor in model.graph.initializer:
        tensor.doc_string = ""
    for value in (*model.graph.input, *model.graph.output):
        value.doc_string = ""
        value.metadata_props.clear()
    return model.SerializeToString(deterministic=True)


def run_onnx(data: bytes, inputs: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], str]:
    """Outputs by name, and the evaluator's name. Raises ModuleNotFoundError when neither is installed."""
    try:
        import onnxruntime
    except ModuleNotFoundError:
        try:
            from onnx.reference import ReferenceEvaluator
        except ModuleNotFoundError as error:
            raise _missing("onnx") from error
        session, evaluator = ReferenceEvaluator(data), "onnx's reference evaluator"
        names = session.output_names
    else:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        names, evaluator = [value.name for value in session.get_outputs()], "onnxruntime"
    return dict(zip(names, session.run(None, inputs), strict=True)), evaluator


def _names(names: Sequence[str], what: str, count: int) -> list[str]:
    if isinstance(names, str) or not all(isinstance(name, str) and name for name in names):
        raise TypeError(f"{what} must be a sequence of names, got {names!r}")
    if len(names) != count or len(set(names)) < count:
        raise ValueError(f"{what} must be {count} different names, got {list(names)!r}")
    return list(names)


def _outputs(module: nn.Module, inputs: tuple[Tensor, ...]) -> list[np.ndarray]:
    with torch.no_grad():
        value = module(*inputs)
    return [v.numpy() for v in (value if isinstance(value, (tuple, list)) else (value,))]


def export_onnx(
    module: nn.Module,
    example_inputs: Tensor | Sequence[Tensor],
    *,
    input_names: Sequence[str] = ("x",),
    output_names: Sequence[str] = ("y",),
    tolerance: float = 1e-4,
    limit: int = FILE_LIMIT,
) -> bytes:
    """``module`` as one ONNX file, checked against torch on the example inputs; prints size and largest error.

    Args:
        module: takes the example inputs and returns a tensor or a tuple of tensors. Exported in evaluation mode,
            on the CPU; its own mode and place are left as they are.
        example_inputs: a tensor or several; their shapes are the shapes the file takes.
        input_names, output_names: one for each input and output of the graph.
        tolerance: largest allowed |ONNX - torch| over all outputs.
        limit: largest file in bytes.

    Returns:
        The file's bytes, without folders or other traces of this machine.

    Raises:
        ValueError: outputs that differ from torch by more than ``tolerance`` or are not finite, a file over
            ``limit``, names of another number.
        TypeError: ``module`` is no torch module, an input is no tensor.
        ModuleNotFoundError: onnx or onnxscript is not installed.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch nn.Module, got {type(module).__name__}")
    inputs = (example_inputs,) if isinstance(example_inputs, Tensor) else tuple(example_inputs)
    if not inputs or not all(isinstance(x, Tensor) for x in inputs):
        raise TypeError(f"example_inputs must be one tensor or several, got {example_inputs!r}")
    if not tolerance > 0:
        raise ValueError(f"tolerance must be above 0, got {tolerance!r}")
    inputs = tuple(x.detach().cpu() for x in inputs)
    input_names = _names(input_names, "input_names", len(inputs))
    # Not moved and moved back: a copy leaves the reader's module, its mode and its place alone.
    twin = _copy_on_cpu(module)
    expected = _outputs(twin, inputs)
    output_names = _names(output_names, "output_names", len(expected))
    data = _export(twin, inputs, input_names, output_names)
    if len(data) > limit:
        count = sum(p.numel() for p in module.parameters())
        raise ValueError(
            f"the ONNX file of {type(module).__name__} is {len(data) / 1000:.0f} kB ({count:,} parameters), "
            f"allowed are {limit / 1000:.0f} kB: use fewer parameters"
        )
    got, evaluator = run_onnx(data, {n: x.numpy() for n, x in zip(input_names, inputs, strict=True)})
    worst = 0.0
    for name, reference in zip(output_names, expected, strict=True):
        if got[name].shape != reference.shape:
            raise ValueError(f"ONNX output {name} has shape {got[name].shape}, torch's {reference.shape}")
        error = float(np.abs(got[name].astype(float) - reference.astype(float)).max(initial=0.0))
        if not error <= tolerance:  # NaN is no agreement either
            raise ValueError(
                f"ONNX output {name} differs from torch by {error:.3g}, allowed is {tolerance:.3g} ({evaluator})"
            )
        worst = max(worst, error)
    what = f"ONNX file of {len(data) / 1000:.0f} kB = torch, outputs {', '.join(output_names)}"
    seal(
        "verify",
        "right",
        "✓",
        what,
        ("largest error ", f"{worst:.1e}" if worst else "0", f", allowed {tolerance:.0e}"),
        {
            "what": what,
            "against": "torch",
            "checked": "values",
            "error": worst,
            "atol": tolerance,
            "rtol": 0.0,
        },
    )
    return data


def _copy_on_cpu(module: nn.Module) -> nn.Module:
    return copy.deepcopy(module).cpu().eval()


def _export(
    module: nn.Module, inputs: tuple[Tensor, ...], input_names: list[str], output_names: list[str]
) -> bytes:
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise _missing(error.name or "onnx") from error
    # The exporter reports its progress, and versions of packages it does not need; neither concerns the reader.
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                inputs,
                input_names=input_names,
                output_names=output_names,
                dynamo=True,
                external_data=False,
                opset_version=OPSET,
                verbose=False,
            )
    finally:
        logger.setLevel(level)
    return _bare(program.model_proto)


def onnx_state(data: bytes) -> str:
    """The file as base64 text, as a widget's state holds it and `kit/onnx.mjs` reads it."""
    if not isinstance(data, (bytes, bytearray)) or not data:
        raise TypeError(f"data must be the bytes of an ONNX file, got {type(data).__name__}")
    return base64.b64encode(data).decode("ascii")


class ModelWidget(BookWidget):
    """A widget whose module runs a trained model: in the page from the file, with a kernel in torch.

    A subclass gives the torch module that was exported, and the names that were given to `export_onnx`.
    """

    onnx = t.Unicode().tag(sync=True)  # the file as base64
    request = t.Dict().tag(sync=True)  # {"id", "inputs": {name: {"data": base64 of float32, "dims"}}}
    answer = t.Dict().tag(sync=True)  # {"id", "outputs": the same form} or {"id", "error"}

    def __init__(
        self,
        module: nn.Module,
        data: bytes,
        *,
        input_names: Sequence[str],
        output_names: Sequence[str],
        **state: Any,
    ) -> None:
        # The copy that was exported is what runs: training the reader's module on must not part the two.
        self._module = _copy_on_cpu(module)
        self._input_names, self._output_names = list(input_names), list(output_names)
        super().__init__(onnx=onnx_state(data), **state)
        self.observe(self._on_request, "request")

    def page_state(self) -> dict[str, Any]:
        return {k: v for k, v in super().page_state().items() if k not in ("request", "answer")}

    def run_model(self, *inputs: Tensor) -> dict[str, np.ndarray]:
        """What torch answers, by output name."""
        return dict(zip(self._output_names, _outputs(self._module, inputs), strict=True))

    def _on_request(self, change: Any) -> None:
        asked = change["new"]
        try:
            inputs = [_unpacked(asked["inputs"][name]) for name in self._input_names]
            outputs = {name: _packed(value) for name, value in self.run_model(*inputs).items()}
            answer: dict[str, Any] = {"outputs": outputs}
        except Exception as error:  # the reader sees it in the widget, which goes on
            answer = {"error": f"{type(error).__name__}: {error}"}
        self.answer = {"id": asked.get("id"), **answer}


def _packed(values: np.ndarray) -> dict[str, Any]:
    data = base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")
    return {"data": data, "dims": list(values.shape)}


def _unpacked(stored: dict[str, Any]) -> Tensor:
    flat = np.frombuffer(base64.b64decode(stored["data"]), "<f4").astype(np.float32)
    return torch.from_numpy(flat.reshape(stored["dims"]))
