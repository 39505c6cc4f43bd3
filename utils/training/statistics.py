"""A look inside a network while it trains: what flows forward through each layer, and what flows back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .batches import check_positive


@dataclass
class Seen:
    """What one layer gave in a forward pass, and the loss's gradient with respect to it (same shape)."""

    name: str
    kind: str
    module: nn.Module
    output: Tensor
    grad: Tensor | None = None


@contextmanager
def capture(model: nn.Module) -> Iterator[list[Seen]]:
    """Record every layer's output, and its gradient if ``backward`` runs inside the ``with``.

    Layers are the modules without children, in the order in which they ran; one that runs twice is there
    twice. Outputs are copies (a later in-place ReLU would overwrite them). Outputs that aren't a tensor, or a
    tuple that starts with one (an LSTM's), are left out. The hooks are gone after the ``with``.

    >>> with capture(model) as seen: loss(model(X), y).backward()  # doctest: +SKIP
    >>> seen[0].name, seen[0].output.std(), seen[0].grad.std()  # doctest: +SKIP
    """
    seen: list[Seen] = []

    def watch(name: str, module: nn.Module) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            tensor = output[0] if isinstance(output, tuple) else output
            if not isinstance(tensor, Tensor):
                return
            layer = Seen(name, type(module).__name__, module, tensor.detach().clone())
            seen.append(layer)
            if tensor.requires_grad:
                # On the tensor, not the module: module backward hooks forbid in-place operations after them.
                tensor.register_hook(lambda grad: setattr(layer, "grad", grad.detach().clone()))

        return module.register_forward_hook(hook)

    layers = [(name, module) for name, module in model.named_modules() if not any(module.children())]
    handles = [watch(name or "model", module) for name, module in layers]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


class LayerStats:
    """Statistics of every layer, taken at every ``every``-th update; the others cost nothing.

    ``rows`` gets one dict per layer and look:

    ===================  =====================================================================
    step, layer, kind    update number (from 0), name in the model, class name
    mean, std            of the layer's output
    zeros                fraction of the output that is exactly 0 (dead or inactive ReLUs)
    grad_std             std of the loss's gradient with respect to the output
    weight_norm          Euclidean norm of the layer's parameters; 0 without any
    weight_grad_norm     Euclidean norm of their gradient, before clipping; 0 without any
    ===================  =====================================================================

    Without ``fit``: call ``begin(step)`` before the forward pass and ``end()`` after the backward pass.
    """

    def __init__(self, model: nn.Module, every: int = 10) -> None:
        check_positive("every", every)
        self.model, self.every = model, every
        self.rows: list[dict[str, Any]] = []
        self._step = 0
        self._open: Any = None

    def due(self, step: int) -> bool:
        """Is this a step to look at?"""
        return step % self.every == 0

    @property
    def watching(self) -> bool:
        """Between ``begin`` and ``end``?"""
        return self._open is not None

    def begin(self, step: int) -> None:
        """Attach the hooks."""
        self._step = step
        self._open = capture(self.model)
        self._seen = self._open.__enter__()

    def cancel(self) -> None:
        """Remove the hooks, if there are any, and forget what they saw."""
        if self._open is not None:
            self._open.__exit__(None, None, None)
            self._open = None

    def end(self, scale: float = 1.0) -> None:
        """Remove the hooks and add the rows. ``scale``: what the loss was multiplied by (fp16).

        With accumulation each batch of the update has its own rows.
        """
        self.cancel()
        for layer in self._seen:
            out, grad = layer.output.float(), layer.grad
            weights = list(layer.module.parameters(recurse=False))
            self.rows.append(
                {
                    "step": self._step,
                    "layer": layer.name,
                    "kind": layer.kind,
                    "mean": out.mean().item(),
                    "std": out.std(correction=0).item(),
                    "zeros": (out == 0).float().mean().item(),
                    "grad_std": 0.0 if grad is None else grad.float().std(correction=0).item() / scale,
                    "weight_norm": norm([w.detach() for w in weights]),
                    "weight_grad_norm": norm([w.grad for w in weights if w.grad is not None]) / scale,
                }
            )


def norm(tensors: list[Tensor]) -> float:
    """Euclidean norm of all entries together."""
    return float(torch.stack([t.float().norm() for t in tensors]).norm()) if tensors else 0.0
