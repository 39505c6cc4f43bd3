"""What a page folds to one line: a cell whose code is hidden, and more seals in a row than a reader would read.

Both work without scripts, open for a link to what is in them, and are open on paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# As many seals in a row are read one by one.
IN_A_ROW = 3
TITLE = re.compile(r"#\s*@title[ \t]+(\S.*)")
# "Checks", "Check: the walk"; not "Check 4", which answers to an exercise.
CHECKS = re.compile(r"checks?\b(?!\s*\d)", re.I)


def title(source: str) -> str:
    """What stands after ``# @title`` in a cell's first line, where Colab reads it too; "" if nothing does."""
    match = TITLE.match(source.lstrip("\n"))
    return match[1].strip() if match else ""


def _cells(document: nodes.document) -> Iterator[tuple[nodes.container, str]]:
    """Every code cell with the title of its fold ("" where it isn't folded)."""
    for cell in list(document.findall(nodes.container)):
        if cell.get("nb_element") == "cell_code":
            code = next(iter(cell.findall(nodes.literal_block)), None)
            yield cell, title(code.astext()) if cell.get("hide_mode") and code is not None else ""


class NameFolds(SphinxPostTransform):
    """A fold is called what its first line says; a name stored anywhere else could say what was once there.

    (`checks.py` reports a fold without such a line.)
    """

    default_priority = 190  # myst-nb makes the folds at 199
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for cell, name in _cells(self.document):
            if cell.get("hide_mode"):
                cell["prompt_show"] = cell["prompt_hide"] = name or "Code"


def holds(output: nodes.Node) -> bool:
    """Whether an output is nothing but the seal of a verify or a claim that holds."""
    raw = [node for node in output.findall(nodes.raw) if node.get("format") == "html"]
    if len(raw) != 1 or "book-seal" not in raw[0].astext():
        return False
    seal = BeautifulSoup(raw[0].astext(), "html.parser").find(True)
    return seal.get("data-kind") in ("verify", "claim") and seal.get("data-state") == "right"


def runs(outputs: list[nodes.Node]) -> Iterator[list[nodes.Node]]:
    """The seals that stand one after the other."""
    run: list[nodes.Node] = []
    for output in outputs:
        if holds(output):
            run.append(output)
        elif run:
            yield run
            run = []
    if run:
        yield run


class FoldSeals(SphinxPostTransform):
    """More than three seals in a row are one line that opens; those of a folded cell "Checks" always are."""

    default_priority = 410  # after `outputs`, which reads each output's HTML as a whole
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for cell, name in _cells(self.document):
            shown = 1 if CHECKS.match(name) else IN_A_ROW
            for part in cell.children:
                if part.get("nb_element") != "cell_code_output":
                    continue
                for run in list(runs(part.children)):
                    if len(run) > shown:
                        self.fold(part, run)

    @staticmethod
    def fold(part: nodes.Element, run: list[nodes.Node]) -> None:
        head = (
            '<details class="seals"><summary><span class="book-mark" aria-hidden="true">✓</span> '
            f"{len(run)} checks hold</summary>\n"
        )
        part.insert(part.index(run[0]), nodes.raw("", head, format="html"))
        part.insert(part.index(run[-1]) + 1, nodes.raw("", "</details>\n", format="html"))


def setup(app: Sphinx) -> None:
    app.add_post_transform(NameFolds)
    app.add_post_transform(FoldSeals)
