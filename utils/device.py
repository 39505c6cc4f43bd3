"""Where the numbers are crunched: one rule for every notebook, and one word to override it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TypeVar

import torch

T = TypeVar("T")


def check_device(device: str | torch.device, name: str = "device") -> torch.device:
    """Turn ``"cuda"``, ``"cuda:1"``, ``"mps"``, ``"cpu"`` or ``"meta"`` into a device this machine has.

    ``"pretend"`` is a device that every machine has, for tests: see `utils.pretend`.

    Raises ValueError, naming the argument, for a word PyTorch doesn't know or a device that isn't here.
    """
    if device == "pretend":
        from utils import pretend

        return pretend.begin()
    expected = f"expected one of {', '.join(available_devices())}"
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"{name}: {device!r} is not a device; {expected}") from error
    if found.type == "meta":
        return found
    here = available_devices()
    missing = found.type not in here
    if not missing and found.type == "cuda" and found.index is not None:
        missing = found.index >= torch.cuda.device_count()
    if missing:
        raise ValueError(f"{name}: {str(found)!r} is not available on this machine; {expected}")
    return found


def available_devices() -> list[str]:
    """Device types of this machine, the best first; always ends with ``"cpu"``."""
    here = []
    if torch.cuda.is_available():
        here.append("cuda")
    if torch.backends.mps.is_available():
        here.append("mps")
    return [*here, "cpu"]


def best_device(prefer: str | torch.device | None = None) -> torch.device:
    """The device to train on: CUDA where there is one, else Apple's MPS, else the CPU.

    ``prefer`` asks for another. The environment variable ``BOOK_DEVICE`` overrides both, so that a whole
    build can be kept on one device without a change to any notebook.

    Raises ValueError if the device asked for is unknown or not available.
    """
    forced = os.environ.get("BOOK_DEVICE", "").strip()
    if forced:
        return check_device(forced, "BOOK_DEVICE")
    if prefer is not None:
        return check_device(prefer, "prefer")
    return torch.device(available_devices()[0])


def scale(*, cpu: T, gpu: T) -> T:
    """``cpu`` on a CPU, ``gpu`` on an accelerator: ``epochs = scale(cpu=5, gpu=50)``.

    Lets one cell run in seconds on a laptop and at full size on a GPU. The environment variable ``BOOK_SCALE``,
    ``cpu`` or ``gpu``, picks the size on any device; ``BOOK_DEVICE`` picks the device.

    Raises ValueError if ``BOOK_SCALE`` is another word.
    """
    sizes = {"cpu": cpu, "gpu": gpu}
    word = os.environ.get("BOOK_SCALE", "").strip()
    if not word:
        word = "cpu" if best_device().type == "cpu" else "gpu"
    if word not in sizes:
        raise ValueError(f"BOOK_SCALE: {word!r} is not a size; expected cpu or gpu")
    return sizes[word]


def describe_device(device: str | torch.device | None = None) -> str:
    """One line about the device: its kind, its name, and its memory (GiB) or its threads."""
    device = best_device() if device is None else check_device(device)
    if device.type == "cuda":  # needs a GPU: run by `make test-gpu` only
        card = torch.cuda.get_device_properties(device)
        return f"cuda: {card.name}, {card.total_memory / 2**30:.0f} GiB"
    if device.type == "mps":
        return f"mps: Apple {platform.machine()} GPU"
    threads = torch.get_num_threads()
    return f"cpu: {cpu_model()}, {os.cpu_count()} cores, {threads} thread{'s' if threads > 1 else ''} in use"


def cpu_model() -> str:
    """The processor's name as the operating system gives it."""
    info = Path("/proc/cpuinfo")  # Linux; elsewhere the platform module knows better
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
