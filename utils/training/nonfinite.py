"""Where did the NaN come from? The step, the learning rate and the layer where it first appeared.

Reading a loss on the CPU takes a third of a microsecond, so ``fit`` looks at every one there and stops before
the damage spreads: the batch, the weights and the last gradients are still at hand. On a GPU reading a number
makes Python wait for the device, so the losses of an epoch are read together at its end; if one is bad, the
epoch is run again from a snapshot of its start (weights, optimizer, random states), looking at every step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .statistics import capture


class NonFiniteError(FloatingPointError):
    """Training met NaN or infinity.

    Attributes: ``epoch`` (from 1), ``step`` (update, from 1), ``lr`` of that step, ``layer`` (the module's
    name; None if it could not be told) and ``cause`` (``"input"``, ``"forward"``, ``"loss"``, ``"backward"``,
    ``"update"`` or ``"unknown"``).
    """

    def __init__(self, cause: str, layer: str | None, epoch: int, step: int, lr: float) -> None:
        self.cause, self.layer, self.epoch, self.step, self.lr = cause, layer, epoch, step, lr
        what = {
            "input": "the batch itself holds NaN or infinity",
            "forward": f"it first appeared in the output of layer {layer!r}",
            "loss": "every layer's output is finite: it came from the loss function",
            "backward": f"it first appeared in the gradient of layer {layer!r}, in the backward pass",
            "update": f"the update made the weights of layer {layer!r} overflow",
            "unknown": "the layer could not be told: it did not appear again on a repeat",
        }[cause]
        super().__init__(f"NaN or infinity at epoch {epoch}, step {step}, learning rate {lr:g}: {what}")


def finite(value: Any) -> bool:
    """Is every number in a tensor, or in the tensors of a tuple, list or dict, finite?"""
    if isinstance(value, Tensor):
        return bool(torch.isfinite(value).all())
    if isinstance(value, dict):
        value = list(value.values())
    return all(finite(v) for v in value) if isinstance(value, (tuple, list)) else True


def weights_finite(parameters: list[nn.Parameter]) -> bool:
    """One look at all weights, one number read from the device."""
    return bool(torch.stack([p.detach().isfinite().all() for p in parameters]).all())


def locate_nonfinite(
    model: nn.Module, forward: Callable[[], Tensor], batch: Any = ()
) -> tuple[str, str | None, int]:
    """Find the first NaN or infinity behind a bad loss: (cause, layer, steps back).

    model: with the weights that gave the bad loss, and in ``p.grad`` the gradients of the update before it
    forward: runs the model and the loss on the batch again and returns the loss
    batch: the inputs and labels

    Steps back is 1 if the weights were already bad when the step began, that is after the update before it.
    """
    if not finite(batch):
        return "input", None, 0
    with torch.no_grad(), capture(model) as seen:
        value = forward()
    order = list(dict.fromkeys(layer.name for layer in seen))
    bad = [name for name, p in model.named_parameters() if not finite(p.detach())]
    if bad:
        grads = [n for n, p in model.named_parameters() if p.grad is not None and not finite(p.grad)]
        if grads:  # the backward pass runs from the last layer to the first: the last bad one came first
            return "backward", max((owner(n) for n in grads), key=rank_in(order)), 1
        return "update", min((owner(n) for n in bad), key=rank_in(order)), 1
    for layer in seen:
        if not finite(layer.output):
            return "forward", layer.name, 0
    return ("unknown" if finite(value) else "loss"), None, 0  # finite this time: chance (dropout) is in it


def locate_gradient(model: nn.Module) -> str | None:
    """The layer nearest to the loss whose gradient isn't finite."""
    names = [n for n, p in model.named_parameters() if p.grad is not None and not finite(p.grad)]
    return owner(names[-1]) if names else None


def owner(parameter: str) -> str:
    """``"2.weight"`` belongs to layer ``"2"``."""
    return parameter.rpartition(".")[0] or "model"


def rank_in(order: list[str]) -> Callable[[str], int]:
    """Position in the forward pass; layers that it doesn't list come first."""
    return lambda name: order.index(name) if name in order else -1
