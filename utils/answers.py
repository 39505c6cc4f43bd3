"""When two answers are the same: one rule for every exercise, blind to the kind of container.

A list, a tuple, an array and a tensor of the same numbers are one answer. Numbers are compared entry by entry,
each within its own tolerance, so that a small entry is held as tightly as a large one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Number, Real
from typing import Any

import numpy as np

# Relative tolerance, and the rounding that a sum of numbers as large as the largest leaves in the smallest.
_DOUBLE, _SINGLE, _HALF = (1e-6, 1e-9), (1e-4, 1e-5), (2e-2, 1e-2)


@dataclass(frozen=True)
class Tolerance:
    """How near an entry must come; without any field, as near as the arithmetic of its dtype allows.

    Attributes:
        decimals: digits after the point that the task asks: right within half a unit of the last.
        figures: significant figures that the task asks, likewise.
        tol: relative to each entry.
        atol: absolute, in the unit of the answer.
    """

    decimals: int | None = None
    figures: int | None = None
    tol: float | None = None
    atol: float | None = None

    def __post_init__(self) -> None:
        for name in ("decimals", "figures"):
            digits = getattr(self, name)
            if digits is not None and (isinstance(digits, bool) or not isinstance(digits, Integral)):
                raise ValueError(f"{name} must be a whole number of digits, got {digits!r}")
        if self.figures is not None and self.figures < 1:
            raise ValueError(f"figures must be at least 1, got {self.figures}")
        for name in ("tol", "atol"):
            room = getattr(self, name)
            if room is not None and not (isinstance(room, Real) and 0 <= room < math.inf):
                raise ValueError(f"{name} must be a finite number >= 0, got {room!r}")
        if (self.decimals is not None) + (self.figures is not None) + (self.tol is not None) > 1:
            raise ValueError("give one of decimals, figures and tol: each says how near is near enough")

    def allowed(self, answer: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """The largest error allowed in each entry; same shape as ``expected``."""
        size = np.abs(np.where(np.isfinite(expected), expected, 0)).astype(float)
        rtol, floor = max(_precision(answer), _precision(expected))
        room = floor * size.max(initial=0.0) + (0 if self.atol is None else self.atol)
        if self.decimals is not None:
            return np.full_like(size, 0.5 * 10.0**-self.decimals) * (1 + 1e-9) + 1e-9 * size
        if self.figures is not None:
            lead = np.floor(np.log10(np.where(size > 0, size, 1)))
            unit = 10.0 ** (lead - self.figures + 1)
            return np.where(size > 0, 0.5 * unit * (1 + 1e-9), room)
        if self.tol is not None:
            return self.tol * size + room
        if self.atol is not None:
            return np.full_like(size, self.atol)
        if expected.dtype.kind in "biu":  # counts are exact, however large
            return np.full_like(size, 1e-6) + np.minimum(rtol * size, 0.49) * (rtol > _DOUBLE[0])
        return rtol * size + room + (floor if not size.any() else 0)

    def asks(self) -> str:
        """The digits that the task asks, in words; empty where it asks none."""
        for name, digits in (("decimal", self.decimals), ("significant figure", self.figures)):
            if digits is not None:
                return f"{digits} {name}{'' if digits == 1 else 's'}"
        return ""


@dataclass(frozen=True)
class Difference:
    """Where an answer is not the expected one, told without the expected value.

    Attributes:
        why: ``kind``, ``shape``, ``length`` or ``value``.
        place: indices into the answer, from 0; empty for the whole.
        yours: what the answer has there.
        asked: the shape, length or keys that are asked; None for a value.
        side: ``too large`` or ``too small`` for real numbers, else empty.
        near: the value would be right with fewer digits than the task asks.
    """

    why: str
    place: tuple = ()
    yours: Any = None
    asked: Any = None
    side: str = ""
    near: bool = False


def is_tensor(x: Any) -> bool:
    """Told by name, a subclass as well: PyTorch is not imported for this."""
    return hasattr(x, "detach") and any(t.__module__.split(".")[0] == "torch" for t in type(x).__mro__)


def _precision(a: np.ndarray) -> tuple[float, float]:
    if a.dtype.kind == "f":
        return {2: _HALF, 4: _SINGLE}.get(a.dtype.itemsize, _DOUBLE)
    return _SINGLE if a.dtype == np.complex64 else _DOUBLE


def plain(x: Any) -> Any:
    """``x`` without its container's kind: an array of numbers, a string, a list, a dict, or ``x`` itself."""
    if is_tensor(x):
        x = x.detach().cpu()
        if str(x.dtype) == "torch.bfloat16":
            return x.float().numpy().astype(np.float16)  # NumPy has no bfloat16; its tolerance is half's
        return x.resolve_conj().resolve_neg().numpy()
    if isinstance(x, Decimal) or (isinstance(x, Real) and not isinstance(x, (Integral, float, np.generic))):
        return np.asarray(float(x))  # decimals and fractions
    if isinstance(x, (Number, np.generic)):
        a = np.asarray(x)
        return a if a.dtype.kind in "biufc" else x
    if isinstance(x, np.ndarray) and x.dtype.kind in "biufc":
        return x
    if isinstance(x, (str, bytes)):
        return x
    if isinstance(x, Mapping):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, (set, frozenset)):
        return set(x)
    if isinstance(x, Collection) and not isinstance(x, type):
        items = [plain(item) for item in x]
        numbers = items and all(isinstance(item, np.ndarray) for item in items)
        if numbers and len({(item.shape, item.dtype.kind == "b") for item in items}) == 1:
            return np.stack(items)
        return items
    return x


def _entry(x: np.ndarray, at: tuple) -> Any:
    return x[at].item() if at or x.ndim == 0 else x


def _numbers(
    answer: np.ndarray, expected: np.ndarray, tolerance: Tolerance, place: tuple
) -> Difference | None:
    """The first entry of two arrays of one shape that differs."""
    wide = complex if "c" in (answer.dtype.kind, expected.dtype.kind) else float
    a, e = answer.astype(wide), expected.astype(wide)
    with np.errstate(invalid="ignore"):
        same = (a == e) | (np.isnan(a) & np.isnan(e))
        off = ~same & ~(np.abs(a - e) <= tolerance.allowed(answer, expected))
    if not off.any():
        return None
    at = tuple(int(i) for i in np.argwhere(off)[0])
    yours, right = a[at], e[at]
    side = ""
    if wide is float and np.isfinite(yours):
        side = "too large" if yours > right else "too small"
    near = False
    if tolerance.decimals is not None and wide is float and np.isfinite(yours):
        near = any(yours == round(float(right), d) for d in range(1, tolerance.decimals))
    return Difference("value", (*place, *at), _entry(answer, at), side=side, near=near)


def difference(answer: Any, expected: Any, tolerance: Tolerance, *, value: bool = True) -> Difference | None:
    """The first difference between two answers, or None where they are the same.

    Args:
        answer: anything a reader may give.
        expected: what is right; its structure is what the answer must have.
        tolerance: how near numbers must come.
        value: a single number may also come as an array or a list of one entry.
    """
    return _walk(plain(answer), plain(expected), tolerance, value, ())


def _walk(answer: Any, expected: Any, tolerance: Tolerance, value: bool, place: tuple) -> Difference | None:
    if isinstance(expected, np.ndarray):
        if not isinstance(answer, np.ndarray) or (answer.dtype.kind == "b") != (expected.dtype.kind == "b"):
            return Difference("kind", place, answer)
        if value and answer.size == expected.size == 1:
            answer = answer.reshape(expected.shape)
        if answer.shape != expected.shape:
            return Difference("shape", place, answer.shape, expected.shape)
        return _numbers(answer, expected, tolerance, place)
    if isinstance(expected, list):
        if isinstance(answer, np.ndarray) and answer.ndim:
            answer = list(answer)
        if not isinstance(answer, list):
            return Difference("kind", place, answer)
        if len(answer) != len(expected):
            return Difference("length", place, len(answer), len(expected))
        pairs = enumerate(zip(answer, expected, strict=True))
        found = (_walk(a, e, tolerance, value, (*place, i)) for i, (a, e) in pairs)
        return next((difference for difference in found if difference), None)
    if isinstance(expected, dict):
        if not isinstance(answer, dict):
            return Difference("kind", place, answer)
        if answer.keys() != expected.keys():
            return Difference("keys", place, list(answer), list(expected))
        found = (_walk(answer[k], expected[k], tolerance, value, (*place, k)) for k in expected)
        return next((difference for difference in found if difference), None)
    if isinstance(expected, set):
        try:
            same = set(answer.tolist() if isinstance(answer, np.ndarray) else answer) == expected
        except TypeError:  # not a collection, or of things that have no hash
            same = False
        return None if same else Difference("value", place, answer)
    if isinstance(expected, str):
        same = isinstance(answer, str) and answer.strip().casefold() == expected.strip().casefold()
        return None if same else Difference("value", place, answer)
    return None if bool(answer == expected) else Difference("value", place, answer)
