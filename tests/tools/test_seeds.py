"""Every statement over seeds and threads: each run gets its own, a failure is named and leaves no rows."""

from __future__ import annotations

import csv
import json
import sys

import nbformat
import pytest
from nbclient.exceptions import CellTimeoutError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import cells, seeds


def test_sections_give_outputs_their_headings():
    page = [
        {"cell_type": "markdown", "source": "# Title\n\n## One\n\n```\n## not a heading\n```\n\n### Deep"},
        {"cell_type": "code", "source": "1", "outputs": ["a"]},
        {"cell_type": "markdown", "source": ["## Two\n", "text"]},
        {"cell_type": "code", "source": "2", "outputs": ["b"]},
    ]
    found = [(trail, outputs) for trail, outputs in cells.sections(page) if outputs]
    assert found == [
        (((1, "Title"), (2, "One"), (3, "Deep")), ["a"]),
        (((1, "Title"), (2, "Two")), ["b"]),
    ]
    assert [trail[-1][1] for trail, _ in cells.sections(page)] == [
        *("Title", "One", "Deep", "Deep", "Two", "Two")
    ]


def test_the_digest_is_of_the_code_alone():
    text, code = {"cell_type": "markdown", "source": "a"}, {"cell_type": "code", "source": ["x\n", "y"]}
    other = {"cell_type": "code", "source": "x\ny", "outputs": [1]}
    assert cells.digest([text, code]) == cells.digest([other])
    assert cells.digest([code]) != cells.digest([{"cell_type": "code", "source": "x\nz"}])


class Client:
    """Stands in for a kernel: the value is the run's seed and threads; seed 2 fails where it is told to."""

    def __init__(self, nb, **options):
        self.nb, self.options = nb, options

    def execute(self, env):
        seed, threads = env["BOOK_SEED"], env["OMP_NUM_THREADS"]
        cell = self.nb.cells[1]
        value = float(seed) + 10 * float(threads)
        records = [
            {"kind": "claim", "value": value},
            {"kind": "figure"},
            {"kind": "verify", "error": value / 100},
        ]
        cell.outputs = [new_output("display_data", metadata={"book": record}) for record in records]
        if "fail" in cell.source and seed == "2":
            assert self.options["allow_errors"]
            cell.outputs[0] = new_output("error", ename="ProofError", evalue="\x1b[31mIt: no\x1b[0m")
        if "fewer" in cell.source and seed == "2":
            cell.outputs.pop()
        if "hang" in cell.source and seed == "2":
            raise CellTimeoutError("A cell timed out\nin full")


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setattr(seeds, "NotebookClient", Client)
    (tmp_path / "book").mkdir()
    (tmp_path / "chapters").mkdir()

    def write(source: str, name: str = "x"):
        path = tmp_path / "chapters" / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=[new_markdown_cell("# X"), new_code_cell(source)]), path)
        return path

    write.root = tmp_path
    return write


def table(book) -> list[dict[str, str]]:
    with (book.root / "book" / "seeds.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_statement_is_told_with_its_range(book):
    path = book("1")
    before = path.read_bytes()
    assert seeds.sweep(path, book.root)
    claim, proof = table(book)
    code = cells.digest(json.loads(before)["cells"])
    assert claim == {
        "notebook": "chapters/x.ipynb",
        "code": code,
        "seeds": "1 2 3",
        "threads": "1 2",
        "statement": "0",
        "low": "11",
        "high": "23",
    }
    assert (proof["statement"], proof["low"], proof["high"]) == ("1", "0.11", "0.23")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("fail", "BOOK_SEED=2, 1 thread(s): ProofError: It: no"),
        ("hang", "BOOK_SEED=2, 2 thread(s): the run stopped: A cell timed out\n"),
        ("fewer", "the number of statements differs from run to run: [2, 1, 2, 2, 1, 2]"),
    ],
)
def test_what_fails_in_one_run_is_named_and_has_no_rows(book, capsys, source, said):
    assert seeds.sweep(book("1"), book.root) and seeds.sweep(book("1", "y"), book.root)
    assert not seeds.sweep(book(source), book.root)
    assert said in capsys.readouterr().err
    assert {row["notebook"] for row in table(book)} == {"chapters/y.ipynb"}


def test_a_notebook_that_is_gone_has_no_rows(book):
    gone = book("1", "gone")
    seeds.sweep(gone, book.root)
    gone.unlink()
    seeds.sweep(book("1"), book.root)
    assert {row["notebook"] for row in table(book)} == {"chapters/x.ipynb"}


def test_what_is_no_notebook_of_the_book_is_named(tmp_path, monkeypatch, capsys):
    path = tmp_path / "x.ipynb"
    path.touch()
    monkeypatch.setattr(sys, "argv", ["seeds.py", str(path)])
    assert seeds.main() == 1
    assert f"{path}: not a notebook of the book" in capsys.readouterr().err
