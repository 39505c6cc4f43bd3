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


# ---------------------------------------------------------------- two widgets of a kind in one notebook

TEXTS = 'caption="What to try, number {i}.", alt="What the picture number {i} shows to a reader."'
KINDS = {
    "race": "race({texts})",
    "convolution": "convolution_explorer(matrix=np.eye(6, dtype=int), {texts})",
    "linear_map": "linear_map_explorer({texts})",
    "broadcasting": "broadcasting({texts})",
    "divergences": "divergences({texts})",
    "playground": "playground({texts})",
    "attention_view": "attention_view(list('abcd'), q=np.eye(4), k=np.eye(4), {texts})",
    "stepper": "steps([Step('One step.', plot(), 'A line.'), Step('Next.', graph(nodes, edges))], {texts})",
    "explore": "explore(lambda bend: plot(bend), bend=[1, 2], {texts})",
    "draw_digit": "draw_digit(net, examples=torch.rand(2, 28, 28), {texts})",
}
TWICE = """\
import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display

from utils import (attention_view, broadcasting, convolution_explorer, divergences, draw_digit, explore,
                   linear_map_explorer, playground, race, steps)
from utils.widgets.stepper import Step, graph

layers = torch.nn.Conv2d(1, 2, 5), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(2 * 24 * 24, 10)
net = torch.nn.Sequential(*layers)
nodes, edges = {"x": {"at": (0.2, 0.5)}, "y": {"at": (0.8, 0.5)}}, [{"from": "x", "to": "y"}]

def plot(bend=2):
    fig, ax = plt.subplots()
    ax.plot([0, 1, 2], [0, 1, 2 ** bend], marker="o")
    return fig

"""
# What would belong to two widgets at once, or to another than its own.
MEET = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const owner = (node) => all(".bw").indexOf(node.closest(".bw"));
  const ids = all("[id]").map((node) => node.id);
  const groups = {};
  for (const radio of all(".bw input[type=radio]")) (groups[radio.name] ??= new Set()).add(owner(radio));
  const inside = (id, node) => owner(document.getElementById(id)) === owner(node);
  const refers = (node) => [...node.attributes].flatMap(({ name, value }) => [
    ...[...value.matchAll(/url\\(["']?#([^"')]+)/g)].map((match) => match[1]),
    ...(/href$/.test(name) && value.startsWith("#") ? [value.slice(1)] : []),
    ...(/^aria-(describedby|labelledby|controls)$/.test(name) ? value.split(" ") : [])]);
  return {
    kinds: all(".bw").map((node) => node.className.split(" ")[1].slice(3)).sort(),
    ids: ids.filter((id, i) => ids.indexOf(id) !== i),
    radios: Object.entries(groups).filter(([, owners]) => owners.size > 1).map(([name]) => name),
    labels: all(".bw label").filter((label) => !label.control || owner(label.control) !== owner(label))
      .map((label) => label.innerText),
    references: all(".bw *").flatMap((node) =>
      refers(node).filter((id) => !document.getElementById(id) || !inside(id, node))),
    count: [ids.length, Object.keys(groups).length, all(".bw label").length, all(".bw *").flatMap(refers).length],
  };
}"""


@pytest.fixture(scope="module")
def doubled(lab):
    """Two widgets of each kind in one cell of one notebook."""
    made = [f"display({call.format(texts=TEXTS.format(i=i))})" for call in KINDS.values() for i in (1, 2)]
    nb = small_notebook()
    nb.cells = [new_code_cell(TWICE + "\n".join(made))]
    nbformat.write(nb, lab.folder / "twice.ipynb")
    page, errors = lab.open("twice.ipynb")
    lab.run_all(page)
    page.wait_for_function("(count) => document.querySelectorAll('.bw').length === count", arg=len(made))
    return page, errors


def test_two_widgets_of_a_kind_have_nothing_in_common(doubled):
    page, errors = doubled
    found = page.evaluate(MEET)
    assert found["kinds"] == sorted([*KINDS, *KINDS])
    ids, radios, labels, references = found["count"]
    assert ids > 20, "there are ids to compare"
    assert radios == 2
    assert labels > 20
    assert references > 20
    assert found["ids"] == []
    assert found["radios"] == []
    assert found["labels"] == []
    assert found["references"] == []
    assert not errors


def test_a_click_on_a_label_switches_its_own_widget(doubled):
    page, _ = doubled
    first, second = (page.locator(".bw-linear_map").nth(i) for i in (0, 1))
    boxes = [one.get_by_role("checkbox").first for one in (first, second)]
    before = [box.is_checked() for box in boxes]
    second.locator(".bw-toggle label").first.click()
    assert [box.is_checked() for box in boxes] == [before[0], not before[1]]


def test_a_choice_in_one_widget_leaves_the_others(doubled):
    page, _ = doubled
    groups = [page.locator(".bw-divergences").nth(i).get_by_role("radio") for i in (0, 1)]
    groups[0].nth(1).check()
    groups[1].nth(2).check()
    assert groups[0].nth(1).is_checked()
    assert groups[1].nth(2).is_checked()


# ---------------------------------------------------------------- saved, and opened again without its kernel


def test_a_notebook_that_was_run_and_saved_shows_its_pictures_when_it_is_opened_again(lab):
    nb = small_notebook()
    nb.cells = [new_code_cell(f"{SETUP}\n{EXPLORE}\ndisplay(_widget)\nprint('after it')")]
    nb.cells[0].source = nb.cells[0].source.replace("explore(shade", "_widget = explore(shade")
    nbformat.write(nb, lab.folder / "again.ipynb")
    picture = "A grey rectangle whose brightness is the level."
    page, _ = lab.open("again.ipynb")
    lab.run_all(page)
    page.get_by_role("slider").wait_for()
    assert page.get_by_alt_text(picture).filter(visible=True).count() == 1, "the live one alone"
    assert page.locator(".book-widget").filter(visible=True).count() == 0
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    page.context.close()

    page, _ = lab.open("again.ipynb")
    still = page.locator(".book-widget").get_by_alt_text(picture)
    still.wait_for()
    page.get_by_text("Error displaying widget").wait_for(state="attached")  # JupyterLab has given up looking
    assert still.evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
    assert page.locator("figcaption").filter(has_text="Push the level up").filter(visible=True).count() == 1
    assert page.get_by_text("Error displaying widget").filter(visible=True).count() == 0
    assert page.get_by_text("after it", exact=True).filter(visible=True).count() == 1
