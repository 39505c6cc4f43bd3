"""Stored notebooks hold what every run repeats; a run that fails changes nothing; nbval sees the rest."""

from __future__ import annotations

import configparser
import copy
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import notebooks

ROOT = Path(__file__).resolve().parents[2]
SANITIZERS = ROOT / "tests" / "nbval.cfg"


# ---------------------------------------------------------------- clean


def used_notebook() -> nbformat.NotebookNode:
    """A notebook as an editor and a kernel leave it."""
    outputs = [
        new_output(
            "display_data",
            data={notebooks.WIDGET_VIEW: {"model_id": "c0ffee"}, "text/html": "<p>2</p>", "text/plain": "2"},
            metadata={"book": {"kind": "widget"}},
        )
    ]
    cells = [
        new_markdown_cell("# Title", metadata={"editable": True}),
        new_code_cell("1 + 1", execution_count=3, outputs=outputs),
        new_code_cell("2"),
    ]
    cells[1].metadata = nbformat.from_dict(
        {
            "tags": ["hide-input"],
            "jupyter": {"source_hidden": True},
            "cellView": "form",
            "mystnb": {"code_prompt_show": "Setup"},
            "execution": {"iopub.execute_input": "2026-01-01T00:00:00Z"},
            "ExecuteTime": {"start_time": "now"},
            "collapsed": False,
        }
    )
    metadata = {
        "widgets": {"application/vnd.jupyter.widget-state+json": {}},
        "kernelspec": {"display_name": "my venv", "name": "venv", "language": "python"},
        "language_info": {"name": "python", "version": "3.11.7"},
        "toc": {},
    }
    return new_notebook(cells=cells, metadata=metadata)


def test_clean_drops_what_differs_between_machines():
    nb = notebooks.clean(used_notebook())
    assert nb.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert [cell.id for cell in nb.cells] == ["cell-000", "cell-001", "cell-002"]
    assert set(nb.cells[0].metadata) == set()
    assert set(nb.cells[1].metadata) == {"tags", "jupyter", "cellView"}
    nbformat.validate(nb)


def test_clean_keeps_what_a_reader_sees():
    nb = notebooks.clean(used_notebook())
    (output,) = nb.cells[1].outputs
    assert output.data == {"text/html": "<p>2</p>", "text/plain": "2"}
    assert output.metadata == {"book": {"kind": "widget"}}
    assert nb.cells[1].execution_count == 3
    assert [cell.source for cell in nb.cells] == ["# Title", "1 + 1", "2"]


def test_cleaning_twice_changes_nothing_more():
    once = notebooks.clean(used_notebook())
    assert notebooks.clean(copy.deepcopy(once)) == once


def test_two_runs_are_stored_alike():
    one, other = used_notebook(), used_notebook()
    other.cells[1].outputs[0].data[notebooks.WIDGET_VIEW]["model_id"] = "decade"
    assert notebooks.clean(one) == notebooks.clean(other)


# ---------------------------------------------------------------- execute


class Client:
    """Stands in for a kernel: fails, or runs and leaves one output."""

    def __init__(self, nb, **options):
        self.nb, self.options = nb, options

    def execute(self):
        for cell in self.nb.cells:
            cell.execution_count = 1
            text = "12.34 567.8\n" if cell.source == notebooks.COST else "ran"
            cell.outputs = [new_output("stream", name="stdout", text=text)]
            if "raise" in cell.source:
                raise CellExecutionError("a traceback", "ValueError", "no")


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """stored(source) -> path of a notebook with that one cell."""
    monkeypatch.setattr(notebooks, "NotebookClient", Client)

    def write(source: str) -> Path:
        path = tmp_path / "page.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
        return path

    return write


def test_a_run_stores_its_outputs(stored):
    path = stored("1 + 1")
    assert notebooks.execute(path) == (12.34, 567.8)
    nb = nbformat.read(path, as_version=4)
    assert len(nb.cells) == 1, "the cell that measures isn't stored"
    assert nb.cells[0].outputs[0].text == "ran"
    assert nb.cells[0].id == "cell-000"
    assert list(path.parent.iterdir()) == [path], "nothing is left beside it"


def test_a_run_that_fails_leaves_the_file_as_it_was(stored):
    path = stored("raise ValueError")
    before = path.read_bytes()
    with pytest.raises(CellExecutionError):
        notebooks.execute(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_what_a_run_costs_goes_to_the_table(tmp_path):
    (tmp_path / "book").mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / name).touch()
    notebooks.record(tmp_path / "b.ipynb", 12.34, 567.8, tmp_path)
    notebooks.record(tmp_path / "a.ipynb", 3.6, 300, tmp_path)
    notebooks.record(tmp_path / "b.ipynb", 20.1, 600, tmp_path)
    notebooks.record(ROOT / "elsewhere.ipynb", 1, 1, tmp_path)
    table = (tmp_path / "book" / "times.csv").read_text().splitlines()
    assert [line.rsplit(",", 1)[0] for line in table] == [
        "notebook,seconds,memory_mib",
        "a.ipynb,4,300",
        "b.ipynb,20,600",
    ]
    (tmp_path / "b.ipynb").unlink()
    notebooks.record(tmp_path / "a.ipynb", 3.6, 300, tmp_path)
    assert "b.ipynb" not in (tmp_path / "book" / "times.csv").read_text(), (
        "a notebook that is gone has no row"
    )


def test_the_measure_is_of_the_kernel(capsys):
    exec(notebooks.COST)
    seconds, memory = map(float, capsys.readouterr().out.split())
    assert seconds > 0 and 10 < memory < 100_000


def command(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["notebooks.py", *map(str, arguments)])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    return notebooks.main()


def test_the_command_tells_of_success(stored, monkeypatch, capsys):
    path = stored("1 + 1")
    assert command(monkeypatch, path) == 0
    assert re.fullmatch(
        rf"{re.escape(str(path))}: 12\.3 s, 568 MiB, outputs stored\n", capsys.readouterr().out
    )


def test_the_command_tells_of_failure(stored, monkeypatch, capsys):
    path = stored("raise ValueError")
    assert command(monkeypatch, path) == 1
    assert f"{path}: failed, left as it was\na traceback" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["gone.ipynb", "notes.md", "."])
def test_what_is_no_notebook_is_named(stored, monkeypatch, capsys, name):
    path = stored("1").parent / name
    (path.parent / "notes.md").touch()
    assert command(monkeypatch, path) == 1
    assert f"{path}: not a notebook; give the path of an .ipynb file" in capsys.readouterr().err


# ---------------------------------------------------------------- what nbval overlooks


def sanitized(text: str) -> str:
    config = configparser.RawConfigParser()
    assert config.read(SANITIZERS, encoding="utf-8")
    for section in config.sections():
        text = re.sub(config.get(section, "regex"), config.get(section, "replace"), text)
    return text


VERIFY = "✓ ones = np.ones  [values, largest error ⟨1.0e-12⟩, allowed 1e-08]"
SEAL = '<span class="book-measure">measured <span class="measured">12 s</span>, claimed ≤ 20</span>'
FIGURE = '<img src="data:image/svg+xml;base64,PHN2Zz4=" alt="A line" width="672"><figcaption>It rises.</figcaption>'
WIDGET = '{"caption":"Try.","frames":{"0":{"svg":"<svg a=\\"1\\"></svg>","text":"rank 1"}},"width":480}'
THING = "<function f at 0x7f3a2b1c9d00> of 0x10"


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (VERIFY, "1.0e-12", "3.4e-13"),
        (SEAL, "12 s", "9.5 s"),
        (FIGURE, "PHN2Zz4=", "PHN2ZyBhPSIxIj4+"),
        (WIDGET, '\\"1\\"', '\\"2\\" b=\\"}\\"'),
        (THING, "0x7f3a2b1c9d00", "0x7fffb1c9d120"),
    ],
)
def test_what_a_machine_may_change_is_overlooked(text, old, new):
    changed = text.replace(old, new)
    assert changed != text
    assert sanitized(changed) == sanitized(text)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (VERIFY, "ones =", "twos ="),
        (VERIFY, "np.ones", "np.zeros"),
        (VERIFY, "1e-08", "1e-02"),
        (VERIFY, "values,", "values and gradients,"),
        (VERIFY, "⟨1.0e-12⟩", ""),
        (VERIFY, "✓", "✗"),
        (SEAL, "≤ 20", "≤ 30"),
        (SEAL, "≤", "<"),
        (FIGURE, "A line", "A curve"),
        (FIGURE, "It rises.", "It falls."),
        (FIGURE, "672", "480"),
        (FIGURE, "svg+xml", "svg+xml;charset=utf-8"),
        (WIDGET, "rank 1", "rank 2"),
        (WIDGET, "Try.", "Do."),
        (WIDGET, "480", "300"),
        (WIDGET, '"0":', '"1":'),
        (THING, "function f", "function g"),
        (THING, "0x10", "0x11"),
    ],
)
def test_what_stands_beside_it_is_not(text, old, new):
    changed = text.replace(old, new)
    assert changed != text
    assert sanitized(changed) != sanitized(text)


# printed now, and what is stored of an earlier run
PRINTED = [
    (VERIFY, VERIFY.replace("1.0e-12", "0")),
    ("✓ It ends.  [measured ⟨3 s⟩, claimed ≤ 20]", "✓ It ends.  [measured ⟨12 s⟩, claimed ≤ 20]"),
    ("✓ It ends.  [measured ⟨3 s⟩, claimed ≤ 20]", "✓ It ends.  [measured ⟨3 s⟩, claimed ≤ 30]"),
]


@pytest.fixture(scope="module")
def nbval_report(tmp_path_factory, nbval):
    """nbval as `make nbval` runs it: two cells differ in measured values, the third in its claim."""
    folder = tmp_path_factory.mktemp("nbval")
    cells = [
        new_code_cell(
            f"print({now!r})",
            execution_count=number,
            outputs=[new_output("stream", name="stdout", text=stored + "\n")],
        )
        for number, (now, stored) in enumerate(PRINTED, 1)
    ]
    nbformat.write(notebooks.clean(new_notebook(cells=cells)), folder / "page.ipynb")
    done = nbval(folder)
    return done.returncode, done.stdout


@pytest.mark.parametrize("cell", [0, 1])
def test_nbval_passes_a_notebook_that_measured_otherwise(nbval_report, cell):
    assert f"PASSED page.ipynb::Cell {cell}" in nbval_report[1]


def test_nbval_stops_a_notebook_that_says_otherwise(nbval_report):
    status, report = nbval_report
    assert status == 1
    assert "FAILED page.ipynb::Cell 2" in report
    assert "1 failed, 2 passed" in report
