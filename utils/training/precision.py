"""Mixed precision: matrix products in 16 bits, sums and weights in 32, where the device profits.

bf16 keeps float32's range (8 exponent bits) and needs nothing more. fp16 has 5 exponent bits: small gradients
would round to zero, so the loss is multiplied by a large factor before the backward pass and the gradients
are divided by it afterwards; a step whose gradients overflow is skipped and the factor halved.
Source: Micikevicius et al., "Mixed Precision Training" (2018).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """The three places where mixed precision touches a training step; each does nothing when it is off.

    amp: None chooses: on CUDA bf16, or fp16 where the GPU has no bf16; off on the CPU and on MPS, which gain
        little or nothing. True asks for it anywhere (bf16 unless the GPU lacks it), False for none;
        ``"bf16"`` and ``"fp16"`` by name.

    Use: ``with precision.autocast: loss = ...``; ``precision.backward(loss)``;
    ``precision.unscale(optimizer)`` before looking at gradients; ``precision.step(optimizer)``.
    """

    def __init__(self, device: torch.device, amp: bool | str | None = None) -> None:
        if amp not in (None, True, False, *DTYPES):
            raise ValueError(f"amp: came as {amp!r}; expected None, True, False, 'bf16' or 'fp16'")
        self.name = choose(device, amp)
        self.autocast: AbstractContextManager[Any] = nullcontext()
        self.scaler: torch.amp.GradScaler | None = None
        if self.name != "fp32":
            self.autocast = torch.autocast(device.type, DTYPES[self.name])
        if self.name == "fp16":
            self.scaler = torch.amp.GradScaler(device.type)

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of ``loss`` (a scalar) to the parameters', times the scale if there is one."""
        (loss if self.scaler is None else self.scaler.scale(loss)).backward()

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Divide the scale out of the gradients, once a step: clipping must see their true size."""
        if self.scaler is not None:
            self.scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Update the weights; under fp16 only if every gradient is finite, and adapt the scale."""
        if self.scaler is None:
            optimizer.step()
        else:
            self.scaler.step(optimizer)
            self.scaler.update()

    def state_dict(self) -> dict[str, Any]:
        return {"name": self.name, "scaler": None if self.scaler is None else self.scaler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state["name"] != self.name:
            raise ValueError(f"amp: now {self.name}; expected {state['name']}, as in the saved run")
        if self.scaler is not None:
            self.scaler.load_state_dict(state["scaler"])


def choose(device: torch.device, amp: bool | str | None) -> str:
    """``"fp32"``, ``"bf16"`` or ``"fp16"``."""
    if isinstance(amp, str):
        return amp
    if amp is False or (amp is None and device.type != "cuda"):
        return "fp32"
    # Ampere (8.0) and later compute in bf16; before, PyTorch only imitates it, slowly. Colab's T4 is a 7.5.
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < (8, 0):  # untested
        return "fp16"
    return "bf16"
