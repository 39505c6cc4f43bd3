"""An exercise meets whatever the reader brings with one calm line, and trusts no solution unchecked."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from utils import exercise
from utils.proof import ProofError


def double(x):
    return 2 * x


@pytest.fixture
def verdict(capsys):
    """verdict(exercise, attempt): the line that the reader sees."""

    def ask(made, attempt) -> str:
        capsys.readouterr()
        made.check(attempt)
        out = capsys.readouterr().out
        assert out.endswith("\n")
        assert out.count("\n") == 1, "one line"
        return out.strip()

    return ask


@pytest.fixture
def doubling():
    return exercise("Exercise 1", double, expect=lambda x: x + x, inputs=[(1,), (2.5,), (-3,)])


def wrong_from_two(x):
    return 2 * x if x < 2 else 7.25


def not_implemented(x):
    raise NotImplementedError


def leaves(x):
    raise SystemExit


# ---------------------------------------------------------------- a function


def test_a_right_function_gets_a_tick(doubling, verdict):
    assert verdict(doubling, lambda x: x * 2) == "✓ Exercise 1: right on all 3 inputs"


def test_a_wrong_one_is_shown_the_first_input_and_both_values(doubling, verdict):
    assert verdict(doubling, wrong_from_two) == "✗ Exercise 1: on input (2.5) yours is 7.25, expected 5"


@pytest.mark.parametrize(
    "attempt", [..., None, NotImplemented, lambda x: ..., lambda x: None, not_implemented]
)
def test_an_unwritten_one_gets_a_pointer(doubling, verdict, attempt):
    line = verdict(doubling, attempt)
    assert line.startswith("✎ Exercise 1: not ")
    assert "…" in line


def test_a_half_written_one_is_still_unwritten(doubling, verdict):
    assert verdict(doubling, lambda x: double(x) if x == 1 else ...).startswith("✎")


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda x: 1 / 0, "on input (1) it raises ZeroDivisionError: division by zero"),
        (lambda: 1, "it raises TypeError"),
        (lambda x: [][x], "it raises IndexError"),
        (leaves, "it raises SystemExit"),
        (3, "a function is asked for, this is 3"),
        ("2*x", "a function is asked for, this is '2*x'"),
    ],
)
def test_a_broken_one_is_told_where_it_breaks(doubling, verdict, attempt, words):
    assert verdict(doubling, attempt).startswith("✗ Exercise 1: ")
    assert words in verdict(doubling, attempt)


class Hostile:
    """An answer that resists being looked at."""

    def __ne__(self, other):
        raise RuntimeError("no comparing")

    __eq__ = __ne__
    __hash__ = None

    def __repr__(self):
        raise RuntimeError("no printing")


class Shaped:
    shape = 5


STRANGE = [
    np.array([True, False]),
    np.array(["a", "b"]),
    np.array([1, "a", None], dtype=object),
    np.ones((0, 3)),
    np.float32(1) * np.nan,
    1j,
    np.complex64(1j),
    torch.ones(2, dtype=torch.bfloat16),
    torch.ones(2, requires_grad=True),
    torch.tensor([True]),
    [[1], [2, 3]],
    [torch.ones(2), "a"],
    {"a": 1},
    {1, 2},
    "text",
    "x" * 500,
    b"bytes",
    (),
    [],
    (1, 2),
    double,
    int,
    np,
    object(),
    Hostile(),
    Shaped(),
    10**400,
    "two\nlines",
]
EXPECTED = [5, 2.5, True, "text!", (3, 4), ("a", 1), np.eye(2), torch.eye(2), {"k": 1.0}]


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("answer", STRANGE, ids=lambda a: type(a).__name__)
def test_no_answer_makes_check_raise(verdict, expected, answer):
    value = exercise("Exercise 2", expected, expect=expected)
    assert verdict(value, answer).startswith("✗ Exercise 2: ")
    function = exercise("Exercise 3", lambda x: expected, expect=[expected], inputs=[(0,)])
    assert verdict(function, lambda x: answer).startswith("✗ Exercise 3: on input (0) ")


def test_what_an_answer_does_to_its_input_stays_with_it(verdict):
    def clearing(x):
        total = x.sum()
        x[:] = 0
        return total

    made = exercise("Exercise 1", np.sum, expect=[3.0, 3.0], inputs=[(np.array([1.0, 2]),)] * 2)
    assert verdict(made, clearing) == "✓ Exercise 1: right on all 2 inputs"
    assert verdict(made, np.sum) == "✓ Exercise 1: right on all 2 inputs"


def test_an_expect_that_writes_into_its_input_spoils_nothing(verdict):
    def expect(x):
        total = x.sum()
        x[:] = 0
        return total

    made = exercise("Exercise 1", np.sum, expect=expect, inputs=[(np.array([1.0, 2]),)])
    assert verdict(made, np.sum).startswith("✓")
    assert (
        verdict(made, lambda x: 0.0)
        == "✗ Exercise 1: on input (array of shape (2,) [1, 2]) yours is 0, expected 3"
    )


# ---------------------------------------------------------------- a value


@pytest.mark.parametrize(
    ("expected", "right", "wrong", "words"),
    [
        (3, 3.0, 4, "yours is 4, expected 3"),
        (1 / 3, 0.333333333333, 0.3333, "yours is 0.3333, expected 0.333333"),
        ("relu", "relu", "tanh", "yours is 'tanh', expected 'relu'"),
        ((3, 4), (3, 4), (4, 3), "yours is (4, 3), expected (3, 4)"),
        ((2, 3), torch.Size([2, 3]), (2, 3, 1), "expected (2, 3)"),
        (("a", "b"), ("a", "b"), ("b", "a"), "expected ('a', 'b')"),
        (np.eye(2), [[1, 0], [0, 1]], np.ones((2, 2)), "yours is array of shape (2, 2) [1, 1, 1, 1]"),
        (np.arange(9.0), torch.arange(9.0), np.arange(8.0), "expected array of shape (9,) [0, 1, 2, 3, …]"),
        (torch.ones(2), np.ones(2), torch.zeros(2), "yours is array of shape (2,) [0, 0]"),
        (1 + 2j, 1 + 2j, 1 - 2j, "yours is 1-2j, expected 1+2j"),
        (np.array([True, False]), [True, False], np.array([False, True]), "yours is array of shape (2,)"),
        ((np.ones(2), "rows"), (np.ones(2), "rows"), (np.ones(2), "columns"), "'columns'"),
    ],
)
def test_a_value_is_judged_within_the_tolerance(verdict, expected, right, wrong, words):
    made = exercise("Exercise 2", expected, expect=expected)
    assert verdict(made, right) == "✓ Exercise 2: right"
    assert verdict(made, wrong).startswith("✗ Exercise 2: yours is ")
    assert words in verdict(made, wrong)


def test_the_tolerance_can_be_widened(verdict):
    made = exercise("Exercise 2", 3.14159, expect=np.pi, tol=1e-2)
    assert verdict(made, 3.15).startswith("✓")
    assert verdict(made, 3.3).startswith("✗")


def test_an_unanswered_value_gets_a_pointer(verdict):
    assert verdict(exercise("Exercise 2", 3, expect=3), ...).startswith("✎ Exercise 2: not answered yet")


# ---------------------------------------------------------------- a judge


def small_enough(x):
    return None if x < 1 else f"{x} is not below 1"


def test_a_judge_decides_and_says_why(verdict):
    made = exercise("Exercise 3", 0.5, judge=small_enough)
    assert verdict(made, 0.9) == "✓ Exercise 3: right"
    assert verdict(made, 2) == "✗ Exercise 3: 2 is not below 1"
    assert verdict(made, ...).startswith("✎")
    assert verdict(made, "text").startswith("✗ Exercise 3: it raises TypeError")


def test_a_judge_may_call_the_attempt(verdict):
    made = exercise("Exercise 3", double, judge=lambda f: None if f(4) == 8 else "f(4) must be 8")
    assert verdict(made, lambda x: 2 * x) == "✓ Exercise 3: right"
    assert verdict(made, lambda x: x) == "✗ Exercise 3: f(4) must be 8"
    assert verdict(made, lambda x: ...).startswith("✎")
    assert verdict(made, not_implemented).startswith("✎")
    assert verdict(made, leaves).startswith("✗ Exercise 3: it raises SystemExit")


# ---------------------------------------------------------------- the author's mistakes


@pytest.mark.parametrize(
    "make",
    [
        lambda: exercise("E", 4, expect=3),
        lambda: exercise("E", ..., expect=3),
        lambda: exercise("E", double, expect=[2, 5], inputs=[(1,), (2,)]),
        lambda: exercise("E", not_implemented, expect=[2], inputs=[(1,)]),
        lambda: exercise("E", 2, judge=small_enough),
        lambda: exercise("E", np.array([True]), expect=np.array([False])),
    ],
)
def test_a_solution_that_fails_its_own_check_stops_the_run(make, capsys):
    with pytest.raises(ProofError, match="^E: the worked solution fails its own check: "):
        make()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "make"),
    [
        ("expect is the solution itself", lambda: exercise("E", double, expect=double, inputs=[(1,)])),
        ("give expect .* or judge", lambda: exercise("E", 1)),
        ("exactly one", lambda: exercise("E", 1, expect=1, judge=small_enough)),
        ("inputs is empty", lambda: exercise("E", double, expect=[], inputs=[])),
        ("expect has 1 values for 2 inputs", lambda: exercise("E", double, expect=[2], inputs=[(1,), (2,)])),
        ("title must name", lambda: exercise(" ", 1, expect=1)),
        ("title must name", lambda: exercise(None, 1, expect=1)),
    ],
)
def test_an_exercise_that_makes_no_sense_is_refused(words, make):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_single_argument_needs_no_tuple(verdict):
    assert verdict(exercise("E", double, expect=[2, 4], inputs=[1, 2]), double).startswith("✓")


def test_the_ledger_hears_of_every_line(monkeypatch):
    from utils import display

    found = []
    monkeypatch.setattr(display, "publish", lambda html, text, data: found.append(data))
    made = exercise("Exercise 1", 3, expect=3)
    for attempt in (..., 4, 3):
        made.check(attempt)
    assert [record["state"] for record in found] == ["solution", "unwritten", "wrong", "right"]
    assert {(record["kind"], record["title"]) for record in found} == {("exercise", "Exercise 1")}
