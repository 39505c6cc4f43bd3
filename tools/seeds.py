"""Try every statement over seeds, threads and processors: ``make seeds``, or ``make seeds N=chapters/…/x.ipynb``.

A notebook is run nine times (`RUNS`), in a copy: the stored outputs stay. What each verify and claim measured, in
each run, goes to ``book/seeds/`` (`tools.runs` tells how), from which the page "What this book verified" tells it. A
notebook with a statement that fails in any run is named, has no rows, and fails the command; so does a claim whose
bound stands less than three spreads from its mean, but its rows are kept.

``make room`` looks for room in the stored rows alone, which takes a second, and counts the notebooks that were not
tried as they stand.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from tools import processors, runs
from tools.cells import digest
from tools.notebooks import ANSI, ROOT, THREAD_COUNTS, all_notebooks
from tools.runs import Run

# The stored outputs' seed as every kind of processor and on two threads, then five more seeds spread so that each
# kind has two seeds or more and both numbers of threads. Runs on one thread first: two of them go at a time.
RUNS = (
    Run(0, 1, "native"),
    Run(0, 1, "AVX2"),
    Run(0, 1, "SSE4"),
    Run(1, 1, "native"),
    Run(4, 1, "AVX2"),
    Run(5, 1, "SSE4"),
    Run(0, 2, "native"),
    Run(2, 2, "AVX2"),
    Run(3, 2, "SSE4"),
)
CORES = 2


def design() -> tuple[Run, ...]:
    """The runs that this machine can make: where no processor can be imitated, all are its own."""
    if processors.can_imitate():
        return RUNS
    return tuple({(r.seed, r.threads): Run(r.seed, r.threads, "native") for r in RUNS}.values())


def statements(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each verify and claim says of itself, in the order of the page."""
    records = (o.get("metadata", {}).get("book", {}) for cell in cells for o in cell.get("outputs", []))
    return [record for record in records if runs.is_statement(record)]


def predicted(cells: list[dict[str, Any]]) -> dict[str, str]:
    """question -> the option that a run makes right, of every prediction with options."""
    records = (o.get("metadata", {}).get("book", {}) for cell in cells for o in cell.get("outputs", []))
    return {r["question"]: r["right"] for r in records if r.get("kind") == "ask" and r["right"] is not None}


def faults(cells: list[dict[str, Any]]) -> Iterator[str]:
    """The last line of every error."""
    for cell in cells:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                text = ANSI.sub("", str(output["evalue"])).strip()
                yield f"{output['ename']}: {text.splitlines()[-1] if text else ''}"


def execute(path: Path, run: Run) -> tuple[list[dict[str, Any]], list[str]]:
    """(its statements, what failed) in one run, which goes on after a failure."""
    nb = nbformat.read(path, as_version=4)
    told = predicted(nb.cells)
    client = NotebookClient(
        nb,
        timeout=600,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
    )
    stopped = []
    try:
        client.execute(
            env=processors.environment(run.processor)
            | dict.fromkeys(THREAD_COUNTS, str(run.threads))
            # A thread that waits by spinning takes the processor from the run beside it.
            | {"BOOK_SEED": str(run.seed), "OMP_WAIT_POLICY": "PASSIVE"}
        )
    except (CellTimeoutError, DeadKernelError) as error:  # the other runs are worth having all the same
        stopped = [f"the run stopped: {str(error).splitlines()[0]}"]
    # Which option of a prediction is right is told to every reader: it is the same in every run.
    other = [
        f"the prediction {question!r} has the answer {right!r}, the stored outputs say {told[question]!r}"
        for question, right in predicted(nb.cells).items()
        if told.get(question, right) != right
    ]
    return statements(nb.cells), [*faults(nb.cells), *other, *stopped]


def sweep(path: Path, root: Path = ROOT) -> bool:
    """Make all runs of a notebook; True if nothing failed and every claim has room."""
    name = path.resolve().relative_to(root).as_posix()
    code = digest(nbformat.read(path, as_version=4).cells)
    began = time.monotonic()
    done: list[Run] = []
    results: list[tuple[list[dict[str, Any]], list[str]]] = []
    for threads, group in groupby(design(), lambda run: run.threads):
        together = list(group)
        # As many processors as one run with the most threads takes: the runs don't slow each other.
        with ThreadPoolExecutor(CORES // threads) as pool:
            results += pool.map(lambda run: execute(path, run), together)
        done += together
    records = [found for found, _ in results]
    said: dict[str, list[str]] = {}  # what fails alike in several runs is one line
    for run, (_, failed) in zip(done, results, strict=True):
        for text in dict.fromkeys(failed):
            said.setdefault(text, []).append(str(run))
    problems = [
        f"{'every run' if len(those) == len(done) else '; '.join(those)}: {text}"
        for text, those in said.items()
    ]
    if not problems and len({len(found) for found in records}) > 1:
        problems.append(f"the number of statements differs from run to run: {[len(r) for r in records]}")
    if not problems and digest(nbformat.read(path, as_version=4).cells) != code:
        problems.append("its code was changed while it ran; try it again")
    table = runs.place(name, root)
    runs.save(table, None if problems else runs.text(code, done, records))
    tight = [] if problems else list(runs.without_room(records[0], runs.read(table)))
    print(
        f"{name}: {len(done)} runs of {len(records[0])} statements in {time.monotonic() - began:.0f} s, "
        f"{len(problems)} failures, {len(tight)} without room",
        flush=True,
    )
    for problem in (*problems, *tight):
        print(f"  {problem}", file=sys.stderr, flush=True)
    return not problems and not tight


def room(paths: list[Path], root: Path = ROOT) -> bool:
    """Look for room in the stored runs of these notebooks; True if all have it that were tried as they stand."""
    tables = runs.stored(root)
    names = {path.resolve().relative_to(root).as_posix(): path for path in paths}
    problems = [
        f"{table.relative_to(root)}: its notebook is gone; remove it"
        for name, table in tables.items()
        if not (root / name).is_file()
    ]
    missing, changed, tried_now = [], [], 0
    for name, path in sorted(names.items()):
        cells = json.loads(path.read_text("utf8"))["cells"]
        if name not in tables:
            missing += [name] * bool(statements(cells))
            continue
        try:
            tried = runs.read(tables[name])
            if tried.code != digest(cells):
                changed.append(name)
                continue
            problems += [f"{name}, {text}" for text in runs.without_room(statements(cells), tried)]
            tried_now += 1
        except ValueError as error:
            problems.append(
                f"{tables[name].relative_to(root)}: {error}; run 'make notebooks N={name}', then 'make seeds N={name}'"
            )
    print(f"room: {tried_now} notebooks were tried as they stand, {len(problems)} findings")
    for what, those in (("never tried", missing), ("changed since they were tried", changed)):
        if those:
            print(f"{what}, {len(those)}: {', '.join(those)}")
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    return not problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebooks", nargs="*", type=Path, help="notebooks to try; all of the book when left out"
    )
    parser.add_argument("--room", action="store_true", help="run nothing, look at the stored runs")
    options = parser.parse_args()
    paths = options.notebooks or all_notebooks()
    for path in paths:
        if path.suffix != ".ipynb" or not path.is_file() or not path.resolve().is_relative_to(ROOT):
            print(f"{path}: not a notebook of the book; give the path of an .ipynb file", file=sys.stderr)
            return 1
    if options.room:
        return int(not room(paths))
    if not processors.can_imitate():
        print(f"{processors.NO_OTHERS}; every run is this processor's own")
    failed = [path for path in paths if not sweep(path)]  # every one is run, whatever the one before gave
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
