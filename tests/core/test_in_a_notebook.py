"""The helpers' lines as a notebook stores them: one kernel runs one cell for each, and every cell is looked at."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = {
    "imports": "import deep_learning_notebooks\nimport numpy as np\n"
    "from utils import claim, exercise, explore, show, verify",
    "verify": "verify(np.ones(2) + 1e-12, np.ones(2), what='ones', against='np.ones')",
    "claim": "claim('Ones add up.', np.ones(3).sum(), '==', 3, unit='apples')",
    "solution": "made = exercise('Exercise 1', 4, expect=2 + 2, right=[4.0, [4]], wrong=[5, 'four'])",
    "unwritten": "made.check(...)",
    "wrong": "made.check(5)",
    "figure": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\n"
    "show(fig, caption='It rises.', alt='A line that rises from one to two.')",
    "widget": "explore(lambda level: np.full((4, 4), level), level=[0.0, 1.0],\n"
    "        caption='Push it up.', alt='A square that turns from black to white.')",
    "false claim": "claim('Ones add up to four.', 3, '>=', 4)",
    "false verify": "verify(1, 2, what='one', against='two')",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each cell left, by its name."""
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS.values()])
    folder = tmp_path_factory.mktemp("notebook")
    NotebookClient(nb, allow_errors=True, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    return {name: cell.outputs for name, cell in zip(CELLS, nb.cells, strict=True)}


def test_importing_leaves_nothing(outputs):
    assert outputs["imports"] == []


@pytest.mark.parametrize(
    ("name", "record"),
    [
        (
            "verify",
            {"kind": "verify", "what": "ones", "against": "np.ones", "checked": "values", "atol": 1e-8},
        ),
        (
            "claim",
            {
                "kind": "claim",
                "sentence": "Ones add up.",
                "value": 3,
                "op": "==",
                "bound": 3,
                "unit": "apples",
            },
        ),
        ("solution", {"kind": "exercise", "title": "Exercise 1", "state": "solution"}),
        ("unwritten", {"kind": "exercise", "title": "Exercise 1", "state": "unwritten"}),
        ("wrong", {"kind": "exercise", "title": "Exercise 1", "state": "wrong"}),
        (
            "figure",
            {"kind": "figure", "caption": "It rises.", "alt": "A line that rises from one to two."},
        ),
        (
            "widget",
            {
                "kind": "widget",
                "name": "explore",
                "caption": "Push it up.",
                "alt": "A square that turns from black to white.",
            },
        ),
    ],
)
def test_a_cell_stores_one_output_with_its_record(outputs, name, record):
    (output,) = outputs[name]
    assert output.output_type in ("display_data", "execute_result")
    assert record.items() <= output.metadata["book"].items()
    assert {"text/html", "text/plain"} <= set(output.data)


def test_the_verify_line_reads_the_same_in_both_forms(outputs):
    (output,) = outputs["verify"]
    assert output.data["text/plain"] == "✓ ones = np.ones  [values, largest error ⟨1.0e-12⟩, allowed 1e-08]"
    html = output.data["text/html"]
    assert 'data-kind="verify" data-state="right"' in html
    assert 'values, largest error <span class="measured">1.0e-12</span>, allowed 1e-08' in html


def test_an_attempt_is_a_line_and_no_error(outputs):
    assert outputs["wrong"][0].data["text/plain"] == "✗ Exercise 1: yours is 5, which is too large"
    assert 'data-state="wrong"' in outputs["wrong"][0].data["text/html"]
    assert 'data-state="unwritten"' in outputs["unwritten"][0].data["text/html"]


def test_a_figure_is_shown_once_with_its_text(outputs):
    html = outputs["figure"][0].data["text/html"]
    assert html.count("<img") == 1
    assert 'alt="A line that rises from one to two."' in html
    assert "<figcaption" in html
    assert "image/png" not in outputs["figure"][0].data


def test_a_widget_has_a_view_for_the_kernel_and_html_for_the_page(outputs):
    data = outputs["widget"][0].data
    assert "application/vnd.jupyter.widget-view+json" in data
    assert '<script type="application/json">' in data["text/html"]


@pytest.mark.parametrize("name", ["false claim", "false verify"])
def test_what_does_not_hold_stops_the_notebook_without_a_line(outputs, name):
    (output,) = outputs[name]
    assert output.output_type == "error"
    assert output.ename == "ProofError"
