"""Links lead somewhere, and every topic that is said to be shown is shown where it says."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from good_notebook import cell, code, good, markdown

from tools.lint import links, topics

# ---------------------------------------------------------------- links

PAGE = """# First page

## A heading with `code`, *stress* and 学习率

## Twice & more: what is $x$?
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "other page.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "data.csv").write_text("a\n", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "notebook.ipynb").write_text(json.dumps(good()), encoding="utf-8")
    return tmp_path


def link_findings(folder: Path, text: str, notebook: bool = False) -> list[str]:
    path = folder / ("page.ipynb" if notebook else "page.md")
    cells = {"cells": [markdown("# Here"), markdown(text), code("[x](in-code.md)")]}
    path.write_text(json.dumps(cells) if notebook else f"# Here\n\n{text}", encoding="utf-8")
    return list(links.findings(path))


@pytest.mark.parametrize("notebook", [False, True], ids=["page", "notebook"])
@pytest.mark.parametrize(
    "text",
    [
        "[here](#here)",
        "[a file](data.csv) and [a folder](sub)",
        "[with a blank](other%20page.md)",
        "[a heading](other%20page.md#first-page)",
        "[code and Chinese](other%20page.md#a-heading-with-code-stress-and-学习率)",
        "[signs](other%20page.md#twice--more-what-is-x)",
        "[in a notebook](notebook.ipynb#from-scratch)",
        "[out](https://example.org/a_(b)) and <https://example.org>",
        "[mail](mailto:someone@example.org)",
        '[titled](data.csv "The data")',
        "`[code](gone.md)` and\n\n```md\n[fenced](gone.md)\n```\n",
        "![a picture](gone.png)",
        "an interval [0, 1) and a call f[i](x) is no link to mind: `f[i](x)`".replace("f[i](x) is", "f is"),
    ],
)
def test_a_good_link_is_left_alone(folder, text, notebook):
    assert link_findings(folder, text, notebook) == []


@pytest.mark.parametrize("notebook", [False, True], ids=["page", "notebook"])
@pytest.mark.parametrize(
    ("text", "words", "mend"),
    [
        ("[x](gone.md)", "link gone.md leads nowhere", "mend the path"),
        ("[x](sub/gone.ipynb#a)", "leads nowhere", "mend the path"),
        ("[x](/data.csv)", "leads nowhere", "relative to this file"),
        ("[x](#nowhere)", "names a heading that page", "after #"),
        ("[x](other%20page.md#nowhere)", "names a heading that other page.md does not have", "after #"),
        ("[x](notebook.ipynb#nowhere)", "names a heading that notebook.ipynb does not have", "after #"),
        ("[x](https://example)", "not a well-formed address", "mend it"),
        ("[x](htps://example.org)", "not a well-formed address", "mend it"),
        ("[x](//example.org)", "not a well-formed address", "mend it"),
        ("[x](javascript:alert)", "not a well-formed address", "mend it"),
    ],
)
def test_a_broken_link_is_one_line_with_its_mend(folder, text, words, mend, notebook):
    (line,) = link_findings(folder, text, notebook)
    assert words in line
    assert mend in line
    assert "\n" not in line


# ---------------------------------------------------------------- topics

NOTEBOOK = "chapters/01_numbers/01_doubling.ipynb"
ROW = dict.fromkeys(topics.COLUMNS, "") | {"id": "doubling", "notebook": NOTEBOOK, "heading": "From scratch"}
UNSHOWN = dict.fromkeys(topics.COLUMNS, "") | {"id": "tripling", "topic": "Three times"}


def book(root: Path, rows: list[dict], notebook: dict | None = None) -> Path:
    (root / "book").mkdir()
    with (root / "book" / "topics.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, topics.COLUMNS)
        table.writeheader()
        table.writerows(rows)
    (root / NOTEBOOK).parent.mkdir(parents=True)
    (root / NOTEBOOK).write_text(json.dumps(notebook or good()), encoding="utf-8")
    return root


def says(text: str) -> dict:
    notebook = good()
    cell(notebook, "## What to remember")["source"] = f"## What to remember\n\n{text}"
    return notebook


def without_evidence() -> dict:
    notebook = good()
    for start in ("verify", "claim"):
        cell(notebook, start)["outputs"].clear()
    return notebook


def test_a_good_table_has_no_findings(tmp_path):
    assert list(topics.findings(book(tmp_path, [ROW, UNSHOWN]))) == []


@pytest.mark.parametrize("heading", ["Doubling", "See it first", "From scratch"])
def test_evidence_counts_for_every_heading_above_it(tmp_path, heading):
    assert list(topics.findings(book(tmp_path, [ROW | {"heading": heading}]))) == []


@pytest.mark.parametrize(
    ("rows", "notebook", "start", "words"),
    [
        pytest.param(
            [ROW],
            says("Topics: `doubling`, `halving`."),
            NOTEBOOK,
            "the topic id halving is not in book/topics.csv; mend the id",
            id="unknown id",
        ),
        pytest.param(
            [ROW, UNSHOWN, UNSHOWN],
            None,
            "book/topics.csv:4",
            "the id tripling stands twice",
            id="duplicate id",
        ),
        pytest.param(
            [ROW | {"heading": "From memory"}],
            None,
            "book/topics.csv:2",
            "names the heading 'From memory', which",
            id="heading missing",
        ),
        pytest.param(
            [ROW],
            without_evidence(),
            "book/topics.csv:2",
            "stands no verify, claim, figure or widget for doubling",
            id="no evidence",
        ),
        pytest.param(
            [ROW | {"heading": "What to remember"}],
            None,
            "book/topics.csv:2",
            "stands no verify, claim, figure or widget",
            id="evidence elsewhere",
        ),
        pytest.param(
            [ROW, UNSHOWN | {"notebook": "chapters/gone.ipynb", "heading": "x"}],
            None,
            "book/topics.csv:3",
            "tripling names chapters/gone.ipynb, which does not exist",
            id="notebook missing",
        ),
        pytest.param(
            [ROW, UNSHOWN | {"heading": "x"}],
            None,
            "book/topics.csv:3",
            "only one of notebook and heading; give both or neither",
            id="heading without notebook",
        ),
        pytest.param(
            [ROW, UNSHOWN | {"notebook": NOTEBOOK}],
            None,
            "book/topics.csv:3",
            "only one of notebook and heading; give both or neither",
            id="notebook without heading",
        ),
        pytest.param(
            [ROW, UNSHOWN | {"notebook": NOTEBOOK, "heading": "From scratch"}],
            None,
            "book/topics.csv:3",
            "tripling is not among the topics of",
            id="not listed by its notebook",
        ),
        pytest.param(
            [ROW, UNSHOWN],
            says("Topics: `doubling`, `tripling`."),
            NOTEBOOK,
            "lists the topic tripling, but book/topics.csv gives it to no notebook",
            id="listed but not in the table",
        ),
    ],
)
def test_a_broken_table_is_one_line(tmp_path, rows, notebook, start, words):
    (line,) = topics.findings(book(tmp_path, rows, notebook))
    assert line.startswith(f"{start}: ")
    assert words in line
    assert "\n" not in line


def test_a_table_with_other_columns_is_refused(tmp_path):
    table = tmp_path / "topics.csv"
    table.write_text("id,topic\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"columns are \['id', 'topic'\], expected"):
        topics.read(table)
