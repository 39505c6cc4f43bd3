"""``make address``: write the head of every notebook's setup cell: the repository's address and the data packages.

Safe to run at any time: a notebook is read, its setup cell's source alone is changed, and the file is replaced at
once.
"""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import yaml

from tools import setup_cell
from tools.notebooks import all_notebooks

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    url = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    for path in all_notebooks(ROOT):
        nb = nbformat.read(path, as_version=4)
        first = next((cell for cell in nb.cells if cell.cell_type == "code"), None)
        if first is None:
            continue
        head = setup_cell.head(nb.cells, url)
        written = setup_cell.HEAD.sub(lambda _, head=head: head, first.source, count=1)
        if written != first.source:
            first.source = written
            partial = path.with_suffix(".ipynb.part")
            nbformat.write(nb, partial)
            os.replace(partial, path)
            lines = [line.strip().removeprefix("%pip install -q ") for line in head.splitlines()[1:-1]]
            print(f"{path.relative_to(ROOT)}: installs {' and '.join(lines)}")


if __name__ == "__main__":
    main()
