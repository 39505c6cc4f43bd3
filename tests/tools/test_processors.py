"""Other processors on this one: each kind's sums are its own, and those notebooks are chosen that depend on them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import processors
from tools.notebooks import ROOT, all_notebooks


def write(path: Path, *sources: str) -> Path:
    cells = [{"cell_type": "code", "source": source.splitlines(keepends=True)} for source in sources]
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": "fit(x)"}, *cells]}))
    return path


def test_a_kind_has_its_own_variables_and_none_of_another():
    base = {"HOME": "h", "ATEN_CPU_CAPABILITY": "avx512", "MKL_CBWR": "AVX512"}
    assert processors.environment("native", base) == {"HOME": "h"}
    assert processors.environment("AVX2", base) == {"HOME": "h"} | processors.KINDS["AVX2"]
    with pytest.raises(ValueError, match="kind must be one of SSE4, AVX2, native, pretend, got 'old'"):
        processors.environment("old", base)


@pytest.mark.skipif(not processors.can_imitate(), reason=processors.NO_OTHERS)
def test_the_libraries_obey():
    """PyTorch and NumPy say what they use; a warning would stand in a notebook's output."""
    code = (
        "import numpy, torch; from numpy._core._multiarray_umath import __cpu_features__ as has\n"
        "newer, newest = (has[a] and has.get(b, True) for a, b in (('AVX2', 'X86_V3'), ('AVX512F', 'X86_V4')))\n"
        "print(torch.backends.cpu.get_cpu_capability(), newer, newest)"
    )
    found = {}
    for kind in ("SSE4", "AVX2"):
        done = subprocess.run(
            [sys.executable, "-c", code], env=processors.environment(kind), capture_output=True, text=True
        )
        assert done.returncode == 0 and not done.stderr, done.stderr
        found[kind] = done.stdout.split()
    assert found["SSE4"] == ["DEFAULT", "False", "False"]
    assert found["AVX2"][0] in ("AVX2", "DEFAULT") and found["AVX2"][2] == "False"


@pytest.mark.skipif(not processors.can_imitate(), reason=processors.NO_OTHERS)
def test_the_nearest_other_kind_is_not_this_machine(monkeypatch):
    import torch

    for own, other in (("AVX512", "AVX2"), ("AVX2", "SSE4"), ("DEFAULT", "SSE4")):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda own=own: own)
        assert processors.another() == other


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("loss.backward()", True),
        ("history = fit(net, batches)", True),
        ("for _ in range(3):\n    optimizer.step()", True),
        ("if True:\n    %pip install -q x\n!ls\nPCA(2).fit(X)", True),
        ("fits = profit(x)\nbackward = 1\nstep = f(backward)", False),
        ("text = 'loss.backward()'  # fit(x)", False),
    ],
)
def test_training_is_seen_in_the_code(tmp_path, source, found):
    assert processors.trains(write(tmp_path / "x.ipynb", "x = 1", source)) is found


def test_notebooks_that_train_are_found_in_the_book():
    found = {path for path in all_notebooks() if processors.trains(path)}
    plain = {path for path in all_notebooks() if re.search(r'"\s*loss\.backward\(\)', path.read_text("utf8"))}
    assert plain and plain <= found < set(all_notebooks())


def test_minutes_are_kept_and_every_notebook_has_its_turn():
    cost = {f"n{i}": 30.0 for i in range(40)}
    names = [*cost, "new"]  # a new one counts as the dearest
    turns = [processors.within(names, 5, 2, f"commit {i}", cost) for i in range(40)]
    assert all(len(chosen) == 20 for chosen in turns)  # 5 minutes on two processors, 30 s each
    assert set().union(*turns) == set(names)
    assert turns[0] == processors.within(names, 5, 2, "commit 0", cost) != turns[1]
    assert processors.within(names, 100, 2, "", cost) == sorted(names)
    assert processors.within(names, 0.1, 2, "", cost) == []


@pytest.fixture
def started(monkeypatch):
    """What would be run: (command, environment)."""
    calls: list[tuple[list[str], dict[str, str]]] = []

    def run(command, *, env=None, **options):
        if command[0] == "git":
            return subprocess.CompletedProcess(command, 0, "c0ffee\n", "")
        calls.append((command, env))
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(processors.subprocess, "run", run)
    monkeypatch.setattr(processors.platform, "machine", lambda: "x86_64")
    return calls


def test_the_command_runs_nbval_as_another_processor(started, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["processors.py", "--kind", "SSE4", "--jobs", "1", "a.ipynb", "b.ipynb"])
    assert processors.main() == 3
    ((command, env),) = started
    assert command[1:5] == ["-m", "pytest", "a.ipynb", "b.ipynb"] and "--nbval" in command
    assert (
        env["ATEN_CPU_CAPABILITY"] == "default"
        and env["OMP_NUM_THREADS"] == "1"
        and env["PATH"] == os.environ["PATH"]
    )
    assert "2 of 2 notebooks as a processor of kind SSE4 runs them" in capsys.readouterr().out


def test_all_kinds_and_all_notebooks_can_be_asked_for(started, monkeypatch):
    monkeypatch.setattr(processors.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(sys, "argv", ["processors.py", "--kind", "native", "--all"])
    assert processors.main() == 3
    ((command, env),) = started
    assert [a for a in command if a.endswith(".ipynb")] == [
        p.relative_to(ROOT).as_posix() for p in all_notebooks()
    ]
    assert not processors.VARIABLES & set(env)


def test_what_the_minutes_leave_out_is_named(started, monkeypatch, capsys):
    """Two of a minute: on two processors one fits in 36 seconds, as AVX2 takes them, as SSE4 none."""
    monkeypatch.setattr(processors, "seconds", lambda: {"a.ipynb": 60.0, "b.ipynb": 60.0})
    said = {}
    for kind in ("AVX2", "SSE4"):
        monkeypatch.setattr(
            sys, "argv", ["processors.py", "--kind", kind, "--minutes", "0.6", "a.ipynb", "b.ipynb"]
        )
        processors.main()
        said[kind] = capsys.readouterr().out
    assert "1 of 2 notebooks as a" in said["AVX2"] and "0 of 2 notebooks as a" in said["SSE4"]
    assert re.search(r"not in 0\.6 minutes, at another commit: [ab]\.ipynb\n", said["AVX2"])
    assert len(started) == 1


def test_a_machine_of_another_kind_says_so_and_passes(started, monkeypatch, capsys):
    monkeypatch.setattr(processors.platform, "machine", lambda: "arm64")
    for arguments in ([], ["--kind", "AVX2"]):
        monkeypatch.setattr(sys, "argv", ["processors.py", *arguments])
        assert processors.main() == 0
    assert capsys.readouterr().out.count("this is no x86-64 processor") == 2 and not started


def test_the_times_of_the_book_are_read():
    assert set(processors.seconds()) <= {path.relative_to(ROOT).as_posix() for path in all_notebooks()}
    assert min(processors.seconds().values()) > 0
