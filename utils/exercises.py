"""Exercises that answer back: `exercise` holds the check and the worked solution, `.check` meets an attempt.

An exercise compares an attempt with ``expect``, which does not come from the solution (a library, a second
way of computing, a measurement), and the solution is put through that same check when the exercise is made.
So a check that rejects its own solution stops the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from utils.display import seal
from utils.proof import ProofError, _is_tensor, compare

_STUB = "not written yet: replace the … by your code and run the cell: it is checked here"


def _written(answer: Any) -> bool:
    return answer is not None and answer is not ... and answer is not NotImplemented


def _brief(value: Any) -> str:
    """A value in one line of at most 80 characters, arrays by shape and first entries."""
    if (isinstance(value, np.ndarray) or _is_tensor(value)) and value.ndim:
        flat = (value.detach() if _is_tensor(value) else value).reshape(-1)
        head = ", ".join(
            f"{x:.4g}" if type(x) in (int, float, complex) else repr(x) for x in flat[:4].tolist()
        )
        return f"array of shape {tuple(value.shape)} [{head}{', …' if len(flat) > 4 else ''}]"
    if isinstance(value, (float, np.floating, complex)):
        return f"{value:.6g}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # an answer may refuse even this
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:79] + "…"


def _difference(answer: Any, expected: Any, tol: float) -> bool:
    """True when ``answer`` differs from ``expected``: within ``tol`` for numbers and arrays, else by ``==``."""
    if isinstance(expected, (tuple, list)) and isinstance(answer, (tuple, list)):
        pairs = zip(answer, expected, strict=False)
        if any(isinstance(x, (str, np.ndarray)) or _is_tensor(x) for x in expected):  # parts of several kinds
            return len(answer) != len(expected) or any(_difference(a, e, tol) for a, e in pairs)
    try:
        compare(answer, expected, "answer", tol, tol)
    except (ProofError, ValueError):
        return True
    except TypeError:
        try:
            return type(answer) is not type(expected) or not np.all(answer == expected)
        except Exception:  # an answer may refuse to be compared
            return True
    return False


class _Unwritten(Exception):
    """The attempt's function is still a stub."""


def _watched(attempt: Any) -> Any:
    """``attempt``, telling a judge that calls it when it is still a stub."""
    if not callable(attempt):
        return attempt

    def call(*args: Any, **kwargs: Any) -> Any:
        answer = attempt(*args, **kwargs)
        if not _written(answer):
            raise _Unwritten
        return answer

    return call


class Exercise:
    """One exercise; made by `exercise`."""

    def __init__(
        self, title: str, expected: list[tuple[tuple | None, Any]], judge: Callable | None, tol: float
    ) -> None:
        self.title, self._expected, self._judge, self._tol = title, expected, judge, tol

    def _verdict(self, attempt: Any) -> tuple[str, str]:
        """State (``right``, ``wrong`` or ``unwritten``) and what to tell the reader."""
        if not _written(attempt):
            return "unwritten", "not answered yet: put your answer in place of the … and run the cell"
        if self._judge is not None:
            try:
                objection = self._judge(_watched(attempt))
            except (_Unwritten, NotImplementedError):
                return "unwritten", _STUB
            except (Exception, SystemExit) as error:  # the reader's code may raise anything; say what
                return "wrong", f"it raises {type(error).__name__}: {error}"
            return ("wrong", str(objection)) if objection else ("right", "right")
        for args, expected in self._expected:
            if args is None:
                answer, where = attempt, ""
            else:
                where = f"on input ({', '.join(_brief(a) for a in args)}) "
                if not callable(attempt):
                    return "wrong", f"a function is asked for, this is {_brief(attempt)}"
                try:
                    answer = attempt(*deepcopy(args))  # an attempt may write into its input
                except NotImplementedError:
                    answer = None
                except (
                    Exception,
                    SystemExit,
                ) as error:  # the reader's code may raise anything; say what and where
                    return "wrong", f"{where}it raises {type(error).__name__}: {error}"
                if not _written(answer):
                    return "unwritten", _STUB
            if _difference(answer, expected, self._tol):
                return "wrong", f"{where}yours is {_brief(answer)}, expected {_brief(expected)}"
        count = len(self._expected)
        return "right", "right" if count == 1 else f"right on all {count} inputs"

    def check(self, attempt: Any) -> None:
        """Say whether ``attempt`` is right; never raises, whatever the attempt does.

        An attempt still missing (``...``, ``None``, ``NotImplementedError``) gets a pointer, a wrong one the
        first input on which it differs with both values, a right one a tick.
        """
        try:
            state, message = self._verdict(attempt)
        except Exception as error:  # an answer may refuse even to be compared
            state, message = "wrong", f"your answer cannot be compared: {type(error).__name__}: {error}"
        message = " ".join(message.split())
        mark = {"right": "✓", "wrong": "✗", "unwritten": "✎"}[state]
        seal(
            "exercise",
            state,
            mark,
            f"{self.title}: {message}",
            ("", "", ""),
            {"title": self.title, "state": state},
        )


def exercise(
    title: str,
    solution: Any,
    *,
    expect: Any = None,
    inputs: Sequence[tuple] | None = None,
    judge: Callable[[Any], str | None] | None = None,
    tol: float = 1e-8,
) -> Exercise:
    """Make an exercise and put its worked solution through its own check.

    Three kinds: a *function* (``inputs`` given: attempt and ``expect`` are called with each), a *value*
    (no ``inputs``: a number, a shape, an array), and a *judged* one (``judge`` looks at the attempt).

    Args:
        title: as the heading names it ("Exercise 2").
        solution: the worked solution, a function or a value.
        expect: what is right, not derived from the solution: a function called with each input, a list of one
            value per input, or (for a value) the value itself.
        inputs: tuples of arguments for a function.
        judge: called with the attempt; returns what is wrong with it, or None when nothing is.
        tol: absolute and relative tolerance for numbers and arrays.

    Raises:
        ProofError: the worked solution fails the check.
        ValueError: neither or both of ``expect`` and ``judge`` given, no inputs, or lengths that differ.
    """
    if not isinstance(title, str) or not title.strip():
        raise ValueError(f"title must name the exercise, got {title!r}")
    if (expect is None) == (judge is None):
        raise ValueError("give expect (what is right) or judge (what decides), exactly one of them")
    if expect is solution and callable(solution):
        raise ValueError("expect is the solution itself: a check against itself cannot fail")
    expected: list[tuple[tuple | None, Any]] = []
    if judge is None and inputs is not None:
        inputs = [args if isinstance(args, tuple) else (args,) for args in inputs]
        if not inputs:
            raise ValueError("inputs is empty: a check needs at least one input")
        if not callable(expect) and len(expect) != len(inputs):
            raise ValueError(f"expect has {len(expect)} values for {len(inputs)} inputs")
        values = [expect(*deepcopy(args)) for args in inputs] if callable(expect) else list(expect)
        expected = list(zip(inputs, values, strict=True))
    elif judge is None:
        expected = [(None, expect)]
    made = Exercise(title.strip(), expected, judge, tol)
    state, message = made._verdict(solution)
    if state != "right":
        raise ProofError(f"{made.title}: the worked solution fails its own check: {message}")
    seal(
        "exercise",
        "right",
        "✓",
        f"{made.title}: the worked solution passes its check",
        ("", "", ""),
        {"title": made.title, "state": "solution"},
    )
    return made
