"""Every exercise of the book with the right and wrong answers that its check was tried on: ``make exercises``.

Read from the records that `utils.exercise` leaves in the stored notebooks. For authors: it gives answers away.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.cells import source
from tools.notebooks import ROOT, all_notebooks


def exercises(cells: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(heading, record) of each exercise of a notebook, in the order of the page."""
    headings = {
        title: f"{title}: {rest}"
        for cell in cells
        if cell["cell_type"] == "markdown"
        for title, rest in re.findall(r"^### (Exercise \d+): (.+)$", source(cell), re.M)
    }
    for cell in cells:
        for output in cell.get("outputs", []):
            record = output.get("metadata", {}).get("book", {})
            if record.get("kind") == "exercise" and record.get("state") == "solution":
                yield headings.get(record["title"], record["title"]), record


def listed(path: Path, root: Path = ROOT) -> Iterator[str]:
    """The Markdown of one notebook's exercises; nothing for a notebook without any."""
    found = list(exercises(json.loads(path.read_text(encoding="utf-8"))["cells"]))
    if found:
        yield f"## {path.relative_to(root).as_posix()}\n"
    for heading, record in found:
        yield f"### {heading}\n"
        yield f"- solution: `{record.get('solution', '?')}`"
        yield from (f"- right: `{answer}`" for answer in record.get("right", []))
        yield from (f"- wrong: `{answer}`" for answer in record.get("wrong", []))
        yield from (f"- slip: `{answer}`: {reason}" for answer, reason in record.get("slips", []))
        yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="notebooks; all of the book when left out")
    paths = [path.resolve() for path in parser.parse_args().notebooks] or all_notebooks()
    print("\n".join(line for path in paths for line in listed(path)))


if __name__ == "__main__":
    main()
