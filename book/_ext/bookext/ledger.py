"""The page "What this book verified": every verify and claim, the stored run's figure, and its range over seeds.

``book/seeds.csv`` is what `tools/seeds.py` measured; it counts only for a notebook whose code is still the same.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.errors import ExtensionError

from . import assets, generated
from .generated import cell_text

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SYMBOLS = {">=": "≥", "<=": "≤", "==": "="}


def number(value: Any) -> str:
    if not isinstance(value, (int, float)):
        return " to ".join(number(v) for v in value)
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


def power(value: float, digits: int = 1) -> str:
    """A small number that does not break at its minus sign."""
    return f"{value:.{digits}e}".replace("-", "\N{NON-BREAKING HYPHEN}") if value else "0"


def tried() -> dict[str, list[dict[str, str]]]:
    """notebook -> rows of ``book/seeds.csv``, one for each of its statements in the page's order."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in generated.table("seeds"):
        found.setdefault(row["notebook"], []).append(row)
    gone = [name for name in found if not (assets.ROOT / name).is_file()]
    if gone:
        raise ExtensionError(f"book/seeds.csv has rows for {gone[0]}, which isn't there; remove them")
    return found


def ranges(path: Path, statements: int, rows: list[dict[str, str]]) -> list[tuple[float, float]] | None:
    """Lowest and highest of each statement over the runs; None if the notebook's code was not tried."""
    code = generated.reading.digest(generated.cells(path))
    if not rows or any(row["code"] != code for row in rows):
        return None
    if len(rows) != statements:
        name = rows[0]["notebook"]
        raise ExtensionError(
            f"book/seeds.csv has {len(rows)} statements of {name}, its outputs have {statements}; "
            f"run 'make notebooks N={name}', then 'make seeds N={name}'"
        )
    return [(float(row["low"]), float(row["high"])) for row in rows]


def line(r: dict[str, Any], spread: tuple[float, float] | None) -> list[str]:
    """Statement, what the stored run measured, its range over the seeds, what it was held to."""
    if r["kind"] == "verify":
        relative = f" + {power(r['rtol'], 0)} of the largest" if r["rtol"] else ""
        return [
            f"{cell_text(r['what'])} = {cell_text(r['against'])}",
            f"{r['checked']}, {power(r['error'])}",
            f"up to {power(spread[1])}" if spread else "not yet tried",
            f"≤ {power(r['atol'], 0)}{relative}",
        ]
    low, high = map(number, spread) if spread else ("", "")
    return [
        cell_text(r["sentence"]),
        f"{number(r['value'])} {cell_text(r['unit'])}".strip(),
        "not yet tried" if not spread else low if low == high else f"{low} to {high}",
        f"{SYMBOLS.get(r['op'], r['op'])} {number(r['bound'])}",
    ]


def ledger() -> str:
    rows_of, parts = tried(), []
    total = {"verify": 0, "claim": 0}
    with_seeds = 0
    for path in generated.notebooks():
        kept = [(h, r) for h, r in generated.records(path) if r["kind"] in total]
        if not kept:
            continue
        name = path.relative_to(assets.ROOT).as_posix()
        spreads = ranges(path, len(kept), rows_of.get(name, []))
        with_seeds += spreads is not None
        head = ["statement", "this run", "over the seeds", "held to", "where"]
        lines = [f"## {generated.title(path)}", "", f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
        for number_, (heading, r) in enumerate(kept):
            # An output is no target that Markdown knows: `outputs` gives each check its address.
            page = f"../{Path(name).with_suffix('.html').as_posix()}#check-{number_ + 1}"
            where = f'<a href="{page}">{escape(heading or generated.title(path))}</a>'
            columns = [*line(r, spreads[number_] if spreads else None), where]
            lines.append(f"| {' | '.join(columns)} |")
            total[r["kind"]] += 1
        parts.append("\n".join(lines))
    summary = (
        f"The book has {total['verify']} verifications and {total['claim']} claims, in {len(parts)} "
        f"notebook{'s' * (len(parts) != 1)}; {with_seeds} of them were tried over the seeds as they stand."
    )
    return "\n\n".join([summary, *parts])


def setup(app: Sphinx) -> None:
    generated.GENERATORS["ledger"] = ledger
