"""``fit`` against a loop written by hand and against other libraries: time, memory, time to the first step.

    python -m benchmarks.fit --out book/benchmark_fit.md

Every round runs all ways once, one after another, so that a slow moment of the machine hits all of them;
the table shows the median of the rounds' ratios to the hand-written loop. Each thread count runs in a
process of its own, as do the measurements of memory and of the first step. A library that isn't installed
is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HEAD = """\
# What the training loop costs

Digits (1,797 examples of 64 numbers), batches of 64, {epochs} epochs, SGD with momentum. MLP: 64-128-10;
CNN: 3x3 convolutions to 16 and 32 channels. Times are multiples of the shortest hand-written loop (index a
permutation, forward, loss, zero_grad, backward, step): medians of {rounds} rounds in which all take turns;
less is better. "All on" adds clipping, a scheduler that steps with every update, training and validation
accuracy, early stopping and a checkpoint per epoch, and is compared with a hand-written loop that clips,
schedules, measures and saves as well.
"""
START = """\
Before the first step, in a fresh process with PyTorch imported: seconds to import the rest and load the
data, seconds from the call to the end of the first backward pass, and the largest memory beyond PyTorch's
own after both models were trained (medians of three).
"""

NEEDS = {"Accelerate": "accelerate", "Lightning": "lightning", "skorch": "skorch"}


def measure_ratios(rounds: int, epochs: int) -> dict:
    """Seconds of each way, model by model: {"MLP": {"by hand": [...], "fit": [...]}}."""
    import torch

    from benchmarks import loops

    X, y = loops.digits()
    seconds: dict[str, dict[str, list[float]]] = {}
    ways = {name: way for name, way in loops.WAYS.items() if available(name)}
    for model_name, make in loops.MODELS.items():
        seconds[model_name] = {name: [] for name in ways}
        for turn in range(-1, rounds):  # the first round warms up
            for name, way in ways.items():
                torch.manual_seed(0)
                model = make()
                start = time.perf_counter()
                way(model, X, y, epochs if turn >= 0 else 1)
                if turn >= 0:
                    seconds[model_name][name].append(time.perf_counter() - start)
    return seconds


def measure_start(name: str) -> dict:
    """In a fresh process: seconds to import and train one epoch's first step, and peak memory of a run."""
    import resource

    import torch

    before = peak_mib(resource)
    start = time.perf_counter()
    from benchmarks import loops

    X, y = loops.digits()
    loaded = time.perf_counter()
    torch.manual_seed(0)
    model, first = loops.mlp(), []
    model.register_full_backward_hook(lambda *_: first.append(time.perf_counter()))
    loops.WAYS[name](model, X, y, 1)
    step = first[0] - loaded
    loops.WAYS[name](loops.cnn(), X, y, 3)
    return {"import": loaded - start, "step": step, "memory": peak_mib(resource) - before}


def measure_import() -> dict:
    """In a fresh process: seconds for ``import utils`` and its training helpers beyond torch's own import."""
    start = time.perf_counter()
    import torch  # noqa: F401

    torch_done = time.perf_counter()
    import utils

    utils_done = time.perf_counter()
    utils.training = importlib.import_module("utils.training")
    done = time.perf_counter()
    return {"torch": torch_done - start, "utils": utils_done - torch_done, "training": done - utils_done}


def peak_mib(resource) -> float:
    """Largest memory of this process so far (Linux gives KiB, macOS bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def available(name: str) -> bool:
    return name not in NEEDS or importlib.util.find_spec(NEEDS[name]) is not None


def child(threads: int, *arguments: str) -> dict:
    """Run this module again in a fresh process and return what it measured."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "BOOK_PROGRESS": "0", "BOOK_DEVICE": "cpu"}
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.fit", *arguments]
    found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(found.stdout.splitlines()[-1])


def ratios(seconds: dict[str, list[float]], name: str) -> float:
    """Median over the rounds of the ratio to the hand-written loop of the same round."""
    base = "by hand, all on" if name == "fit, all on" else "by hand"
    return statistics.median(a / b for a, b in zip(seconds[name], seconds[base], strict=True))


def page(rounds: int, epochs: int) -> str:
    """The Markdown page."""
    import torch

    from benchmarks.loops import WAYS
    from utils.device import cpu_model

    names = [name for name in WAYS if available(name)]
    left_out = [name for name in WAYS if not available(name)]
    tables = {
        t: child(t, "--measure", "ratios", "--rounds", str(rounds), "--epochs", str(epochs)) for t in (1, 2)
    }
    starts = {
        name: median_of([child(1, "--measure", name) for _ in range(min(3, rounds))])
        for name in names
        if "all on" not in name
    }
    imports = median_of([child(1, "--measure", "import") for _ in range(rounds)])
    versions = {name: version(package) for name, package in NEEDS.items() if available(name)}
    lines = [
        HEAD.format(rounds=rounds, epochs=epochs),
        "| | MLP, 1 thread | CNN, 1 thread | MLP, 2 threads | CNN, 2 threads |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in names:
        if name == "by hand, all on":
            continue
        cells = [f"{ratios(tables[t][m], name):.2f}" for t in (1, 2) for m in ("MLP", "CNN")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    hand = [statistics.median(tables[t][m]["by hand"]) for t in (1, 2) for m in ("MLP", "CNN")]
    lines += [
        "| *seconds by hand* | " + " | ".join(f"*{s:.2f}*" for s in hand) + " |",
        "",
        START,
        "| | import, s | first step, s | memory, MiB |",
        "|---|---:|---:|---:|",
        *(f"| {n} | {s['import']:.2f} | {s['step']:.2f} | {s['memory']:.0f} |" for n, s in starts.items()),
        "",
        f"`import utils` takes {imports['utils'] * 1000:.0f} ms beyond "
        f"PyTorch's own {imports['torch']:.1f} s, "
        f"`import utils.training` another {imports['training'] * 1000:.0f} ms.",
        "",
        f"Machine: {cpu_model()}, {os.cpu_count()} cores, Python "
        f"{sys.version.split()[0]}, PyTorch "
        f"{torch.__version__}; " + ", ".join(f"{n} {v}" for n, v in versions.items()) + ".",
    ]
    if left_out:
        lines += ["", f"Not installed here, so not measured: {', '.join(left_out)}."]
    lines += ["", "Measured by `make bench`.", ""]
    return "\n".join(lines)


def median_of(results: list[dict]) -> dict:
    return {key: statistics.median(r[key] for r in results) for key in results[0]}


def version(package: str) -> str:
    from importlib.metadata import version as installed

    return installed(package)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="Markdown file to write (printed without it)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        if options.measure == "ratios":
            found = measure_ratios(options.rounds, options.epochs)
        elif options.measure == "import":
            found = measure_import()
        else:
            found = measure_start(options.measure)
        print(json.dumps(found))
        return
    text = page(options.rounds, options.epochs)
    if options.out is None:
        print(text)
    else:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
        print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
