"""Shared by all tests: no window for figures, and the repository's own packages wherever pytest is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

os.environ["MPLBACKEND"] = "agg"
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


@pytest.fixture(autouse=True)
def figures_as_before():
    """A test that sets the book's style doesn't change the figures of the next one in its process."""
    before = dict(sys.modules["matplotlib"].rcParams) if "matplotlib" in sys.modules else None
    yield
    if (matplotlib := sys.modules.get("matplotlib")) is not None:
        dict.update(matplotlib.rcParams, matplotlib.rcParamsDefault if before is None else before)


@pytest.fixture(scope="session")
def nbval():
    """nbval(folder): the folder's notebooks run and compared as `make nbval` does; every cell is named."""

    def run(folder: Path) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "pytest",
            str(folder),
            "-p",
            "no:cacheprovider",
            "-c",
            "/dev/null",
            "-rA",
        ]
        command += ["--nbval", "--nbval-current-env", "--rootdir", str(folder)]
        command += ["--nbval-sanitize-with", str(ROOT / "tests" / "nbval.cfg")]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)

    return run
