"""The table of the page *Your progress*: what each notebook has to solve, to predict and to read.

``progress_page.js`` writes into it what the reader's browser keeps; without scripts it says what there is.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from . import assets, exercises, generated, nav

if TYPE_CHECKING:
    from sphinx.application import Sphinx

BOX = """
<div class="progress" data-progress hidden>
<p data-sum>{sum}</p>
<p class="progress-do"><button type="button" data-export>Save to a file</button>
<label>Bring in a file <input type="file" accept=".json,application/json"></label>
<button type="button" data-forget>Forget everything</button></p>
<output aria-live="polite"></output>
<ul data-aside></ul>
</div>
<noscript><p>Your browser runs no scripts here, so nothing is kept: the table says what there is to do.</p></noscript>
"""


def chapters() -> list[Path]:
    return [path for path in generated.notebooks() if path.is_relative_to(assets.ROOT / "chapters")]


def name(path: Path) -> str:
    return path.relative_to(assets.ROOT).with_suffix("").as_posix()


def solvable(path: Path) -> list[str]:
    """The numbers of the exercises that the page checks."""
    return [title.removeprefix("Exercise").strip() for title in exercises.forms(path)]


def predictions(path: Path) -> int:
    return sum(record["kind"] == "ask" for _, record in generated.records(path))


def of(folder: Path) -> list[str]:
    """The names of a chapter's notebooks, as the browser keeps them."""
    return [name(path) for path in chapters() if path.parent == folder]


def table() -> str:
    rows = []
    tracked = chapters()
    read = solved = predicted = 0
    for path in generated.notebooks():
        numbers, asked = solvable(path), predictions(path)
        if path not in tracked and not asked:
            continue  # the front matter has no reading to track
        read, solved, predicted = read + (path in tracked), solved + len(numbers), predicted + asked
        link = f'<a href="../{name(path)}.html">{escape(generated.title(path))}</a>'
        rows.append(
            f'<tr data-notebook="{name(path)}" data-read="{"1" * (path in tracked)}" data-solved="{" ".join(numbers)}" '
            f'data-asked="{" ".join(str(i + 1) for i in range(asked))}">'
            f'<td><span class="number">{nav.number(name(path))}</span> {link}</td>'
            f"<td></td><td>{len(numbers) or ''}</td><td>{asked or ''}</td></tr>"
        )
    head = "<tr><th>Notebook</th><th>Read</th><th>Exercises</th><th>Predictions</th></tr>"
    body = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    # What the script writes where nothing is kept yet: the text has its place before it comes.
    none = (
        f"0 notebooks read of {read}, 0 exercises solved of {solved}, 0 predictions committed of {predicted}."
    )
    return f"````{{raw}} html\n{BOX.replace('{sum}', none)}{body}\n````"


def setup(app: Sphinx) -> None:
    generated.GENERATORS |= {"progress": table}
