"""Every statement over seeds, threads and processors: each run gets its own, a failure and a tight bound are named."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellTimeoutError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import cells, processors, runs, seeds
from tools.runs import Run

CLAIM = {"kind": "claim", "sentence": "It holds", "op": ">=", "bound": 1.0, "unit": ""}
ASKED = {"kind": "ask", "question": "Which?", "right": "Adam"}
PROOF = {
    "kind": "verify",
    "what": "ours",
    "against": "theirs",
    "checked": "values",
    "atol": 1e-8,
    "rtol": 0.0,
}


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


# ---------------------------------------------------------------- the design


def test_the_design_has_the_default_seed_on_every_processor_and_both_numbers_of_threads():
    every = {(r.seed, r.threads, r.processor) for r in seeds.RUNS}
    assert len(every) == len(seeds.RUNS) == 9
    assert {(0, 1, kind) for kind in processors.KINDS} | {(0, 2, "native")} <= every
    assert {r.seed for r in seeds.RUNS} == {0, 1, 2, 3, 4, 5}
    for kind in processors.KINDS:
        assert len({r.seed for r in seeds.RUNS if r.processor == kind}) >= 2
        assert {r.threads for r in seeds.RUNS if r.processor == kind} == {1, 2}


def test_another_kind_of_machine_makes_runs_of_its_own_alone(monkeypatch):
    monkeypatch.setattr(processors.platform, "machine", lambda: "arm64")
    assert {r.processor for r in seeds.design()} == {"native"}
    assert len(set(seeds.design())) == len(seeds.design()) == 7


# ---------------------------------------------------------------- the sweep


class Client:
    """Stands in for a kernel: the value is 10, the seed, the threads, and more with AVX2; seed 2 fails when told to."""

    envs: list[dict[str, str]] = []
    at_once = most_at_once = 0

    def __init__(self, nb, **options):
        self.nb, self.options = nb, options

    def execute(self, env):
        Client.envs.append(env)
        threads = int(env["OMP_NUM_THREADS"])
        Client.at_once += threads
        Client.most_at_once = max(Client.most_at_once, Client.at_once)
        time.sleep(0.01)
        Client.at_once -= threads
        seed = env["BOOK_SEED"]
        cell = self.nb.cells[1]
        value = 10 + float(seed) + threads / 10 + (env.get("ATEN_CPU_CAPABILITY") == "avx2") / 100
        records = [
            CLAIM | {"value": value, "bound": 9.0 if "tight" in cell.source else 1.0},
            {"kind": "figure"},
            PROOF | {"error": value * 1e-10},
        ]
        if "moving" in cell.source:
            records.append(CLAIM | {"value": value, "op": "in", "bound": [-value, value + 30]})
        cell.outputs = [new_output("display_data", metadata={"book": record}) for record in records]
        if "asks" in cell.source:
            records.append(ASKED | {"right": "SGD" if seed == "2" else "Adam"})
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
    """Writes a notebook of one cell, with the outputs of a run."""
    monkeypatch.setattr(seeds, "NotebookClient", Client)
    monkeypatch.setattr(processors.platform, "machine", lambda: "x86_64")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx512")  # of the shell: no run may have it
    Client.envs, Client.at_once, Client.most_at_once = [], 0, 0
    (tmp_path / "chapters").mkdir()

    def write(source: str, name: str = "x"):
        path = tmp_path / "chapters" / f"{name}.ipynb"
        nb = new_notebook(cells=[new_markdown_cell("# X"), new_code_cell(source)])
        records = [CLAIM | {"value": 10.1}, PROOF | {"error": 1e-9}, ASKED]
        nb.cells[1].outputs = [new_output("display_data", metadata={"book": record}) for record in records]
        nbformat.write(nb, path)
        return path

    write.root = tmp_path
    return write


def table(book, name: str = "x") -> Path:
    return book.root / "book" / "seeds" / "chapters" / f"{name}.csv"


def test_every_run_is_a_row(book):
    path = book("1")
    before = path.read_bytes()
    assert seeds.sweep(path, book.root)
    code = cells.digest(json.loads(before)["cells"])
    assert table(book).read_text().splitlines() == [
        "code,seed,threads,processor,1,2",
        f"{code},0,1,native,10.1,1.01e-09",
        f"{code},0,1,AVX2,10.11,1.011e-09",
        f"{code},0,1,SSE4,10.1,1.01e-09",
        f"{code},1,1,native,11.1,1.11e-09",
        f"{code},4,1,AVX2,14.11,1.411e-09",
        f"{code},5,1,SSE4,15.1,1.51e-09",
        f"{code},0,2,native,10.2,1.02e-09",
        f"{code},2,2,AVX2,12.21,1.221e-09",
        f"{code},3,2,SSE4,13.2,1.32e-09",
    ]
    assert path.read_bytes() == before
    tried = runs.read(table(book))
    assert tried.runs == list(seeds.RUNS) and tried.code == code and tried.bounds == [None, None]
    assert tried.values[0][4] == 14.11


def test_every_run_has_its_processor_in_its_kernel_and_no_more_than_two_are_busy(book):
    seeds.sweep(book("1"), book.root)
    assert [env.get("ATEN_CPU_CAPABILITY") for env in Client.envs].count(None) == 3
    for env in Client.envs:
        (kind,) = [
            k
            for k, own in processors.KINDS.items()
            if own == {n: env[n] for n in processors.VARIABLES & set(env)}
        ]
        assert Run(int(env["BOOK_SEED"]), int(env["MKL_NUM_THREADS"]), kind) in seeds.RUNS
    assert Client.most_at_once == 2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("fail", "seed 2, 2 threads, AVX2: ProofError: It: no"),
        (
            "asks",
            "seed 2, 2 threads, AVX2: the prediction 'Which?' has the answer 'SGD', the stored outputs say 'Adam'",
        ),
        ("hang", "seed 2, 2 threads, AVX2: the run stopped: A cell timed out\n"),
        ("fewer", "the number of statements differs from run to run: [2, 2, 2, 2, 2, 2, 2, 1, 2]"),
    ],
)
def test_what_fails_in_one_run_is_named_and_has_no_rows(book, capsys, source, said):
    assert seeds.sweep(book("1"), book.root) and seeds.sweep(book("1", "y"), book.root)
    assert not seeds.sweep(book(source), book.root)
    assert said in capsys.readouterr().err
    assert list(runs.stored(book.root)) == ["chapters/y.ipynb"]


def test_what_fails_alike_in_every_run_is_one_line(book, capsys, monkeypatch):
    class Broken(Client):
        def execute(self, env):
            error = new_output("error", ename="NameError", evalue="name 'x' is not defined")
            self.nb.cells[1].outputs = [error, error] if env["BOOK_SEED"] == "3" else [error]

    monkeypatch.setattr(seeds, "NotebookClient", Broken)
    assert not seeds.sweep(book("1"), book.root)
    assert capsys.readouterr().err == "  every run: NameError: name 'x' is not defined\n"


def test_code_that_changes_meanwhile_is_not_recorded(book, capsys, monkeypatch):
    path = book("1")

    class Writer(Client):
        def execute(self, env):
            super().execute(env)
            if env["BOOK_SEED"] == "3":  # the last run, alone
                book("2")

    monkeypatch.setattr(seeds, "NotebookClient", Writer)
    assert not seeds.sweep(path, book.root)
    assert "its code was changed while it ran" in capsys.readouterr().err and not table(book).exists()


def test_a_claim_without_room_fails_the_sweep_and_keeps_its_rows(book, capsys):
    assert not seeds.sweep(book("tight"), book.root)
    said = capsys.readouterr()
    assert "statement 1, 'It holds': no room: mean 11.8, spread 1.9, bound ≥ 9, 1.6" in said.err
    assert "9 runs of 2 statements" in said.out and "0 failures, 1 without room" in said.out
    assert table(book).is_file()


def test_a_bound_that_is_measured_stands_beside_its_value(book):
    assert seeds.sweep(book("moving"), book.root)
    tried = runs.read(table(book))
    assert table(book).read_text().startswith("code,seed,threads,processor,1,2,3,3 low,3 high\n")
    assert tried.bounds[:2] == [None, None] and tried.bounds[2][0] == (-10.1, 40.1)


# ---------------------------------------------------------------- room


@pytest.mark.parametrize(
    ("values", "op", "bound", "has"),
    [
        ([10, 11, 12], ">=", 7.9, True),
        ([10, 11, 12], ">=", 8.1, True),  # 2.9 spreads as it is, 3.3 on the scale of factors
        ([10, 11, 12], ">=", 9.0, False),
        ([10, 11, 12], "<=", 14.1, True),
        ([10, 11, 12], "<=", 12.5, False),
        ([10, 11, 12], "<", 13.5, False),
        ([10, 11, 12], "in", (7, 15), True),
        ([10, 11, 12], "in", (7, 13), False),
        ([10, 11, 12], "in", (9.5, 15), False),
        ([-10, -11, -12], "<=", -7.9, True),  # no logarithm of what is negative
        ([-10, -11, -12], "<=", -8.1, False),
        ([30, 300, 3000], ">=", 0.25, True),  # the spread is a factor of 10, the bound three of them away
        ([30, 300, 3000], ">=", 0.5, False),
        ([7, 7, 7], ">=", 7, True),  # exact
        ([7, 7, 8], ">=", 7, False),
        ([7, 7, 7], "==", 7, True),
        ([0.1, 0.1 + 1e-8], ">=", 0.1, False),
    ],
)
def test_a_bound_has_room_three_spreads_away(values, op, bound, has):
    assert (runs.room(CLAIM | {"op": op, "bound": bound}, values, None) is None) == has


def test_half_the_room_is_caught(tmp_path):
    """The bound three and a half spreads away passes; moved to half that, nothing does, on either side."""
    values = [-1.0, 0.0, 1.0]
    for op, sign in ((">=", -1), ("<=", 1)):
        assert runs.room(CLAIM | {"op": op, "bound": 3.5 * sign}, values, None) is None
        assert "1.75 spreads away instead of 3" in runs.room(
            CLAIM | {"op": op, "bound": 1.75 * sign}, values, None
        )


def test_a_measured_bound_is_far_from_its_own_value():
    values = [1.0, 5.0, 9.0]
    moving = [(v + 1,) for v in values]  # always 1 away: nothing varies
    assert runs.room(CLAIM | {"op": "<="}, values, moving) is None
    assert runs.room(CLAIM | {"op": "<="}, values, [(1.1,), (6.0,), (12.0,)])  # 0.1, 1, 3 away
    assert runs.room(CLAIM | {"op": "<="}, values, [(10.0,), (14.2,), (18.1,)]) is None


@pytest.mark.parametrize(
    ("errors", "rtol", "has"),
    [
        ([1e-9, 5e-9], 0.0, True),
        ([1e-9, 5.1e-9], 0.0, False),
        ([8e-9, 8e-9], 0.0, True),  # exact: the same on every processor
        ([1e-9, 3e-8], 1e-6, True),  # the table doesn't know what a relative tolerance allowed
    ],
)
def test_a_verify_uses_half_of_its_tolerance(errors, rtol, has):
    assert (runs.room(PROOF | {"rtol": rtol}, errors, None) is None) == has


def test_every_operator_of_a_claim_has_its_side():
    from utils.proof import _OPERATORS

    assert set(runs.SIGNS) == set(_OPERATORS)


def rewrite(book, path: Path, **changes: object) -> None:
    """Another bound in the notebook's outputs, its code as it was."""
    nb = nbformat.read(path, as_version=4)
    nb.cells[1].outputs[0].metadata["book"].update(changes)
    nbformat.write(nb, path)


def test_stored_rows_are_checked_without_running(book, capsys):
    path = book("1")
    seeds.sweep(path, book.root)
    count = len(Client.envs)
    assert seeds.room([path], book.root)
    rewrite(book, path, bound=9.0)
    assert not seeds.room([path], book.root)
    assert "chapters/x.ipynb, statement 1, 'It holds': no room: mean 11.8" in capsys.readouterr().err
    assert len(Client.envs) == count


def test_what_was_not_tried_as_it_stands_is_counted(book, capsys):
    paths = [book("1"), book("1", "changed"), book("1", "never")]
    for path in paths[:2]:
        seeds.sweep(path, book.root)
    book("2", "changed")
    assert seeds.room(paths, book.root)
    said = capsys.readouterr().out
    assert "room: 1 notebooks were tried as they stand, 0 findings" in said
    assert "never tried, 1: chapters/never.ipynb" in said
    assert "changed since they were tried, 1: chapters/changed.ipynb" in said


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda t: t.replace(",1,2\n", ",1,3\n"),
            "x.csv is no table of runs (its statements are numbered 1, 3)",
        ),
        (
            lambda t: t.replace("10.1,", "ten,"),
            "x.csv is no table of runs (could not convert string to float: 'ten')",
        ),
        (lambda t: t.split("\n")[0], "x.csv is no table of runs"),
        (
            lambda t: "\n".join(line.rsplit(",", 1)[0] for line in t.splitlines()),
            "has 1 statements, the notebook's outputs have 2; run 'make notebooks",
        ),
    ],
)
def test_a_spoiled_table_is_named(book, capsys, spoil, said):
    path = book("1")
    seeds.sweep(path, book.root)
    table(book).write_text(spoil(table(book).read_text()))
    assert not seeds.room([path], book.root)
    assert said in capsys.readouterr().err


def test_rows_of_a_notebook_that_is_gone_are_named(book, capsys):
    gone, path = book("1", "gone"), book("1")
    seeds.sweep(gone, book.root)
    gone.unlink()
    assert not seeds.room([path], book.root)
    assert "book/seeds/chapters/gone.csv: its notebook is gone; remove it" in capsys.readouterr().err


def test_what_is_no_notebook_of_the_book_is_named(tmp_path, monkeypatch, capsys):
    path = tmp_path / "x.ipynb"
    path.touch()
    monkeypatch.setattr(sys, "argv", ["seeds.py", str(path)])
    assert seeds.main() == 1
    assert f"{path}: not a notebook of the book" in capsys.readouterr().err


def test_numbers_are_stored_as_closely_as_the_room_needs():
    assert float(runs.write(math.pi)) == pytest.approx(math.pi, rel=1e-8)
    assert runs.write(3) == "3" and runs.write(1e-9) == "1e-09"
