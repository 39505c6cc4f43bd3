"""The forms of exercises that a page checks by itself, taken from the records that `utils.exercise` leaves, and
the names of its predictions (`utils.ask`).

The form stands beside the open attempt, hidden; ``exercises.js`` shows it in the place of the attempt's code.
Without scripts the attempt is plain code, as in the notebook.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import assets

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag


@lru_cache(maxsize=4)
def _records(notebook: Path, changed: int) -> dict[str, Any]:
    """title -> form of every exercise of a notebook whose value a page can check."""
    cells = json.loads(notebook.read_text(encoding="utf8"))["cells"]
    records = (o.get("metadata", {}).get("book", {}) for cell in cells for o in cell.get("outputs", []))
    return {
        record["title"]: record["form"]
        for record in records
        if record.get("kind") == "exercise" and record.get("state") == "solution" and record.get("form")
    }


def forms(notebook: Path) -> dict[str, Any]:
    return _records(notebook, notebook.stat().st_mtime_ns)


def identity(notebook: Path, title: str) -> str:
    """``chapters/…/name#2``: an exercise keeps it as long as its notebook and its number stay."""
    name = notebook.resolve().relative_to(assets.ROOT).with_suffix("").as_posix()
    return f"{name}#{title.removeprefix('Exercise').strip()}"


def add_form(seal: Tag, notebook: Path, soup: BeautifulSoup) -> None:
    """Put the form beside the line of an open attempt, where there is one."""
    what = seal.select_one(".book-what")
    title = re.match(r"(Exercise \d+): ", what.get_text() if what else "")
    form = forms(notebook).get(title[1]) if title else None
    if form is None:
        return
    box = soup.new_tag("div", attrs={"class": "book-form", "hidden": ""})
    box["data-exercise"] = identity(notebook, title[1])
    box["data-title"] = title[1]
    box["data-state"] = "open"
    data = soup.new_tag("script", attrs={"type": "application/json"})
    # As widgets' states: nothing in it may end the script.
    data.string = json.dumps(form, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    box.append(data)
    seal.insert_after(box)


def name_ask(box: Tag, notebook: Path, number: int) -> None:
    """A prediction is known by its place among those of its page; ``ask.js`` brings it to life."""
    box["data-ask"] = identity(notebook, str(number))
    box["data-state"] = "open"
