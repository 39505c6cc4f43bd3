"""Execute notebooks and store their outputs: ``make notebooks``, or ``make notebooks N=chapters/…/x.ipynb``.

What is stored must be the same whoever runs it, so ids of kernel-side widgets, timing metadata and the
editor's own metadata are dropped. A notebook that fails is left as it was. What a run cost goes to
``book/times.csv``, from which the site's page "Times and sizes" is made.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
# Not "mystnb": the name of a fold is its first line, "# @title …", and stored a second time it goes stale.
CELL_METADATA = {"tags", "jupyter", "cellView", "colab"}
THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TIMES = ("notebook", "seconds", "memory_mib", "machine")
# Run in the notebook's kernel after its last cell: processor time of all threads, and the most memory it held.
COST = """
import resource as _r
_u = _r.getrusage(_r.RUSAGE_SELF)
print(_u.ru_utime + _u.ru_stime, _u.ru_maxrss / 1024)
"""


def all_notebooks(root: Path = ROOT) -> list[Path]:
    """Every notebook of the book."""
    found = [path for folder in ("chapters", "book") for path in (root / folder).rglob("*.ipynb")]
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def clean(nb: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what differs from run to run, in place."""
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    nb.nbformat_minor = 5
    for number, cell in enumerate(nb.cells):
        cell.id = f"cell-{number:03d}"
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in CELL_METADATA})
        for output in cell.get("outputs", []):
            # The view needs a running kernel; the HTML beside it is what a stored notebook can show.
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return nb


def execute(path: Path, *, timeout: int = 300) -> tuple[float, float]:
    """Run ``path`` from top to bottom in its own folder and store the outputs.

    Returns:
        Processor seconds and the peak memory in MiB of its kernel, libraries included.
    """
    nb = nbformat.read(path, as_version=4)
    nb.cells.append(nbformat.v4.new_code_cell(COST))
    client = NotebookClient(
        nb,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
    )
    client.execute()
    seconds, memory = map(float, nb.cells.pop().outputs[0]["text"].split())
    partial = path.with_suffix(".ipynb.part")
    nbformat.write(clean(nb), partial)
    os.replace(partial, path)
    return seconds, memory


def write_table(table: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    """Write a CSV file; what stood there stays until the new one is whole."""
    partial = table.with_suffix(".csv.part")
    with partial.open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(partial, table)


def record(path: Path, seconds: float, memory: float, root: Path = ROOT) -> None:
    """Put what a notebook's run cost into the table; a notebook that isn't the book's has no row."""
    if not path.resolve().is_relative_to(root):
        return
    from utils.device import cpu_model

    table = root / "book" / "times.csv"
    rows = {}
    if table.is_file():
        with table.open(encoding="utf8", newline="") as file:
            rows = {row["notebook"]: row for row in csv.DictReader(file)}
    name = path.resolve().relative_to(root).as_posix()
    rows[name] = dict(zip(TIMES, (name, f"{seconds:.0f}", f"{memory:.0f}", cpu_model()), strict=True))
    rows = {name: row for name, row in rows.items() if (root / name).is_file()}
    write_table(table, TIMES, [rows[name] for name in sorted(rows)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebooks", nargs="*", type=Path, help="notebooks to run; all of chapters/ and book/ when left out"
    )
    paths = parser.parse_args().notebooks or all_notebooks()
    # One thread: the budget of a notebook is stated for one, and results then depend less on the machine.
    for name in THREAD_COUNTS:
        os.environ.setdefault(name, "1")
    failed = 0
    for path in paths:
        if path.suffix != ".ipynb" or not path.is_file():
            print(f"{path}: not a notebook; give the path of an .ipynb file", file=sys.stderr)
            failed += 1
            continue
        try:
            seconds, memory = execute(path)
            record(path, seconds, memory)
            print(f"{path}: {seconds:.1f} s, {memory:.0f} MiB, outputs stored", flush=True)
        except CellExecutionError as error:
            print(f"{path}: failed, left as it was\n{ANSI.sub('', str(error))}", file=sys.stderr)
            failed += 1
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
