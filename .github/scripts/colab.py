"""Do what Colab does with the notebooks, in the environment this is started with: install, then run them whole.

Each notebook stands alone, in an empty folder away from the checkout: its own install lines are run with pip, it
fails if they changed anything that was there before, every cell is run in a kernel that takes itself for Colab, and
what the lines brought is taken away again, so that no notebook lives on another's packages.
Needs Python's standard library and what Colab has: pip and ipykernel.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALL = re.compile(r"^(?P<indent>[ \t]*)%pip install (?P<arguments>.+)$", re.MULTILINE)
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
# Run in the kernel before the first cell. Not `google` itself: protobuf's modules lie in it.
COLAB = "import sys, types; sys.modules['google.colab'] = types.ModuleType('google.colab')"
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def code_cells(notebook: Path) -> list[str]:
    """Sources of the code cells."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def setup_cell(notebook: Path) -> str:
    """Source of the first code cell."""
    return next(iter(code_cells(notebook)), "")


def install_lines(cell: str) -> list[list[str]]:
    """What follows each ``%pip install`` of a setup cell."""
    return [shlex.split(line["arguments"]) for line in INSTALL.finditer(cell)]


def without_installs(cell: str) -> str:
    return INSTALL.sub(r"\g<indent>pass", cell)


def versions() -> dict[str, str]:
    """Every installed distribution, asked of a fresh process."""
    listed = subprocess.run(
        [*PIP, "list", "--format=json"], check=True, capture_output=True, text=True
    ).stdout
    return {entry["name"].lower(): entry["version"] for entry in json.loads(listed)}


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What was there and is there no more in the same version."""
    return [
        f"{name}: {old} became {after.get(name, 'nothing')}"
        for name, old in sorted(before.items())
        if after.get(name) != old
    ]


def installs(line: list[str], before: dict[str, str], name: str) -> bool:
    """Run one install line; whether it worked and left what was there alone."""
    print(f"{name}: pip install {shlex.join(line)}", flush=True)
    if subprocess.run([*PIP, "install", *line]).returncode:
        print(f"{name}: its install line FAILED")
        return False
    differences = changed(before, versions())
    if differences:
        print("the install line changed what Colab brings; widen the ranges in pyproject.toml:")
        print("\n".join(f"  {difference}" for difference in differences))
    return not differences


def run(cells: list[str], timeout: float) -> str | None:
    """Run the cells in a new kernel; None, or the first error with its cell's number."""
    from jupyter_client.manager import KernelManager

    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    env["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # else the debugger has a word to say for each kernel
    with tempfile.TemporaryDirectory() as folder:
        manager = KernelManager()
        # This interpreter, whatever kernels the user has installed.
        manager.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        manager.start_kernel(cwd=folder, env=env)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=120)
            for number, code in enumerate([COLAB, *cells]):
                try:
                    reply = client.execute_interactive(
                        code, timeout=timeout, allow_stdin=False, output_hook=lambda message: None
                    )["content"]
                except TimeoutError:
                    return f"cell {number}: still running after {timeout:.0f} s"
                if reply["status"] != "ok":
                    trace = ANSI.sub("", "\n".join(reply.get("traceback", [])[-2:]))
                    return f"cell {number}: {reply.get('ename')}: {reply.get('evalue')}\n{trace}"
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    return None


def try_notebook(name: str, path: Path, book: dict[str, str], *, setup_only: bool, timeout: float) -> bool:
    """Install what the notebook names beside the book, run it, and leave the environment as it was."""
    cells = code_cells(path)
    good = True
    for line in install_lines(cells[0]):
        if not any(argument.startswith("git+") for argument in line):
            good &= installs(line, book, name)
    cells[0] = without_installs(cells[0])
    began = time.perf_counter()
    error = run(cells[:1] if setup_only else cells, timeout)
    print(
        f"{name}: {f'FAILED in code {error}' if error else 'runs'}, {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    if brought := sorted(set(versions()) - set(book)):
        subprocess.run([*PIP, "uninstall", "-q", "-y", *brought], check=True)
    return good and error is None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebooks", nargs="*", help="some notebooks, as paths in the book; all when left out"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the book's folder")
    parser.add_argument("--source", help="install this (a folder, say) in place of the line's git address")
    parser.add_argument("--setup-only", action="store_true", help="run the setup cells alone")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one cell")
    options = parser.parse_args()
    everything = sorted(
        p for folder in ("chapters", "book") for p in (options.root / folder).glob("**/*.ipynb")
    )
    paths = {
        p.relative_to(options.root).as_posix(): p for p in everything if "checkpoints" not in p.parent.name
    }
    if unknown := sorted({Path(n).as_posix() for n in options.notebooks} - set(paths)):
        print(f"colab: {unknown[0]} is no notebook of the book")
        return 1
    if not paths:
        print("colab: no notebook in chapters/")
        return 1
    if options.notebooks:
        paths = {name: paths[name] for name in sorted({Path(n).as_posix() for n in options.notebooks})}
    books: dict[tuple[str, ...], str] = {}
    for name, path in paths.items():
        lines = [line for line in install_lines(setup_cell(path)) if any(a.startswith("git+") for a in line)]
        if len(lines) != 1:
            print(f"{name}: its setup cell has no line '%pip install \"git+…\"'; Colab would have no utils")
            return 1
        books.setdefault(tuple(lines[0]), name)

    before = versions()
    if "torch" not in before or "ipykernel" not in before:
        print("colab: no torch or no ipykernel here; install .github/colab/requirements.txt first")
        return 1
    good = True
    for line, name in books.items():
        wanted = [options.source if options.source and a.startswith("git+") else a for a in line]
        good &= installs(wanted, before, name)
    book = versions()
    if "deep-learning-notebooks" not in book:
        return 1
    failed = [
        name
        for name, path in paths.items()
        if not try_notebook(name, path, book, setup_only=options.setup_only, timeout=options.timeout)
    ]
    print(
        f"colab: {len(paths) - len(failed)} of {len(paths)} notebooks run"
        + "".join(f"\n  not {n}" for n in failed)
    )
    return int(not good or bool(failed))


if __name__ == "__main__":
    sys.exit(main())
