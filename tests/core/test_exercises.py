"""An exercise meets whatever the reader brings with one calm line, and trusts no solution unchecked."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from utils import exercise as make_exercise
from utils.proof import ProofError


def double(x):
    return 2 * x


class Off:
    """Never right, whatever is asked."""


def off(*args):
    return Off()


def exercise(title, solution, **given):
    """An exercise whose variants are beside the point of the test."""
    value = given.get("inputs") is None and not callable(solution)
    given.setdefault("right", [solution, solution])
    given.setdefault("wrong", [Off(), Off()] if value else [off, off])
    return make_exercise(title, solution, **given)


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


def test_a_wrong_one_is_shown_an_input_and_its_own_value_there(doubling, verdict):
    line = "✗ Exercise 1: on input (2.5) yours is 7.25, which is too large"
    assert verdict(doubling, wrong_from_two) == line


def test_it_is_the_smallest_input_on_which_it_differs(verdict):
    inputs = [(np.arange(9.0),), (np.arange(3.0),), (np.arange(2.0),)]
    made = exercise("Exercise 1", np.sum, expect=[36, 3, 1], inputs=inputs)
    line = "✗ Exercise 1: on input (array of shape (3,) [0, 1, 2]) yours is 0, which is too small"
    assert verdict(made, lambda x: x.sum() if len(x) == 2 else 0) == line


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
    torch.tensor([True, True]),
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
        == "✗ Exercise 1: on input (array of shape (2,) [1, 2]) yours is 0, which is too small"
    )


# ---------------------------------------------------------------- a value


@pytest.mark.parametrize(
    ("expected", "right", "wrong", "words"),
    [
        (3, 3.0, 4, "yours is 4, which is too large"),
        (1 / 3, 0.3333333, 0.3333, "yours is 0.3333, which is too small"),
        ("relu", " ReLU", "tanh", "yours is 'tanh', which is not right"),
        ((3, 4), [3, 4], (4, 3), "entry 1 of yours is 4, which is too large"),
        ([1, 0.5, 1, 0.59], np.array([1, 0.5, 1, 0.59]), (1, 0.5, 2, 0.59), "entry 3 of yours is 2, which"),
        ((2, 3), torch.Size([2, 3]), (2, 3, 1), "yours has shape (3,), asked is (2,)"),
        (("a", "b"), ["a", "b"], ("b", "a"), "entry 1 of yours is 'b'"),
        (np.eye(2), [[1, 0], [0, 1]], np.ones((2, 2)), "entry [0, 1] of yours is 1, which is too large"),
        (np.arange(9.0), torch.arange(9.0), np.arange(8.0), "yours has shape (8,), asked is (9,)"),
        (torch.ones(2), np.ones(2), torch.zeros(2), "entry 1 of yours is 0, which is too small"),
        (1 + 2j, 1 + 2j, 1 - 2j, "yours is 1-2j, which is not right"),
        (np.array([True, False]), [True, False], np.array([False, True]), "entry 1 of yours is False"),
        ((np.ones(2), "rows"), [[1, 1], "rows"], (np.ones(2), "columns"), "entry 2 of yours is 'columns'"),
        (2.5, np.array([2.5]), np.array([2.5, 2.5]), "yours has shape (2,), asked is ()"),
        (0.25, Fraction(1, 4), Fraction(1, 3), "which is too large"),
        (-np.inf, torch.tensor(-torch.inf), np.nan, "yours is nan"),
        ({1, 2}, [2, 1], (1, 3), "yours is"),
        ({"a": [1, 2]}, {"a": (1, 2)}, {"b": 1}, "yours has the keys ['b'], asked are ['a']"),
        (2_368_000, 2_368_000.0, 2_368_001, "too large"),
    ],
)
def test_a_value_is_the_same_whatever_holds_it(verdict, expected, right, wrong, words):
    made = exercise("Exercise 2", expected, expect=expected)
    assert verdict(made, right) == "✓ Exercise 2: right"
    assert verdict(made, wrong).startswith("✗ Exercise 2: ")
    assert words in verdict(made, wrong)


@pytest.mark.parametrize(
    ("given", "expected", "right", "wrong"),
    [
        ({"decimals": 2}, 0.58579, [0.59, 0.586, 0.58579], [0.58, 0.6, 0.5]),
        ({"decimals": 2}, [10.5, 0.0272], [[10.5, 0.03], (10.5, 0.0272)], [(10.5, 0.0), (10.4, 0.03)]),
        ({"decimals": 2}, 4.2705, [4.27, 4.2705], [4.28, 4.3]),
        ({"figures": 3}, [10.5, 0.0272], [[10.5, 0.0272]], [(10.5, 0.03), (10.5, 0.0), (10, 0.0272)]),
        ({"figures": 2}, 9.96, [10, 9.96, 10.0], [9.9, 11]),
        ({"figures": 2}, 123456, [120_000, 123_000], [130_000, 100_000]),
        ({"tol": 1e-2}, [100, 0.01], [(100.9, 0.01)], [(100.9, 0.02), (102, 0.01)]),
        ({"atol": 0.1}, [100, 0.01], [(100.05, 0.09)], [(100.2, 0.01)]),
        ({}, np.float32([1, 1e-3]), [np.float64([1, 1e-3])], [np.float32([1, 1.1e-3])]),
        ({}, np.float64([1, 1e-3]), [np.float32([1 + 1e-6, 1e-3])], [np.float64([1.0001, 1e-3])]),
        ({}, [1.0, 0.0], [[1.0, 1e-16]], [[1.0, 1e-4]]),
        ({}, 0.0, [0, -0.0, 1e-12], [1e-3]),
    ],
)
def test_each_entry_has_its_own_tolerance(verdict, given, expected, right, wrong):
    made = exercise("Exercise 2", expected, expect=expected, **given)
    for answer in right:
        assert verdict(made, answer).startswith("✓"), answer
    for answer in wrong:
        assert verdict(made, answer).startswith("✗"), answer


def test_an_answer_with_too_few_digits_is_told_so(verdict):
    made = exercise("Exercise 2", 0.586, expect=0.58579, decimals=3)
    assert verdict(made, 0.59) == "✗ Exercise 2: yours is 0.59: give 3 decimals"


def test_a_wrong_value_is_never_answered_with_the_right_one(verdict):
    made = exercise("Exercise 2", (1.9995, 42.125), expect=(1.9995, 42.125), decimals=4)
    for answer in (2, (2, 3), [1], {"a": 1}, "1.9", np.ones((2, 2)), 1j, (2, "x"), (2, 3, 4)):
        line = verdict(made, answer)
        assert line.startswith("✗")
        assert "1.9995" not in line
        assert "42.125" not in line


def test_numbers_of_numpy_are_told_as_numbers(verdict):
    made = exercise("Exercise 2", (1, 2), expect=(1, 2))
    assert "np." not in verdict(made, (np.float64(1), np.float64(3)))
    assert "np." not in verdict(made, [np.int64(1), "x"])


# ---------------------------------------------------------------- slips and variants


def test_a_known_slip_is_answered_with_its_reason(verdict):
    made = exercise("Exercise 2", 0.25, expect=0.25, slips=[(0.5, "you forgot the ½")])
    assert verdict(made, 0.5) == "✗ Exercise 2: yours is 0.5, which is too large: you forgot the ½"
    assert verdict(made, 0.6) == "✗ Exercise 2: yours is 0.6, which is too large"


def test_a_function_with_a_known_slip_gets_its_reason(verdict):
    slips = [(lambda x: x * x, "that is the square")]
    made = exercise("Exercise 2", double, expect=lambda x: x + x, inputs=[2, 3], slips=slips)
    line = "✗ Exercise 2: on input (3) yours is 9, which is too large: that is the square"
    assert verdict(made, lambda x: x**2) == line


def test_a_judged_value_with_a_known_slip_gets_its_reason(verdict):
    made = exercise("Exercise 3", 0.5, judge=small_enough, slips=[(2, "the other root")])
    assert verdict(made, 2.0) == "✗ Exercise 3: the other root"
    assert verdict(made, 3) == "✗ Exercise 3: 3 is not below 1"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"right": [3.0, 4]}, "its check refuses a right answer, 4: "),
        ({"wrong": [4, 3.0]}, "its check takes a wrong answer, 3: "),
        ({"slips": [(3, "no")]}, "its check takes a wrong answer, 3: "),
        ({"wrong": [4, ...]}, "its check takes a wrong answer, Ellipsis: not answered"),
    ],
)
def test_a_variant_that_falls_on_the_wrong_side_stops_the_run(given, words, capsys):
    with pytest.raises(ProofError, match=words):
        exercise("E", 3, expect=3, **given)
    assert capsys.readouterr().out == ""


def test_a_check_that_takes_the_shortcut_stops_the_run():
    with pytest.raises(ProofError, match=r"takes a wrong answer, lambda x: 2 \* x"):
        exercise("E", double, judge=lambda f: None if f(4) == 8 else "no", wrong=[off, lambda x: 2 * x])


@pytest.mark.parametrize(
    "given", [{"right": [3]}, {"wrong": [1]}, {"wrong": [], "slips": [(1, "no")]}, {"right": []}]
)
def test_too_few_variants_are_refused(given):
    with pytest.raises(ValueError, match="E needs 2 more right answers than its solution and 2 wrong ones"):
        exercise("E", 3, expect=3, **given)


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
        ("slips must be pairs", lambda: exercise("E", 1, expect=1, slips=[(2, "")])),
        ("slips must be pairs", lambda: exercise("E", 1, expect=1, slips=[(2,)])),
        ("give one of decimals, figures", lambda: exercise("E", 1, expect=1, decimals=2, tol=1e-3)),
        ("decimals must be a whole", lambda: exercise("E", 1, expect=1, decimals=2.5)),
        ("figures must be at least 1", lambda: exercise("E", 1, expect=1, figures=0)),
        ("tol must be a finite", lambda: exercise("E", 1, expect=1, tol=-1)),
        ("atol must be a finite", lambda: exercise("E", 1, expect=1, atol=np.nan)),
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
