"""The table of runs that `tools.seeds` writes, and a statement's room in it. Plain Python: the site reads it too.

``book/seeds/<path of the notebook>.csv`` has a row for each run: the digest of the code that ran, the seed, the
threads, the processor, then what each verify and claim measured, numbered as on the page (``#check-1``). A claim whose
bound is itself measured has its bounds beside it (``7 bound``, or ``7 low`` and ``7 high``).
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

SPREADS = 3.0  # standard deviations between a claim's mean and its bound
SHARE = 0.5  # of its tolerance that a verify may use
FIXED = ("code", "seed", "threads", "processor")
SIGNS = {">=": (1,), ">": (1,), "<=": (-1,), "<": (-1,), "==": (1, -1), "in": (1, -1)}
SYMBOLS = {">=": "≥", "<=": "≤", "==": "="}


@dataclass(frozen=True)
class Run:
    """One run of a notebook: its seed, its threads, the processor that it was made as."""

    seed: int
    threads: int
    processor: str

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.threads} thread{'s' * (self.threads > 1)}, {self.processor}"


@dataclass(frozen=True)
class Tried:
    """A notebook's runs: ``values[i][k]`` is what statement i measured in run k, ``bounds[i]`` what it was held to.

    ``bounds[i]`` is None where the bound was the same in all of them: then it stands in the notebook's outputs.
    """

    code: str
    runs: list[Run]
    values: list[list[float]]
    bounds: list[list[tuple[float, ...]] | None]


def is_statement(record: dict[str, Any]) -> bool:
    return record.get("kind") in ("verify", "claim")


def value(record: dict[str, Any]) -> float:
    """What a verify or a claim measured."""
    return record["error" if record["kind"] == "verify" else "value"]


def limits(record: dict[str, Any]) -> tuple[float, ...]:
    """A claim's bound, or both ends of its interval; nothing for a verify."""
    bound = record.get("bound", ())
    return tuple(bound) if isinstance(bound, (list, tuple)) else (bound,)


def write(number: float) -> str:
    return f"{number:.9g}"


def place(name: str, root: Path) -> Path:
    """Where a notebook's runs are stored; ``name`` is its path in the book."""
    return root / "book" / "seeds" / Path(name).with_suffix(".csv")


def stored(root: Path) -> dict[str, Path]:
    """notebook -> its table, for every table that there is."""
    folder = root / "book" / "seeds"
    return {p.relative_to(folder).with_suffix(".ipynb").as_posix(): p for p in sorted(folder.rglob("*.csv"))}


def text(code: str, runs: Sequence[Run], records: Sequence[Sequence[dict[str, Any]]]) -> str:
    """The table of a notebook as CSV, of the records of each of its runs."""
    every = list(zip(*records, strict=True))
    columns: list[tuple[str, list[float]]] = []
    for number, of_runs in enumerate(every, 1):
        columns.append((f"{number}", [value(r) for r in of_runs]))
        bounds = [limits(r) for r in of_runs]
        if len(set(bounds)) > 1:
            names = ("low", "high") if len(bounds[0]) == 2 else ("bound",)
            columns += [
                (f"{number} {n}", list(b)) for n, b in zip(names, zip(*bounds, strict=True), strict=True)
            ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*FIXED, *(name for name, _ in columns)])
    for k, run in enumerate(runs):
        writer.writerow(
            [code, run.seed, run.threads, run.processor, *(write(values[k]) for _, values in columns)]
        )
    return out.getvalue()


def read(table: Path) -> Tried:
    """A stored table.

    Raises:
        ValueError: it isn't one: a column or a number that doesn't belong there.
    """
    with table.open(encoding="utf8", newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        (code,) = {row["code"] for row in rows}
        runs = [Run(int(row["seed"]), int(row["threads"]), row["processor"]) for row in rows]
        names = [name for name in rows[0] if name not in FIXED]
        column = {name: [float(row[name]) for row in rows] for name in names}
        numbers = [name for name in names if name.isdecimal()]
        if numbers != [str(i) for i in range(1, len(numbers) + 1)]:
            raise ValueError(f"its statements are numbered {', '.join(numbers)}")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{table.name} is no table of runs ({error}); write it again with 'make seeds'"
        ) from None
    bounds: list[list[tuple[float, ...]] | None] = []
    for n in numbers:
        beside = [column[f"{n} {end}"] for end in ("bound", "low", "high") if f"{n} {end}" in column]
        bounds.append(list(zip(*beside, strict=True)) if beside else None)
    return Tried(code, runs, [column[n] for n in numbers], bounds)


def save(table: Path, content: str | None) -> None:
    """Write a table, whole or not at all; None removes it."""
    if content is None:
        table.unlink(missing_ok=True)
        return
    table.parent.mkdir(parents=True, exist_ok=True)
    partial = table.with_suffix(".csv.part")
    partial.write_text(content, encoding="utf8")
    os.replace(partial, table)


# ---------------------------------------------------------------- room


def away(values: Sequence[float], bounds: Sequence[float], sign: int) -> float:
    """Spreads between the mean and the bound, on the side where the values must stay (1: above, -1: below).

    The larger of two counts: of the distances as they are, and, where values and bounds are positive, of their
    logarithms. Ratios and losses spread by factors: of values from 30 to 3000 the standard deviation is as large as
    the mean, and still a bound of 1 is far from all of them.
    """
    found = -math.inf
    scales = [[sign * (v - b) for v, b in zip(values, bounds, strict=True)]]
    if min(*values, *bounds) > 0:
        scales.append([sign * math.log(v / b) for v, b in zip(values, bounds, strict=True)])
    for distances in scales:
        spread = stdev(distances)
        found = max(found, fmean(distances) / spread if spread else math.inf)
    return found


def room(
    record: dict[str, Any], values: Sequence[float], bounds: Sequence[tuple[float, ...]] | None
) -> str | None:
    """Why a statement has no room over its runs; None if it has, or if nothing varies.

    A claim's bound stands at least three standard deviations, over all runs, from the mean of its values (both ends of
    an interval do). A verify uses at most half of its tolerance, where that is absolute. The runs of one seed on
    several processors count as runs like others.
    """
    if len(values) < 2:
        return None
    if record["kind"] == "verify":
        if record["rtol"] or max(values) == min(values) or max(values) <= SHARE * record["atol"]:
            return None
        return f"no room: largest error {max(values):.3g}, allowed {record['atol']:.3g}; at most half may be used"
    bounds = bounds or [limits(record)] * len(values)
    # 1 says that the value stays above its (first) bound, -1 below its (last).
    for sign in SIGNS[record["op"]]:
        held_to = [b[0] if sign > 0 else b[-1] for b in bounds]
        if len({v - b for v, b in zip(values, held_to, strict=True)}) == 1:
            continue
        found = away(values, held_to, sign)
        if found < SPREADS:
            symbol = (
                ("≥" if sign > 0 else "≤")
                if record["op"] == "in"
                else SYMBOLS.get(record["op"], record["op"])
            )
            low, high = min(held_to), max(held_to)
            bound = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
            return (
                f"no room: mean {fmean(values):.4g}, spread {stdev(values):.2g}, bound {symbol} {bound}, "
                f"{math.floor(100 * found) / 100:g} spreads away instead of {SPREADS:g}"
            )
    return None


def without_room(records: Sequence[dict[str, Any]], tried: Tried) -> Iterator[str]:
    """One line for each statement that has no room.

    Raises:
        ValueError: the table has other statements than the notebook.
    """
    if len(records) != len(tried.values):
        raise ValueError(f"has {len(tried.values)} statements, the notebook's outputs have {len(records)}")
    for number, (record, values, bounds) in enumerate(
        zip(records, tried.values, tried.bounds, strict=True), 1
    ):
        if why := room(record, values, bounds):
            said = (
                record["sentence"] if record["kind"] == "claim" else f"{record['what']} = {record['against']}"
            )
            yield f"statement {number}, {said!r}: {why}"
