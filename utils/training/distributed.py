"""Data-parallel training: several processes, each with its part of every batch, one model.

Start a program with ``torchrun --nproc-per-node=2 program.py`` and ``fit`` joins the other processes by
itself: over gloo on CPUs, NCCL on GPUs (one each). All start from process 0's weights, all make the same
update from the sum of all gradients, so all stay equal. With batches of B examples, P processes train as one
process with batches of P·B does, up to rounding. Two layers don't keep that promise: BatchNorm sees each
process's part alone (process 0's running averages are kept), and Dropout draws its own masks in each process.

The gradients travel as one flat vector after the backward pass. ``DistributedDataParallel`` sends them in
pieces while the backward pass runs, which is faster on large models and harder to read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class World:
    """Who takes part: this process's ``rank`` among ``size``, and its number ``local`` on this machine.

    Every method must be called by all processes together; with a size of 1 each is free.
    """

    rank: int = 0
    size: int = 1
    local: int = 0

    @classmethod
    def join(cls, device_type: str) -> World:
        """The processes that ``torchrun`` started (it sets WORLD_SIZE), or this process alone."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        if not dist.is_initialized():
            # NCCL: needs two GPUs, untested.
            dist.init_process_group("nccl" if device_type == "cuda" else "gloo")
        return cls(dist.get_rank(), dist.get_world_size(), int(os.environ.get("LOCAL_RANK", "0")))

    def share(self, value: Any) -> Any:
        """Process 0's ``value`` (anything that pickles), in every process."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes, in the order of their ranks."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def copy_tensors(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite each tensor with process 0's."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor.detach(), src=0)

    def copy_module(self, model: nn.Module) -> None:
        """Give all processes process 0's parameters and buffers."""
        self.copy_tensors([*model.parameters(), *model.buffers()])

    def sum(self, values: list[float]) -> list[float]:
        """Elementwise sum over the processes."""
        if self.size == 1:
            return values
        return [sum(column) for column in zip(*self.gather(values), strict=True)]

    def combine(self, parameters: list[nn.Parameter], examples: int, unit: int) -> None:
        """Turn sums of loss·(examples in the batch / unit) into the gradient of the mean over all examples.

        Each process, and each batch of an accumulation, has added the gradient of its own mean loss times
        n / ``unit``, where n is its number of examples (``examples`` in all here). Summed over the processes
        and multiplied by unit / (all examples), that is the gradient of the mean over all of them, exactly,
        also where the last batches are smaller or missing.
        """
        total = float(examples)
        if self.size > 1:
            zeros = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
            count = torch.tensor([total], dtype=torch.float32, device=zeros[0].device)
            flat = torch.cat([*(g.flatten().float() for g in zeros), count])
            dist.all_reduce(flat)
            total = flat[-1].item()
            start = 0
            for p in parameters:
                p.grad = flat[start : start + p.numel()].view_as(p).to(p.dtype)
                start += p.numel()
        if total != unit:
            for p in parameters:
                if p.grad is not None:
                    p.grad.mul_(unit / total)
