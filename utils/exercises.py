"""Exercises that answer back: `exercise` holds the check and the worked solution, `.check` meets an attempt.

An exercise compares an attempt with ``expect``, which does not come from the solution (a library, a second
way of computing, a measurement). When it is made, the solution, other right answers and some wrong ones are
put through its check: one that refuses a right answer or takes a wrong one stops the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from utils.answers import Difference, Tolerance, difference, is_tensor, plain
from utils.display import seal
from utils.forms import form, typed
from utils.proof import ProofError
from utils.wording import brief, told

_STUB = "not written yet: replace the … by your code and run the cell: it is checked here"
RIGHT, WRONG = 3, 2  # variants that an exercise must bring: right ones with its solution, wrong ones


def _written(answer: Any) -> bool:
    return answer is not None and answer is not ... and answer is not NotImplemented


def _size(args: Any) -> float:
    """How much there is to look at in an input: the smallest that differs is shown to the reader."""
    if isinstance(args, np.ndarray) or is_tensor(args):
        return float(args.size if isinstance(args, np.ndarray) else args.numel())
    if isinstance(args, (tuple, list)):
        return sum(map(_size, args), 0.0)
    return 1.0


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
        self,
        title: str,
        expected: list[tuple[tuple | None, Any]],
        judge: Callable | None,
        tolerance: Tolerance,
        slips: Sequence[tuple[Any, str]] = (),
    ) -> None:
        self.title, self._judge, self._tolerance = title, judge, tolerance
        self._expected = sorted(expected, key=lambda pair: _size(pair[0]))  # the smallest input first
        self._slips = list(slips)

    def _verdict(self, attempt: Any) -> tuple[str, str]:
        """State (``right``, ``wrong`` or ``unwritten``) and what to tell the reader."""
        if not _written(attempt):
            return "unwritten", "not answered yet: put your answer in place of the … and run the cell"
        if self._judge is not None:
            return self._judged(attempt)
        for args, expected in self._expected:
            if args is None:
                try:
                    answer, where = self._typed(attempt, expected), ""
                except ValueError as error:
                    return "wrong", str(error)
            else:
                where = f"on input ({', '.join(brief(a) for a in args)}) "
                if not callable(attempt):
                    return "wrong", f"a function is asked for, this is {brief(attempt)}"
                try:
                    answer = attempt(*deepcopy(args))  # an attempt may write into its input
                except NotImplementedError:
                    answer = None
                except (Exception, SystemExit) as error:  # the reader's code may raise anything
                    return "wrong", f"{where}it raises {type(error).__name__}: {error}"
                if not _written(answer):
                    return "unwritten", _STUB
            found = self._differs(answer, expected, args)
            if found:
                reason = self._slip(answer, args)
                line = told(found, answer, self._tolerance)
                return "wrong", f"{where}{line}" + (f": {reason}" if reason else "")
        count = len(self._expected)
        return "right", "right" if count == 1 else f"right on all {count} inputs"

    @staticmethod
    def _typed(attempt: Any, expected: Any) -> Any:
        """Numbers may be given as text, as on the page; where words are asked, text is text."""
        return typed(attempt) if isinstance(plain(expected), np.ndarray) else attempt

    def _judged(self, attempt: Any) -> tuple[str, str]:
        try:
            objection = self._judge(_watched(attempt))
        except (_Unwritten, NotImplementedError):
            return "unwritten", _STUB
        except (Exception, SystemExit) as error:  # the reader's code may raise anything; say what
            return "wrong", f"it raises {type(error).__name__}: {error}"
        if not objection:
            return "right", "right"
        return "wrong", self._slip(attempt, None) or str(objection)

    def _differs(self, answer: Any, expected: Any, args: tuple | None) -> Difference | None:
        try:
            return difference(answer, expected, self._tolerance, value=args is None)
        except Exception:  # an answer may refuse to be compared
            return Difference("value", (), answer)

    def _slip(self, answer: Any, args: tuple | None) -> str:
        """The reason of the known slip that gives this very answer."""
        for slip, reason in self._slips:
            if args is None and callable(slip):
                continue  # of a judged function there is no answer to compare
            try:
                known = slip if args is None else slip(*deepcopy(args))
                if difference(answer, known, self._tolerance, value=args is None) is None:
                    return reason
            except Exception:  # the slip itself may fail on this input
                continue
        return ""

    def check(self, attempt: Any) -> None:
        """Say whether ``attempt`` is right; never raises, whatever the attempt does.

        An attempt still missing (``...``, ``None``, ``NotImplementedError``) gets a pointer, a right one a
        tick. A wrong one gets the smallest input on which it differs, its own value there, and the reason
        where the slip is a known one; never the right value.
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
    decimals: int | None = None,
    figures: int | None = None,
    tol: float | None = None,
    atol: float | None = None,
    right: Sequence[Any] = (),
    wrong: Sequence[Any] = (),
    slips: Sequence[tuple[Any, str]] = (),
    fields: Sequence[str] = (),
    choices: Sequence[str] = (),
) -> Exercise:
    """Make an exercise and put right and wrong answers through its check.

    Three kinds: a *function* (``inputs`` given: attempt and ``expect`` are called with each), a *value*
    (no ``inputs``: a number, a shape, an array), and a *judged* one (``judge`` looks at the attempt).
    Numbers count, not containers: a list, a tuple, an array and a tensor of the same numbers are one answer.

    Args:
        title: as the heading names it ("Exercise 2").
        solution: the worked solution, a function or a value.
        expect: what is right, not derived from the solution: a function called with each input, a list of one
            value per input, or (for a value) the value itself.
        inputs: tuples of arguments for a function; a small one among them, for the reader to look at.
        judge: called with the attempt; returns what is wrong with it, or None when nothing is.
        decimals: digits after the point that the task asks; right within half a unit of the last one.
        figures: significant figures that the task asks, likewise.
        tol: tolerance relative to each entry.
        atol: absolute tolerance, in the unit of the answer.
        right: at least two more right answers, written differently.
        wrong: wrong or lazy answers that the check must refuse.
        slips: pairs of a wrong answer and its reason, which a reader who gives that answer is told. With
            ``wrong`` at least two.
        fields: a label for each number of a value, with its unit, for the form on the page ("σ₁", "error in %").
        choices: the answers to choose from, where the answer is a word.

    Without ``decimals``, ``figures``, ``tol`` and ``atol`` numbers may differ by what rounding leaves in their
    dtype, and counts not at all.

    Raises:
        ProofError: the check refuses the solution or another right answer, or takes a wrong one.
        ValueError: neither or both of ``expect`` and ``judge`` given, no inputs, lengths that differ, digits
            or tolerances that make no sense, or too few variants.
    """
    if not isinstance(title, str) or not title.strip():
        raise ValueError(f"title must name the exercise, got {title!r}")
    title = title.strip()
    if (expect is None) == (judge is None):
        raise ValueError("give expect (what is right) or judge (what decides), exactly one of them")
    if expect is solution and callable(solution):
        raise ValueError("expect is the solution itself: a check against itself cannot fail")
    right, wrong, slips = list(right), list(wrong), [tuple(pair) for pair in slips]
    if not all(len(pair) == 2 and isinstance(pair[1], str) and pair[1].strip() for pair in slips):
        raise ValueError("slips must be pairs of a wrong answer and its reason")
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
    tolerance = Tolerance(decimals, figures, tol, atol)
    made = Exercise(title, expected, judge, tolerance, slips)
    value = judge is None and inputs is None
    if not value and (fields or choices):
        raise ValueError("fields and choices are for a value, which a page can check")
    state, message = made._verdict(solution)
    if state != "right":
        raise ProofError(f"{title}: the worked solution fails its own check: {message}")
    _try_variants(made, right, [*wrong, *(slip for slip, _ in slips)])
    count = len(wrong) + len(slips)
    seal(
        "exercise",
        "right",
        "✓",
        f"{title}: its check takes {len(right) + 1} right answers and refuses {count} wrong ones",
        ("", "", ""),
        {
            "title": title,
            "state": "solution",
            "solution": brief(solution),
            "right": [brief(variant) for variant in right],
            "wrong": [brief(variant) for variant in wrong],
            "slips": [[brief(slip), reason] for slip, reason in slips],
            "form": form(expect, tolerance, slips, fields, choices) if value else None,
        },
    )
    return made


def _try_variants(made: Exercise, right: list[Any], wrong: list[Any]) -> None:
    """Put every variant through the check; see `exercise`."""
    if len(right) + 1 < RIGHT or len(wrong) < WRONG:
        raise ValueError(
            f"{made.title} needs {RIGHT - 1} more right answers than its solution and {WRONG} wrong ones, "
            f"got {len(right)} and {len(wrong)}"
        )
    for variant in right:
        state, message = made._verdict(variant)
        if state != "right":
            raise ProofError(f"{made.title}: its check refuses a right answer, {brief(variant)}: {message}")
    for variant in wrong:
        state, message = made._verdict(variant)
        if state != "wrong":
            raise ProofError(f"{made.title}: its check takes a wrong answer, {brief(variant)}: {message}")
