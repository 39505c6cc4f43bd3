"""The home page's parts: the chapters as a map of what needs what, and one widget that is alive."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError

from . import assets, gallery, generated, progress

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# A cell of the map in the drawing's units, and half the height of the box in it.
CELL, HALF = 100, 30
WIDGET = ("07_optimization/05_momentum_and_nesterov.ipynb", "race")


def chapters() -> list[dict]:
    """``book/chapters.csv``: number, slug, title, needs (a list of slugs), place (row, column), and the page if any.

    Raises:
        ExtensionError: a chapter needs one that isn't there or stands above none of its needs, or two share a place.
    """
    found = generated.table("chapters")
    places: dict[tuple[int, int], str] = {}
    rows = {c["slug"]: int(c["row"]) for c in found}
    for c in found:
        c["needs"] = c["needs"].split()
        c["row"], c["column"] = int(c["row"]), int(c["column"])
        for need in c["needs"]:
            if need not in rows:
                raise ExtensionError(f"book/chapters.csv: {c['slug']} needs {need!r}, which is no chapter")
            if rows[need] >= c["row"]:
                raise ExtensionError(f"book/chapters.csv: {c['slug']} must stand in a row below {need}")
        other = places.setdefault((c["row"], c["column"]), c["slug"])
        if other != c["slug"]:
            raise ExtensionError(f"book/chapters.csv: {c['slug']} and {other} share row and column")
        folder = Path("chapters") / f"{int(c['number']):02d}_{c['slug']}"
        c["page"] = f"../{folder}/index.html" if (assets.ROOT / folder / "index.md").is_file() else ""
    return found


def before(slug: str, needs: dict[str, list[str]]) -> set[str]:
    """A chapter and all that it needs, directly or not."""
    return {slug}.union(*(before(need, needs) for need in needs[slug]))


def curve(a: dict, b: dict) -> str:
    """From the foot of one box to the head of another."""
    x0, y0 = (a["column"] - 0.5) * CELL, (a["row"] - 0.5) * CELL + HALF
    x1, y1 = (b["column"] - 0.5) * CELL, (b["row"] - 0.5) * CELL - HALF
    middle = (y1 - y0) / 2 if y1 - y0 < CELL else 25
    return f"M{x0:g} {y0:g}C{x0:g} {y0 + middle:g} {x1:g} {y1 - middle:g} {x1:g} {y1:g}"


def chapter_map() -> str:
    """The map as a list of links; on a wide screen each has its place and lines lead to what it needs."""
    found = chapters()
    by = {c["slug"]: c for c in found}
    needs = {c["slug"]: c["needs"] for c in found}
    wide, high = (max(c[key] for c in found) for key in ("column", "row"))
    lines, items, styles = [], [], []
    for c in found:
        for need in c["needs"]:
            lines.append(f'<path data-from="{need}" data-to="{c["slug"]}" d="{curve(by[need], c)}"/>')
        words = f'<span class="number">{c["number"]}</span> {escape(c["title"])}'
        name = f'data-chapter="{c["slug"]}"'
        box = f'<a href="{c["page"]}" {name}>{words}</a>' if c["page"] else f"<span {name}>{words}</span>"
        notes = [] if c["page"] else ["to come"]
        if c["needs"]:
            notes.append("needs " + ", ".join(by[need]["number"] for need in c["needs"]))
        note = f'<span class="needs">{"; ".join(notes)}</span>' if notes else ""
        names = " ".join(progress.of(assets.ROOT / "chapters" / f"{int(c['number']):02d}_{c['slug']}"))
        kept = f' data-notebooks="{names}"' if names else ""
        items.append(f'<li style="grid-area:{c["row"]}/{c["column"]}"{kept}>{box}{note}</li>')
        chain = before(c["slug"], needs)
        marked = [f'path[data-to="{one}"]' for one in sorted(chain) if needs[one]]
        if marked:
            styles.append(
                f'.chapter-map:has([data-chapter="{c["slug"]}"]:is(:hover,:focus-visible)) '
                f":is({','.join(marked)}){{stroke:var(--book-accent);stroke-width:2px}}"
            )
    return "\n".join(
        [
            "````{raw} html",
            f"<style>{''.join(styles)}</style>",
            f'<div class="chapter-map" style="--columns:{wide};--rows:{high}">',
            f'<svg viewBox="0 0 {wide * CELL} {high * CELL}" preserveAspectRatio="none" aria-hidden="true">',
            "".join(lines),
            "</svg>",
            f"<ol>{''.join(items)}</ol></div>",
            "````",
            *([] if all(c["page"] for c in found) else ["", "Chapters marked *to come* have no page yet."]),
        ]
    )


def home_widget() -> str:
    """The first widget of its kind in its notebook, with a link to where it comes from."""
    path = assets.ROOT / "chapters" / WIDGET[0]
    place = next((p for p in gallery.places(path) if p.name == WIDGET[1]), None)
    if place is None:
        raise ExtensionError(f"{WIDGET[0]} has no widget {WIDGET[1]}, which the home page shows")
    widget = f'<div class="home-widget">{place.html}</div>'
    return f"{gallery.raw(widget)}\n\nFrom {gallery.link(place)}."


def setup(app: Sphinx) -> None:
    generated.GENERATORS |= {"chapter_map": chapter_map, "home_widget": home_widget}
