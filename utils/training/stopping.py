"""Early stopping: leave when the number that matters stops getting better."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

from .history import better


class EarlyStopping:
    """Stop after ``patience`` epochs in which ``monitor`` improved by no more than ``min_delta``.

    monitor: a name in the history (default ``"val_loss"``)
    mode: ``"min"`` or ``"max"``; by default low is better for names that end in loss, error or perplexity
    restore_best: put the weights of the best epoch back at the end (costs one copy of them in memory)

    A value that is NaN counts as no improvement. Source: Prechelt, "Early Stopping - But When?" (1998), UP_s.
    """

    def __init__(
        self,
        patience: int = 5,
        monitor: str = "val_loss",
        *,
        mode: str | None = None,
        min_delta: float = 0.0,
        restore_best: bool = False,
    ) -> None:
        if not isinstance(patience, int) or isinstance(patience, bool) or patience < 1:
            raise ValueError(f"patience: came as {patience!r}; expected an integer of at least 1")
        if mode not in (None, "min", "max"):
            raise ValueError(f"mode: came as {mode!r}; expected 'min', 'max' or None")
        if min_delta < 0:
            raise ValueError(f"min_delta: came as {min_delta!r}; expected at least 0")
        self.patience, self.monitor, self.min_delta = patience, monitor, min_delta
        self.mode = mode or better(monitor)
        self.restore_best = restore_best
        self.reset()

    def reset(self) -> None:
        """Forget the past run: ``fit`` does this before it starts."""
        self.best = math.inf if self.mode == "min" else -math.inf
        self.best_epoch = 0
        self.waited = 0
        self._weights: dict[str, Any] | None = None

    def update(self, row: dict[str, float], model: nn.Module | None = None) -> bool:
        """Look at an epoch's row of the history; True says stop. ``model``: whose weights to remember."""
        if self.monitor not in row:
            raise ValueError(f"monitor: {self.monitor!r} is not in the history; it has {', '.join(row)}")
        gain = self.best - row[self.monitor] if self.mode == "min" else row[self.monitor] - self.best
        if gain > self.min_delta:  # False for NaN
            self.best, self.best_epoch, self.waited = row[self.monitor], int(row["epoch"]), 0
            if self.restore_best and model is not None:
                self._weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
        else:
            self.waited += 1
        return self.waited >= self.patience

    def restore(self, model: nn.Module) -> None:
        """Load the best epoch's weights, if they were asked for and there is one."""
        if self._weights is not None:
            model.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "waited": self.waited,
            "weights": self._weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self.best_epoch, self.waited = state["best"], state["best_epoch"], state["waited"]
        self._weights = state["weights"]
