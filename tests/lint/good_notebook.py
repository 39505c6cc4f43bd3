"""A small notebook that breaks no rule, made in code; tests break it in one place at a time."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tools.setup_cell import FINDS_UTILS

REPOSITORY = "https://github.com/someone/book"
TITLE = """# Doubling

What happens to a number that is added to itself?

**At the end you can** double. **Before:** adding. **Reading:** 5 minutes. **Running:** 1 second."""
SETUP = f"""# @title Setup
import sys

if "google.colab" in sys.modules:
    %pip install -q "git+{REPOSITORY}"
{FINDS_UTILS}
from utils import setup

setup()"""
FOLDED = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}, "cellView": "form"}
PROSE = "Twice a number is the number and the number again. " * 100
REFERENCES = "**References.** L. Euler (1748), [On doubling](https://example.org/doubling)."
PICTURE = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAAAOw==" alt="A line that rises">'
TEXTS = {"caption": "It rises.", "alt": "A line that rises from zero to two."}


def markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text: str, *records: dict[str, Any], html: str = "<p>2</p>", **metadata: Any) -> dict[str, Any]:
    """A code cell whose outputs leave ``records`` in the ledger."""
    outputs = [
        {
            "output_type": "display_data",
            "data": {"text/html": html, "text/plain": "2"},
            "metadata": {"book": record},
        }
        for record in records
    ]
    return {"cell_type": "code", "metadata": deepcopy(metadata), "source": text, "outputs": outputs}


def exercise(number: int) -> list[dict[str, Any]]:
    title = f"Exercise {number}"
    return [
        markdown(f"### {title}: double it\n\n<details><summary>Hint</summary>Add it to itself.</details>"),
        code(
            f"# @title Solution {number}\ndoubled = 2",
            {"kind": "exercise", "title": title, "state": "solution"},
            **FOLDED,
        ),
        code("attempt = ...", {"kind": "exercise", "title": title, "state": "unwritten"}),
    ]


def good() -> dict[str, Any]:
    """A notebook as JSON; the cells that tests reach for by name are found by `cell`."""
    cells = [
        markdown(TITLE),
        code(SETUP, **FOLDED),
        markdown("## See it first\n\n" + PROSE),
        code("show(fig)", {"kind": "figure", **TEXTS}, html=f"<figure>{PICTURE}</figure>"),
        code("explore(draw)", {"kind": "widget", "name": "explore", **TEXTS}, html=f"<div>{PICTURE}</div>"),
        markdown("## From scratch\n\nSee [the start](#see-it-first). Doubling is Euler's, $2x = x + x$."),
        code("verify(a, b)", {"kind": "verify", "what": "a"}),
        code("claim('so', 1, '>', 0)", {"kind": "claim", "sentence": "so"}),
        code("a = 1\n" + "".join(f"b_{i} = {i}\n" for i in range(8)) + "b = 2"),
        markdown("## Exercises"),
        *(cell for number in (1, 2, 3) for cell in exercise(number)),
        code("c = 3"),
        markdown("## What to remember\n\nTwice is more. Topics: `doubling`."),
        markdown("## In the notes\n\nThe notes double once.\n\n" + REFERENCES),
    ]
    for number, cell in enumerate((c for c in cells if c["cell_type"] == "code"), 1):
        cell["execution_count"] = number
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number:03d}"
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def cell(notebook: dict[str, Any], start: str) -> dict[str, Any]:
    """The first cell whose source starts with ``start``."""
    return next(c for c in notebook["cells"] if c["source"].startswith(start))


def edit(start: str, **changes):
    """A mutation: set keys of the cell that starts with ``start``."""
    return lambda nb: cell(nb, start).update(changes)


def replace(start: str, old: str, new: str):
    def mutate(nb):
        found = cell(nb, start)
        assert old in found["source"], f"the good notebook has no {old!r}: the mutation would change nothing"
        found["source"] = found["source"].replace(old, new)

    return mutate
