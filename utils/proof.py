"""Proof on the page: `verify` holds what we wrote against a library, `claim` states what a run measured.

Both print one quiet line when the statement is true and raise `ProofError` when it is not, so a notebook that
runs to its end has proved every one of its sentences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from utils.answers import is_tensor
from utils.display import seal


class ProofError(AssertionError):
    """A `verify` or a `claim` that does not hold."""


# ---------------------------------------------------------------- verify


def _array(x: Any, name: str) -> np.ndarray:
    """``x`` as a NumPy array; tensors are detached and brought to the CPU."""
    if is_tensor(x):
        x = x.detach().cpu()
        x = (x.float() if str(x.dtype) == "torch.bfloat16" else x).resolve_conj().numpy()
    array = np.asarray(x)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{name} must hold numbers, got {type(x).__name__} of dtype {array.dtype}")
    return array


def _leaves(x: Any, name: str) -> list[tuple[str, np.ndarray]]:
    """The arrays inside nested tuples, lists of arrays and dicts, each with its place."""
    if isinstance(x, Mapping):
        return [leaf for key in x for leaf in _leaves(x[key], f"{name}[{key!r}]")]
    if isinstance(x, tuple) or (
        isinstance(x, list) and any(isinstance(i, np.ndarray) or is_tensor(i) for i in x)
    ):
        return [leaf for i, item in enumerate(x) for leaf in _leaves(item, f"{name}[{i}]")]
    return [(name, _array(x, name))]


def compare(ours: Any, reference: Any, what: str, atol: float, rtol: float) -> float:
    """Largest absolute error over all arrays of two results; `ProofError` at the first that is out of tolerance."""
    mine, theirs = dict(_leaves(ours, "ours")), dict(_leaves(reference, "reference"))
    if len(mine) != len(theirs):
        raise ProofError(f"{what}: ours has {len(mine)} arrays, the reference has {len(theirs)}")
    if not mine:
        raise ValueError("ours and the reference are empty: there is nothing to compare")
    worst = 0.0
    for name, a in mine.items():
        twin = "reference" + name.removeprefix("ours")
        if twin not in theirs:
            raise ProofError(f"{what}: the reference has nothing in the place of {name}")
        b = theirs[twin]
        if a.shape != b.shape:
            raise ProofError(f"{what}: {name} has shape {a.shape}, the reference has {b.shape}")
        if a.size == 0:
            raise ValueError(f"{name} is empty (shape {a.shape}): there is nothing to compare")
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            side = "reference" if np.isfinite(a).all() else name
            raise ProofError(f"{what}: {side} holds NaN or infinity")
        wide = complex if "c" in (a.dtype.kind, b.dtype.kind) else float
        error = np.abs(a.astype(wide) - b.astype(wide))
        allowed = atol + rtol * float(np.abs(b).max())
        if error.max() > allowed:
            at = np.unravel_index(int(error.argmax()), error.shape)
            place = name + (str([int(i) for i in at]) if at else "")
            raise ProofError(
                f"{what}: {place} is {wide(a[at]):.10g}, the reference is {wide(b[at]):.10g}; "
                f"they differ by {error.max():.3g}, allowed is {allowed:.3g}"
            )
        worst = max(worst, float(error.max()))
    return worst


def _tensors(x: Any) -> list[Any]:
    """The tensors inside nested tuples, lists and dicts, dicts by sorted keys."""
    if isinstance(x, Mapping):
        return [v for key in sorted(x, key=str) for v in _tensors(x[key])]
    if isinstance(x, (tuple, list)):
        return [v for item in x for v in _tensors(item)]
    return [x] if is_tensor(x) else []


def _run(function: Callable, inputs: Sequence[Any], gradients: bool, seed: int) -> tuple[Any, list[Any]]:
    """Value of ``function`` and, for float tensors, gradients of a fixed random projection of it."""
    if not any(is_tensor(x) for x in inputs):
        return function(*inputs), []
    import torch

    def fresh(x: Any) -> Any:
        if not is_tensor(x):
            return x
        floating = x.dtype.is_floating_point or x.dtype.is_complex
        return x.detach().clone().requires_grad_(gradients and floating)

    args = [fresh(x) for x in inputs]
    value = function(*args)
    outputs = [v for v in _tensors(value) if v.requires_grad]
    leaves = [x for x in args if is_tensor(x) and x.requires_grad]
    if not gradients or not leaves:
        return value, []
    if not outputs:
        raise ProofError(
            "gradients were asked for, but the result does not depend on the inputs through autograd"
        )
    generator = torch.Generator().manual_seed(seed)

    def projected(v: Any) -> Any:  # complex weights, so that the imaginary part counts too
        wide = torch.complex128 if v.is_complex() else torch.float64
        return (v * torch.randn(v.shape, generator=generator, dtype=wide).to(v.device, v.dtype)).sum().real

    return value, list(
        torch.autograd.grad(sum(map(projected, outputs)), leaves, allow_unused=True, materialize_grads=True)
    )


def _short(tolerance: float) -> str:
    """A tolerance in full: 1e-08, 2.5e-09, 0."""
    text = f"{tolerance:.0e}"
    return "0" if tolerance == 0 else text if float(text) == tolerance else f"{tolerance:.3g}"


def verify(
    ours: Any,
    reference: Any,
    *inputs: Any,
    what: str,
    against: str,
    atol: float = 1e-8,
    rtol: float = 0.0,
    gradients: bool = True,
) -> None:
    """Hold ours against the reference and print one line; raise when they differ.

    ``ours`` and ``reference`` are either results (arrays, tensors, numbers, or tuples, lists and dicts of
    them) or two callables, which are then both called with ``inputs``. For callables with floating tensors
    among the inputs, the gradients of a fixed random projection of the outputs, with respect to every such
    input, are compared too. A pair passes when max|ours - reference| <= atol + rtol * max|reference|.

    Args:
        ours: what the notebook computed, or the function that computes it.
        reference: what the library computes, or its function; the same structure and shapes as ours.
        *inputs: arguments for both callables.
        what: what is compared, as the reader should see it ("softmax of 10 rows").
        against: the library's name for it ("torch.softmax").
        atol: absolute tolerance, in the unit of the values.
        rtol: tolerance relative to the largest reference value.
        gradients: compare gradients as well (callables with float tensors only).

    Raises:
        ProofError: values, gradients or shapes differ, or something is not finite.
        ValueError: nothing to compare, a tolerance that is negative or not finite, inputs missing.
        TypeError: something that holds no numbers, or a callable beside a result.
    """
    for name, tolerance in (("atol", atol), ("rtol", rtol)):
        if not (isinstance(tolerance, Real) and 0 <= tolerance < math.inf):
            raise ValueError(f"{name} must be a finite number >= 0, got {tolerance!r}")
    if callable(ours) != callable(reference):
        raise TypeError("ours and reference must be two callables or two results, got one of each")
    checked = "values"
    if callable(ours):
        if not inputs:
            raise ValueError("inputs are missing: two callables need arguments to be compared on")
        value, grads = _run(ours, inputs, gradients, seed=0)
        expected, expected_grads = _run(reference, inputs, gradients, seed=0)
        error = compare(value, expected, what, atol, rtol)
        if expected_grads:
            checked = "values and gradients"
            error = max(
                error, compare(tuple(grads), tuple(expected_grads), f"gradient of {what}", atol, rtol)
            )
    else:
        if inputs:
            raise ValueError(f"inputs are for callables; ours is {type(ours).__name__}")
        error = compare(ours, reference, what, atol, rtol)
    shown = f"{error:.1e}" if error else "0"
    tolerance = f", allowed {_short(atol)}" + (f" + {_short(rtol)} of the largest" if rtol else "")
    seal(
        "verify",
        "right",
        "✓",
        f"{what} = {against}",
        (f"{checked}, largest error ", shown, tolerance),
        {"what": what, "against": against, "checked": checked, "error": error, "atol": atol, "rtol": rtol},
    )


# ---------------------------------------------------------------- claim

_OPERATORS: dict[str, tuple[str, Callable[[float, Any], bool]]] = {
    ">=": ("≥", lambda v, b: v >= b),
    ">": (">", lambda v, b: v > b),
    "<=": ("≤", lambda v, b: v <= b),
    "<": ("<", lambda v, b: v < b),
    "==": ("=", lambda v, b: v == b),
    "in": ("in", lambda v, b: b[0] <= v <= b[1]),
}


def _number(x: Any, name: str) -> float:
    if is_tensor(x) or isinstance(x, np.ndarray):
        if x.ndim:
            raise TypeError(f"{name} must be one number, got an array of shape {tuple(x.shape)}")
        x = x.item()
    if isinstance(x, (bool, np.bool_)) or not isinstance(x, Real):
        raise TypeError(f"{name} must be a number, got {type(x).__name__} {x!r}")
    if not math.isfinite(x):
        raise ProofError(f"{name} is {'NaN' if math.isnan(x) else 'infinite'}")
    return int(x) if isinstance(x, Integral) else float(x)


def claim(sentence: str, value: Any, op: str, bound: Any, *, fmt: str = ".3g", unit: str = "") -> None:
    """State a measured result, show the value, raise when it isn't so.

    Args:
        sentence: what the run shows, a whole sentence without the number.
        value: the measured number (Python, NumPy or 0-d tensor).
        op: ``">="``, ``">"``, ``"<="``, ``"<"``, ``"=="`` or ``"in"`` (an interval, ends included).
        bound: the number claimed, or ``(low, high)`` for ``"in"``; leave room measured over several seeds.
        fmt: format of the shown numbers.
        unit: written after the numbers.

    Raises:
        ProofError: the claim does not hold, or the value is NaN.
        ValueError: unknown operator, empty sentence, reversed interval.
        TypeError: value or bound is not a number.
    """
    if not isinstance(sentence, str) or not sentence.strip():
        raise ValueError(f"sentence must say what is claimed, got {sentence!r}")
    if op not in _OPERATORS:
        raise ValueError(f"op must be one of {', '.join(_OPERATORS)}, got {op!r}")
    number = _number(value, "value")
    unit = f" {unit}" if unit else ""
    if op == "in":
        if not (isinstance(bound, (tuple, list)) and len(bound) == 2):
            raise TypeError(f"bound must be a pair (low, high) for 'in', got {bound!r}")
        limits = (_number(bound[0], "bound[0]"), _number(bound[1], "bound[1]"))
        if limits[0] > limits[1]:
            raise ValueError(f"bound must be (low, high), got {bound!r}")
        shown = f"{limits[0]:{fmt}} to {limits[1]:{fmt}}"
    else:
        limits = _number(bound, "bound")
        shown = f"{limits:{fmt}}"
    symbol, holds = _OPERATORS[op]
    if not holds(number, limits):
        raise ProofError(f"{sentence}: measured {number:.6g}{unit}, claimed {symbol} {shown}{unit}")
    seal(
        "claim",
        "right",
        "✓",
        sentence,
        ("measured ", f"{number:{fmt}}{unit}", f", claimed {symbol} {shown}"),
        {"sentence": sentence, "value": number, "op": op, "bound": limits, "unit": unit.strip()},
    )
