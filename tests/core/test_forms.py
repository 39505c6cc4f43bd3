"""What a page asks and how it reads a number; the site's script is held to the same in tests/site."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from utils import exercise
from utils.answers import Tolerance
from utils.forms import form, read

READ = [
    ("3", 3.0),
    (" -3 ", -3.0),
    ("+0.5", 0.5),
    ("0,5", 0.5),
    (".5", 0.5),
    ("5.", 5.0),
    ("1e-3", 1e-3),
    ("1E3", 1e3),
    ("1/3", 1 / 3),
    ("-1 / 4", -0.25),
    ("1 000", 1000.0),
    ("12\u202f345,5", 12345.5),
    ("\u22122", -2.0),
    ("- 2", -2.0),
    ("0,001", 0.001),
]
REFUSED = [
    ("", "give a number"),
    ("  ", "give a number"),
    ("5 %", "percentage"),
    ("\u03c0", "formulas"),
    ("2*3", "formulas"),
    ("sqrt(2)", "formulas"),
    ("1,234,567", "separators"),
    ("1.234.567", "separators"),
    ("1,234.5", "separators"),
    ("seven", "not a number"),
    ("nan", "not a number"),
    ("inf", "not a number"),
    ("1e999", "too large"),
    ("1/0", "denominator"),
    ("1/2/3", "not a number"),
    ("--1", "not a number"),
    ("1e", "not a number"),
    ("0x10", "not a number"),
    ("1_000", "not a number"),
    ("\u0663", "not a number"),
]


@pytest.mark.parametrize(("text", "number"), READ)
def test_a_number_is_read_as_readers_write_it(text, number):
    assert read(text) == number


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_is_no_number_is_refused_with_a_word(text, words):
    with pytest.raises(ValueError, match=words):
        read(text)


def check(made, answer, capsys) -> str:
    capsys.readouterr()
    made.check(answer)
    return capsys.readouterr().out.strip()


def test_a_kernel_reads_text_like_the_page(capsys):
    made = exercise("E", 1 / 3, expect=1 / 3, decimals=2, right=["1/3", "0,33"], wrong=["0.3", "\u03c0"])
    assert check(made, "1/3", capsys) == "✓ E: right"
    assert check(made, "\u03c0", capsys).startswith("✗ E: write the number itself")
    pair = exercise("E", (1, 2), expect=(1, 2), right=[["1", "2"], [1, "2"]], wrong=[("1", "x"), "1"])
    assert check(pair, ["1", "x"], capsys).startswith("✗ E: this is not a number")


def test_the_form_of_numbers_has_a_tolerance_for_each():
    made = form([10.5, 0.0272], Tolerance(decimals=4), [([10.5, 0.01], "squared")], ["a", "b"])
    assert made["kind"] == "numbers"
    assert made["fields"] == ["a", "b"]
    assert made["expected"] == [10.5, 0.0272]
    np.testing.assert_allclose(made["allowed"], 5e-5, rtol=1e-3)
    assert made["asks"] == "4 decimals"
    assert made["slips"] == [[[10.5, 0.01], "squared", pytest.approx([5e-5, 5e-5], rel=1e-3)]]


@pytest.mark.parametrize("value", [7, 7.0, np.float32(7), torch.tensor(7.0), np.array([7])])
def test_one_number_has_one_field(value):
    made = form(value, Tolerance())
    assert (made["fields"], made["expected"]) == (["Your answer"], [7.0])
    assert all(type(x) is float for x in made["expected"] + made["allowed"])


def test_several_numbers_have_a_field_each():
    assert form((3, 4), Tolerance())["fields"] == ["Entry 1", "Entry 2"]


@pytest.mark.parametrize("value", [1j, True, {"a": 1}, [], list(range(13)), np.nan, ("a", 1), None, [np.inf]])
def test_what_a_page_cannot_check_has_no_form(value):
    assert form(value, Tolerance()) is None


def test_words_are_asked_as_text_or_as_a_choice():
    assert form("relu", Tolerance())["kind"] == "text"
    made = form("relu", Tolerance(), [("tanh", "it saturates")], choices=["relu", "tanh"])
    assert (made["kind"], made["choices"]) == ("choice", ["relu", "tanh"])
    assert made["slips"] == [["tanh", "it saturates"]]


@pytest.mark.parametrize(
    ("value", "given", "words"),
    [
        ((1, 2), {"fields": ["a"]}, "fields must name 2 numbers"),
        (1j, {"fields": ["a"]}, "a page cannot check"),
        ("a", {"choices": ["b", "c"]}, "choices must hold the right one"),
        (1, {"choices": ["1", "2"]}, "choices are for an answer in words"),
        ("a", {"fields": ["x", "y"]}, "fields must name one answer"),
    ],
)
def test_labels_that_do_not_fit_are_refused(value, given, words):
    with pytest.raises(ValueError, match=words):
        form(value, Tolerance(), **given)


def test_a_function_has_no_fields():
    given = {"expect": [1], "inputs": [1], "right": [abs, abs], "wrong": [str, repr], "fields": ["a"]}
    with pytest.raises(ValueError, match="fields and choices are for a value"):
        exercise("E", abs, **given)


def test_the_record_carries_the_form(monkeypatch):
    from utils import display

    found = []
    monkeypatch.setattr(display, "publish", lambda html, text, data: found.append(data))
    exercise("E", 3, expect=3, right=[3.0, [3]], wrong=[4, 5], fields=["rank"])
    exercise("F", abs, expect=[1], inputs=[1], right=[abs, abs], wrong=[str, repr])
    assert found[0]["form"]["fields"] == ["rank"]
    assert found[1]["form"] is None
