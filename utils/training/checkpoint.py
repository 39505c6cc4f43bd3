"""Checkpoints: everything that decides how a run goes on, in one file that is whole or not there.

A checkpoint holds the state of each object you name (model, optimizer, scheduler, batches, ...) and the state
of every random number generator. Loading it puts the program back to the instant of the save, bit for bit.
"""

from __future__ import annotations

import copy
import os
import random
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn


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
    path = Path(path).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "objects": {name: thing.state_dict() for name, thing in objects.items()},
        "kinds": {name: type(thing).__name__ for name, thing in objects.items()},
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
    path: str | os.PathLike[str],
    objects: dict[str, HasState],
    *,
    rank: int = 0,
    world: int = 1,
    expects: Iterable[str] = (),
) -> dict[str, Any]:
    """Put the objects and the random generators back to what ``path`` holds; return the ``extra`` values.

    The file is read without running code from it (``weights_only``), so one from a stranger is safe to open.
    ``rank`` and ``world`` pick a process's random states in a run on several, ``expects`` names extra values
    that the file must have (``fit`` passes them).

    Raises FileNotFoundError, and ValueError that names the file if it is damaged or no checkpoint, or was saved
    from other objects or by another number of processes; then nothing has been changed.
    """
    path = Path(path).expanduser()
    content = _read(path)
    saved, extra = content["objects"], content["extra"]
    if set(saved) != set(objects):
        raise ValueError(
            f"objects: came as {sorted(objects)}; expected those that {path} was saved from: {sorted(saved)}"
        )
    if lacking := sorted(set(expects) - set(extra)):
        raise ValueError(f"{path} lacks {', '.join(lacking)}; expected a checkpoint that fit has written")
    rng = content["rng"] if isinstance(content["rng"], list) else [content["rng"]]
    if len(rng) != world:
        raise ValueError(
            f"{path} was saved by {len(rng)} process(es); expected as many now, there are {world}"
        )
    kinds = content.get("kinds", {})  # files of the book's first version have none
    before = copy.deepcopy({name: thing.state_dict() for name, thing in objects.items()}), rng_state()
    touched: list[str] = []
    try:
        for at, thing in objects.items():
            _check_kind(thing, saved[at], kinds.get(at))
        for at, thing in objects.items():
            touched.append(at)
            thing.load_state_dict(saved[at])
        at = "the random generators"
        set_rng_state(rng[rank])
    except Exception as error:
        for name in touched:
            objects[name].load_state_dict(before[0][name])
        set_rng_state(before[1])
        words = " ".join(str(error).split())
        reason = words if isinstance(error, ValueError) else f"{type(error).__name__}: {words}"
        raise ValueError(f"{path} doesn't fit {at!r}, and nothing was changed: {reason}") from error
    return extra


def _read(path: Path) -> dict[str, Any]:
    """The content of a file that ``save_checkpoint`` has written; ValueError for any other."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise  # not there, or not to be read: the system's own words have the path
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"{path} is damaged or no file of torch.save: {reason}") from error
    if not isinstance(content, dict) or not {"objects", "rng", "extra"} <= set(content):
        held = f"with {', '.join(map(str, list(content)[:3]))}, …" if isinstance(content, dict) else "other"
        raise ValueError(
            f"{path} is no checkpoint but a {type(content).__name__} {held}; expected a file of "
            "save_checkpoint (weights alone are loaded by model.load_state_dict(torch.load(path)))"
        )
    return content


def _check_kind(thing: HasState, state: dict[str, Any], kind: str | None) -> None:
    """Optimizers and schedulers take each other's states without a word, and fail or go astray later."""
    if isinstance(thing, nn.Module):
        return  # compares names and shapes itself; a renamed class is the same network
    now = type(thing).__name__
    if kind not in (None, now):
        raise ValueError(f"it is {now} now; expected {kind}, as in the saved run")
    if isinstance(thing, torch.optim.Optimizer):
        known = set().union(*(group for group in thing.param_groups)) | {"initial_lr"}
        foreign = sorted({key for group in state["param_groups"] for key in group} - known)
        scheduled = {"base_momentum", "max_momentum", "max_lr", "min_lr"}  # a scheduler's own notes
        if kind is None and (foreign := [key for key in foreign if key not in scheduled]):
            raise ValueError(f"{now} has no {', '.join(foreign)}; expected the optimizer of the saved run")
