"""`ask`: predict before you see. The reader commits to an option or a number, then gets what follows from it.

What is right is no part of the text: it is measured by the run. `ask` takes a computed option, a condition for each
option, or a measured number; ``tools/lint/asking.py`` refuses one that is typed in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import traitlets as t

from utils.answers import is_tensor
from utils.display import marked_html, measured, unmarked
from utils.proof import ProofError
from utils.widgets.base import BookWidget

MOST = 5  # options
STEPS = 8  # a slider has that many stops at least, and its tolerance at most a quarter of them


class Ask(BookWidget):
    """The widget behind `ask`."""

    name = "ask"

    question = t.Unicode().tag(sync=True)
    options = t.List().tag(sync=True)  # [[option, what follows from it]]; none for a number
    right = t.Int(-1).tag(sync=True)  # the option that the run makes right
    scale = t.Dict().tag(sync=True)  # of a number: low, high, step, unit, tol, value (marked), under, over
    found = t.Unicode().tag(sync=True)  # what the run measured, a sentence
    said = t.Unicode().tag(sync=True)  # what the reader has committed to; empty before

    def page_state(self) -> dict[str, Any]:
        names = ("question", "options", "right", "scale", "found")
        return {name: getattr(self, name) for name in names}

    def record(self) -> dict[str, Any]:
        right = self.options[self.right][0] if self.options else None
        return {"kind": "ask", "question": unmarked(self.question), "right": right}

    def plain_text(self) -> str:
        of = ", ".join(option for option, _ in self.options) or _range(self.scale)
        return f"Predict: {self.question}\n({of})"

    def page_html(self) -> str:
        """Plain text whose answer is folded, for where no script runs; the site's ``ask.js`` takes its place."""
        if self.options:
            listed = [f"<li>{marked_html(option)}</li>" for option, _ in self.options]
            asked = f"<ul>{''.join(listed)}</ul>"
            told = [
                f"<strong>{marked_html(option)}</strong>: {marked_html(why)}" for option, why in self.options
            ]
            told.insert(0, f"The run's answer: <strong>{marked_html(self.options[self.right][0])}</strong>.")
        else:
            s = self.scale
            asked = f"<p>{escape(_range(s))}</p>"
            told = [f"The run's answer: <strong>{marked_html(s['value'])}</strong>{escape(s['unit'])}."]
            told += [f"Less: {marked_html(s['under'])}"] * bool(s["under"])
            told += [f"More: {marked_html(s['over'])}"] * bool(s["over"])
        told += [marked_html(self.found)] * bool(self.found)
        lines = "".join(f"<p>{line}</p>" for line in told)
        return (
            f'<div class="book-widget book-ask">{self.page_script()}<div class="ask-plain">'
            f"<p><strong>Predict.</strong> {marked_html(self.question)}</p>{asked}"
            f"<details><summary>What the run says</summary>{lines}</details></div></div>"
        )


def _range(scale: Mapping[str, Any]) -> str:
    return f"From {scale['low']:g} to {scale['high']:g}{scale['unit']}."


def _sentence(name: str, text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} must be a text, got {text!r}")
    return text.strip()


def _one(value: Any) -> Any:
    """A single value out of an array or a tensor of one."""
    return value.item() if (isinstance(value, (np.ndarray, np.generic)) or is_tensor(value)) else value


def _true_option(options: Mapping[str, str], right: Any) -> int:
    """Which option the run makes right; see `ask`."""
    names = list(options)
    if isinstance(right, Mapping):
        if set(right) != set(names):
            raise ValueError(f"right must have a condition for each option, {names}, got {list(right)}")
        holds = [name for name in names if bool(_one(right[name]))]
        if len(holds) != 1:
            raise ProofError(f"one option must hold in the run, {len(holds)} do: {holds}")
        return names.index(holds[0])
    right = _one(right)
    if isinstance(right, (bool, int, float)) and right not in names:
        raise TypeError(f"right must be the option that the run makes true, one of {names}, got {right!r}")
    if right not in names:
        raise ProofError(f"the run's answer {right!r} is none of the options {names}")
    return names.index(right)


def _scale(right: Any, low: Any, high: Any, step: Any, tol: Any, unit: str, under: str, over: str) -> dict:
    for name, value in (("low", low), ("high", high), ("step", step), ("tol", tol)):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise TypeError(f"{name} must be a number, got {value!r}")
    if not (low < high and step > 0 and high - low >= STEPS * step):
        raise ValueError(f"low, high and step must make {STEPS} stops or more, got {low}, {high}, {step}")
    if not step / 2 <= tol <= (high - low) / 4:
        raise ValueError(
            f"tol must be half a step or more, and at most a quarter of the range: a guess is no prediction; got {tol}"
        )
    number = _one(right)
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise TypeError(f"right must be the number that the run measured, got {right!r}")
    if not low <= number <= high:
        raise ProofError(
            f"the run measured {number:g}, which the slider from {low:g} to {high:g} doesn't reach"
        )
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return {
        **{"low": low, "high": high, "step": step, "tol": tol, "unit": f" {unit}" if unit else ""},
        **{"value": measured(float(number), f".{digits}f"), "under": under.strip(), "over": over.strip()},
    }


def ask(
    question: str,
    options: Mapping[str, str] | None = None,
    *,
    right: Any,
    found: str = "",
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    tol: float | None = None,
    unit: str = "",
    under: str = "",
    over: str = "",
) -> Ask:
    """Let the reader predict before they see; make it the last line of its cell, with the answer below.

    Args:
        question: what is to be predicted, in a sentence.
        options: option -> what follows from it, two to five: the reason that a reader who chose it is told.
        right: what the run found, never typed in: one of the options (``max(loss, key=loss.get)``), a condition
            for each of them (``{"Adam": a < b, "SGD": a >= b}``), of which exactly one holds, or with a slider
            the measured number. Which option is right must be the same for every seed and on every processor.
        found: what the run measured, a sentence; what varies in it marked by `utils.measured`.
        low, high, step: a slider instead of options.
        tol: how near a number counts as right, in its unit.
        unit: written after the number.
        under, over: what follows from too small and too large a number.

    Raises:
        ProofError: the run's answer is none of the options, makes none or several true, or is off the slider.
        ValueError, TypeError: arguments that don't fit each other.
    """
    question, found = _sentence("question", question), found.strip()
    numbers = (low, high, step, tol)
    if options is None:
        if None in numbers:
            raise ValueError("give options, or low, high, step and tol for a slider")
        state = {"scale": _scale(right, low, high, step, tol, unit, under, over)}
    else:
        if any(value is not None for value in numbers):
            raise ValueError("low, high, step and tol are for a slider, which has no options")
        if not 2 <= len(options) <= MOST:
            raise ValueError(f"options must be two to {MOST}, got {len(options)}")
        told = [
            [_sentence("an option", key), _sentence(f"what follows from {key!r}", options[key])]
            for key in options
        ]
        state = {"options": told, "right": _true_option(options, right)}
    alt = "A question with the options " + "; ".join(options or ["a number on a slider"])
    return Ask(question=question, found=found, caption=question, alt=alt, **state)
