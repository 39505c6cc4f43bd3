"""A training run with every kind of state, for the tests to start, kill and resume.

Run as a program: ``training_child.py CHECKPOINT WEIGHTS [kill=NAME] [marker=PATH]``.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from utils.training import Batches, EarlyStopping, fit

EPOCHS = 6


def problem(n: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(7)
    X = torch.randn(n, 10, generator=generator)
    return X, (X @ torch.randn(10, 3, generator=generator)).argmax(1)


def augment(X: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise from all three global generators: a resume that forgets one ends elsewhere."""
    return X + 0.1 * torch.randn_like(X) + 0.01 * random.random() + 0.01 * float(np.random.rand()), y


def train(checkpoint=None, *, resume=False, epochs=EPOCHS, loader=False, **settings):
    """Dropout, BatchNorm, Adam, a scheduler by the step, augmentation, validation, early stopping."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(10, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))
    X, y = problem()
    data = Batches(X, y, batch_size=20, augment=augment, seed=3)
    if loader:
        data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size=20, shuffle=True)
    history = fit(
        model, F.cross_entropy, data, optimizer=partial(torch.optim.Adam, lr=0.01), epochs=epochs,
        scheduler=partial(torch.optim.lr_scheduler.OneCycleLR, max_lr=0.02, total_steps=10 * EPOCHS),
        scheduler_every="step", validation=problem(60), checkpoint=checkpoint, resume=resume, seed=5,
        early_stopping=EarlyStopping(patience=EPOCHS, restore_best=True), device="cpu", **settings,
    )  # fmt: skip
    return model, history


def main() -> None:
    checkpoint, weights, *options = sys.argv[1:]
    given = dict(option.split("=", 1) for option in options)
    settings = {}
    if given.get("kill") == "step":  # slow down in the third epoch, and wait to be killed

        def wait(run) -> None:
            if run.epoch == 2 and run.step == 25:
                Path(given["marker"]).touch()
                time.sleep(60)

        settings["step_callbacks"] = [wait]
    if given.get("kill") == "save":  # die with the third checkpoint written beside the second
        replace, saves = os.replace, []

        def die(*paths) -> None:
            saves.append(paths)
            if len(saves) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            replace(*paths)

        os.replace = die
    model, _ = train(checkpoint, resume=True, **settings)
    torch.save(model.state_dict(), weights)


if __name__ == "__main__":
    main()
