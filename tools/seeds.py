"""Try every statement of the book over seeds and threads: ``make seeds``, or ``make seeds N=chapters/…/x.ipynb``.

A notebook is run with ``BOOK_SEED`` 1 to 3, on one and on two threads, in a copy: the stored outputs, of seed 0,
stay. What
each verify and claim measured over the runs, lowest and highest, goes to ``book/seeds.csv``, from which the page
"What this book verified" tells it. A notebook with a statement that fails in any run is named, has no rows, and
fails the command.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from tools.cells import digest
from tools.notebooks import ANSI, ROOT, THREAD_COUNTS, all_notebooks, write_table

COLUMNS = ("notebook", "code", "seeds", "threads", "statement", "low", "high")
SEEDS = (1, 2, 3)
THREADS = (1, 2)


def measured(cells: list[dict[str, Any]]) -> Iterator[float]:
    """What each verify and claim measured, in the order of the page."""
    for cell in cells:
        for output in cell.get("outputs", []):
            record = output.get("metadata", {}).get("book", {})
            if record.get("kind") in ("verify", "claim"):
                yield record["error" if record["kind"] == "verify" else "value"]


def faults(cells: list[dict[str, Any]]) -> Iterator[str]:
    """The last line of every error."""
    for cell in cells:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                text = ANSI.sub("", str(output["evalue"])).strip()
                yield f"{output['ename']}: {text.splitlines()[-1] if text else ''}"


def run(path: Path, seed: int, threads: int) -> tuple[list[float], list[str]]:
    """(what was measured, what failed) in one run, which goes on after a failure."""
    nb = nbformat.read(path, as_version=4)
    client = NotebookClient(
        nb,
        timeout=300,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
    )
    stopped = []
    try:
        client.execute(
            env=os.environ
            | dict.fromkeys(THREAD_COUNTS, str(threads))
            # A thread that waits by spinning takes the processor from the run beside it.
            | {"BOOK_SEED": str(seed), "OMP_WAIT_POLICY": "PASSIVE"}
        )
    except (CellTimeoutError, DeadKernelError) as error:  # the other runs are worth having all the same
        stopped = [f"the run stopped: {str(error).splitlines()[0]}"]
    return list(measured(nb.cells)), [*faults(nb.cells), *stopped]


def rows(name: str, code: str, runs: list[list[float]]) -> list[dict[str, str]]:
    """The table's rows of one notebook: the range of every statement over its runs."""
    head = {
        "notebook": name,
        "code": code,
        "seeds": " ".join(map(str, SEEDS)),
        "threads": " ".join(map(str, THREADS)),
    }
    return [
        head | {"statement": str(number), "low": f"{min(values):.4g}", "high": f"{max(values):.4g}"}
        for number, values in enumerate(zip(*runs, strict=True))
    ]


def record(name: str, new: list[dict[str, str]], root: Path = ROOT) -> None:
    """Put a notebook's rows in the place of its old ones; a notebook that is gone has none."""
    table = root / "book" / "seeds.csv"
    old = []
    if table.is_file():
        with table.open(encoding="utf8", newline="") as file:
            old = [row for row in csv.DictReader(file) if row["notebook"] != name]
    kept = [row for row in old if (root / row["notebook"]).is_file()]
    every = sorted([*kept, *new], key=lambda row: (row["notebook"], int(row["statement"])))
    write_table(table, COLUMNS, every)


def sweep(path: Path, root: Path = ROOT) -> bool:
    """Run a notebook with every seed and number of threads; True if nothing failed."""
    name = path.resolve().relative_to(root).as_posix()
    cells = nbformat.read(path, as_version=4).cells
    runs, problems = [], []
    for threads in THREADS:
        # As many processors as one run with the most threads takes: the runs don't slow each other.
        with ThreadPoolExecutor(max(THREADS) // threads) as pool:
            results = list(pool.map(lambda seed, t=threads: run(path, seed, t), SEEDS))
        for seed, (values, failed) in zip(SEEDS, results, strict=True):
            runs.append(values)
            problems += [f"BOOK_SEED={seed}, {threads} thread(s): {text}" for text in failed]
    if not problems and len({len(values) for values in runs}) > 1:
        problems.append(f"the number of statements differs from run to run: {[len(v) for v in runs]}")
    record(name, [] if problems else rows(name, digest(cells), runs), root)
    print(f"{name}: {len(runs)} runs, {len(problems)} failures", flush=True)
    for problem in problems:
        print(f"  {problem}", file=sys.stderr, flush=True)
    return not problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebooks", nargs="*", type=Path, help="notebooks to try; all of the book when left out"
    )
    paths = parser.parse_args().notebooks or all_notebooks()
    for path in paths:
        if path.suffix != ".ipynb" or not path.is_file() or not path.resolve().is_relative_to(ROOT):
            print(f"{path}: not a notebook of the book; give the path of an .ipynb file", file=sys.stderr)
            return 1
    failed = [path for path in paths if not sweep(path)]  # every one is run, whatever the one before gave
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
