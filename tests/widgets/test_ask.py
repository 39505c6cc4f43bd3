"""Predictions: what is right comes from the run, and nothing is told before the reader commits."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup

from utils import ask, measured
from utils.proof import ProofError
from utils.widgets.modules import module_text

OPTIONS = {"SGD": "It has one rate for all.", "Adam": "It scales each weight by itself."}
NUMBER = {"low": 0, "high": 100, "step": 5, "tol": 10}


def state(made) -> dict:
    soup = BeautifulSoup(made.page_html(), "html.parser")
    return json.loads(soup.script.string)


@pytest.mark.parametrize(
    "right",
    [
        max({"SGD": 1.0, "Adam": 2.0}.items(), key=lambda pair: pair[1])[0],
        np.array(["SGD", "Adam"])[np.argmax([1, 2])],
        {"SGD": False, "Adam": True},
        {"SGD": np.float64(2) < 1, "Adam": torch.tensor(2.0) > 1},
        {"Adam": np.array([True]), "SGD": np.bool_(False)},
    ],
)
def test_the_right_option_is_what_the_run_found(right):
    assert state(ask("Which?", OPTIONS, right=right))["right"] == 1


@pytest.mark.parametrize("right", [41.3, np.float32(41.3), torch.tensor(41.3), np.array([41.3])])
def test_a_measured_number_is_marked_as_measured(right):
    scale = state(ask("How many?", right=right, **NUMBER))["scale"]
    assert scale["value"] == "⟨41⟩"


def test_a_number_is_written_as_fine_as_its_step():
    made = ask("How large?", right=0.126, low=0.0, high=1.0, step=0.05, tol=0.1, unit="bits")
    assert state(made)["scale"]["value"] == "⟨0.13⟩"
    assert state(made)["scale"]["unit"] == " bits"


@pytest.mark.parametrize(
    ("right", "words"),
    [
        ("RMSProp", "none of the options"),
        ({"SGD": True, "Adam": True}, "one option must hold in the run, 2 do"),
        ({"SGD": 1 > 2, "Adam": 1 > 2}, "one option must hold in the run, 0 do"),
    ],
)
def test_a_run_that_answers_otherwise_stops(right, words):
    with pytest.raises(ProofError, match=words):
        ask("Which?", OPTIONS, right=right)


def test_a_number_off_the_slider_stops_the_run():
    with pytest.raises(ProofError, match="measured 120"):
        ask("How many?", right=120, **NUMBER)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"question": " "}, ValueError, "question must be a text"),
        ({"options": {"SGD": "It."}}, ValueError, "options must be two to 5"),
        ({"options": {"SGD": "It.", "Adam": ""}}, ValueError, "what follows from 'Adam'"),
        ({"right": {"SGD": True}}, ValueError, "a condition for each option"),
        ({"right": 1}, TypeError, "right must be the option"),
        ({"options": None}, ValueError, "give options, or low, high, step and tol"),
        ({"low": 1}, ValueError, "are for a slider"),
        ({"options": None, **NUMBER, "right": "Adam"}, TypeError, "the number that the run measured"),
        ({"options": None, **NUMBER, "right": True}, TypeError, "the number that the run measured"),
        ({"options": None, **NUMBER, "right": 4, "step": 20}, ValueError, "8 stops or more"),
        ({"options": None, **NUMBER, "right": 4, "tol": 30}, ValueError, "a quarter of the range"),
        ({"options": None, **NUMBER, "right": 4, "tol": 1}, ValueError, "half a step or more"),
        ({"options": None, **NUMBER, "right": 4, "low": "0"}, TypeError, "low must be a number"),
    ],
)
def test_what_does_not_fit_is_refused(given, error, words):
    arguments = {"question": "Which?", "options": OPTIONS, "right": "Adam"} | given
    with pytest.raises(error, match=words):
        ask(**arguments)


def test_without_scripts_the_answer_is_folded():
    made = ask("Which wins?", OPTIONS, right="Adam", found=f"Adam needs {measured(41)} steps.")
    soup = BeautifulSoup(made.page_html(), "html.parser")
    fold = soup.details.extract()
    assert fold.summary.text == "What the run says"
    assert "The run's answer: Adam." in fold.text
    assert "Adam needs 41 steps." in fold.text
    assert [one.text for one in fold.select(".measured")] == ["41"]
    soup.script.extract()
    assert "Which wins?" in soup.text
    assert [item.text for item in soup.select("li")] == ["SGD", "Adam"]
    assert not re.search("41|scales|rate", soup.text)
    number = BeautifulSoup(
        ask("How many?", right=41.3, **NUMBER, under="It stops.").page_html(), "html.parser"
    )
    told = number.details.extract().text
    assert "The run's answer: 41." in told and "Less: It stops." in told and "More" not in told
    number.script.extract()
    assert "From 0 to 100." in number.text and "41" not in number.text


def test_a_terminal_and_the_record_do_not_tell_it_first():
    data, metadata = ask("Which wins?", OPTIONS, right="Adam", found="By far.")._repr_mimebundle_()
    assert data["text/plain"] == "Predict: Which wins?\n(SGD, Adam)"
    assert metadata["book"] == {"kind": "ask", "question": "Which wins?", "right": "Adam"}


def test_only_what_was_measured_differs_from_run_to_run():
    def html(number: float) -> str:
        made = ask("How many?", right=number, **NUMBER, found=f"It took {measured(number, '.1f')}.")
        marked = re.sub("⟨[^⟩]*⟩", "⟨⟩", made.page_html())
        return re.sub('<span class="measured">[^<]*</span>', "MEASURED", marked)

    assert html(41.3) == html(47.9)


def test_nothing_ends_the_state_early():
    made = ask("Which </script>?", {"<b>": "</script><!--", "b": "b"}, right="".join(["<b", ">"]))
    assert state(made)["options"][0] == ["<b>", "</script><!--"]
    assert "<b>" not in BeautifulSoup(made.page_html(), "html.parser").select_one(
        "ul"
    ).decode_contents().replace("&lt;b", "")


def test_jupyter_loads_the_module_that_the_page_runs():
    made = ask("Which?", OPTIONS, right="Adam")
    assert made._esm == module_text("ask")
    assert made.said == ""
