"""`python -m tools.lint` over a whole small book: one line for each fault, and an exit status that CI heeds."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from good_notebook import PICTURE, REPOSITORY, cell, good

from tools.lint.__main__ import main, toc_pages
from tools.lint.topics import COLUMNS

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "chapters/01_numbers/01_doubling.ipynb"
TOC = """format: jb-book
root: book/index
parts:
  - caption: Numbers
    chapters:
      - file: chapters/01_numbers/index
        sections:
          - file: chapters/01_numbers/01_doubling
"""


def write(root: Path, name: str, text: str | bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def write_topics(root: Path, **changes: str) -> None:
    row = {"id": "doubling", "notebook": NOTEBOOK, "heading": "From scratch"} | changes
    with (root / "book" / "topics.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerow(row)


@pytest.fixture
def book(tmp_path):
    write(tmp_path, "_toc.yml", TOC)
    write(tmp_path, "_config.yml", f"repository:\n  url: {REPOSITORY}\n")
    write(tmp_path, "book/index.md", "# Book\n\n[Numbers](../chapters/01_numbers/index.md)\n")
    write(tmp_path, "chapters/01_numbers/index.md", "# Numbers\n")
    write(tmp_path, NOTEBOOK, json.dumps(good()))
    write_topics(tmp_path)
    return tmp_path


@pytest.fixture
def lint(book, monkeypatch, capsys):
    """lint() -> (exit status, lines)."""

    def run() -> tuple[int, list[str]]:
        monkeypatch.setattr(sys, "argv", ["lint", "--root", str(book)])
        status = main()
        return status, capsys.readouterr().out.splitlines()

    return run


def test_a_sound_book_passes(lint):
    assert lint() == (0, ["lint: nothing to mend"])


def change(root: Path, mutate) -> None:
    notebook = good()
    mutate(notebook)
    write(root, NOTEBOOK, json.dumps(notebook))


def never_run(notebook):
    for each in notebook["cells"]:
        if each["cell_type"] == "code":
            each |= {"execution_count": None, "outputs": []}


FAULTS = {
    "a notebook without outputs": (
        lambda root: change(root, never_run),
        f"{NOTEBOOK}: stored without having been run",
        f"run make notebooks N={NOTEBOOK}",
    ),
    "a notebook missing from _toc.yml": (
        lambda root: write(root, "chapters/01_numbers/02_lost.ipynb", json.dumps(good())),
        "chapters/01_numbers/02_lost.ipynb: isn't in _toc.yml",
        "add it there or remove the file",
    ),
    "a page missing from _toc.yml": (
        lambda root: write(root, "book/lost.md", "# Lost"),
        "book/lost.md: isn't in _toc.yml",
        "add it there or remove the file",
    ),
    "a page that _toc.yml alone knows": (
        lambda root: write(root, "_toc.yml", TOC + "      - file: chapters/02_gone/index\n"),
        "_toc.yml: names chapters/02_gone/index, which does not exist",
        "add the file or take it out",
    ),
    "an unknown row id": (
        lambda root: write_topics(root, id="dubling"),
        f"{NOTEBOOK}: the topic id doubling is not in book/topics.csv",
        "mend the id",
    ),
    "a figure without alt text": (
        lambda root: change(
            root,
            lambda nb: cell(nb, "show")["outputs"][0]["data"].update(
                {"text/html": PICTURE.replace('alt="A line that rises"', "")}
            ),
        ),
        "a figure has no alt text",
        'alt="…"',
    ),
    "a figure not shown by show()": (
        lambda root: change(root, lambda nb: cell(nb, "show")["outputs"][0]["metadata"].clear()),
        "shows a picture without caption and alt text",
        "use show(fig, caption=…, alt=…)",
    ),
    "a picture that is not there": (
        lambda root: write(root, "book/index.md", "# Book\n\n![A curve](curve.png)\n"),
        "book/index.md: the picture curve.png doesn't exist",
        "mend the path or add the file",
    ),
    "a corrupt picture": (
        lambda root: (
            write(root, "book/index.md", "# Book\n\n![A curve](curve.png)\n"),
            write(root, "book/curve.png", b"\x89PNG\r\n\x1a\nbroken"),
        ),
        "book/index.md: the picture curve.png can't be read",
        "save it again",
    ),
    "a picture with a broken address in an output": (
        lambda root: change(
            root,
            lambda nb: cell(nb, "show")["outputs"][0]["data"].update(
                {"text/html": PICTURE.replace("R0lGOD", "*0lGOD")}
            ),
        ),
        "an image whose base64 is broken",
        f"make notebooks N={NOTEBOOK}",
    ),
    "a link that leads nowhere": (
        lambda root: write(root, "book/index.md", "# Book\n\n[x](gone.md)\n"),
        "book/index.md: the link gone.md leads nowhere",
        "mend the path",
    ),
    "a notebook that is no JSON": (
        lambda root: write(root, NOTEBOOK, "{"),
        f"{NOTEBOOK}: isn't a notebook",
        "restore it from git",
    ),
    "a table of topics with other columns": (
        lambda root: write(root, "book/topics.csv", "id,topic\n"),
        "topics.csv: columns are ['id', 'topic']",
        "expected",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_that_names_file_and_mend(book, lint, fault):
    breaks, words, mend = FAULTS[fault]
    breaks(book)
    status, lines = lint()
    assert status == 1
    hits = [line for line in lines if words in line]
    assert len(hits) == 1, lines
    assert mend in hits[0]
    assert not [line for line in lines if ": " not in line], "every line is a finding: file, fault"


def test_each_fault_has_its_line(book, lint):
    write(book, "book/lost.md", "# Lost")
    write(book, "book/index.md", "# Book\n\n[x](gone.md)\n\n![A curve](curve.png)\n")
    write_topics(book, heading="From memory")
    status, lines = lint()
    assert status == 1
    assert len(lines) == 4


def test_the_exit_status_reaches_the_shell(book):
    write(book, "book/lost.md", "# Lost")
    command = [sys.executable, "-m", "tools.lint", "--root", str(book)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert (
        done.stdout
        == "book/lost.md: isn't in _toc.yml, so no reader finds it; add it there or remove the file\n"
    )
    assert done.stderr == ""


def test_the_table_of_contents_is_read_at_every_level(book):
    assert toc_pages(book) == {"book/index", "chapters/01_numbers/index", "chapters/01_numbers/01_doubling"}


def test_the_command_alone_holds_the_measure(book):
    change(book, lambda nb: cell(nb, "a = 1").update(source="a = 1\n" * 20 + "a = [2]"))
    command = [sys.executable, "-m", "tools.lint", "--root", str(book)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"{NOTEBOOK}, cell" in done.stdout
    assert "in cell" in done.stdout, "a name with two meanings"
