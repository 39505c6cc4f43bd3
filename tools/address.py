"""``make address``: write the repository's address, from _config.yml, into every notebook's install line."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import yaml

from tools.notebooks import all_notebooks

ROOT = Path(__file__).resolve().parent.parent
INSTALL = re.compile(r'(?<=%pip install -q "git\+)[^"]*(?=")')


def main() -> None:
    url = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    for path in all_notebooks(ROOT):
        nb = nbformat.read(path, as_version=4)
        before = [cell.source for cell in nb.cells]
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.source = INSTALL.sub(url, cell.source)
        if before != [cell.source for cell in nb.cells]:
            nbformat.write(nb, path)
            print(f"{path.relative_to(ROOT)}: installs from {url}")


if __name__ == "__main__":
    main()
