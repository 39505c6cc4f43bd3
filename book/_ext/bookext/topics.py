"""The map of the notes: every topic, every heading of the notes, and where the book shows it.

``book/topics.csv`` says of each topic which notebook and heading show it (tools/lint holds that to be so);
``book/notes.csv`` lists the headings of the notes with the topics under each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError

from . import assets, generated

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def rows() -> list[dict[str, str]]:
    return generated.table("topics")


def places() -> dict[str, str]:
    """id -> link to the section that shows the topic; topics not yet shown are left out."""
    found = {}
    for row in rows():
        if row["notebook"]:
            path = assets.ROOT / row["notebook"]
            if not path.is_file():
                raise ExtensionError(
                    f"book/topics.csv: {row['id']} names {row['notebook']}, which isn't there"
                )
            words = f"{generated.title(path)}: {row['heading']}"
            found[row["id"]] = generated.link(
                path, generated.cell_text(words), generated.slug(row["heading"])
            )
    return found


def chapters() -> dict[str, str]:
    """slug of a chapter -> its title, in the book's order; the front matter's topics come last."""
    return {row["slug"]: row["title"] for row in generated.table("chapters")} | {"front": "Front matter"}


def topic_table() -> str:
    """Count of topics shown, then chapter by chapter each topic and where."""
    where, all_rows, titles = places(), rows(), chapters()
    unknown = {row["chapter"] for row in all_rows} - set(titles)
    if unknown:
        raise ExtensionError(f"book/chapters.csv has no chapter {', '.join(sorted(unknown))}")
    parts = [f"**{len(where)} of {len(all_rows)} topics are shown.**"]
    for slug, title in titles.items():
        mine = [row for row in all_rows if row["chapter"] == slug]
        shown = sum(row["id"] in where for row in mine)
        lines = [f"## {title}: {shown} of {len(mine)}", "", "| topic | where |", "| --- | --- |"]
        lines += [
            f"| {generated.cell_text(row['topic'])} | {where.get(row['id'], 'not yet')} |" for row in mine
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def heading_table() -> str:
    """The notes, set by set: each lesson and heading, empty ones included, with the sections that cover it."""
    where = places()
    known = {row["id"] for row in rows()}
    sets: dict[str, list[str]] = {}
    for line, row in enumerate(generated.table("notes"), 2):
        ids = row["topics"].split()
        strange = [one for one in ids if one not in known]
        if strange:
            raise ExtensionError(
                f"book/notes.csv:{line}: {', '.join(strange)} is no id of book/topics.csv; correct it"
            )
        links = list(dict.fromkeys(where[one] for one in ids if one in where))
        open_ = sum(one not in where for one in ids)
        state = "; ".join(links)
        if open_:
            state += ("; " if state else "") + (
                f"{open_} topic{'s' * (open_ > 1)} not yet" if links else "not yet"
            )
        indent = "\N{EM SPACE}" * (int(row["level"]) - 1)
        heading = generated.cell_text(f"{row['number']} {row['heading']}".strip())
        sets.setdefault(row["set"], []).append(f"| {indent}{heading} | {state or 'no topic of its own'} |")
    parts = []
    for name, lines in sets.items():
        parts.append("\n".join([f"## {name}", "", "| heading | where |", "| --- | --- |", *lines]))
    return "\n\n".join(parts)


def setup(app: Sphinx) -> None:
    generated.GENERATORS["topics"] = topic_table
    generated.GENERATORS["headings"] = heading_table
