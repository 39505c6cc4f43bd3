"""The same training, seven ways: each function trains ``model`` for ``epochs`` on tensors X, y.

All use SGD with momentum 0.9 at the same rate, batches of 64, one shuffle per epoch, cross-entropy, and no
bar, log, checkpoint, validation or metric, unless the name says so.
"""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from utils.training import EarlyStopping, fit

LR, MOMENTUM, BATCH = 0.05, 0.9, 64
Train = Callable[[nn.Module, Tensor, Tensor, int], None]


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


def cnn() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 10),
    )  # fmt: skip


def digits() -> tuple[Tensor, Tensor]:
    """X (1797, 64) float32 in [0, 1] and y (1797,) int64."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return torch.tensor(data.data / 16, dtype=torch.float32), torch.tensor(data.target)


def sgd(parameters) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=LR, momentum=MOMENTUM)


def by_hand(model: nn.Module, X: Tensor, y: Tensor, epochs: int) -> None:
    """The shortest loop: index a permutation, forward, loss, zero_grad, backward, step."""
    optimizer = sgd(model.parameters())
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for i in range(0, len(X), BATCH):
            batch = order[i : i + BATCH]
            loss = F.cross_entropy(model(X[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def ours(model: nn.Module, X: Tensor, y: Tensor, epochs: int) -> None:
    fit(model, F.cross_entropy, (X, y), optimizer=sgd, epochs=epochs, batch_size=BATCH, device="cpu")


def by_hand_with_all(model: nn.Module, X: Tensor, y: Tensor, epochs: int) -> None:
    """The loop of ``ours_with_all``, written out: what these things cost anyone."""
    optimizer = sgd(model.parameters())
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * -(-len(X) // BATCH))
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(epochs):
            total, right = 0.0, 0
            model.train()
            order = torch.randperm(len(X))
            for i in range(0, len(X), BATCH):
                batch = order[i : i + BATCH]
                output = model(X[batch])
                loss = F.cross_entropy(output, y[batch])
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                scheduler.step()
                total += loss.item() * len(batch)
                right += (output.argmax(1) == y[batch]).sum().item()
            model.eval()
            with torch.no_grad():
                output = model(X)
                F.cross_entropy(output, y).item(), (output.argmax(1) == y).float().mean().item()
            states = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            part = Path(folder, "run.pt.part")
            with open(part, "wb") as file:
                torch.save({**states, "rng": torch.get_rng_state()}, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, Path(folder, "run.pt"))


def ours_with_all(model: nn.Module, X: Tensor, y: Tensor, epochs: int) -> None:
    """Clipping, a scheduler by the step, metrics, validation, early stopping, a checkpoint per epoch."""

    def accuracy(output: Tensor, y: Tensor) -> Tensor:
        return (output.argmax(1) == y).float().mean()

    steps = epochs * -(-len(X) // BATCH)
    with tempfile.TemporaryDirectory() as folder:
        fit(
            model, F.cross_entropy, (X, y), optimizer=sgd, epochs=epochs, batch_size=BATCH, device="cpu",
            clip=1.0, metrics={"accuracy": accuracy}, validation=(X, y), scheduler_every="step",
            scheduler=partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=steps),
            early_stopping=EarlyStopping(patience=epochs), checkpoint=Path(folder, "run.pt"),
        )  # fmt: skip


def dataloader(model: nn.Module, X: Tensor, y: Tensor, epochs: int) -> None:
    optimizer = sgd(model.parameters())
    loader = DataLoader(TensorDataset(X, y), batch_size=BATCH, shuffle=True)
    for _ in range(epochs):
        for a, b in loader:
            loss = F.cross_entropy(model(a), b)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def accelerate(model: nn.Module, X: Tensor, y: Tensor, epochs: int) -> None:
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    loader = DataLoader(TensorDataset(X, y), batch_size=BATCH, shuffle=True)
    model, optimizer, loader = accelerator.prepare(model, sgd(model.parameters()), loader)
    for _ in range(epochs):
        for a, b in loader:
            loss = F.cross_entropy(model(a), b)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()


def lightning(model: nn.Module, X: Tensor, y: Tensor, epochs: int) -> None:
    import lightning as L

    class Module(L.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = model

        def training_step(self, batch, index):
            return F.cross_entropy(self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            return sgd(self.parameters())

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = L.Trainer(
            max_epochs=epochs, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(Module(), DataLoader(TensorDataset(X, y), batch_size=BATCH, shuffle=True))


def skorch(model: nn.Module, X: Tensor, y: Tensor, epochs: int) -> None:
    from skorch import NeuralNetClassifier

    NeuralNetClassifier(
        model, criterion=nn.CrossEntropyLoss, optimizer=torch.optim.SGD, optimizer__momentum=MOMENTUM, lr=LR,
        max_epochs=epochs, batch_size=BATCH, iterator_train__shuffle=True, train_split=None, verbose=0,
    ).fit(X, y)  # fmt: skip


MODELS = {"MLP": mlp, "CNN": cnn}
WAYS: dict[str, Train] = {
    "by hand": by_hand,
    "fit": ours,
    "by hand, all on": by_hand_with_all,
    "fit, all on": ours_with_all,
    "DataLoader": dataloader,
    "skorch": skorch,
    "Accelerate": accelerate,
    "Lightning": lightning,
}
