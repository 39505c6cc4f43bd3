"""How a check speaks of a reader's answer: briefly, and without giving the right value away."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import numpy as np

from utils.answers import Difference, Tolerance, is_tensor


def _text(value: Any) -> str:
    """``repr`` in one line, NumPy's numbers as plain ones."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (float, complex)):
        return f"{value:.6g}"
    if type(value) in (tuple, list):
        inside = ", ".join(map(_text, value))
        comma = "," if type(value) is tuple and len(value) == 1 else ""
        return f"({inside}{comma})" if type(value) is tuple else f"[{inside}]"
    try:
        return " ".join(repr(value).split())
    except Exception:  # an answer may refuse even this
        return f"a {type(value).__name__}"


def brief(value: Any) -> str:
    """A value in one line of at most 80 characters, arrays by shape and first entries."""
    if (isinstance(value, np.ndarray) or is_tensor(value)) and value.ndim:
        flat = (value.detach() if is_tensor(value) else value).reshape(-1)
        head = ", ".join(
            f"{x:.4g}" if type(x) in (int, float, complex) else repr(x) for x in flat[:4].tolist()
        )
        return f"array of shape {tuple(value.shape)} [{head}{', …' if len(flat) > 4 else ''}]"
    if is_tensor(value):
        return _text(value.item())
    if callable(value) and hasattr(value, "__name__"):
        return _named(value)
    text = _text(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _named(function: Callable) -> str:
    """A function by its name, a lambda by its text where the source is to be had."""
    if function.__name__ != "<lambda>":
        return f"{function.__name__}()"
    code = function.__code__
    spans = [span for span in code.co_positions() if None not in span and span[3] > span[2]]
    lines = linecache.getlines(code.co_filename)
    if not spans or not lines:
        return "a lambda"
    (first, start), (last, end) = min((a, c) for a, _, c, _ in spans), max((b, d) for _, b, _, d in spans)
    body = [line.encode() for line in lines[first - 1 : last]]  # columns count bytes
    body[-1] = body[-1][:end]
    text = " ".join(b"".join([body[0][start:], *body[1:]]).decode().split())
    text = f"lambda {', '.join(code.co_varnames[: code.co_argcount])}: {text}"
    return text if len(text) <= 80 else text[:79] + "…"


def _place(place: tuple) -> str:
    """Where in an answer, as the reader counts: "entry 2" in a list of numbers, "entry [0, 3]" in an array."""
    if not place:
        return ""
    if len(place) == 1 and isinstance(place[0], int):
        return f"entry {place[0] + 1} of "
    return f"entry [{', '.join(map(repr, place))}] of "


def told(found: Difference, answer: Any, tolerance: Tolerance) -> str:
    """A difference in words that don't give the right value away."""
    where = _place(found.place)
    if found.why == "shape":
        return f"{where}yours has shape {found.yours}, asked is {found.asked}"
    if found.why == "length":
        return f"{where}yours has {found.yours} entries, asked are {found.asked}"
    if found.why == "keys":
        return f"{where}yours has the keys {brief(found.yours)}, asked are {brief(found.asked)}"
    if found.why == "kind":
        return f"{where}yours is {brief(found.yours)}, which is another kind of answer than is asked"
    if found.near:
        return f"{where}yours is {brief(found.yours)}: give {tolerance.asks()}"
    if where:
        return f"{where}yours is {brief(found.yours)}" + (f", which is {found.side}" if found.side else "")
    side = f", which is {found.side}" if found.side else ", which is not right"
    return f"yours is {brief(answer)}{side}"
