"""Lists that would go stale if they were typed: a page says ``<!-- generated: name -->`` and gets the list.

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
MARKER = re.compile(r"<!-- generated: (\w+) -->")


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
    heading = ""
    for cell in cells(path):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            found = re.findall(r"^#{2,} +(.+?)\s*$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
            heading = found[-1] if found else heading
        for output in cell.get("outputs", []):
            if "book" in output.get("metadata", {}):
                yield heading, output["metadata"]["book"]


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


def number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else " to ".join(number(v) for v in value)


def power(value: float, digits: int = 1) -> str:
    """A small number that does not break at its minus sign."""
    return f"{value:.{digits}e}".replace("-", "\N{NON-BREAKING HYPHEN}") if value else "0"


def cell_text(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_").replace("$", "\\$")


def ledger() -> str:
    """Every verify and claim of the book, with what the stored run measured and what it was held to."""
    parts = []
    total = {"verify": 0, "claim": 0}
    for path in notebooks():
        rows = []
        for heading, r in records(path):
            where = link(path, cell_text(heading), slug(heading)) if heading else link(path, title(path))
            if r["kind"] == "verify":
                statement = f"{cell_text(r['what'])} = {cell_text(r['against'])}"
                measured = f"{r['checked']}, {power(r['error'])}"
                relative = f" + {power(r['rtol'], 0)} of the largest" if r["rtol"] else ""
                bound = f"≤ {power(r['atol'], 0)}{relative}"
            elif r["kind"] == "claim":
                statement = cell_text(r["sentence"])
                measured = f"{number(r['value'])} {cell_text(r['unit'])}"
                bound = f"{ {'>=': '≥', '<=': '≤', '==': '='}.get(r['op'], r['op']) } {number(r['bound'])}"
            else:
                continue
            rows.append(f"| {statement} | {measured} | {bound} | {where} |")
            total[r["kind"]] += 1
        if rows:
            head = ["| statement | measured | held to | where |", "| --- | --- | --- | --- |"]
            parts.append("\n".join([f"## {title(path)}", "", *head, *rows]))
    plural = "notebook" if len(parts) == 1 else "notebooks"
    summary = (
        f"The book has {total['verify']} verifications and {total['claim']} claims in {len(parts)} {plural}."
    )
    return "\n\n".join([summary, *parts])


GENERATORS: dict[str, Callable[[], str]] = {"sources": sources, "ledger": ledger}


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    def made(match: re.Match) -> str:
        if match[1] not in GENERATORS:
            names = ", ".join(sorted(GENERATORS))
            logger.warning("%s: there is no generated list '%s'; the lists are %s", docname, match[1], names)
            return ""
        return GENERATORS[match[1]]()

    if MARKER.search(source[0]):
        app.env.note_reread()  # what it lists may have changed though the page has not
        source[0] = MARKER.sub(made, source[0])


def setup(app: Sphinx) -> None:
    app.connect("source-read", fill)
