"""What this book verified: every verify and claim, the stored run's figure, and the runs that it held in.

``book/seeds/`` is what `tools/seeds.py` measured, a row a run (`tools/runs.py` reads it); it counts only for a
notebook whose code is still the same. The ledger has a page for each chapter, ``book/verified/<chapter>.md``, and an
opening page that counts. On a chapter's own pages each seal opens to show its runs.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup
from sphinx.errors import ExtensionError

from . import assets, dots, generated
from .generated import cell_text

if TYPE_CHECKING:
    from bs4 import Tag
    from sphinx.application import Sphinx

UNTRIED = "Not yet tried on other seeds and processors as it stands."
SYMBOLS = {">=": "≥", "<=": "≤", "==": "="}
reading = assets.load(Path(__file__).resolve().parents[3] / "tools" / "runs.py")


def number(value: Any) -> str:
    if not isinstance(value, (int, float)):
        return " to ".join(number(v) for v in value)
    whole = float(value).is_integer() and abs(value) < 1e9
    return (f"{value:,.0f}" if whole else f"{value:.4g}").replace("-", "\N{MINUS SIGN}")


def power(value: float, digits: int = 1) -> str:
    """A small number that does not break at its minus sign."""
    return f"{value:.{digits}e}".replace("-", "\N{NON-BREAKING HYPHEN}") if value else "0"


def name_of(path: Path) -> str:
    return path.relative_to(assets.ROOT).as_posix()


def statements(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """(heading, record) of every verify and claim, in the page's order."""
    return [(heading, r) for heading, r in generated.records(path) if reading.is_statement(r)]


def tried(path: Path, count: int) -> Any:
    """A notebook's runs (`tools.runs.Tried`); None if its code was not tried as it stands."""
    table = reading.place(name_of(path), assets.ROOT)
    if not table.is_file():
        return None
    try:
        found = reading.read(table)
    except ValueError as error:
        raise ExtensionError(f"{name_of(path)}: {error}") from None
    if found.code != generated.reading.digest(generated.cells(path)):
        return None
    if len(found.values) != count:
        raise ExtensionError(
            f"{table.relative_to(assets.ROOT)} has {counted('statement', len(found.values))}, "
            f"the notebook's outputs have {count}; "
            f"run 'make notebooks N={name_of(path)}', then 'make seeds N={name_of(path)}'"
        )
    return found


def counted(word: str, count: int) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def held_on(runs: list[Any]) -> str:
    """6 seeds and 3 processors."""
    return (
        f"{counted('seed', len({run.seed for run in runs}))} and "
        f"{counted('processor', len({run.processor for run in runs}))}"
    )


def span(record: dict[str, Any], values: list[float]) -> str:
    """What the runs measured."""
    if record["kind"] == "verify":
        return f"up to {power(max(values))}"
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"


def held_to(r: dict[str, Any]) -> str:
    if r["kind"] == "verify":
        relative = f" + {power(r['rtol'], 0)} of the largest" if r["rtol"] else ""
        return f"≤ {power(r['atol'], 0)}{relative}"
    return f"{SYMBOLS.get(r['op'], r['op'])} {number(r['bound'])}"


def line(r: dict[str, Any], found: Any, at: int) -> list[str]:
    """Statement, what the stored run measured, the runs that it held in, what it was held to."""
    if r["kind"] == "verify":
        what, measured = f"{r['what']} = {r['against']}", f"{r['checked']}, {power(r['error'])}"
    else:
        what, measured = r["sentence"], f"{number(r['value'])} {cell_text(r['unit'])}".strip()
    held = "not yet tried"
    if found:
        picture = dots.svg(r, found.runs, found.values[at], found.bounds[at])
        held = f"{span(r, found.values[at])}{picture}"
    return [cell_text(what), measured, held, held_to(r)]


def chapters() -> dict[str, list[Path]]:
    """folder of a chapter -> its notebooks that state something; ``book`` for those of the front matter."""
    found: dict[str, list[Path]] = {}
    for path in generated.notebooks():
        if statements(path):
            found.setdefault(path.parent.name, []).append(path)
    return found


def totals(paths: list[Path]) -> tuple[int, int, int]:
    """Verifications, claims, notebooks that were tried as they stand."""
    kinds = [r["kind"] for path in paths for _, r in statements(path)]
    as_they_stand = sum(tried(path, len(statements(path))) is not None for path in paths)
    return kinds.count("verify"), kinds.count("claim"), as_they_stand


def page(chapter: str) -> str:
    """A chapter's ledger: a table for each notebook."""
    head = ["statement", "this run", "over the runs", "held to", "where"]
    parts = []
    for path in chapters().get(chapter, []):
        kept = statements(path)
        found = tried(path, len(kept))
        told = f"Held on {held_on(found.runs)}, in {counted('run', len(found.runs))}." if found else UNTRIED
        lines = [f"## {generated.title(path)}", "", told, ""]
        lines += ["::::{container} ledger", f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
        for at, (heading, r) in enumerate(kept):
            # An output is no target that Markdown knows: `outputs` gives each check its address.
            target = f"../../{Path(name_of(path)).with_suffix('.html').as_posix()}#check-{at + 1}"
            where = f'<a href="{target}">{escape(heading or generated.title(path))}</a>'
            lines.append(f"| {' | '.join([*line(r, found, at), where])} |")
        parts.append("\n".join([*lines, "::::"]))
    return "\n\n".join(parts) or "No notebook of this chapter states anything yet."


def overview() -> str:
    """The sum of all, and the chapters with what each has."""
    gone = [name for name in reading.stored(assets.ROOT) if not (assets.ROOT / name).is_file()]
    if gone:
        raise ExtensionError(f"book/seeds/ has runs of {gone[0]}, which isn't there; remove them")
    found = chapters()
    proofs, claims, with_runs = totals([path for paths in found.values() for path in paths])
    notebooks = sum(map(len, found.values()))
    lines = [
        f"The book has {counted('verification', proofs)} and {counted('claim', claims)}, in "
        f"{counted('notebook', notebooks)}; {with_runs} of them were tried in these runs as they stand.",
        "",
        "| chapter | verifications | claims | notebooks | tried as they stand |",
        "| --- | --- | --- | --- | --- |",
    ]
    for chapter, paths in found.items():
        target = assets.ROOT / "book" / "verified" / f"{chapter}.md"
        if not target.is_file():
            raise ExtensionError(
                f"the ledger has no page for {chapter}: write book/verified/{chapter}.md, a title and "
                f"'<!-- generated: ledger {chapter} -->', and name it in _toc.yml under book/verified"
            )
        title = target.read_text("utf8").partition("\n")[0].removeprefix("# Verified: ")
        title = title[0].upper() + title[1:]
        of_it = totals(paths)
        cells = [f"[{title}](verified/{chapter}.md)", of_it[0], of_it[1], len(paths), of_it[2]]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def ledger(chapter: str = "") -> str:
    return page(chapter) if chapter else overview()


# ---------------------------------------------------------------- on the chapter's page


@lru_cache
def details(path: Path) -> list[str]:
    """For each statement of a notebook, the HTML that its seal opens to; empty where it was not tried."""
    kept = statements(path)
    found = tried(path, len(kept))
    if not found:
        return []
    made = []
    for at, (_, r) in enumerate(kept):
        values = found.values[at]
        picture = dots.svg(r, found.runs, values, found.bounds[at])
        same = "the same in all" if not picture and r["kind"] == "claim" else span(r, values)
        made.append(
            f'<details class="book-runs"><summary>{counted("run", len(found.runs))}</summary>{picture}'
            f"<p>Held on {held_on(found.runs)}: {escape(same)}, held to {escape(held_to(r))}</p></details>"
        )
    return made


def open_seal(seal: Tag, path: Path, check: int) -> None:
    """Put the runs of the page's statement ``check`` (counted from 1) into its seal."""
    made = details(path)
    if 0 < check <= len(made):
        seal.append(BeautifulSoup(made[check - 1], "html.parser"))


def outdated(app: Sphinx, env: Any, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Pages whose notebook was tried anew since they were built."""
    details.cache_clear()
    now = {
        Path(name).with_suffix("").as_posix(): table.stat().st_mtime_ns
        for name, table in reading.stored(assets.ROOT).items()
    }
    before = getattr(env, "book_runs", {})
    env.book_runs = now
    return [
        page
        for page in now.keys() | before.keys()
        if now.get(page) != before.get(page) and page in env.found_docs
    ]


def setup(app: Sphinx) -> None:
    generated.GENERATORS["ledger"] = ledger
    app.connect("env-get-outdated", outdated)
