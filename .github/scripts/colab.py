"""Do what Colab does with the notebooks' first cell, in the environment this is started with.

Takes the install line from each notebook's setup cell, runs it with pip, fails if that changed anything that
was there before, then runs every setup cell away from the checkout, so that `utils` is the one pip installed.
Needs nothing but Python's standard library.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALL = re.compile(r"^(?P<indent>\s*)%pip install (?P<arguments>.+)$", re.MULTILINE)
UTILS = "import utils; print('utils from', utils.__file__); from utils import *"


def setup_cell(notebook: Path) -> str:
    """Source of the first code cell."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return next(("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"), "")


def install_arguments(cell: str) -> list[str]:
    """What follows ``%pip install`` in a setup cell; [] if it installs nothing."""
    line = INSTALL.search(cell)
    return shlex.split(line["arguments"]) if line else []


def versions() -> dict[str, str]:
    """Every installed distribution, asked of a fresh process."""
    command = [sys.executable, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {entry["name"].lower(): entry["version"] for entry in json.loads(listed)}


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What was there and is there no more in the same version."""
    return [
        f"{name}: {old} became {after.get(name, 'nothing')}"
        for name, old in sorted(before.items())
        if after.get(name) != old
    ]


def runs(code: str, name: str) -> bool:
    """Run ``code`` in an empty folder, with none of the checkout on the path."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"MPLBACKEND": "Agg"}
    with tempfile.TemporaryDirectory() as folder:
        good = subprocess.run([sys.executable, "-c", code], cwd=folder, env=env).returncode == 0
    print(f"{name}: {'runs' if good else 'FAILED'}", flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the book's folder")
    parser.add_argument("--source", help="install this (a folder, say) in place of the line's git address")
    options = parser.parse_args()
    notebooks = sorted(
        p for p in options.root.glob("chapters/**/*.ipynb") if "checkpoints" not in p.parent.name
    )
    cells = {p.relative_to(options.root).as_posix(): setup_cell(p) for p in notebooks}
    lines: dict[tuple[str, ...], str] = {}
    for name, cell in cells.items():
        arguments = install_arguments(cell)
        if not any(a.startswith("git+") for a in arguments):
            print(f"{name}: its setup cell has no line '%pip install \"git+…\"'; Colab would have no utils")
            return 1
        lines.setdefault(tuple(arguments), name)
    if not lines:
        print("colab: no notebook in chapters/")
        return 1

    before = versions()
    if "torch" not in before:
        print("colab: no torch here; install .github/colab/requirements.txt first, as Colab would have it")
        return 1
    failed = False
    for line, name in lines.items():
        arguments = [options.source if options.source and a.startswith("git+") else a for a in line]
        print(f"{name}: pip install {shlex.join(arguments)}", flush=True)
        if subprocess.run([sys.executable, "-m", "pip", "install", *arguments]).returncode:
            print(f"{name}: its install line FAILED")
            return 1
    if differences := changed(before, versions()):
        print("the install line changed what Colab brings; widen the ranges in pyproject.toml:")
        print("\n".join(f"  {difference}" for difference in differences))
        failed = True
    failed |= not runs(UTILS, "import utils")
    for name, cell in cells.items():
        failed |= not runs(INSTALL.sub(r"\g<indent>pass", cell), f"{name}, setup cell")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
