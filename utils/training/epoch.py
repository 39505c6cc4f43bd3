"""One pass over the data: training (``train_epoch``) and measuring (``evaluate``).

What is in ``train_epoch`` and what isn't is decided by the clock: a step of a small network takes 200
microseconds on a CPU, so nothing may run per step that can run per epoch. ``benchmarks/fit.py`` measures it
against the shortest hand-written loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from .batches import Batches, make_batches
from .checks import to_device
from .distributed import World
from .history import History
from .nonfinite import NonFiniteError, locate_gradient, locate_nonfinite, weights_finite
from .precision import Precision
from .progress import Progress
from .statistics import LayerStats

Metric = Callable[[Any, Any], Any]


@dataclass
class Run:
    """A training run: what callbacks get, and all that a step needs.

    Callbacks read ``model``, ``optimizer``, ``history``, ``epoch`` and ``step`` (finished ones, counted from
    1), ``device`` and ``world``, and may set ``stop = True`` to end the run after the epoch.
    """

    model: nn.Module
    loss: Callable[..., Tensor]
    optimizer: torch.optim.Optimizer
    device: torch.device
    precision: Precision
    world: World
    forward: Callable[..., Any]  # the model, or its compiled form
    parameters: list[nn.Parameter]
    history: History = field(default_factory=History)
    metrics: dict[str, Metric] = field(default_factory=dict)
    scheduler: Any = None  # only one that steps with every update
    clip: float | None = None
    accumulate: int = 1
    unit: int = 1  # examples of a full update; see World.combine
    channels_last: bool = False
    stats: LayerStats | None = None
    step_callbacks: Sequence[Callable[[Run], None]] = ()
    look: bool = True  # at every loss (CPU), or once an epoch; see nonfinite.py
    epoch: int = 0
    step: int = 0
    lr: float = 0.0  # of the last update
    stop: bool = False


def train_epoch(run: Run, batches: Iterable[Any], bar: Progress | None = None) -> dict[str, float]:
    """Train on every batch once; return the mean loss and metrics over the examples, as they were seen."""
    forward, loss, precision, stats = run.forward, run.loss, run.precision, run.stats
    weighted = run.accumulate > 1 or run.world.size > 1
    moving = run.channels_last or not on_device(batches, run.device)
    meter = Meter(run.metrics)
    waiting = examples = 0  # batches and examples whose gradients wait for the next update
    run.model.train()
    for X, y in batches:
        if moving:
            X, y = to_device(X, run.device, run.channels_last), to_device(y, run.device)
        n = len(X) if isinstance(X, Tensor) else count(X)
        if stats is not None and not waiting and stats.due(run.step):
            stats.begin(run.step)
            forward = run.model  # compiled code has no layers to look at
        if n:  # a process can be left without examples in the last step
            with precision.autocast:
                output = forward(X) if isinstance(X, Tensor) else forward(*X)
                value = loss(output, y)
            number = value.item() if run.look else value.detach()
            if run.look and not math.isfinite(number):
                raise nonfinite(run, X, y)
            meter.add(n, number, output, y)
        if not waiting:
            for p in run.parameters:  # what zero_grad does; here, so that a bad loss finds the last gradients
                p.grad = None
        if n:
            precision.backward(value * (n / run.unit) if weighted else value)
        waiting += 1
        examples += n
        if waiting == run.accumulate:
            update(run, examples if weighted else None)
            waiting, examples, forward = 0, 0, run.forward
        if bar is not None:
            bar.step()
    if waiting:
        update(run, examples)
    if run.look and not weights_finite(run.parameters):
        raise nonfinite(run, X, y)
    run.history.batch_loss.extend(read(meter.losses))
    return meter.means(run.world)


def update(run: Run, examples: int | None) -> None:
    """Change the weights by the gradients in ``p.grad``, averaged over ``examples`` if they aren't yet."""
    optimizer, precision = run.optimizer, run.precision
    if examples is not None:
        run.world.combine(run.parameters, examples, run.unit)
    if run.stats is not None and run.stats.watching:
        run.stats.end(1.0 if precision.scaler is None else precision.scaler.get_scale())
    run.lr = optimizer.param_groups[0]["lr"]
    if run.clip is not None:
        precision.unscale(optimizer)
        strict = run.look and precision.scaler is None  # fp16 skips a step that overflows, and goes on
        try:
            torch.nn.utils.clip_grad_norm_(run.parameters, run.clip, error_if_nonfinite=strict)
        except RuntimeError as error:
            layer = locate_gradient(run.model)
            if layer is None:
                raise
            raise NonFiniteError("backward", layer, run.epoch + 1, run.step + 1, run.lr) from error
    precision.step(optimizer)
    if run.scheduler is not None:
        run.scheduler.step()
    run.step += 1
    for callback in run.step_callbacks:
        callback(run)


def nonfinite(run: Run, X: Any, y: Any) -> NonFiniteError:
    """The error that says where the bad number came from."""

    def forward() -> Tensor:
        with run.precision.autocast:
            return run.loss(run.model(X) if isinstance(X, Tensor) else run.model(*X), y)

    cause, layer, back = locate_nonfinite(run.model, forward, (X, y))
    lr = run.lr if back else run.optimizer.param_groups[0]["lr"]
    return NonFiniteError(cause, layer, run.epoch + 1, run.step + 1 - back, lr)


def evaluate(
    model: nn.Module,
    loss: Callable[..., Tensor],
    data: Any,
    *,
    metrics: dict[str, Metric] | None = None,
    batch_size: int = 512,
    device: torch.device | None = None,
    precision: Precision | None = None,
    world: World | None = None,
) -> dict[str, float]:
    """Mean loss and metrics over ``data`` (tensors, Batches, Dataset or DataLoader), in evaluation mode.

    Each metric is a function of (output, y) that returns a mean over the batch; batches count by their size,
    so means come out exact, and a number that isn't a mean of examples (F1, say) doesn't: give it one batch.
    The model is put back to the mode it was in.
    """
    device = device or next(model.parameters()).device
    batches = make_batches(data, batch_size=batch_size, shuffle=False, device=device)
    moving = not on_device(batches, device)
    precision = precision or Precision(device, False)
    meter = Meter(metrics or {})
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for X, y in batches:
                if moving:
                    X, y = to_device(X, device), to_device(y, device)
                n = count(X)
                if not n:
                    continue
                with precision.autocast:
                    output = model(X) if isinstance(X, Tensor) else model(*X)
                    value = loss(output, y)
                meter.add(n, value, output, y)
    finally:
        model.train(training)
    return meter.means(world or World())


class Meter:
    """Collects one number per batch, where it is, and reads them from the device together."""

    def __init__(self, metrics: dict[str, Metric]) -> None:
        self.metrics = metrics
        self.examples: list[int] = []
        self.losses: list[Any] = []
        self.values: dict[str, list[Any]] = {name: [] for name in metrics}

    def add(self, n: int, loss: Any, output: Any, y: Any) -> None:
        self.examples.append(n)
        self.losses.append(loss)
        if self.metrics:
            with torch.no_grad():
                for name, metric in self.metrics.items():
                    self.values[name].append(metric(output, y))

    def means(self, world: World) -> dict[str, float]:
        """Means over the examples of all processes."""
        columns = {"loss": self.losses, **self.values}
        sums = [
            sum(n * v for n, v in zip(self.examples, read(values), strict=True))
            for values in columns.values()
        ]
        *sums, total = world.sum([*sums, float(sum(self.examples))])
        return {name: s / total for name, s in zip(columns, sums, strict=True)}


def read(values: list[Any]) -> list[float]:
    """Numbers of a list, with one transfer if they are on a device."""
    if values and isinstance(values[0], Tensor):
        return torch.stack([v.detach().float() for v in values]).tolist()
    return [float(v) for v in values]


def count(X: Any) -> int:
    """Examples in a batch of inputs: a tensor or a tuple of them."""
    return len(X) if isinstance(X, Tensor) else len(X[0])


def on_device(batches: Any, device: torch.device) -> bool:
    """Do the batches come on ``device`` already? A DataLoader's come on the CPU."""
    if isinstance(batches, Batches):
        return all(same(t.device, device) for t in batches.tensors)
    return device.type == "cpu"


def same(a: torch.device, b: torch.device) -> bool:
    """``cuda`` and ``cuda:0`` are one device."""
    return a.type == b.type and (a.index or 0) == (b.index or 0)
