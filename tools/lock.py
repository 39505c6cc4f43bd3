"""``make lock``: write the pinned requirement files from pyproject.toml, for every Python the book supports.

uv resolves once for all platforms and Python 3.11 to 3.14 and marks what differs. PyTorch is pinned to the
version whose exact pin installs the CPU build; on a GPU machine, install another build of it afterwards.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH = "torch==2.13.0"
FILES = {
    "requirements.txt": ["site", "lab", "test", "data", "vgg"],
    "book/requirements.txt": ["site"],
    "book/requirements-node.txt": ["node"],
    "benchmarks/requirements.txt": ["bench"],
}
HEAD = "# Written by `make lock` from pyproject.toml; do not edit.\n"


def project_without_dependencies() -> str:
    """pyproject.toml for the site: its own extra alone, without the helpers' torch and numpy."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    start = text.index("dependencies = [")
    return text[:start] + "dependencies = []" + text[text.index("\n]", start) + 2 :]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "pyproject.toml"
        bare.write_text(project_without_dependencies(), encoding="utf-8")
        constraint = Path(folder) / "constraint.txt"
        constraint.write_text(TORCH + "\n", encoding="utf-8")
        for name, extras in FILES.items():
            source = ROOT / "pyproject.toml" if name == "requirements.txt" else bare
            command = [
                "uv",
                "pip",
                "compile",
                str(source),
                "--universal",
                "--python-version",
                "3.11",
                "--upgrade",
            ]
            command += [part for extra in extras for part in ("--extra", extra)]
            command += ["-c", str(constraint)]
            if name.startswith("benchmarks"):  # beside everything else, not instead of it
                command += ["-c", "requirements.txt"]
            command += ["--no-header", "--no-annotate", "--quiet"]
            pins = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
            (ROOT / name).write_text(HEAD + pins, encoding="utf-8")
            print(f"{name}: {len(pins.splitlines())} packages")


if __name__ == "__main__":
    main()
