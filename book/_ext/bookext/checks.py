"""What must be so before the site may be published. A finding is one line: file, what is wrong, mend.

The sources are read anew in every build, not when Sphinx thinks a page has changed: a warning that only the
first build shows would pass on the second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sphinx.util import logging

from . import folds, images

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)

MARKDOWN_IMAGE = re.compile(r"!\[((?:\\.|[^\]\\])*)\]\(\s*<?([^)>\s]+)>?[^)]*\)")
CODE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1[`~]*\s*$|(`+)(?!`).*?(?<!`)\2(?!`)", re.M | re.S)
DIRECTIVE = re.compile(r"^[`:]{3,}\{(figure|image)\}\s*(\S+)\s*\n(.*?)^[`:]{3,}", re.M | re.S)


class Reader(HTMLParser):
    """Collects the attributes of every ``<img>``, and every widget with the text of its state."""

    def __init__(self, html: str):
        super().__init__()
        self.images: list[dict[str, str]] = []
        self.widgets: list[tuple[str, list[str]]] = []
        self.in_state = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.images.append(values)
        elif "data-widget" in values and "data-state-src" not in values:
            self.widgets.append((values["data-widget"], []))
        self.in_state = tag == "script" and values.get("type") == "application/json"

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        if self.in_state and self.widgets:
            self.widgets[-1][1].append(data)

    def handle_endtag(self, tag: str) -> None:
        self.in_state = False


def _html(html: str, file: Path, where: str) -> Iterator[str]:
    """Findings in HTML, from an output or from Markdown."""
    if "<img" not in html and "data-widget" not in html:
        return
    page = Reader(html)
    for name, state in page.widgets:
        try:
            json.loads("".join(state))
        except json.JSONDecodeError as error:
            yield (
                f"{where}the state of the widget {name} isn't JSON ({error.msg} at character {error.pos}); "
                "run the notebook again: make notebooks N={file}"
            )
    for image in page.images:
        source = image.get("src", "")
        if not image.get("alt", "").strip():
            shown = source[:40] if not source.startswith("data:") else "a figure"
            yield f'{where}{shown} has no alt text; say in alt="…" what it shows'
        if source.startswith("data:"):
            try:
                images.decode(source)
            except ValueError as error:
                yield f"{where}the output holds {error}; run the notebook again: make notebooks N={{file}}"
        else:
            yield from _local(source, file, where)


def _local(source: str, file: Path, where: str) -> Iterator[str]:
    """Findings about a picture that a page takes from a file."""
    if source.startswith("attachment:"):
        yield f"{where}{source} is pasted into the cell; save it as a file beside the notebook and link that"
        return
    if re.match(r"[a-z][\w+.-]*:|//", source, re.I):
        yield f"{where}the picture {source} lies on another host; put a copy into the book"
        return
    path = (file.parent / unquote(source.split("#")[0].split("?")[0])).resolve()
    if not path.is_file():
        yield f"{where}the picture {source} doesn't exist; mend the path or add the file"
    elif images.sniff(path.read_bytes()) is None:
        yield f"{where}the picture {source} can't be read; save it again as PNG, JPEG, WebP or SVG"


def _markdown(text: str, file: Path, where: str = "") -> Iterator[str]:
    """Findings in Markdown; code in it is left alone."""
    for match in DIRECTIVE.finditer(text):
        if not re.search(r"^:alt:\s*\S", match[3], re.M):
            yield f"{where}{match[2]} has no alt text; add the option :alt:"
        yield from _local(match[2], file, where)
    text = CODE.sub("", text)
    for match in MARKDOWN_IMAGE.finditer(text):
        if not match[1].strip():
            yield f"{where}{match[2]} has no alt text; write it between the brackets of ![…]"
        yield from _local(match[2], file, where)
    yield from _html(text, file, where)


def _output(output: dict, file: Path, where: str) -> Iterator[str]:
    data = output.get("data", {})
    if "text/html" in data:
        yield from _html("".join(data["text/html"]), file, where)
    elif any(kind.startswith("image/") for kind in data):
        yield f"{where}a figure has no alt text; show it with show(fig, caption=…, alt=…)"
    if output.get("output_type") == "error":
        yield f"{where}stopped with {output.get('ename')}; mend the cell and run make notebooks N={{file}}"


def _notebook(text: str, file: Path) -> Iterator[str]:
    try:
        cells = json.loads(text)["cells"]
    except (json.JSONDecodeError, KeyError, TypeError):
        yield "isn't a notebook (broken JSON); restore it from git"
        return
    unrun = []
    for at, cell in enumerate(cells, 1):
        source = "".join(cell.get("source", ""))
        if cell["cell_type"] == "markdown":
            yield from _markdown(source, file, f"cell {at}: ")
        elif cell["cell_type"] == "code":
            if "hide-input" in cell.get("metadata", {}).get("tags", []) and not folds.title(source):
                yield f"cell {at}: is folded and has no name; begin it with '# @title …'"
            if source.strip() and cell.get("execution_count") is None:
                unrun.append(at)
            for output in cell.get("outputs", []):
                yield from _output(output, file, f"cell {at}: ")
    if unrun:
        listed = ", ".join(map(str, unrun[:5])) + (", …" if len(unrun) > 5 else "")
        yield f"stored without having been run (cells {listed}); run make notebooks N={{file}}"


def findings(root: Path, pages: set[str]) -> Iterator[str]:
    """Every finding about the sources under ``root``; ``pages`` are the docnames that ``_toc.yml`` names."""
    folders = ("book/*.md", "book/*.ipynb", "chapters/**/*.md", "chapters/**/*.ipynb")
    sources = [file for pattern in folders for file in root.glob(pattern)]
    for file in sorted(sources):
        name = file.relative_to(root)
        if any(part.startswith((".", "_")) for part in name.parts):
            continue
        if name.with_suffix("").as_posix() not in pages:
            yield f"{name}: isn't in _toc.yml, so no reader finds it; add it there or remove the file"
            continue
        text = file.read_text("utf8")
        for finding in _notebook(text, file) if file.suffix == ".ipynb" else _markdown(text, file):
            yield f"{name}: {finding.replace('{file}', str(name))}"


def check(app: Sphinx, env=None, docnames=None) -> None:
    for finding in findings(Path(app.srcdir), set(app.env.found_docs)):
        logger.warning("%s", finding, type="book", subtype="check")


def setup(app: Sphinx) -> None:
    app.connect("env-before-read-docs", check)
