"""Predictions and exercises in a real JupyterLab: as on the page, and as plain text once the kernel is gone."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

OPTIONS = """\
from utils import ask, exercise, measured

score = {"SGD": sum([1.0]), "Adam": sum([2.0])}
_which = ask("Which of the two wins?",
    {"SGD": "It has one rate for all.", "Adam": "It scales each weight."},
    right=max(score, key=score.get), found=f"Adam scores {measured(score['Adam'], '.1f')}.")
_which"""
SLIDER = """\
_many = ask("How many steps?", right=40 + sum([1.3]), low=0, high=100, step=5, tol=10, unit="steps",
    under="It starts slowly.", over="It is quick.", found=f"It took {measured(41)}.")
_many"""
EXERCISE = """\
exercise_1 = exercise("Exercise 1", 1 / 3, expect=1 / 3, decimals=2, right=["1/3", "0,33"],
    wrong=["0.3"], slips=[(2 / 3, "you doubled it")])
for answer in ("1/3", "0.3", 2 / 3, "π"):
    exercise_1.check(answer)"""
SAID = "print('said', _which.said, _many.said)"


def notebook():
    cells = [new_markdown_cell("# A page"), *map(new_code_cell, (OPTIONS, SLIDER, EXERCISE))]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture(scope="module")
def running(lab):
    nbformat.write(notebook(), lab.folder / "asks.ipynb")
    page, errors = lab.open("asks.ipynb")
    lab.run_all(page)
    page.locator(".bw-ask").nth(1).wait_for()
    page.get_by_text("formulas are not read").wait_for()
    return page, errors


def test_check_answers_as_the_page_does(running):
    page, _ = running
    seals = [" ".join(text.split()) for text in page.locator(".book-seal").all_inner_texts()]
    assert seals[1] == "✓ Exercise 1: right"
    assert seals[2].startswith("✗ Exercise 1: yours is 0.3") and "0.33" not in seals[2]
    assert seals[3].endswith(": you doubled it")
    assert "formulas are not read" in seals[4]


def test_nothing_is_told_before_the_reader_commits(running):
    page, _ = running
    for at, told in enumerate((("scales", "one rate", "2.0"), ("slowly", "quick", "41"))):
        box = page.locator(".bw-ask").nth(at)
        assert box.get_attribute("data-state") == "open"
        assert not [text for text in told if text in box.evaluate("(e) => e.textContent")]
    assert page.locator(".book-ask").filter(visible=True).count() == 0, "the plain text tells it"


def test_an_option_by_keyboard_then_its_reason_and_the_runs_answer(running):
    page, errors = running
    box = page.locator(".bw-ask").first
    box.locator("input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    box.get_by_text("It has one rate for all.").wait_for()
    assert box.get_attribute("data-state") == "committed"
    said = " ".join(box.locator("output").inner_text().split())
    assert said == "Not so. It has one rate for all. The run: Adam. It scales each weight. Adam scores 2.0."
    assert box.locator("label").nth(1).inner_text().split()[-2:] == ["the", "run"]
    assert not errors


def test_a_slider_and_what_the_kernel_hears(running):
    page, errors = running
    box = page.locator(".bw-ask").nth(1)
    box.locator("input").focus()
    page.keyboard.press("Home")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    box.locator("button").click()
    box.get_by_text("As near as asked.").wait_for()
    assert "The run: 41 steps; you said 40 steps." in box.locator("output").inner_text()
    page.evaluate(
        """(code) => {
          const { content, sessionContext } = jupyterapp.shell.currentWidget;
          content.model.sharedModel.insertCell(content.widgets.length, { cell_type: "code", source: code });
          content.activeCellIndex = content.widgets.length - 1;
          return jupyterapp.commands.execute("notebook:run-cell");
        }""",
        SAID,
    )
    page.get_by_text("said SGD 40", exact=True).wait_for()
    assert not errors


def test_opened_again_without_its_kernel_it_is_text_with_a_fold(lab, running):
    page, _ = running
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page, _ = lab.open("asks.ipynb")
    plain = page.locator(".book-ask").first
    plain.wait_for()
    page.get_by_text("Error displaying widget").first.wait_for(state="attached")
    assert "Which of the two wins?" in plain.inner_text()
    assert "It scales each weight." not in plain.inner_text()
    plain.locator("summary").click()
    assert "The run's answer: Adam." in plain.inner_text()
    assert page.get_by_text("Error displaying widget").filter(visible=True).count() == 0
