"""What a run measures is marked in captions, alt texts and widgets' texts: readers see no mark, nbval no difference."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import numpy as np
import pytest
from matplotlib import pyplot as plt
from nbformat.v4 import new_code_cell, new_notebook, new_output

import utils.widgets
from utils import explore, measured, show
from utils.display import marked_attribute, marked_html, unmarked
from utils.widgets.stepper import steps, table

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    path for path in Path(utils.widgets.__file__).parent.rglob("*.mjs") if path.name not in ("dom.mjs",)
]


class Read(HTMLParser):
    """What a reader of HTML is given: alt texts, and the text outside of scripts with its measured parts."""

    def __init__(self, html: str):
        super().__init__()
        self.alts, self.text, self.measured, self.inside = [], "", [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.inside = tag if tag in ("script", "style") else attributes.get("class", "")
        if tag == "img":
            self.alts.append(attributes["alt"])

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "script":
            return
        self.text += data
        if self.inside == "measured":
            self.measured.append(data)


def widget(score: float, plain: str = "score", caption: str = "Push the level up"):
    return explore(
        lambda level: (np.full((4, 4), level), f"{plain} {measured(score + level, '.2f')}"),
        level=[0.0, 1.0],
        caption=f"{caption} until the score passes {measured(score, '.2f')}.",
        alt=f"A square of gray, with a score of {measured(score, '.3f')} at first.",
    )


def figure(score: float) -> tuple[str, str, dict]:
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("utils.plotting.publish", lambda *parts: found.append(parts))
        fig, ax = plt.subplots()
        ax.plot([0, 1])
        show(
            fig,
            caption=f"The score is {measured(score, '.2f')}.",
            alt=f"A line that rises to a score of {measured(score, '.2f')}.",
        )
    return found[0]


@pytest.mark.parametrize("text", ['a < ⟨0.5⟩ & "b"', "⟨<&'\"⟩", "none", "⟨−3⟩ to ⟨∞⟩"])
def test_html_decodes_to_the_text_without_its_marks(text):
    read = Read(f'<img alt="{marked_attribute(text)}"><p>{marked_html(text)}</p>')
    assert read.alts == [unmarked(text)]
    assert read.text == unmarked(text)
    assert read.measured == re.findall("⟨(.*?)⟩", text)


def test_a_figure_shows_no_mark():
    html, text, record = figure(0.82)
    read = Read(html)
    assert read.alts == ["A line that rises to a score of 0.82."]
    assert read.text == "The score is 0.82."
    assert read.measured == ["0.82"]
    assert text == "Figure: The score is ⟨0.82⟩.\n(A line that rises to a score of ⟨0.82⟩.)"
    assert record == {"kind": "figure", "caption": read.text, "alt": read.alts[0]}


def test_a_widgets_picture_and_record_show_no_mark():
    data, metadata = widget(0.5)._repr_mimebundle_()
    read = Read(data["text/html"])
    assert read.alts == ["A square of gray, with a score of 0.500 at first."]
    assert read.text == "Push the level up until the score passes 0.50."
    assert metadata["book"]["caption"] == read.text
    assert metadata["book"]["alt"] == read.alts[0]


def test_a_steps_picture_shows_no_mark(monkeypatch):
    drawn = []
    monkeypatch.setattr("utils.widgets.poster.figure_svg", lambda fig: drawn.append(fig) or "<svg/>")
    rows = table([["loss", measured(0.25)]], label=f"after {measured(3)} steps")
    steps(
        [("One.", rows), ("Two.", rows)],
        caption="Go through the steps.",
        alt="Two steps that both show a loss.",
    ).page_html()
    words = {text.get_text() for fig in drawn for text in fig.axes[0].texts}
    assert {"loss", "0.25", "after 3 steps"} <= words


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_shows_a_stored_text_without_marks(path):
    """Captions pass through the frame; whoever shows another stored text takes its marks off."""
    source = path.read_text(encoding="utf-8")
    for key in ("alt", "caption", "names"):
        for call in re.finditer(rf'(\w+\()?model\.get\("{key}"\)(.*)', source):
            assert call[1] == "unmarked(" or "unmarked" in call[2], f"{key} is shown as stored: {call[0]}"


# ---------------------------------------------------------------- nbval

CODE = """\
import numpy as np
from utils import explore, measured
explore(lambda level: (np.full((4, 4), level), f"{plain} {measured(score + level, '.2f')}"), level=[0.0, 1.0],
        caption=f"{caption} until the score passes {measured(score, '.2f')}.",
        alt=f"A square of gray, with a score of {measured(score, '.3f')} at first.")"""
FIGURE_CODE = """\
import matplotlib.pyplot as plt
from utils import measured, show
fig, ax = plt.subplots()
ax.plot([0, 1])
show(fig, caption=f"The score is {measured(0.82, '.2f')}.",
     alt=f"A line that rises to a score of {measured(0.82, '.2f')}.")"""
NOW = 'score, plain, caption = 0.5, "score", "Push the level up"\n' + CODE
# What is stored of an earlier run, and whether that run differs in measured parts alone.
STORED = {
    "the same": (lambda: widget(0.5), True),
    "measured otherwise": (lambda: widget(0.71), True),
    "a frame's text": (lambda: widget(0.71, plain="error"), False),
    "a caption": (lambda: widget(0.71, caption="Push the level down"), False),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory, nbval):
    """nbval as `make nbval` runs it, over one cell for each of the above and two figures."""
    folder = tmp_path_factory.mktemp("nbval")
    cells = []
    for number, (make, _) in enumerate(STORED.values(), 1):
        data, metadata = make()._repr_mimebundle_()
        output = new_output("execute_result", data=data, metadata=metadata, execution_count=number)
        cells.append(new_code_cell(NOW, execution_count=number, outputs=[output]))
    for score, what in ((0.7, "rises"), (0.7, "falls")):
        html, text, record = figure(score)
        data = {"text/html": html.replace("rises", what), "text/plain": text}
        output = new_output("display_data", data=data, metadata={"book": record})
        cells.append(new_code_cell(FIGURE_CODE, execution_count=len(cells) + 1, outputs=[output]))
    nbformat.write(new_notebook(cells=cells), folder / "page.ipynb")
    return nbval(folder).stdout


@pytest.mark.parametrize("what", STORED)
def test_nbval_passes_over_what_is_marked_and_nothing_else(report, what):
    number, (_, passes) = list(STORED).index(what), STORED[what]
    assert f"{'PASSED' if passes else 'FAILED'} page.ipynb::Cell {number}" in report


def test_nbval_compares_an_alt_text_but_for_what_is_marked(report):
    assert "PASSED page.ipynb::Cell 4" in report
    assert "FAILED page.ipynb::Cell 5" in report
