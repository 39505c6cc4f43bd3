"""Checkpoints: everything that decides how a run goes on, in one file that is whole or not there.

A checkpoint holds the state of each object you name (model, optimizer, scheduler, batches, ...) and the state
of every random number generator. Loading it puts the program back to the instant of the save, bit for bit.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

import torch


class HasState(Protocol):
    """Anything that can be saved: modules, optimizers, schedulers, scalers, ``Batches``, ``History``."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> Any: ...


def rng_state() -> dict[str, Any]:
    """States of Python's, NumPy's and PyTorch's random generators (CPU, and the accelerator in use)."""
    state: dict[str, Any] = {"python": random.getstate(), "torch": torch.get_rng_state()}
    if "numpy" in sys.modules:  # not imported: nothing has drawn from it
        kind, keys, *rest = sys.modules["numpy"].random.get_state()
        state["numpy"] = (kind, keys.tolist(), *rest)  # plain numbers, so that loading runs no code
    if torch.cuda.is_available():  # needs a GPU: run by `make test-gpu` only
        state["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():  # untested: no Apple GPU here
        state["mps"] = torch.mps.get_rng_state()
    return state


def set_rng_state(state: dict[str, Any]) -> None:
    """Put the generators back to a state of ``rng_state()``."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    torch.set_rng_state(state["torch"])
    if "numpy" in state:
        import numpy as np

        np.random.set_state(state["numpy"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
    if "mps" in state and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])


def save_checkpoint(
    path: str | os.PathLike[str], objects: dict[str, HasState], *, rng: Any = None, **extra: Any
) -> None:
    """Write the objects' states, the random states and ``extra`` (numbers, strings, tensors) to ``path``.

    Atomic: the file is written beside ``path``, flushed to the disk and renamed over it. Killed or out of
    power at any moment, ``path`` holds either the old checkpoint or the new one, never a part.

    >>> save_checkpoint("gan.pt", {"G": G, "D": D, "opt_G": opt_G, "opt_D": opt_D}, epoch=3)  # doctest: +SKIP
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "objects": {name: thing.state_dict() for name, thing in objects.items()},
        "rng": rng_state() if rng is None else rng,
        "extra": extra,
    }
    # The same folder: a rename is atomic only inside one file system.
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the rename itself must reach the disk too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def load_checkpoint(
    path: str | os.PathLike[str], objects: dict[str, HasState], *, rank: int = 0, world: int = 1
) -> dict[str, Any]:
    """Put the objects and the random generators back to what ``path`` holds; return the ``extra`` values.

    The file is read without running code from it (``weights_only``), so one from a stranger is safe to open.
    ``rank`` and ``world`` pick a process's random states in a run on several (``fit`` passes them).

    Raises FileNotFoundError, and ValueError if the file was saved from other objects or by another number of
    processes; then nothing has been changed.
    """
    content = torch.load(path, map_location="cpu", weights_only=True)
    saved = content["objects"]
    if set(saved) != set(objects):
        raise ValueError(
            f"objects: came as {sorted(objects)}; expected those that {path} was saved from: {sorted(saved)}"
        )
    rng = content["rng"] if isinstance(content["rng"], list) else [content["rng"]]
    if len(rng) != world:
        raise ValueError(
            f"{path} was saved by {len(rng)} process(es); expected as many now, there are {world}"
        )
    for name, thing in objects.items():
        thing.load_state_dict(saved[name])
    set_rng_state(rng[rank])
    return content["extra"]
