"""What the site and the checks both read from a notebook's cells. The site's build has no nbformat here: plain JSON."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from typing import Any

Cell = dict[str, Any]
Trail = tuple[tuple[int, str], ...]
FENCED = re.compile(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1[`~]*\s*$", re.M | re.S)
INSTALLS = re.compile(r"^(?:[ \t]+%pip install|import deep_learning_notebooks\b)[^\n]*\n", re.M)
HEADING = re.compile(r"^(#+) +(.+?)\s*$", re.M)


def source(cell: Cell) -> str:
    return "".join(cell.get("source", ""))


def syntax_tree(cell: Cell) -> ast.Module:
    """A code cell's syntax tree, magics as calls; an empty one for what is no Python. Needs IPython."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(source(cell)))
    except SyntaxError:
        return ast.Module([], [])


def digest(cells: list[Cell]) -> str:
    """Names a notebook's code: what was tried with it holds as long as it is the same.

    What the setup cell installs is no part of it: `make address` writes that, in a fork otherwise.
    """
    text = "\0".join(source(cell) for cell in cells if cell["cell_type"] == "code")
    return hashlib.sha256(INSTALLS.sub("", text).encode()).hexdigest()[:12]


def sections(cells: list[Cell]) -> Iterator[tuple[Trail, list[Cell]]]:
    """Every heading and every code cell, in order: the headings it stands under, and its outputs.

    Yields:
        ``(((1, "Title"), (2, "Section"), ...), outputs)``; a heading's own entry has no outputs.
    """
    trail: Trail = ()
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for marks, text in HEADING.findall(FENCED.sub("", source(cell))):
                trail = (*(above for above in trail if above[0] < len(marks)), (len(marks), text))
                yield trail, []
        else:
            yield trail, cell.get("outputs", [])
