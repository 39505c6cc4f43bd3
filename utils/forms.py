"""What a page needs to check a value by itself: the fields, the tolerances, the known slips.

`utils.exercises` keeps the form in the record of an exercise; the site's script ``book/theme/classic/exercises.js``
asks and checks by it. A number is read from text by the same rules there and here (`read`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from utils.answers import Tolerance, plain

MAX_FIELDS = 12
_SPACE = "[ \u00a0\u2009\u202f]"
_NUMBER = r"\d+(?:[.,]\d*)?(?:[eE][+-]?\d+)?|[.,]\d+(?:[eE][+-]?\d+)?"
_ANSWER = re.compile(rf"([+-]?)({_NUMBER})(?:/({_NUMBER}))?", re.ASCII)


def read(text: str) -> float:
    """The number that a reader has typed: ``-3``, ``0.5``, ``0,5``, ``1e-3``, ``1/3``, ``1 000``, ``−2``.

    Raises:
        ValueError: not a number, with a word on why; ``str(error)`` is for the reader.
    """
    short = re.sub(rf"(?<=\d){_SPACE}+(?=\d)", "", text.strip())
    short = re.sub(r"\s*([/+-])\s*", r"\1", short.replace("−", "-"))
    if not short:
        raise ValueError("give a number")
    if "%" in short:
        raise ValueError("write a percentage as a number: 0.05 for 5 %")
    if re.search(r"[πτ√^]|\b(?:pi|sqrt|exp|log|ln)\b|\*", short):
        raise ValueError("write the number itself in digits: formulas are not read")
    if re.fullmatch(
        r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?", short, re.ASCII
    ):
        raise ValueError("write the number without separators of thousands")
    found = _ANSWER.fullmatch(short)
    if not found:
        raise ValueError("this is not a number: digits, a point, a fraction such as 1/3, or 1e-3")
    sign, above, below = found.groups()
    number = float(above.replace(",", "."))
    if below is not None:
        divisor = float(below.replace(",", "."))
        if divisor == 0:
            raise ValueError("the denominator is zero")
        number /= divisor
    if not np.isfinite(number):
        raise ValueError("this number is too large")
    return -number if sign == "-" else number


def typed(answer: Any) -> Any:
    """``answer`` with every text in it read as a number; see `read`."""
    if isinstance(answer, str):
        return read(answer)
    if isinstance(answer, (list, tuple)):
        return [typed(entry) for entry in answer]
    return answer


def _entries(value: Any) -> list[float] | None:
    """Real finite numbers in order, or None where a value is something else."""
    array = plain(value)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf" or not 0 < array.size <= MAX_FIELDS:
        return None
    return [float(x) for x in array.ravel()] if np.isfinite(array).all() else None


def _allowed(value: Any, tolerance: Tolerance) -> list[float]:
    """The largest error of each number that a reader types, which is in double precision."""
    array = plain(value)
    return [float(x) for x in tolerance.allowed(array.astype(float), array).ravel()]


def form(
    expected: Any,
    tolerance: Tolerance,
    slips: Sequence[tuple[Any, str]] = (),
    fields: Sequence[str] = (),
    choices: Sequence[str] = (),
) -> dict[str, Any] | None:
    """The form of a value, or None where a page cannot check it.

    Returns:
        ``{"kind": "numbers", "fields", "expected", "allowed", "asks", "slips"}`` with one label, value and
        largest error for each field, or ``{"kind": "choice" or "text", "fields", "expected", "slips"}``.

    Raises:
        ValueError: labels or choices that don't fit the value.
    """
    fields, choices = list(fields), list(choices)
    if isinstance(expected, str):
        if choices and expected not in choices:
            raise ValueError(f"choices must hold the right one, {expected!r}, got {choices}")
        if len(fields) > 1:
            raise ValueError(f"fields must name one answer, got {fields}")
        made = {
            "kind": "choice" if choices else "text",
            "fields": fields or ["Your answer"],
            "expected": expected,
        }
        return made | {"choices": choices, "slips": [[slip, reason] for slip, reason in slips]}
    numbers = _entries(expected)
    if choices:
        raise ValueError("choices are for an answer in words")
    if numbers is None:
        if fields:
            raise ValueError(f"fields are for numbers, at most {MAX_FIELDS}; a page cannot check this value")
        return None
    if fields and len(fields) != len(numbers):
        raise ValueError(f"fields must name {len(numbers)} numbers, got {fields}")
    default = ["Your answer"] if len(numbers) == 1 else [f"Entry {i}" for i in range(1, len(numbers) + 1)]
    known = [(slip, _entries(slip), reason) for slip, reason in slips]
    return {
        "kind": "numbers",
        "fields": fields or default,
        "expected": numbers,
        "allowed": _allowed(expected, tolerance),
        "asks": tolerance.asks(),
        "decimals": tolerance.decimals,
        "slips": [
            [entries, reason, _allowed(slip, tolerance)]  # a slip is met like an answer
            for slip, entries, reason in known
            if entries is not None and len(entries) == len(numbers)
        ],
    }
