"""The page "Widgets": one of each kind, alive, with a link to every place that uses it.

Nothing is listed by hand. A widget's stored output says of itself what it is (``book.kind == "widget"`` in its
metadata) and carries its own HTML; `outputs` moves pictures and states out of it as on any other page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import generated

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# As deep as myst_heading_anchors in _config.yml gives a heading an address.
ANCHORED = (2, 3)


@dataclass
class Place:
    """A widget in a notebook's stored outputs."""

    name: str
    caption: str
    heading: str  # the section it stands in; empty above the first
    notebook: Path
    html: str


def places(path: Path) -> Iterator[Place]:
    for trail, outputs in generated.reading.sections(generated.cells(path)):
        heading = next((text for level, text in reversed(trail) if level in ANCHORED), "")
        for output in outputs:
            record = output.get("metadata", {}).get("book", {})
            if record.get("kind") == "widget":
                html = "".join(output.get("data", {}).get("text/html", ""))
                yield Place(record["name"], record["caption"], heading, path, html)


def title(name: str) -> str:
    """``attention_view`` -> ``Attention view``."""
    return name.replace("_", " ").capitalize()


def plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return re.sub(r"([\\`*_$|<>\[\]])", r"\\\1", generated.unmarked(text))


def link(place: Place) -> str:
    page = generated.title(place.notebook)
    words = f"{page}: {place.heading}" if place.heading else page
    return generated.link(place.notebook, plain(words), generated.slug(place.heading))


def raw(html: str) -> str:
    """HTML between fences longer than any in it: Markdown must not read what a state holds."""
    fence = "`" * max(4, *(len(run) + 1 for run in re.findall("`+", html)), 4)
    return f"{fence}{{raw}} html\n{html}\n{fence}"


def section(name: str, used: list[Place]) -> str:
    """Heading, the first such widget with its caption, and where it and the others stand."""
    first, *others = used
    lines = [f"## {title(name)}", "", raw(first.html), "", f"From {link(first)}."]
    if others:
        lines += ["", "Also in:", ""]
        lines += [f"- {link(place)}. {plain(place.caption)}" for place in others]
    return "\n".join(lines)


def gallery() -> str:
    kinds: dict[str, list[Place]] = {}
    for path in generated.notebooks():
        for place in places(path):
            kinds.setdefault(place.name, []).append(place)
    if not kinds:
        return "No notebook has a widget yet."
    return "\n\n".join(section(name, used) for name, used in kinds.items())


def setup(app: Sphinx) -> None:
    generated.GENERATORS["gallery"] = gallery
