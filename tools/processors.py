"""Other processors on this one: the same code with other instruction sets, so that sums are taken in another order.

``make processors`` holds the notebooks that train against their stored outputs as another processor would run them
(N=path for some, ALL=1 for all, KIND=SSE4 or AVX2 to choose; MINUTES=… takes as many as fit in). `tools.seeds` runs
its sweep on all of `KINDS`. What differs between two kinds is what differs between two machines: the last digits
of a sum, and after a few hundred steps of training all of them.
"""

from __future__ import annotations

import argparse
import ast
import csv
import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.cells import syntax_tree
from tools.notebooks import ROOT, THREAD_COUNTS, all_notebooks

# What each library asks, in this order: PyTorch, oneDNN, MKL, OpenBLAS (SciPy's and NumPy's), NumPy's own loops. NumPy
# names its groups X86_V3 and X86_V4 since 2.4, and by their members before; a name that it doesn't know has no effect.
KINDS: dict[str, dict[str, str]] = {
    "SSE4": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_CBWR": "COMPATIBLE",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3,X86_V4,AVX2,FMA3,AVX512F,AVX512_SKX,AVX512_ICL,AVX512_SPR",
    },
    "AVX2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_CBWR": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4,AVX512F,AVX512_SKX,AVX512_ICL,AVX512_SPR",
    },
    "native": {},
}
# No other processor: a GPU's rules on this one, where what stays on the CPU is an error (`utils.pretend`).
PRETEND = {"pretend": {"BOOK_DEVICE": "pretend", "BOOK_SCALE": "cpu"}}
VARIABLES = frozenset(name for settings in KINDS.values() for name in settings)
# How much longer a notebook takes than on a processor with AVX-512, at most: four that train took 1.07 and 1.55 times.
SLOWER = {"SSE4": 1.6, "AVX2": 1.1, "native": 1.0, "pretend": 3.5}
NO_OTHERS = "this is no x86-64 processor: the variables that choose an instruction set do nothing here"
# A call of one of these is a training run: what comes out depends on the order of every sum before it.
TRAINING = frozenset({"backward", "fit", "step"})


def can_imitate() -> bool:
    """True where the variables do something: on x86-64."""
    return platform.machine().lower() in ("x86_64", "amd64")


def environment(kind: str, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """``base`` as a processor of that kind has it: nothing of another kind is left in it.

    Raises:
        ValueError: no such kind.
    """
    kinds = KINDS | PRETEND
    if kind not in kinds:
        raise ValueError(f"kind must be one of {', '.join(kinds)}, got {kind!r}")
    return {name: value for name, value in base.items() if name not in VARIABLES} | kinds[kind]


def another() -> str | None:
    """The nearest kind that isn't this machine's own; None if there is none."""
    if not can_imitate():
        return None
    import torch

    return "AVX2" if "AVX512" in torch.backends.cpu.get_cpu_capability() else "SSE4"


def trains(path: Path) -> bool:
    """True if a cell takes training steps: calls ``fit(…)``, ``….backward()``, or ``….step()``."""
    for cell in json.loads(path.read_text("utf8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        for node in ast.walk(syntax_tree(cell)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in TRAINING:
                    return True
    return False


def seconds(root: Path = ROOT) -> dict[str, float]:
    """notebook -> processor seconds of its last run, from ``book/times.csv``."""
    table = root / "book" / "times.csv"
    if not table.is_file():
        return {}
    with table.open(encoding="utf8", newline="") as file:
        return {row["notebook"]: float(row["seconds"]) for row in csv.DictReader(file)}


def within(
    names: Iterable[str], minutes: float, jobs: int, turn: str, cost: Mapping[str, float]
) -> list[str]:
    """As many notebooks as fit in the minutes, others at every turn; one without a known cost counts as a dear one.

    Args:
        turn: decides the order: with another turn (a commit) others come first, so none is left out for long.
    """
    dear = max(cost.values(), default=40.0)
    left, chosen = 60 * minutes * jobs, []
    for name in sorted(names, key=lambda name: hashlib.sha256(f"{turn} {name}".encode()).digest()):
        if cost.get(name, dear) <= left:
            left -= cost.get(name, dear)
            chosen.append(name)
    return sorted(chosen)


def commit(root: Path = ROOT) -> str:
    """The commit that stands here; empty outside a repository."""
    done = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", help="notebooks to run; those that train when left out")
    parser.add_argument("--all", action="store_true", help="all of the book, not only those that train")
    parser.add_argument(
        "--kind", choices=[*KINDS, *PRETEND], help="as which processor; the nearest other one when left out"
    )
    parser.add_argument("--minutes", type=float, help="stop choosing notebooks when these are spent")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    kind = options.kind or another()
    if kind is None or (KINDS.get(kind) and not can_imitate()):
        print(f"{NO_OTHERS}; nothing was run")
        return 0
    names = options.notebooks or [
        path.relative_to(ROOT).as_posix() for path in all_notebooks() if options.all or trains(path)
    ]
    chosen = names
    if options.minutes is not None:
        chosen = within(names, options.minutes / SLOWER[kind], options.jobs, commit(), seconds())
    print(f"{len(chosen)} of {len(names)} notebooks as a processor of kind {kind} runs them", flush=True)
    if left := sorted(set(names) - set(chosen)):
        print(f"not in {options.minutes:g} minutes, at another commit: {', '.join(left)}", flush=True)
    if not chosen:
        return 0
    command = [
        *(
            sys.executable,
            "-m",
            "pytest",
            *chosen,
            "-p",
            "no:cacheprovider",
            "--nbval",
            "--nbval-current-env",
        ),
        *("--nbval-sanitize-with", "tests/nbval.cfg", "--nbval-cell-timeout", "600"),
        *("-n", str(options.jobs), "--dist", "loadscope"),
    ]
    env = environment(kind) | dict.fromkeys(THREAD_COUNTS, "1")
    return subprocess.run(command, cwd=ROOT, env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
