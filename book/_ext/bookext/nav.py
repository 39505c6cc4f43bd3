"""The chapter navigation, from the table of contents and the pages' titles.

Numbers come from the folders' and files' names (``01_linear_algebra/04_svd``), so a page keeps its number
while its neighbors are still being written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sphinx_external_toc.api import FileItem

if TYPE_CHECKING:
    from sphinx.application import Sphinx


@dataclass
class Item:
    """A page in the navigation."""

    docname: str
    title: str
    url: str
    number: str = ""
    current: bool = False
    open: bool = False
    items: list[Item] = field(default_factory=list)


def number(docname: str) -> str:
    """``chapters/01_x/04_y`` -> ``1.4``, ``chapters/01_x/index`` -> ``1``, another page -> nothing."""
    match = re.match(r"chapters/(\d+)_[^/]+/(?:(\d+)_|index$)", docname)
    if not match:
        return ""
    return ".".join(str(int(part)) for part in match.groups() if part)


def _document(app: Sphinx, name: str):
    site_map = app.env.external_site_map
    for candidate in (name, re.sub(r"\.\w+$", "", name)):
        if candidate in site_map:
            return site_map[candidate]
    return None


def _items(app: Sphinx, document, page: str) -> list[tuple[str | None, list[Item]]]:
    groups = []
    for tree in document.subtrees:
        items = []
        for entry in tree.items:
            if not isinstance(entry, FileItem):
                continue
            docname = re.sub(r"\.(md|ipynb)$", "", str(entry))
            if docname not in app.env.titles:
                continue
            item = Item(docname, app.env.titles[docname].astext(), _url(app, page, docname), number(docname))
            item.current = docname == page
            child = _document(app, str(entry))
            item.items = [i for _, group in (_items(app, child, page) if child else []) for i in group]
            item.open = item.current or any(i.current or i.open for i in item.items)
            items.append(item)
        groups.append((tree.caption, items))
    return groups


def _url(app: Sphinx, page: str, docname: str) -> str:
    # A link from a page to itself would be empty: '#' keeps it a link.
    return app.builder.get_relative_uri(page, docname) or "#"


def add_navigation(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    document = app.env.external_site_map.root
    context["book_nav"] = _items(app, document, page)
    context["book_number"] = number(page)
    # The same order as the navigation on the left, the opening page first.
    order = [
        document.docname,
        *(i.docname for _, group in context["book_nav"] for top in group for i in [top, *top.items]),
    ]
    for key, step in (("book_prev", -1), ("book_next", 1)):
        at = order.index(page) + step if page in order else -1
        name = order[at] if 0 <= at < len(order) else None
        title = app.env.titles[name].astext() if name else ""
        context[key] = Item(name, title, _url(app, page, name), number(name)) if name else None


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", add_navigation)
