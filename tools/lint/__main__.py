"""``python -m tools.lint``: every rule over every notebook and page; exits 1 when something was found."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tools.lint import (
    asking,  # noqa: F401 (its rule joins the others)
    links,
    measure,  # noqa: F401 (likewise)
    topics,
)
from tools.lint.notebook import RULES, readable

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

from bookext import checks  # noqa: E402  (the checks that the build makes too: pictures, alt texts, contents)


def repository(root: Path) -> str:
    """The repository's address, from the one place that has it."""
    return yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]


def toc_pages(root: Path) -> set[str]:
    """Document names in _toc.yml."""

    def walk(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("root", "file"):
                    yield str(value)
                else:
                    yield from walk(value)
        elif isinstance(node, list):
            for item in node:
                yield from walk(item)

    return set(walk(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))))


def notebook_findings(path: Path, name: str, address: str) -> Iterator[str]:
    raw = path.read_bytes()
    notebook = json.loads(raw)
    cells = notebook["cells"]
    for check in RULES.values():
        for at, text in check(cells, notebook=notebook, stored=len(raw), repository=address):
            yield f"{name}{f', cell {at}' if at else ''}: {text.replace('{file}', name)}"


def findings(root: Path) -> Iterator[str]:
    pages = toc_pages(root)
    yield from checks.findings(root, pages)
    address = repository(root)
    for page in sorted(pages):
        for path in (root / f"{page}.md", root / f"{page}.ipynb"):
            if path.is_file():
                name = path.relative_to(root).as_posix()
                if path.suffix == ".ipynb" and not readable(path.read_bytes()):
                    break  # the build's checks said so
                if path.suffix == ".ipynb" and page.startswith("chapters/"):
                    yield from notebook_findings(path, name, address)
                yield from (f"{name}: {text}" for text in links.findings(path))
                break
        else:
            yield f"_toc.yml: names {page}, which does not exist; add the file or take it out"
    if all(readable(path.read_bytes()) for path in (root / "chapters").rglob("*.ipynb")):
        yield from topics.findings(root)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.lint", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the book's folder")
    found = list(findings(parser.parse_args().root))
    print("\n".join(found) or "lint: nothing to mend")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
