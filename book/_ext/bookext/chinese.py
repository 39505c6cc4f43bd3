"""A Chinese term in brackets is a shade lighter than its sentence: who doesn't need it reads past it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from .search import HAN

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# A term, perhaps with its abbreviation or its author: "(交并比, IoU)". Brackets that hold more are a sentence.
BRACKET = re.compile(rf"[(（][^()（）\n]{{0,40}}[{HAN}][^()（）\n]{{0,40}}[)）]")
# Their color is their own, or they are no running text.
ELSEWHERE = (nodes.literal, nodes.literal_block, nodes.reference, nodes.title, nodes.math, nodes.math_block)


def shaded(text: str) -> list[nodes.Node]:
    """``text`` with each such bracket as an element of its own."""
    parts: list[nodes.Node] = []
    end = 0
    for match in BRACKET.finditer(text):
        # A reader's voice changes with the language; it must not read an English word in Chinese.
        name = "zh" if not re.search(r"[A-Za-z]", match[0]) else "zh-mixed"
        parts += [
            nodes.Text(text[end : match.start()]),
            nodes.inline("", match[0], classes=["zh-term", name]),
        ]
        end = match.end()
    return [part for part in [*parts, nodes.Text(text[end:])] if part.astext()]


def _inside(node: nodes.Node, kinds: tuple[type[nodes.Node], ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


class ShadeTerms(SphinxPostTransform):
    default_priority = 510
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(nodes.Text)):
            if BRACKET.search(node) and isinstance(node.parent, nodes.Element):
                kept = isinstance(node.parent, (nodes.raw, nodes.inline)) or _inside(node, ELSEWHERE)
                if not kept:
                    node.parent.replace(node, shaded(node.astext()))


def setup(app: Sphinx) -> None:
    app.add_post_transform(ShadeTerms)
