"""The glossary: ``book/glossary.csv`` as a page, each term with a link to the section that shows it.

Both languages are text of the page, so that the site's search finds them; ``glossary.js`` adds the field that
narrows the list while the reader types. The search also leads from a term, in either language, straight to its
entry and to the section that shows it.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError

from . import assets, generated, topics

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

COLUMNS = ("en", "zh", "pinyin", "definition_en", "definition_zh", "aliases", "topic")
NEEDED = COLUMNS[:5]
# What the search calls a place it leads to.
OBJECTS = {"glossary": "term", "shown": "section"}


def rows() -> list[dict[str, str]]:
    """The terms in the file's order.

    Raises:
        ExtensionError: with file, line and mend, where a term is incomplete, doubled or names an unknown topic.
    """
    path = assets.ROOT / "book" / "glossary.csv"
    known = {row["id"] for row in topics.rows()}
    seen: dict[str, int] = {}
    found = []
    with path.open(encoding="utf8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ExtensionError(f"book/glossary.csv:1: the columns must be {', '.join(COLUMNS)}")
        for line, row in enumerate(reader, 2):
            where = f"book/glossary.csv:{line}: {row['en'] or 'a term'}"
            missing = [name for name in NEEDED if not (row[name] or "").strip()]
            if missing:
                raise ExtensionError(f"{where} has no {', '.join(missing)}; fill it in")
            if row["en"].casefold() in seen:
                raise ExtensionError(f"{where} stands on line {seen[row['en'].casefold()]} already; keep one")
            for topic in row["topic"].split():
                if topic not in known:
                    raise ExtensionError(
                        f"{where} names the topic {topic!r}, which book/topics.csv doesn't have"
                    )
            seen[row["en"].casefold()] = line
            found.append(row)
    if [*seen] != sorted(seen):
        late = next(b for a, b in zip(seen, sorted(seen), strict=True) if a != b)
        raise ExtensionError(
            f"book/glossary.csv: the terms aren't in alphabetical order; {late!r} stands too late"
        )
    return found


def shown(row: dict[str, str], where: dict) -> str | None:
    """The first of a term's topics that is shown: its own, or the nearest one that stands already."""
    return next((topic for topic in row["topic"].split() if topic in where), None)


def entry(row: dict[str, str], where: dict[str, str]) -> str:
    """One term as an item of a definition list."""
    plain = generated.cell_text
    words = f"[{plain(row['en'])}]{{#term-{generated.slug(row['en'])} .term}}"
    lines = [
        f"{words} [{plain(row['zh'])}]{{.zh}} [{plain(row['pinyin'])}]{{.pinyin}}",
        f": {plain(row['definition_en'])}",
        "",
        f"  [{plain(row['definition_zh'])}]{{.zh}}",
    ]
    last = []
    if row["aliases"]:
        last.append(f"Also: [{plain(row['aliases'])}]{{.zh}}.")
    topic = shown(row, where)
    if topic:
        last.append(f"Shown in {where[topic]}.")
    if last:
        lines += ["", "  " + " ".join(last)]
    return "\n".join(lines)


# In the page from the start, so that nothing moves when its script arrives; without scripts it isn't shown.
FIELD = (
    '<div class="find-term"><label for="term">Find a term</label>'
    '<input type="search" id="term" autocomplete="off" placeholder="gradient, 梯度 or tidu">'
    '<p role="status"></p></div>'
)


def glossary() -> str:
    where = topics.places()
    letters: dict[str, list[str]] = {}
    found = rows()
    for row in found:
        letters.setdefault(row["en"][0].upper(), []).append(entry(row, where))
    count = sum(shown(row, where) is not None for row in found)
    head = f"{len(found)} terms; {count} of them lead to the section that shows them."
    return "\n\n".join(
        [head, FIELD, *(f"## {letter}\n\n" + "\n\n".join(terms) for letter, terms in letters.items())]
    )


def name_places(app: Sphinx, env: BuildEnvironment) -> None:
    """Tell the search where each term stands: objects of the standard domain, which it lists by name."""
    std = env.get_domain("std")
    for key in [key for key in std.objects if key[0] in OBJECTS]:
        del std.objects[key]  # of an earlier build
    where = {row["id"]: row for row in topics.rows() if row["notebook"]}
    for row in rows():
        places = {"glossary": ("book/glossary", f"term-{generated.slug(row['en'])}")}
        if topic := shown(row, where):
            notebook, heading = where[topic]["notebook"], where[topic]["heading"]
            places["shown"] = (notebook.removesuffix(".ipynb"), generated.slug(heading))
        for kind, (page, anchor) in places.items():
            for name in (row["en"], row["zh"]):
                # Two terms may share a Chinese name: the first keeps it, both stand in the text.
                if page in env.all_docs and (kind, name) not in std.objects:
                    std.objects[kind, name] = (page, anchor)


def setup(app: Sphinx) -> None:
    for kind, words in OBJECTS.items():
        app.add_object_type(kind, kind, objname=words)
    app.connect("env-updated", name_places)
    generated.GENERATORS["glossary"] = glossary
