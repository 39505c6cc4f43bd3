"""Calls the computations of a widget's module under Node.js, to hold them against the Python they illustrate."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from utils.widgets.modules import module_text

_RUN = """
import { readFileSync } from "node:fs";
const [, , module, name] = process.argv;
const { compute } = await import(module);
const calls = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(calls.map((args) => compute[name](...args))));
"""


def call(widget: str, function: str, calls: list[list[Any]]) -> list[Any]:
    """``compute[function](*args)`` of ``widget``'s module for every list of arguments; JSON in, JSON out."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Node.js is missing: the widgets' computations can't be checked")
        pytest.skip("Node.js is missing: the widgets' computations are not checked here")
    with tempfile.TemporaryDirectory() as folder:
        module, runner = Path(folder) / f"{widget}.mjs", Path(folder) / "run.mjs"
        module.write_text(module_text(widget), encoding="utf-8")
        runner.write_text(_RUN, encoding="utf-8")
        done = subprocess.run(
            [node, str(runner), module.as_uri(), function],
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
