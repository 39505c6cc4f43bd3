"""The page's script and the kernel's check say the same of an answer: one specification, held on hundreds of texts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from test_forms import READ, REFUSED

from utils import exercise
from utils.answers import Tolerance
from utils.forms import form

SCRIPT = Path(__file__).resolve().parents[2] / "book" / "theme" / "classic" / "exercises.js"
RUN = """
import { readFileSync } from "node:fs";
const { read, judge } = await import(process.argv[2]);
const reading = (text) => {
  try { return { number: read(text) }; } catch (error) { return { refused: error.message }; }
};
const { texts, answers } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify({ read: texts.map(reading), judged: answers.map(([form, given]) => judge(form, given)) }));
"""


def in_node(tmp_path, texts=(), answers=()):
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Node.js is missing: the page's script can't be checked")
        pytest.skip("Node.js is missing: the page's script is not checked here")
    runner, module = tmp_path / "run.mjs", tmp_path / "exercises.mjs"
    runner.write_text(RUN, encoding="utf-8")
    module.write_text(SCRIPT.read_text("utf-8"), encoding="utf-8")
    done = subprocess.run(
        [node, str(runner), module.as_uri()],
        input=json.dumps({"texts": list(texts), "answers": list(answers)}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_number_is_read_alike(tmp_path):
    texts = [text for text, _ in READ + REFUSED]
    found = in_node(tmp_path, texts)["read"]
    for (text, number), page in zip(READ, found[: len(READ)], strict=True):
        assert page == {"number": number}, text
    for (text, words), page in zip(REFUSED, found[len(READ) :], strict=True):
        assert words in page["refused"], text


KINDS = {
    "count": (2_368_000, {}),
    "float": (1 / 3, {}),
    "decimals": (0.58579, {"decimals": 2}),
    "figures": (0.0272, {"figures": 2}),
    "tol": (392.4, {"tol": 1e-2}),
    "atol": (-1.25, {"atol": 0.1}),
    "pair": ((10.5, 0.0272), {"decimals": 3}),
    "shape": ((16, 32, 32, 2368), {}),
    "zero": (0.0, {}),
    "single": (np.float32([0.1, -3]), {}),
}


def texts_about(expected, rng, count=320):
    """Answers as readers give them: right, nearly, wrong by a factor, rounded, and no numbers at all."""
    values = [float(x) for x in np.ravel(expected)]
    spoilt = [text for text, _ in REFUSED if text.strip()]
    for number in range(count):
        given = []
        for value in values:
            scale = rng.choice([0, 1e-12, 1e-8, 1e-5, 1e-4, 1e-3, 5e-3, 0.01, 0.1, 1]) * (abs(value) + 0.1)
            x = value + scale * rng.uniform(-2, 2)
            text = rng.choice([repr(x), f"{x:.3g}", f"{x:.2f}", f"{x:.6f}", f" {x:.4e} ", str(round(x))])
            given.append(str(text).replace(".", ",") if rng.random() < 0.2 else str(text))
        if number % 8 == 0:
            given[rng.integers(len(given))] = str(rng.choice(spoilt))
        yield given


@pytest.mark.parametrize("kind", KINDS)
def test_page_and_kernel_agree(kind, tmp_path):
    expected, room = KINDS[kind]
    rng = np.random.default_rng(0)
    plain = np.ravel(np.asarray(expected, dtype=float)).tolist()
    slip = [2 * x + 1 for x in plain]
    slips = [(slip if len(slip) > 1 else slip[0], "you doubled")]
    many = len(plain) > 1
    wrong = [[x + 10 for x in plain] if many else plain[0] + 10]
    made = exercise(
        "E", expected, expect=expected, right=[expected, expected], wrong=wrong, slips=slips, **room
    )
    asked = form(expected, Tolerance(**room), slips)
    given = [*texts_about(expected, rng), [repr(x) for x in slip], [repr(x) for x in plain]]
    assert len(given) > 300
    states = set()
    for texts, page in zip(
        given, in_node(tmp_path, answers=[(asked, t) for t in given])["judged"], strict=True
    ):
        state, message = made._verdict(texts if many else texts[0])
        assert page["state"] == state, (texts, page, message)
        assert ("you doubled" in page["message"]) == ("you doubled" in message), texts
        assert ("too large" in page["message"], "too small" in page["message"]) in {
            ("too large" in message, "too small" in message),
            (False, False),
        }
        states.add(state)
    assert states == {"right", "wrong"}


def test_words_are_judged_alike(tmp_path):
    made = exercise(
        "E",
        "ReLU",
        expect="ReLU",
        right=["relu", " RELU "],
        wrong=["tanh", "re lu"],
        slips=[("GELU", "near")],
    )
    asked = form("ReLU", Tolerance(), [("GELU", "near")])
    given = ["ReLU", "relu", " rElu ", "gelu", "tanh", "re lu", "ReLU6"] * 45
    for text, page in zip(
        given, in_node(tmp_path, answers=[(asked, [t]) for t in given])["judged"], strict=True
    ):
        state, message = made._verdict(text)
        assert page["state"] == state, text
        assert ("near" in page["message"]) == ("near" in message)


def test_an_empty_field_is_no_answer(tmp_path):
    asked = form((1, 2), Tolerance())
    (page,) = in_node(tmp_path, answers=[(asked, ["1", " "])])["judged"]
    assert (page["state"], page["field"]) == ("open", 1)
