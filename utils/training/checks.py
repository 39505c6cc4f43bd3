"""Look at everything before anything is changed, and say in one sentence what is wrong.

A wrong label on a GPU is a "device-side assert" ten lines from its cause; a label of shape (N,) against an
output of shape (N, 1) is no error at all, only a model that doesn't learn. Both are caught here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, IterableDataset

from .batches import Batches, check_positive


def check_settings(
    *,
    model: Any,
    loss: Any,
    epochs: Any,
    batch_size: Any,
    accumulate: Any,
    clip: Any,
    scheduler: Any,
    scheduler_every: Any,
    stats: Any,
    check: Any,
    resume: Any,
    checkpoint: Any,
    metrics: Any,
    seed: Any,
    early_stopping: Any,
    validation: Any,
) -> None:
    """Raise TypeError or ValueError for a setting of ``fit`` that can't be meant."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model: came as {type(model).__name__}; expected a torch.nn.Module")
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError("model: has no parameter that requires a gradient; expected at least one to train")
    if not callable(loss):
        raise TypeError(f"loss: came as {type(loss).__name__}; expected a function of (output, y)")
    for name, value in (("epochs", epochs), ("batch_size", batch_size), ("accumulate", accumulate)):
        check_positive(name, value)
    if stats is not None:
        check_positive("stats", stats)
    if clip is not None and not clip > 0:
        raise ValueError(f"clip: came as {clip!r}; expected a positive norm, or None")
    if scheduler_every == "step" and isinstance(scheduler, ReduceLROnPlateau):
        raise ValueError("scheduler_every: came as 'step' with ReduceLROnPlateau; expected 'epoch'")
    if scheduler_every not in ("epoch", "step"):
        raise ValueError(f"scheduler_every: came as {scheduler_every!r}; expected 'epoch' or 'step'")
    if check not in (None, "step", "epoch"):
        raise ValueError(f"check: came as {check!r}; expected 'step', 'epoch' or None")
    if resume is True and checkpoint is None:
        raise ValueError("resume: came as True without checkpoint=; expected the path of one")
    for name, metric in (metrics or {}).items():
        if not callable(metric):
            raise TypeError(
                f"metrics: {name!r} is a {type(metric).__name__}; expected a function of (output, y)"
            )
    if seed is not None and (not isinstance(seed, int) or not 0 <= seed < 2**32):
        raise ValueError(f"seed: came as {seed!r}; expected an integer from 0 to 2**32 - 1")
    if early_stopping is not None:
        names = ["loss", *(metrics or {})]
        names += [f"val_{name}" for name in names] if validation is not None else []
        if early_stopping.monitor not in names:
            raise ValueError(
                f"early_stopping: monitors {early_stopping.monitor!r}; expected one of {', '.join(names)}"
                + ("" if validation is not None else " (val_... needs validation=)")
            )


def check_optimizer(optimizer: Any, model: nn.Module) -> None:
    """Raise if a ready optimizer would train something else than ``model``."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer: came as {type(optimizer).__name__}; expected a torch optimizer, or a function that "
            "makes one from the parameters, such as partial(torch.optim.SGD, lr=0.1)"
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if held.isdisjoint(id(p) for p in model.parameters()):
        raise ValueError(
            "optimizer: holds no parameter of this model (was the model created again?); "
            "expected one made from model.parameters()"
        )


def check_data(model: nn.Module, loss: Callable[..., Tensor], batches: Any, name: str = "data") -> None:
    """Raise if the model can't take the inputs or the loss can't take the labels; change nothing.

    Runs the model once, forward, on two examples: with copies of its buffers (a BatchNorm's averages stay)
    and with the random state put back. Streams and loaders without automatic batches are not looked into.
    """
    batch, labels, total = first_examples(batches, name)
    if batch is None:
        return
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        parts = len(batch) if isinstance(batch, (tuple, list)) else 1
        raise ValueError(f"{name}: its batches have {parts} part(s); expected the two of (X, y)")
    X, y = batch
    like = next(p for p in model.parameters() if p.is_floating_point())
    check_dtypes(X, y, like.dtype, loss, name)
    X, y = to_device(X, like.device), to_device(y, like.device)
    was = {module: module.training for module in model.modules()}
    buffers = {key: value.clone() for key, value in model.named_buffers()}
    devices = [like.device] if like.device.type == "cuda" else []
    try:
        with torch.no_grad(), torch.random.fork_rng(devices):
            model.train()
            output = probe_model(model, buffers, X, total, name)
            if is_class_loss(loss) and isinstance(output, Tensor) and isinstance(y, Tensor):
                check_classes(y if labels is None else labels, output, loss, name)
            probe_loss(loss, output, y, name)
    finally:
        for module, training in was.items():
            module.training = training


def first_examples(batches: Any, name: str) -> tuple[Any, Tensor | None, int | None]:
    """Two examples, all labels where they are a tensor, and the number of examples; None where unknown."""
    if isinstance(batches, Batches):
        labels = batches.tensors[1] if len(batches.tensors) == 2 else None
        return tuple(t[:2] for t in batches.tensors), labels, batches.examples
    if isinstance(batches, DataLoader) and not isinstance(batches.dataset, IterableDataset):
        total = len(batches.dataset)
        if total == 0:
            raise ValueError(f"{name}: the dataset is empty; expected at least one example")
        if batches.batch_sampler is not None:
            two = [batches.dataset[i] for i in range(min(2, total))]
            return batches.collate_fn(two), None, total
    return None, None, None


def check_dtypes(X: Any, y: Any, dtype: torch.dtype, loss: Any, name: str) -> None:
    """Raise TypeError for float64 where the model is float32, and for labels that aren't class numbers."""
    if isinstance(X, Tensor) and X.is_floating_point() and X.dtype != dtype:
        raise TypeError(f"X of {name}: came as {X.dtype}; expected {dtype}, as the model has (X.to({dtype}))")
    if not isinstance(y, Tensor):
        return
    probabilities = y.is_floating_point() and y.ndim > 1  # (N, K): cross-entropy takes those too
    classes = is_class_loss(loss) and not probabilities
    if classes and y.dtype not in (torch.int64, torch.uint8):
        raise TypeError(
            f"y of {name}: came as {y.dtype}; expected torch.int64, the number of a class (y.long())"
        )
    if y.is_floating_point() and y.dtype != dtype:
        raise TypeError(f"y of {name}: came as {y.dtype}; expected {dtype}, as the model has (y.to({dtype}))")


def probe_model(model: nn.Module, buffers: dict[str, Tensor], X: Any, total: int | None, name: str) -> Any:
    """The model's output for two examples."""
    args = (X,) if isinstance(X, Tensor) else tuple(X)
    try:
        return functional_call(model, buffers, args)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        shapes = ", ".join(f"{tuple(a.shape)} {a.dtype}" for a in args if isinstance(a, Tensor))
        raise ValueError(
            f"X of {name}: the model can't take {len(args[0])} of its {total} examples, {shapes}; "
            f"expected the shape of its first layer ({first_line(error)})"
        ) from error


def probe_loss(loss: Callable[..., Tensor], output: Any, y: Any, name: str) -> None:
    """Raise unless the loss of two examples is one number, made without silent broadcasting."""
    shapes = f"output {shape(output)} and y {shape(y)}"
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value = loss(output, y)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise ValueError(
            f"y of {name}: the loss can't compare {shapes}; expected shapes and dtypes that fit it "
            f"({first_line(error)})"
        ) from error
    if any("target size" in str(w.message) for w in caught):
        raise ValueError(f"y of {name}: the loss would broadcast {shapes}; expected the same shape")
    if not isinstance(value, Tensor) or value.numel() != 1:
        raise ValueError(
            f"loss: gave {shape(value)} for {shapes}; expected one number, a mean over the batch"
        )


def check_classes(y: Tensor, output: Tensor, loss: Any, name: str) -> None:
    """Raise if a label isn't one of the classes the output has scores for."""
    if y.is_floating_point():
        return
    ignored = loss.keywords.get("ignore_index", -100) if isinstance(loss, partial) else -100
    counted = y[y != getattr(loss, "ignore_index", ignored)]
    classes = output.shape[1] if output.ndim > 1 else output.shape[0]
    if counted.numel() and not 0 <= int(counted.min()) <= int(counted.max()) < classes:
        low, high = int(counted.min()), int(counted.max())
        raise ValueError(
            f"y of {name}: labels go from {low} to {high}; expected classes 0 to {classes - 1}, "
            f"as the model's output has {classes} scores"
        )


def is_class_loss(loss: Any) -> bool:
    """Does the loss take class numbers? Cross-entropy and negative log-likelihood, as function or module."""
    loss = loss.func if isinstance(loss, partial) else loss
    return loss in (F.cross_entropy, F.nll_loss) or isinstance(loss, (nn.CrossEntropyLoss, nn.NLLLoss))


def to_device(value: Any, device: torch.device, channels_last: bool = False) -> Any:
    """Move a tensor, or the tensors in a tuple, list or dict; 4-d ones to channels-last if asked."""
    if isinstance(value, Tensor):
        if channels_last and value.ndim == 4:
            return value.to(device, non_blocking=True, memory_format=torch.channels_last)
        return value.to(device, non_blocking=True)
    if isinstance(value, dict):
        return {key: to_device(v, device, channels_last) for key, v in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(to_device(v, device, channels_last) for v in value)
    return value


def shape(value: Any) -> str:
    """``(2, 10) torch.float32``, or the type's name for what isn't a tensor."""
    return f"{tuple(value.shape)} {value.dtype}" if isinstance(value, Tensor) else type(value).__name__


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
