"""Lists that would go stale if they were typed: a page says ``<!-- generated: name -->`` and gets the list.

A list in parts takes the part's name behind its own: ``<!-- generated: ledger 02_calculus -->``.

The lists are read from the sources at every build, so they agree with them by construction.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.util import logging

from . import assets

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)
reading = assets.load(assets.ROOT / "tools" / "cells.py")
MARKER = re.compile(r"<!-- generated: (\w+)(?: (\w+))? -->")


def notebooks() -> list[Path]:
    """The chapters' notebooks, then those of the front matter."""
    folders = (assets.ROOT / "chapters", assets.ROOT / "book")
    found = [path for folder in folders for path in sorted(folder.rglob("*.ipynb"))]
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]


@lru_cache
def cells(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text("utf8"))["cells"]


def table(name: str) -> list[dict[str, str]]:
    """The rows of ``book/<name>.csv``; row ``i`` stands on the file's line ``i + 2``."""
    with (assets.ROOT / "book" / f"{name}.csv").open(encoding="utf8", newline="") as file:
        return list(csv.DictReader(file))


def title(path: Path) -> str:
    return re.search(r"^# (.+)", "".join(cells(path)[0]["source"]), re.M)[1]


def link(path: Path, words: str, anchor: str = "") -> str:
    return f"[{words}](../{path.relative_to(assets.ROOT).as_posix()}{'#' + anchor if anchor else ''})"


def slug(heading: str) -> str:
    """A heading's anchor, as myst-parser makes it (GitHub's rule)."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(heading it stands under, record) for everything that a notebook's outputs say of themselves."""
    for trail, outputs in reading.sections(cells(path)):
        level, heading = trail[-1] if trail else (1, "")
        for output in outputs:
            if "book" in output.get("metadata", {}):
                yield heading if level > 1 else "", output["metadata"]["book"]


def sources() -> str:
    """Every data set: licence, credit, size, package, and the notebooks whose code calls its loader."""
    module = assets.load(assets.ROOT / "utils" / "data" / "sources.py")
    used = {
        path: "\n".join("".join(c["source"]) for c in cells(path) if c["cell_type"] == "code")
        for path in notebooks()
    }
    rows = [
        "| data | loader | license | credit, and what it comes with | used in |",
        "| --- | --- | --- | --- | --- |",
    ]
    for s in module.SOURCES:
        name = s.loader.split("(")[0]
        places = [link(path, title(path)) for path, code in used.items() if re.search(rf"\b{name}\(", code)]
        rows.append(
            f"| {s.name}: {s.size} | `{name}` | {s.licence} | {s.credit}. {s.package} | {', '.join(places)} |"
        )
    return "\n".join(rows)


def unmarked(text: str) -> str:
    """Without the marks ⟨…⟩ round what a run measured, which are for the test of the stored outputs."""
    return re.sub("⟨([^⟨⟩]*)⟩", r"\1", text)


def cell_text(text: str) -> str:
    return unmarked(text).replace("|", "\\|").replace("*", "\\*").replace("_", "\\_").replace("$", "\\$")


GENERATORS: dict[str, Callable[..., str]] = {"sources": sources}


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    def made(match: re.Match) -> str:
        if match[1] not in GENERATORS:
            names = ", ".join(sorted(GENERATORS))
            logger.warning("%s: there is no generated list '%s'; the lists are %s", docname, match[1], names)
            return ""
        return GENERATORS[match[1]](*filter(None, [match[2]]))

    if MARKER.search(source[0]):
        app.env.note_reread()  # what it lists may have changed though the page has not
        source[0] = MARKER.sub(made, source[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", fill)
