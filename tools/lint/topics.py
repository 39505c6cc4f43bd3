"""`book/topics.csv`, the topics of the notes: every row that says it is shown is shown where it says.

A row is shown when it names a notebook and a heading in it, the notebook lists the row's id among its topics,
and under the heading stands evidence: a verify, a claim, a figure or a widget.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tools.cells import sections, source

COLUMNS = ["id", "topic", "chapter", "kind", "notes", "line", "depth", "show", "notebook", "heading"]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            raise ValueError(f"columns are {reader.fieldnames}, expected {COLUMNS}")
        return list(reader)


def listed(path: Path) -> list[str]:
    """Topic ids that a notebook says it covers, in its line 'Topics: `a`, `b`.'"""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join(source(c) for c in cells if c["cell_type"] == "markdown")
    return [name for line in re.findall(r"\bTopics: (.+)", text) for name in re.findall(r"`([^`]+)`", line)]


def evidence(path: Path) -> dict[str, set[str]]:
    """For every heading of a notebook, the kinds of evidence in its section, subsections included."""
    found: dict[str, set[str]] = {}
    for trail, outputs in sections(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        kinds = {output.get("metadata", {}).get("book", {}).get("kind") for output in outputs}
        for _, text in trail:
            found.setdefault(text, set()).update(kinds & {"verify", "claim", "figure", "widget"})
    return found


def findings(root: Path) -> Iterator[str]:
    table = root / "book" / "topics.csv"
    name = table.relative_to(root)
    try:
        rows = read(table)
    except (OSError, ValueError) as error:
        yield f"{name}: {error}; restore it from git"
        return
    by_id: dict[str, dict[str, str]] = {}
    for line, row in enumerate(rows, 2):
        if row["id"] in by_id:
            yield f"{name}:{line}: the id {row['id']} stands twice; ids are unique"
        by_id[row["id"]] = row
        if bool(row["notebook"]) != bool(row["heading"]):
            yield f"{name}:{line}: {row['id']} names only one of notebook and heading; give both or neither"
    notebooks = [*sorted((root / "chapters").rglob("*.ipynb")), *sorted((root / "book").glob("*.ipynb"))]
    covered = {
        path.relative_to(root).as_posix(): listed(path)
        for path in notebooks
        if ".ipynb_checkpoints" not in path.parts
    }
    for notebook, ids in covered.items():
        for topic in ids:
            if topic not in by_id:
                yield f"{notebook}: the topic id {topic} is not in {name}; mend the id"
            elif by_id[topic]["notebook"] != notebook:
                owner = by_id[topic]["notebook"] or "no notebook"
                yield f"{notebook}: lists the topic {topic}, but {name} gives it to {owner}"
    seen = {notebook: evidence(root / notebook) for notebook in covered}
    for line, row in enumerate(rows, 2):
        topic, notebook, heading = row["id"], row["notebook"], row["heading"]
        if not notebook or not heading:
            continue
        if notebook not in covered:
            yield f"{name}:{line}: {topic} names {notebook}, which does not exist"
        elif topic not in covered[notebook]:
            yield f"{name}:{line}: {topic} is not among the topics of {notebook}; add it to its line 'Topics: …'"
        elif heading not in seen[notebook]:
            yield f"{name}:{line}: {topic} names the heading '{heading}', which {notebook} does not have"
        elif not seen[notebook][heading]:
            wanted = "verify, claim, figure or widget"
            yield f"{name}:{line}: under '{heading}' in {notebook} stands no {wanted} for {topic}"
