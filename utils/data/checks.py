"""Checks shared by the data helpers: a bad argument is named, with what came and what was expected."""

from __future__ import annotations

import math
from numbers import Integral, Real


def check_int(name: str, value: object, low: int, high: int | None = None) -> int:
    """``value`` as an int in [low, high]; TypeError or ValueError naming ``name`` otherwise."""
    bounds = f"at least {low}" if high is None else f"{low} to {high}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}: got {value!r} ({type(value).__name__}), expected an integer, {bounds}")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{name}: got {value}, expected {bounds}")
    return int(value)


def check_number(name: str, value: object, low: float, high: float) -> float:
    """``value`` as a float in [low, high]; TypeError or ValueError naming ``name`` otherwise."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(
            f"{name}: got {value!r} ({type(value).__name__}), expected a number, {low:g} to {high:g}"
        )
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{name}: got {value}, expected {low:g} to {high:g}")
    return float(value)


def check_range(name: str, value: object, low: float, high: float, whole: bool = False) -> tuple:
    """``value`` as a rising pair inside [low, high]; TypeError or ValueError naming ``name`` otherwise."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name}: got {value!r}, expected a pair (least, greatest)")
    check = check_int if whole else check_number
    first, last = check(f"{name}[0]", value[0], low, high), check(f"{name}[1]", value[1], low, high)
    if first > last:
        raise ValueError(f"{name}: got {value!r}, expected the least first")
    return first, last
