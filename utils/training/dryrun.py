"""Proof without a GPU: run a training step where a tensor left on the CPU cannot go unnoticed.

PyTorch's ``meta`` device knows shapes and dtypes but holds no numbers. A model that runs there makes every
tensor on its input's device, as it must on a GPU. A plain attribute ``self.mask = torch.ones(T, T)`` that
should be a buffer, or a ``torch.arange(T)`` without ``device=``, is found here in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only


class one_device(TorchDispatchMode):
    """Inside, an operation on tensors of two devices raises RuntimeError and names the operation and shapes.

    Stricter than CUDA, which lets CPU tensors index; like CUDA, numbers (0-dimensional CPU tensors) may mix.
    Copies between devices (``.to``, ``copy_``) are what they are for. Wrap a whole step of several networks
    in it: ``with one_device(): train_step(G.to("meta"), D.to("meta"), real.to("meta"))``.
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor) and t.ndim > 0]
        if len({t.device.type for t in tensors}) > 1 and "copy" not in func.__name__:
            found = ", ".join(f"{tuple(t.shape)} on {t.device.type}" for t in tensors)
            raise RuntimeError(
                f"{func.__name__} mixes devices: {found}; create it with device=, or as a buffer"
            )
        return func(*args, **kwargs)


def dry_run(model: nn.Module, loss: Callable[..., Tensor], batch: tuple[Any, Any]) -> list[str]:
    """Run ``loss(model(X), y)`` and its backward pass on the ``meta`` device; the model isn't touched.

    batch: ``(X, y)`` on any device; X may be a tuple of inputs.
    Returns the names of the parameters that got no gradient, ``[]`` as a rule.

    Raises RuntimeError if any tensor stayed on the CPU (the operation and the shapes are named), or if the
    model needs numbers, which ``meta`` doesn't have (``.item()``, ``nonzero``, a boolean mask as an index).
    """

    def to_meta(value: Any) -> Any:
        return tree_map_only(Tensor, lambda t: t.detach().to("meta"), value)

    state = {
        name: to_meta(t).requires_grad_(t.requires_grad)
        for name, t in [*model.named_parameters(), *model.named_buffers()]
    }
    X, y = to_meta(batch)
    if isinstance(loss, nn.Module):  # class weights are buffers of the loss
        weights = {n: to_meta(t) for n, t in [*loss.named_parameters(), *loss.named_buffers()]}
        measure: Callable[..., Tensor] = lambda *args: functional_call(loss, weights, args)  # noqa: E731
    else:
        measure = loss
    with one_device():
        value = measure(functional_call(model, state, X if isinstance(X, tuple) else (X,)), y)
        left = [t for t in tree_leaves(value) if isinstance(t, Tensor) and t.device.type != "meta"]
        if left:
            raise RuntimeError(f"the loss came out on {left[0].device}; expected meta, where the model is")
        value.backward()
    names = {name for name, _ in model.named_parameters()}
    return [n for n, t in state.items() if n in names and t.requires_grad and t.grad is None]
