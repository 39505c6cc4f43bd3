"""What a resumed run says: the file's settings go on, also where the call asked for others."""

from __future__ import annotations

import os
import warnings
from typing import Any

import torch

# How the numbers are computed, not which: these may differ from machine to machine.
_MEANS = {"params", "foreach", "fused", "capturable", "differentiable"}
# A scheduler moves these; what was asked for stands in initial_lr.
_MOVED = {"lr", "momentum", "betas", "base_momentum", "max_momentum", "max_lr", "min_lr"}


def settings_of(optimizer: torch.optim.Optimizer, scheduler: Any) -> list[dict[str, Any]]:
    """The settings of each parameter group that were asked for: lr, momentum, weight_decay, ..."""
    hidden = _MEANS if scheduler is None else _MEANS | _MOVED
    return [
        {
            {"initial_lr": "lr"}.get(key, key): value
            for key, value in group.items()
            if key not in hidden and not (scheduler is None and key == "initial_lr")
        }
        for group in optimizer.param_groups
    ]


def tell_overruled(
    source: str | os.PathLike[str], asked: list[dict[str, Any]], loaded: list[dict[str, Any]]
) -> None:
    """Warn of every setting that was asked for and isn't the file's."""
    differing = {
        f"{key} {theirs[key]} (not {value})": None
        for ours, theirs in zip(asked, loaded, strict=True)
        for key, value in ours.items()
        if key in theirs and theirs[key] != value
    }
    if differing:
        warnings.warn(
            f"resume: the optimizer goes on as saved in {os.fspath(source)}, with {', '.join(differing)}; "
            "for other settings, change optimizer.param_groups in a callback or start anew",
            stacklevel=3,
        )
