"""The book's notebooks in a real JupyterLab: widgets with a kernel, and the stored page before anything is run."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import notebooks

ROOT = Path(__file__).resolve().parents[2]
SETUP = """\
import matplotlib.pyplot as plt
import numpy as np

from utils import claim, exercise, setup, show, verify
from utils.widgets import explore

setup()"""
# The text is the square of the value: a page that only mixed two stored frames could not know it.
EXPLORE = """\
def shade(level):
    return np.full((40, 60), level), f"its square is {level ** 2:.6f}"

explore(shade, level=[0.0, 0.5, 1.0], caption="Push the level up and see the square grow.",
        alt="A grey rectangle whose brightness is the level.")"""
FAILS = """\
def fragile(turn):
    if turn != int(turn):
        raise ValueError(f"cannot draw {turn}")
    return np.full((40, 60), turn / 2), "drawn"

explore(fragile, turn=[0.0, 1.0, 2.0], caption="Try to stop between two turns.",
        alt="A rectangle, black at turn zero and white at turn two.")"""
SHOW = """\
fig, ax = plt.subplots()
ax.plot([0, 1, 2], [0, 1, 4])
show(fig, caption="A parabola at three points.", alt="A line that bends upwards from zero over one to four.")"""
PROOF = """\
verify(np.sqrt(np.arange(5.0)) ** 2, np.arange(5.0), what="square of the root", against="the number")
claim("The root of two, squared", np.sqrt(2) ** 2, "<=", 2.1)"""
EXERCISE = """\
exercise_1 = exercise("Exercise 1", 4, expect=2 + 2, right=[4.0, np.int64(4)], wrong=[5, 22])
exercise_1.check(...)"""
FOLDED = "# @title Solution 1\nsolution_that_is_folded = 4"
CELLS = [SETUP, EXPLORE, FAILS, SHOW, PROOF, EXERCISE, FOLDED]


def small_notebook():
    cells = [new_markdown_cell("# A page\n\nWhat a reader opens."), *map(new_code_cell, CELLS)]
    cells[-1].metadata = nbformat.from_dict(
        {"tags": ["hide-input"], "jupyter": {"source_hidden": True}, "cellView": "form"}
    )
    return new_notebook(
        cells=cells,
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


@pytest.fixture(scope="module")
def running(lab):
    """The small notebook, run in JupyterLab, and its console errors."""
    nbformat.write(small_notebook(), lab.folder / "page.ipynb")
    page, errors = lab.open("page.ipynb")
    lab.run_all(page)
    page.locator("input[type=range]").nth(1).wait_for()
    return page, errors


def widget(page, label: str):
    return page.locator(".bw").filter(has=page.get_by_role("slider", name=label))


def test_a_slider_stops_between_two_stored_values_and_python_draws_it(running):
    page, _ = running
    it = widget(page, "level")
    slider, picture = it.get_by_role("slider"), it.locator(".bw-stage img")
    assert picture.get_attribute("alt") == "A grey rectangle whose brightness is the level."
    before = picture.get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowRight")
    # An eighth of the way from 0 to 0.5.
    it.get_by_text("level 0.0625: its square is 0.003906").first.wait_for()
    between = picture.get_attribute("src")
    assert between != before
    assert slider.get_attribute("aria-valuetext") == "0.0625"
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    it.get_by_text("level 0.5: its square is 0.250000").first.wait_for()
    assert picture.get_attribute("src") not in (before, between)


def test_an_error_while_drawing_is_said_and_the_widget_goes_on(running):
    page, _ = running
    it = widget(page, "turn")
    it.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    it.get_by_text("ValueError: cannot draw 0.125").first.wait_for()
    page.keyboard.press("End")
    it.get_by_text("turn 2: drawn").first.wait_for()


def test_the_helpers_lines_are_shown(running):
    page, _ = running
    figure = page.locator("figure.book-figure").filter(has_text="A parabola at three points.")
    figure.wait_for()
    image = figure.locator("img")
    assert image.get_attribute("alt") == "A line that bends upwards from zero over one to four."
    assert image.evaluate("(image) => image.complete && image.naturalWidth > 300")
    seals = [" ".join(text.split()) for text in page.locator(".book-seal").all_inner_texts()]
    assert len(seals) == 4, seals
    assert re.match(r"✓ square of the root = the number values, largest error \S+, allowed 1e-08$", seals[0])
    assert seals[1].startswith("✓ The root of two, squared measured 2, claimed ≤ 2.1")
    assert "not answered yet" in seals[-1]
    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0


def test_a_solution_stays_folded(running):
    page, _ = running
    cell = page.locator(".jp-CodeCell").last
    cell.scroll_into_view_if_needed()
    assert cell.locator(".jp-InputPlaceholder").is_visible()
    assert "solution_that_is_folded" not in cell.inner_text()


def test_nothing_of_ours_is_an_error_in_the_console(running):
    _, errors = running
    assert not errors


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_a_stored_notebook_shows_its_pictures_before_it_is_run(lab, theme, monkeypatch):
    path = lab.folder / "stored.ipynb"
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the kernel that makes it imports what is tested here
    if not path.exists():
        nbformat.write(small_notebook(), path)
        notebooks.execute(path)
    page, errors = lab.open("stored.ipynb", theme)
    for alt in ("A grey rectangle whose brightness is the level.", "A line that bends upwards from zero"):
        picture = page.get_by_alt_text(alt)
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
    assert (
        page.locator("figcaption").filter(has_text="Push the level up and see the square grow.").is_visible()
    )
    assert page.locator("input[type=range]").count() == 0
    body = page.locator(".jp-Notebook").inner_text()
    assert '"frames"' not in body and "data-widget" not in body, "the state is shown as text"
    assert not errors
