"""`make exercises`: what is listed is what the notebooks' records say."""

from __future__ import annotations

import json

from tools.exercises import listed

RECORD = {
    "kind": "exercise",
    "title": "Exercise 1",
    "state": "solution",
    "solution": "4",
    "right": ["4", "[4]"],
    "wrong": ["5"],
    "slips": [["2", "you forgot to double"]],
}


def notebook(tmp_path, *records):
    outputs = [
        {"output_type": "display_data", "data": {}, "metadata": {"book": record}} for record in records
    ]
    cells = [
        {"cell_type": "markdown", "source": "### Exercise 1: double two\n\nOn paper."},
        {"cell_type": "code", "source": "x", "outputs": outputs},
    ]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return path


def test_every_variant_is_listed_under_its_heading(tmp_path):
    path = notebook(tmp_path, RECORD, {**RECORD, "state": "unwritten"})
    assert list(listed(path, tmp_path)) == [
        "## a.ipynb\n",
        "### Exercise 1: double two\n",
        "- solution: `4`",
        "- right: `4`",
        "- right: `[4]`",
        "- wrong: `5`",
        "- slip: `2`: you forgot to double",
        "",
    ]


def test_a_notebook_without_exercises_is_not_named(tmp_path):
    assert list(listed(notebook(tmp_path, {"kind": "claim"}), tmp_path)) == []
