"""``fit``: the training loop, once the book has taught it.

Read ``fit`` from the top: check, place, resume, then one pass after another. A pass is ``train_epoch`` in
``epoch.py``; each other concern has its own module, which can be used without this one.
"""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from utils.device import best_device, check_device

from .batches import Batches, make_batches
from .checkpoint import load_checkpoint, rng_state, save_checkpoint, set_rng_state
from .checks import check_data, check_optimizer, check_settings
from .distributed import World
from .epoch import Metric, Run, evaluate, train_epoch
from .history import History
from .nonfinite import NonFiniteError, weights_finite
from .placing import LoaderState, length, make_optimizer, place_batches, seed_everything, set_epoch, trained
from .precision import Precision
from .progress import Progress
from .resuming import settings_of, tell_overruled
from .statistics import LayerStats
from .stopping import EarlyStopping

# Where a run stands, besides the states of its objects.
PLACE = ("epoch", "step", "lr", "stop")


def fit(
    model: nn.Module,
    loss: Callable[..., Tensor],
    data: Any,
    *,
    optimizer: Any,
    epochs: int,
    batch_size: int = 64,
    validation: Any = None,
    metrics: dict[str, Metric] | None = None,
    scheduler: Any = None,
    scheduler_every: str = "epoch",
    clip: float | None = None,
    accumulate: int = 1,
    early_stopping: EarlyStopping | None = None,
    device: str | torch.device | None = None,
    amp: bool | str | None = None,
    compile: bool | str = False,
    channels_last: bool = False,
    fused: bool | None = None,
    stats: int | None = None,
    callbacks: Sequence[Callable[[Run], None]] = (),
    step_callbacks: Sequence[Callable[[Run], None]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool | str | os.PathLike[str] = False,
    seed: int | None = None,
    check: str | None = None,
    progress: bool | None = None,
) -> History:
    """Train ``model`` in place and return the history; the model is left in evaluation mode.

    >>> history = fit(model, F.cross_entropy, (X, y), optimizer=partial(SGD, lr=0.1), epochs=10,
    ...               validation=(X_val, y_val), metrics={"accuracy": accuracy})  # doctest: +SKIP
    >>> history["val_accuracy"]  # doctest: +SKIP

    Data and loss
        data, validation: ``(X, y)`` tensors with N examples each, ``Batches``, a ``Dataset`` or a
            ``DataLoader`` of pairs (X, y). X may be a tuple of inputs.
        loss: function of (output, y), a *mean* over the batch.
        metrics: name -> function of (output, y), a mean over the batch; measured while training (in training
            mode, the weights moving) and as ``val_...`` after each epoch on ``validation``.
        batch_size: for tensors and datasets; ignored for ready Batches and loaders.
    Optimization
        optimizer: an optimizer of the model's parameters, or a function that makes one from them.
        scheduler: a scheduler of the optimizer, or a function that makes one; ``scheduler_every``: "epoch" or
            "step" (update). ReduceLROnPlateau gets the validation loss, or the loss without validation.
        clip: largest norm of all gradients together.
        accumulate: batches per update; equals one batch of their size, but for BatchNorm, which sees each
            batch by itself.
        early_stopping: an ``EarlyStopping`` that monitors ``loss``, ``val_loss`` or a metric by its name.
    Device (by default the best there is)
        device: overrides the choice. amp: see ``Precision``.
        compile: True, or the name of a backend of ``torch.compile``.
        channels_last: lay 4-d tensors out as convolutions like them on GPUs and with bf16.
        fused: one kernel for the optimizer's update; needs ``optimizer`` as a function.
    Watching
        stats: look into the layers every so many updates (see ``LayerStats``): rows in ``history.stats``.
        callbacks, step_callbacks: functions of the ``Run``, called after each epoch and each update.
        check: look for NaN at every "step" (default on the CPU) or after each "epoch" (default elsewhere).
        progress: show a bar; by default where somebody watches (see ``progress.py``).
    Reproducing
        seed: of the shuffles and of all global random numbers; by default both follow ``setup()``'s.
        checkpoint: path written after every epoch.
        resume: True goes on from ``checkpoint`` if the file exists and starts anew if it doesn't; a path goes
            on from that file. The end is the same, bit for bit, as of a run that was never cut off. The
            optimizer's settings (lr, ...) are the file's; a warning says where others were asked for.

    Under ``torchrun`` the processes share each step: ``batch_size`` is each one's (see ``distributed.py``).

    Raises TypeError and ValueError that name the argument, before anything is changed, and NonFiniteError
    where the first NaN or infinity appears.
    """
    # 1. Look at everything, change nothing.
    check_settings(
        model=model, loss=loss, epochs=epochs, batch_size=batch_size, accumulate=accumulate, clip=clip,
        scheduler=scheduler, scheduler_every=scheduler_every, stats=stats, check=check, resume=resume,
        checkpoint=checkpoint, metrics=metrics, seed=seed, early_stopping=early_stopping,
        validation=validation,
    )  # fmt: skip
    place = best_device() if device is None else check_device(device)
    precision = Precision(place, amp)
    ready = isinstance(optimizer, torch.optim.Optimizer)
    if ready or not callable(optimizer):
        check_optimizer(optimizer, model)
    if ready and fused is not None:
        raise ValueError("fused: came with a ready optimizer; expected a function that makes one")
    for name, given in (("data", data), ("validation", validation)):
        if given is not None or name == "data":
            kept = rng_state()  # new Batches draw a seed, a dataset may augment
            check_data(model, loss, make_batches(given, batch_size=batch_size, name=name), name)
            set_rng_state(kept)

    # 2. Put everything in its place.
    world = World.join(place.type)
    if world.size > 1 and place.type == "cuda":  # needs two GPUs: untested
        place = torch.device("cuda", world.local)
        torch.cuda.set_device(place)
    if seed is not None:
        seed_everything((seed + world.rank) % 2**32)  # each process its own Dropout masks
    model.to(place, memory_format=torch.channels_last if channels_last else torch.preserve_format)
    if isinstance(loss, nn.Module):
        loss.to(place)
        world.copy_module(loss)
    world.copy_module(model)
    if not ready:
        optimizer = make_optimizer(optimizer, model, fused, place)
    if scheduler is not None and not hasattr(scheduler, "step"):
        scheduler = scheduler(optimizer)
    if scheduler is not None and scheduler.optimizer is not optimizer:
        raise ValueError("scheduler: belongs to another optimizer; expected one made from `optimizer`")
    batches = place_batches(data, batch_size, True, place, seed, world, "data")
    measured = None
    if validation is not None:
        measured = place_batches(validation, max(batch_size, 512), False, place, seed, world, "validation")
    backend = "inductor" if compile is True else compile
    run = Run(
        model=model, loss=loss, optimizer=optimizer, device=place, precision=precision, world=world,
        forward=torch.compile(model, backend=backend) if compile else model,
        parameters=trained(model, optimizer),
        metrics=metrics or {}, clip=clip, accumulate=accumulate, channels_last=channels_last,
        scheduler=scheduler if scheduler_every == "step" else None,
        unit=accumulate * world.size * (getattr(batches, "batch_size", None) or 1),
        stats=None if stats is None else LayerStats(model, stats), step_callbacks=step_callbacks,
        look=check == "step" or (check is None and place.type == "cpu"),
    )  # fmt: skip
    if run.stats is not None:
        run.stats.rows = run.history.stats
    if early_stopping is not None:
        early_stopping.reset()

    # 3. Go on from a checkpoint: all that decides the rest of the run is in here.
    objects = {"model": model, "optimizer": optimizer, "precision": precision, "history": run.history}
    for name, thing in (("scheduler", scheduler), ("early_stopping", early_stopping)):
        if thing is not None:
            objects[name] = thing
    if isinstance(loss, nn.Module) and loss.state_dict():
        objects["loss"] = loss
    objects["batches"] = batches if isinstance(batches, Batches) else LoaderState(batches)
    source = checkpoint if resume is True else resume
    if source and (resume is not True or Path(source).expanduser().exists()):
        asked = settings_of(optimizer, scheduler)
        extra = load_checkpoint(source, objects, rank=world.rank, world=world.size, expects=PLACE)
        tell_overruled(source, asked, settings_of(optimizer, scheduler))
        for key in PLACE:
            setattr(run, key, extra[key])
        if run.stats is not None:
            run.stats.rows = run.history.stats

    # 4. Train.
    left = max(0, epochs - run.epoch)
    with Progress(left * length(batches), "training", show=progress if world.rank == 0 else False) as bar:
        while run.epoch < epochs and not run.stop:
            began = time.perf_counter()
            set_epoch(batches, run.epoch)
            row = watched_epoch(run, batches, objects, bar if bar.shown else None)
            if measured is not None:
                world.copy_tensors(model.buffers())
                scores = evaluate(
                    model, loss, measured, metrics=metrics, device=place, precision=precision, world=world
                )
                row |= {f"val_{name}": value for name, value in scores.items()}
            row["lr"] = optimizer.param_groups[0]["lr"]
            if isinstance(scheduler, ReduceLROnPlateau):
                scheduler.step(row.get("val_loss", row["loss"]))
            elif scheduler is not None and scheduler_every == "epoch":
                scheduler.step()
            row["seconds"] = time.perf_counter() - began
            row = run.history.append(**row)
            run.epoch += 1
            bar.note(", ".join(f"{name} {row[name]:.3g}" for name in ("loss", "val_loss") if name in row))
            if early_stopping is not None and early_stopping.update(row, model):
                run.stop = True
            for callback in callbacks:
                callback(run)
            if checkpoint is not None:
                states = world.gather(rng_state())
                if world.rank == 0:
                    place_in_run = {key: getattr(run, key) for key in PLACE}
                    save_checkpoint(checkpoint, objects, rng=states, **place_in_run)
    if early_stopping is not None:
        early_stopping.restore(model)
    model.eval()
    return run.history


def watched_epoch(run: Run, batches: Any, objects: dict[str, Any], bar: Progress | None) -> dict[str, float]:
    """``train_epoch``; where it doesn't look at every loss and one was bad, a repeat that does."""
    start = None
    if not run.look:
        start = copy.deepcopy({name: thing.state_dict() for name, thing in objects.items()})
        random_numbers, step = rng_state(), run.step
    try:
        row = train_epoch(run, batches, bar)
    finally:
        if run.stats is not None:
            run.stats.cancel()  # the hooks, should it end in the middle of a look
    if start is None or (math.isfinite(row["loss"]) and weights_finite(run.parameters)):
        return row
    for name, thing in objects.items():
        thing.load_state_dict(start[name])
    set_rng_state(random_numbers)
    run.step, run.look, run.step_callbacks = step, True, ()
    train_epoch(run, batches)  # raises, unless the device doesn't compute the same twice
    raise NonFiniteError("unknown", None, run.epoch + 1, run.step, run.lr)
