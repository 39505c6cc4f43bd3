"""Lists made from what the notebooks say of themselves: the bibliography, and what a run of each costs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError

from . import assets, generated

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# "A. Author and B. Author (1999), [Title](https://…)" in the paragraph that starts with **References.**
REFERENCE = re.compile(
    r"(?P<authors>[^()\[\]]+?) \((?P<year>\d{4})[^)]*\), \[(?P<title>[^\]]+)\]\((?P<url>(?:[^()\s]|\([^()\s]*\))+)\)"
)
# Other addresses rot; a proceedings' own is kept where a paper has neither.
FORMS = {
    "DOI": re.compile(r"https://doi\.org/10\.\d{4,9}/\S+"),
    "arXiv": re.compile(r"https://arxiv\.org/abs/(?:\d{4}\.\d{4,5}|[a-z\-]+/\d{7})"),
}


def cited(path: Path) -> list[re.Match]:
    """The references of one notebook, in its order."""
    for cell in reversed(generated.cells(path)):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and "**References.**" in text:
            return [*REFERENCE.finditer(text.split("**References.**", 1)[1])]
    return []


def names(text: str) -> str:
    """The authors at the end of ``text``, which starts with what was said of the work before."""
    found = re.search(r"(?:^|[.;:)] |\s)((?:[A-Z]\.[ -]?)+[^.]\S.*)$", text.strip(), re.S)
    return found[1] if found else text.strip(" .;,\n")


def bibliography() -> str:
    """Every cited work once, by first author's name, with the notebooks that cite it."""
    works: dict[str, dict] = {}
    for path in generated.notebooks():
        for match in cited(path):
            url = match["url"]
            for name, form in FORMS.items():
                if name.lower() + ".org" in url and not form.fullmatch(url):
                    raise ExtensionError(
                        f"{path.name}: {url} is not of the form of a {name} address; correct it"
                    )
            authors = names(match["authors"])
            work = works.setdefault(url, {**match.groupdict(), "authors": authors, "by": []})
            work["authors"] = max(work["authors"], authors, key=len)
            work["by"].append(generated.link(path, generated.cell_text(generated.title(path))))

    def surname(work: dict) -> tuple[str, str]:
        first = re.split(r",| and | et al", work["authors"])[0]
        words = [word for word in first.split() if not word.endswith(".")]
        return (" ".join(words) or first).casefold(), work["year"]

    lines = [
        f"- {generated.cell_text(w['authors'])} ({w['year']}), [{w['title']}]({w['url']}). "
        f"Cited in {', '.join(dict.fromkeys(w['by']))}."
        for w in sorted(works.values(), key=surname)
    ]
    return f"{len(works)} work{'s' * (len(works) != 1)}.\n\n" + "\n".join(lines)


def times() -> str:
    """What each notebook costs to run, as `make notebooks` measured it, and the size it is stored in."""
    cost = {row["notebook"]: row for row in generated.table("times")}
    lines = ["| notebook | seconds | memory | stored |", "| --- | ---: | ---: | ---: |"]
    total = 0
    for path in generated.notebooks():
        name = path.relative_to(assets.ROOT).as_posix()
        if name not in cost:
            raise ExtensionError(f"book/times.csv has no row for {name}; run 'make notebooks N={name}'")
        row = cost[name]
        total += int(row["seconds"])
        lines.append(
            f"| {generated.link(path, generated.cell_text(generated.title(path)))} | {row['seconds']} "
            f"| {row['memory_mib']} MiB | {path.stat().st_size / 1000:,.0f} kB |"
        )
    gone = [name for name in cost if not (assets.ROOT / name).is_file()]
    if gone:
        raise ExtensionError(f"book/times.csv has a row for {gone[0]}, which isn't there; remove it")
    machines = sorted({row["machine"] for row in cost.values()})
    lines += [
        "",
        f"All of them: {total / 60:.0f} minutes, one after another. Measured on: {'; '.join(machines)}.",
    ]
    return "\n".join(lines)


def setup(app: Sphinx) -> None:
    generated.GENERATORS |= {"bibliography": bibliography, "times": times}
