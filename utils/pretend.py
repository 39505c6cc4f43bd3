"""A second device where there is none: ``BOOK_DEVICE=pretend`` runs a notebook as a GPU would, at the CPU's numbers.

What is moved to the device, or made on it, becomes an `Away`: PyTorch takes it for a tensor on ``meta``, and it holds
the numbers in a tensor on the CPU. Operations on it are the CPU's (a fused one, as an LSTM's, is taken apart, so its
last digits may differ); one that mixes it with a tensor that stayed behind raises what CUDA would raise. So a whole
notebook shows, with no GPU, that model, data, masks and random numbers go where they must, in three times the time.

CUDA's exceptions hold here too: numbers (0-dimensional CPU tensors) mix, and an index may stay on the CPU.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

DEVICE = torch.device(
    "meta"
)  # a device that every build of PyTorch knows, and that computes nothing by itself
CPU = torch.device("cpu")
_aten = torch.ops.aten
# Give a Python number; may be between devices.
_NUMBERS = frozenset({_aten._local_scalar_dense.default, _aten.is_nonzero.default, _aten.equal.default})
_MOVES = frozenset({_aten._to_copy.default, _aten.copy_.default})


class Away(Tensor):
    """A tensor that says it is elsewhere; ``here`` holds its numbers, on the CPU."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> Away:
        self = Tensor._make_wrapper_subclass(
            cls,
            here.shape,
            strides=here.stride(),
            storage_offset=here.storage_offset(),
            dtype=here.dtype,
            device=DEVICE,
        )
        self.here = here
        return self

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})

    def tolist(self) -> Any:  # no operation, and refused for subclasses
        return self.here.tolist()

    def __getitem__(self, index: Any) -> Any:
        return super().__getitem__(_index(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(_index(index), value)

    def numpy(self, *, force: bool = False) -> Any:
        if not force:
            raise TypeError(
                "can't convert a tensor of the device to numpy. Use Tensor.cpu() to copy it to host memory first"
            )
        return self.here.numpy(force=True)

    def new_tensor(self, data: Any, **options: Any) -> Tensor:
        return self.here.new_tensor(data, **options).to(DEVICE)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"{self.here!r} away"


def _index(index: Any) -> Any:
    """Lists and arrays become tensors here: PyTorch would make them on ``meta``, without numbers."""
    if isinstance(index, tuple):
        return tuple(map(_index, index))
    return torch.as_tensor(index) if isinstance(index, (list, np.ndarray)) else index


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """An operation with an `Away` among its arguments, or one that names its device."""
    away: dict[int, Away] = {}
    stayed: list[Tensor] = []

    def bring(value: Any) -> Any:
        if isinstance(value, Away):
            away[id(value.here)] = value
            return value.here
        if isinstance(value, Tensor):
            stayed.extend([value] * (value.dim() > 0))
        elif type(value) in (list, tuple):
            return type(value)(map(bring, value))
        return value

    def send(value: Any) -> Any:
        if isinstance(value, Tensor):  # what an operation in place gives back is the tensor that came
            return away[id(value)] if id(value) in away else Away(value)
        return type(value)(map(send, value)) if type(value) in (list, tuple) else value

    asked = kwargs.get("device")
    goes = asked is not None and torch.device(asked).type == DEVICE.type
    inner, options = [bring(value) for value in args], {key: bring(value) for key, value in kwargs.items()}
    name = func._schema.name
    if away and stayed and func not in _MOVES and not name.startswith("aten::index"):
        shapes = [f"{tuple(t.shape)} on the device" for t in away.values()]
        shapes += [f"{tuple(t.shape)} on cpu" for t in stayed]
        raise RuntimeError(
            f"Expected all tensors to be on the same device: {name} got {', '.join(shapes)}; make it with "
            "device=, or as a buffer, or move it with .to(device)"
        )
    if asked is not None:
        options["device"] = CPU
    if goes and (generator := options.get("generator")) is not None and generator.device.type == "cpu":
        raise RuntimeError(
            f"Expected a generator of the device for {name}, found one of the cpu: draw on the cpu and move it"
        )
    result = func(*inner, **options)
    if func is _aten.copy_.default:
        return args[0]
    if func in _NUMBERS or not (goes if asked is not None else away):
        return result
    return send(result)


class _Pretend(TorchDispatchMode):
    """Sees what no `Away` has part in: moving to the device, and making a tensor on it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if Away in types or (kwargs and kwargs.get("device") is not None):
            return _run(func, args, kwargs or {})
        return func(*args, **(kwargs or {}))


def _sends(make: Any) -> Any:
    """``torch.tensor`` and its like, which PyTorch leaves empty where they are made on ``meta``."""

    @functools.wraps(make)
    def made(*args: Any, device: Any = None, **kwargs: Any) -> Tensor:
        if device is not None and torch.device(device).type == DEVICE.type:
            return make(*args, **kwargs).to(DEVICE)
        return make(*args, device=device, **kwargs)

    return made


_mode: _Pretend | None = None


def begin() -> torch.device:
    """Start to pretend, for the rest of the process, and give the device. A second call changes nothing."""
    global _mode
    if _mode is None:
        for name in ("tensor", "as_tensor", "asarray"):
            setattr(torch, name, _sends(getattr(torch, name)))
        _mode = _Pretend()
        _mode.__enter__()
    return DEVICE
