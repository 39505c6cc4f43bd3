"""Split the notebooks into groups of about the same work, for CI's matrix.

Prints one line for ``$GITHUB_OUTPUT``: ``matrix={"include": [{"name": "1 of 6", "notebooks": "…"}, …]}``.
Needs nothing but Python's standard library, so the job that runs it installs nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def work(notebook: Path) -> int:
    """Code cells plus a start: what a notebook costs, as far as can be told without running it."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return 5 + sum(cell["cell_type"] == "code" for cell in cells)


def split(costs: dict[str, int], at_most: int) -> list[list[str]]:
    """The dearest first, each to the group that has least: the same input gives the same groups."""
    groups: list[tuple[int, list[str]]] = [(0, []) for _ in range(min(at_most, len(costs)))]
    for name in sorted(costs, key=lambda name: (-costs[name], name)):
        at = min(range(len(groups)), key=lambda i: groups[i][0])
        groups[at] = (groups[at][0] + costs[name], [*groups[at][1], name])
    return [sorted(names) for _, names in groups]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--at-most", type=int, default=6, help="groups, when there are that many notebooks")
    parser.add_argument("--root", type=Path, default=ROOT, help="the book's folder")
    options = parser.parse_args()
    paths = [
        path
        for folder in ("chapters", "book")
        for path in options.root.glob(f"{folder}/**/*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    ]
    names = {p.relative_to(options.root).as_posix(): p for p in paths}
    if not names:
        print(
            "shards: no notebook in chapters/ or book/; an empty matrix would pass as green", file=sys.stderr
        )
        return 1
    if spaced := [name for name in names if any(c.isspace() for c in name)]:
        print(f"shards: {spaced[0]}: rename it, a notebook's path may have no space", file=sys.stderr)
        return 1
    groups = split({name: work(path) for name, path in names.items()}, options.at_most)
    include = [
        {"name": f"{i} of {len(groups)}", "notebooks": " ".join(group)} for i, group in enumerate(groups, 1)
    ]
    print(f"matrix={json.dumps({'include': include})}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
