"""What ``fit`` prepares before the first step: optimizer, batches, seeds."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler

from .batches import Batches, make_batches
from .checks import check_optimizer
from .distributed import World


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and PyTorch's global random numbers (all devices)."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def make_optimizer(
    make: Callable[..., torch.optim.Optimizer], model: nn.Module, fused: bool | None, device: torch.device
) -> torch.optim.Optimizer:
    """Call ``make`` with the parameters that are trained; fused on CUDA, if it can be, or where asked for.

    A fused optimizer updates all weights in one kernel instead of a few per operation of its formula.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if fused is None and device.type == "cuda" and takes(make, "fused"):  # run by `make test-gpu` only
        fused = True
    optimizer = make(parameters) if fused is None else make(parameters, fused=fused)
    check_optimizer(optimizer, model)
    return optimizer


def trained(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    """Every parameter that gets gradients: the model's, and any other that the optimizer holds (a loss's)."""
    held = [p for group in optimizer.param_groups for p in group["params"]]
    return [p for p in dict.fromkeys([*model.parameters(), *held]) if p.requires_grad]


def takes(function: Callable[..., Any], name: str) -> bool:
    """Has ``function`` a parameter of this name?"""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def place_batches(
    data: Any,
    batch_size: int,
    shuffle: bool,
    device: torch.device,
    seed: int | None,
    world: World,
    name: str,
) -> Batches | DataLoader:
    """Batches of ``data`` on ``device``; among several processes, this one's part of each."""
    batches = make_batches(data, batch_size=batch_size, shuffle=shuffle, device=device, seed=seed, name=name)
    if world.size == 1:
        return batches
    if isinstance(batches, Batches):
        batches.load_state_dict(world.share(batches.state_dict()))  # the same shuffles everywhere
        return batches.sharded(world.rank, world.size)
    if not isinstance(batches.sampler, DistributedSampler):
        raise ValueError(
            f"{name}: a DataLoader without a DistributedSampler gives all {world.size} processes the same "
            "examples; expected one with it, or tensors"
        )
    return batches


def set_epoch(batches: Batches | DataLoader, epoch: int) -> None:
    """A DistributedSampler shuffles by the epoch's number."""
    sampler = getattr(batches, "sampler", None)
    if isinstance(sampler, DistributedSampler):
        sampler.set_epoch(epoch)


def length(batches: Batches | DataLoader) -> int:
    """Batches in a pass; 0 for a stream, which doesn't know."""
    try:
        return len(batches)
    except TypeError:
        return 0


class LoaderState:
    """The position of a DataLoader's shuffles: its generator, if it has one of its own.

    A loader without one shuffles by PyTorch's global random numbers, which every checkpoint keeps.
    """

    def __init__(self, loader: DataLoader) -> None:
        self.loader = loader

    def generators(self) -> list[torch.Generator]:
        found = [self.loader.generator, getattr(self.loader.sampler, "generator", None)]
        return list({id(g): g for g in found if g is not None}.values())

    def state_dict(self) -> dict[str, Any]:
        return {"generators": [g.get_state() for g in self.generators()]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for generator, saved in zip(self.generators(), state["generators"], strict=True):
            generator.set_state(saved)
