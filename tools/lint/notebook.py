"""Rules about one notebook's structure. Each rule yields findings ``(cell number or None, text)``.

Cells are counted from 1, as a reader counts them. The limits are the author's guide in CONTRIBUTING.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tools import setup_cell as setup_head
from tools.cells import INSTALLS, Cell, source

Finding = tuple[int | None, str]
RULES: dict[str, Callable[..., Iterator[Finding]]] = {}

MAX_BYTES = 1_500_000
MAX_CELL_LINES = 25
RUN = "run make notebooks N={file}"


def rule(function: Callable[..., Iterator[Finding]]) -> Callable[..., Iterator[Finding]]:
    RULES[function.__name__] = function
    return function


def readable(raw: bytes) -> bool:
    """Is this a notebook at all? The build's checks say so of one that isn't."""
    try:
        return isinstance(json.loads(raw)["cells"], list)
    except (ValueError, KeyError, TypeError):
        return False


def of(kind: str, cells: list[Cell]) -> list[tuple[int, Cell]]:
    return [(at, cell) for at, cell in enumerate(cells, 1) if cell["cell_type"] == kind]


def collapsed(cell: Cell) -> bool:
    return "hide-input" in cell["metadata"].get("tags", [])


def records(cell: Cell) -> list[dict[str, Any]]:
    """What the cell's outputs say of themselves: figures, verify and claim lines, widgets, exercises."""
    return [o["metadata"]["book"] for o in cell.get("outputs", []) if "book" in o.get("metadata", {})]


def outside_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)


@rule
def order(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """Outputs come from one run from top to bottom."""
    expected = 1
    for at, cell in of("code", cells):
        if not source(cell).strip():
            yield at, "is empty; remove it"
        elif cell.get("execution_count") != expected:
            yield (
                at,
                f"was run out of order (count {cell.get('execution_count')}, expected {expected}); {RUN}",
            )
            return
        expected += 1


@rule
def stderr(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    for at, cell in of("code", cells):
        if any(o.get("name") == "stderr" for o in cell.get("outputs", [])):
            yield at, "stores a warning or a log line; mend its cause, then run make notebooks N={file}"


@rule
def size(cells: list[Cell], *, stored: int, **_: Any) -> Iterator[Finding]:
    if stored > MAX_BYTES:
        yield (
            None,
            f"is {stored / 1e6:.2f} MB, the limit is {MAX_BYTES / 1e6:.1f} MB; show fewer or smaller pictures",
        )


@rule
def cell_length(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    for at, cell in of("code", cells):
        lines = INSTALLS.sub("", source(cell)).count("\n") + 1  # less what make address writes
        if lines > MAX_CELL_LINES:
            yield at, f"has {lines} lines, the limit is {MAX_CELL_LINES}; split it where the thought turns"


@rule
def plain_markdown(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """MyST roles and directives show as raw text in Colab, JupyterLab and on GitHub."""
    for at, cell in of("markdown", cells):
        text = source(cell)
        found = re.search(r"^(?:`{3,}|:{3,})\{[\w:-]+\}", text, re.M) or re.search(
            r"(?<![`$\\\w])\{[a-z:]+\}`[^`]+`", text
        )
        if found:
            yield at, f"has MyST syntax ({found[0].strip()}), raw text in Colab; write standard Markdown"


@rule
def opening(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """Title, question, what the reader can do at the end, what comes before, minutes and seconds."""
    first = source(cells[0]) if cells and cells[0]["cell_type"] == "markdown" else ""
    if not re.match(r"# \S", first):
        yield 1, "must be the title ('# …') with the question under it"
        return
    for words in ("At the end you can", "Before", "Reading", "Running"):
        if f"**{words}" not in first:
            yield 1, f"must say '**{words}…**'; see the author's guide in CONTRIBUTING.md"


@rule
def headings(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    level, seen = 0, set()
    for at, cell in of("markdown", cells):
        for marks, text in re.findall(
            r"^(#+) +(.+?)\s*$", re.sub(r"```.*?```", "", source(cell), flags=re.S), re.M
        ):
            if len(marks) > level + 1 or (len(marks) == 1 and level):
                yield (
                    at,
                    f"heading '{text}' has {len(marks)} #, after a heading with {level}; levels go down one by one",
                )
            if "$" in text:
                yield (
                    at,
                    f"heading '{text}' has a formula, and no link to it would be readable; say it in words",
                )
            if text in seen:
                yield at, f"heading '{text}' stands twice; a link to it would be ambiguous"
            level = len(marks)
            seen.add(text)


@rule
def setup_cell(cells: list[Cell], *, repository: str, **_: Any) -> Iterator[Finding]:
    """The first code cell is the folded setup: the Colab install line, imports, `setup()`."""
    code = of("code", cells)
    at, cell = code[0] if code else (None, {"metadata": {}, "source": ""})
    text = source(cell)
    if not text.startswith("# @title Setup") or not collapsed(cell):
        yield at, "must be the folded setup cell: '# @title Setup' and the tag hide-input"
    if not re.search(r"\bsetup\(", text):
        yield at, "must call setup(), which seeds, sets the style and chooses the device"
    head = setup_head.head(cells, repository)
    found = setup_head.HEAD.search(text)
    if not found or '"git+' not in found[0]:
        yield at, f'must install the helpers on Colab: %pip install -q "git+{repository}"'
    elif found[0] != head:
        lines = head.splitlines()
        missing = [line.strip() for line in lines if line not in found[0].splitlines()] or ["nothing more"]
        yield at, f"must have at its head what the notebook uses, {', '.join(missing)}; run make address"
    for name in setup_head.strangers(cells):
        yield at, f"imports {name}, which nothing installs on Colab; name it in utils/data/packages.py"


@rule
def folded(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """A folded cell is folded everywhere: on the page by its tag, in JupyterLab and Colab by their metadata."""
    for at, cell in of("code", cells):
        meta = cell["metadata"]
        marks = {
            "the tag hide-input (page)": collapsed(cell),
            "jupyter.source_hidden (JupyterLab)": meta.get("jupyter", {}).get("source_hidden") is True,
            "cellView form (Colab)": meta.get("cellView") == "form",
            "a first line '# @title …' (Colab)": source(cell).startswith("# @title "),
        }
        if any(marks.values()) and not all(marks.values()):
            yield (
                at,
                f"is folded in places only; add {', '.join(name for name, there in marks.items() if not there)}",
            )


@rule
def figures(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """Every picture comes through show() or a widget, with caption and alt text."""
    for at, cell in of("code", cells):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            record = output.get("metadata", {}).get("book", {})
            pictured = "<img" in "".join(data.get("text/html", "")) or any(
                k.startswith("image/") for k in data
            )
            if pictured and record.get("kind") not in ("figure", "widget"):
                yield at, "shows a picture without caption and alt text; use show(fig, caption=…, alt=…)"
            elif pictured and not (record.get("caption", "").strip() and record.get("alt", "").strip()):
                yield (
                    at,
                    "has a figure whose caption or alt text is empty; say what to see, and what it shows",
                )
            if pictured and "$" in record.get("caption", ""):
                yield at, "has TeX in a caption, raw text on the page; write plain text (σ₁, λ)"


@rule
def proof(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    kinds = {record["kind"] for _, cell in of("code", cells) for record in records(cell)}
    for kind, mend in (
        ("verify", "hold what you wrote against the library"),
        ("claim", "state what the run measured"),
    ):
        if kind not in kinds:
            yield None, f"has no {kind}(…); {mend}"
    if "widget" not in kinds:
        yield None, "has no widget; give the reader something that moves (explore(…) or one of utils.widgets)"


@rule
def exercises(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    """At least three, each with heading, hint, folded solution that passed its check, and an attempt left open."""
    text = "\n".join(source(cell) for _, cell in of("markdown", cells))
    numbers = [int(n) for n in re.findall(r"^### Exercise (\d+)\b", text, re.M)]
    if len(numbers) < 3 or numbers != list(range(1, len(numbers) + 1)):
        yield (
            None,
            f"has the exercises {numbers}; at least three '### Exercise N: …', numbered from 1, are asked for",
        )
    states: dict[str, set[str]] = {}
    for _, cell in of("code", cells):
        for record in records(cell):
            if record["kind"] == "exercise":
                states.setdefault(record["title"], set()).add(record["state"])
    sections = dict(re.findall(r"^### Exercise (\d+)\b(.*?)(?=^##|\Z)", text, re.M | re.S))
    for number in numbers:
        name = f"Exercise {number}"
        if "<summary>Hint</summary>" not in sections.get(str(number), ""):
            yield (
                None,
                f"{name} has no hint; add <details><summary>Hint</summary> … </details> under its heading",
            )
        if not any(source(cell).startswith(f"# @title Solution {number}") for _, cell in of("code", cells)):
            yield None, f"{name} has no solution cell; add a folded cell '# @title Solution {number}'"
        if "solution" not in states.get(name, set()):
            yield None, f"{name} has no solution that passed its check; make it with exercise('{name}', …)"
        if "unwritten" not in states.get(name, set()):
            yield (
                None,
                f"{name} has no open attempt; end its cell with .check(…) and leave the … for the reader",
            )


@rule
def unfinished(cells: list[Cell], **_: Any) -> Iterator[Finding]:
    for at, cell in enumerate(cells, 1):
        found = re.search(r"\b(TODO|FIXME|XXX|lorem ipsum)\b", source(cell))
        if found:
            yield at, f"says {found[0]}; finish it or take it out"


@rule
def metadata(cells: list[Cell], *, notebook: dict[str, Any], **_: Any) -> Iterator[Finding]:
    extra = set(notebook.get("metadata", {})) - {"kernelspec", "language_info"}
    if extra:
        yield None, f"carries the metadata {', '.join(sorted(extra))}; {RUN}"
    for at, cell in of("code", cells):
        if any(
            "application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in cell.get("outputs", [])
        ):
            yield at, f"stores a widget view, which needs a running kernel; {RUN}"
            return
