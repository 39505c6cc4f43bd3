"""Notebook outputs carry their pictures and widget states inside; the site serves them as files.

A page then stays light, pictures load when they near the viewport, and an SVG figure gets a second version in
the dark palette. Both are in the page; the style sheet shows one, and a lazy image that isn't shown is not
fetched.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup, NavigableString
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.osutil import relative_uri

from . import assets, exercises, generated, images, ledger

if TYPE_CHECKING:
    from bs4 import Tag
    from sphinx.application import Sphinx

# A larger state is fetched when its widget nears the viewport, not with the page.
INLINE_STATE = 20_000


def darken(svg: str) -> str:
    """The same figure in the dark palette; colors that aren't the palette's stay as they are."""
    dark = {light.lower(): dark for light, dark in assets.palette().values()}
    return re.sub(r"#[0-9a-fA-F]{6}\b", lambda match: dark.get(match[0].lower(), match[0]), svg)


class Writer:
    """Puts files named by their content into the built site."""

    def __init__(self, outdir: Path, page: str):
        self.outdir, self.page = outdir, page

    def write(self, folder: str, suffix: str, data: bytes) -> str:
        """Write ``data`` and return its address relative to the page."""
        name = f"{folder}/{hashlib.sha256(data).hexdigest()[:20]}.{suffix}"
        path = self.outdir / name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return relative_uri(self.page, name)


def _move_image(image: Tag, writer: Writer) -> None:
    image["loading"], image["decoding"] = "lazy", "async"
    source = image.get("src", "")
    if not source.startswith("data:"):
        return
    try:
        mime, data = images.decode(source)
    except ValueError:
        return  # checks.py has reported it
    image["src"] = writer.write("_images", images.SUFFIXES[mime], data)
    if mime != "image/svg+xml":
        return
    dark = darken(data.decode("utf8")).encode("utf8")
    if dark == data:
        return
    twin = BeautifulSoup(str(image), "html.parser").img
    twin["src"] = writer.write("_images", "svg", dark)
    twin["class"] = [*image.get("class", []), "in-dark"]
    image["class"] = [*image.get("class", []), "in-light"]
    image.insert_after(twin)


def _move_state(widget: Tag, writer: Writer) -> None:
    script = widget.find("script", type="application/json")
    if script is None or not script.string or len(script.string.encode()) <= INLINE_STATE:
        return
    try:
        state = json.loads(script.string)
    except json.JSONDecodeError:
        return  # stays in the page, where the host says what is wrong
    data = json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()
    widget["data-state-src"] = writer.write("_static/state", "json", data)
    script.decompose()


MARKED = re.compile("⟨([^⟨⟩]*)⟩")


def unmark(soup: BeautifulSoup) -> None:
    """⟨…⟩ tells the test of the stored outputs what a run measured; a reader sees the number, and hears it."""
    for element in soup.find_all(True):
        for name in ("alt", "title", "aria-label"):
            if name in element.attrs:
                element[name] = generated.unmarked(element[name])
    for text in soup.find_all(string=MARKED):
        if text.parent.name in ("script", "style"):
            continue  # a widget's state, whose module does the same
        for at, part in enumerate(MARKED.split(text)):
            new: Any = NavigableString(part)
            if at % 2:
                new = soup.new_tag("span", attrs={"class": "measured"})
                new.string = part
            text.insert_before(new)
        text.extract()


def rewrite(
    html: str,
    writer: Writer,
    checks: Iterator[int],
    notebook: Path | None = None,
    asks: Iterator[int] | None = None,
) -> str:
    """An output's HTML as the site serves it; each verify and claim gets an address, ``check-1`` and so on.

    Args:
        notebook: whose page this is: its seals open to the runs that they held in.
    """
    soup = BeautifulSoup(html, "html.parser")
    for seal in soup.select(".book-seal:is([data-kind=verify], [data-kind=claim])"):
        check = next(checks)
        seal["id"] = f"check-{check}"
        if notebook:
            ledger.open_seal(seal, notebook, check)
    for seal in soup.select(".book-seal[data-kind=exercise][data-state=unwritten]"):
        if notebook:
            exercises.add_form(seal, notebook, soup)
    for box in soup.select(".book-ask"):
        if notebook and asks:
            exercises.name_ask(box, notebook, next(asks))
    for element in soup.select(".book-figure, .book-figure *, .book-seal, .book-seal *, .book-widget"):
        # The style is for Jupyter, which has no style sheet of ours.
        del element["style"]
    unmark(soup)
    for image in soup.find_all("img"):
        _move_image(image, writer)
    for widget in soup.select("[data-widget]"):
        _move_state(widget, writer)
    return str(soup)


class MoveOutputs(SphinxPostTransform):
    """Rewrite the raw HTML of notebook outputs, after myst-nb has chosen which output to show."""

    default_priority = 400
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        checks = itertools.count(1)  # in the page's order, as the ledger counts them
        asks = itertools.count(1)
        source = Path(self.env.doc2path(self.env.docname))
        notebook = source if source.suffix == ".ipynb" else None
        writer = Writer(Path(self.app.outdir), self.app.builder.get_target_uri(self.env.docname))
        for node in list(self.document.findall(nodes.raw)):
            text = node.astext()
            if node.get("format") == "html" and re.search(r"<img\b|class=\"book-|data-widget|⟨", text):
                node.replace_self(nodes.raw("", rewrite(text, writer, checks, notebook, asks), format="html"))


def setup(app: Sphinx) -> None:
    app.add_post_transform(MoveOutputs)
