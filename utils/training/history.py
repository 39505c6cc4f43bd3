"""What a training run leaves behind: one row per epoch, one loss per batch."""

from __future__ import annotations

import math
from typing import Any


class History:
    """Numbers of a run, by name: ``history["val_loss"]`` is a list with one value per epoch.

    Attributes
    ----------
    rows: one dict per epoch, e.g. ``{"epoch": 1, "loss": 0.41, "val_loss": 0.38, "lr": 0.1, "seconds": 0.2}``
    batch_loss: the loss of every batch, in order (floats)
    stats: per-layer rows of ``LayerStats``, empty unless asked for
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.batch_loss: list[float] = []
        self.stats: list[dict[str, Any]] = []

    def append(self, **values: float) -> dict[str, float]:
        """Add an epoch; ``epoch`` is numbered from 1 unless given."""
        self.rows.append({"epoch": len(self.rows) + 1, **values})
        return self.rows[-1]

    @property
    def names(self) -> list[str]:
        """Names that can be asked for, in the order they first came."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.names:
            raise KeyError(f"history has no {name!r}; it has {', '.join(self.names) or 'no epoch yet'}")
        return [row[name] for row in self.rows if name in row]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __len__(self) -> int:
        return len(self.rows)

    def best(self, name: str, mode: str | None = None) -> dict[str, float]:
        """The row with the lowest (``mode="min"``) or highest (``"max"``) value of ``name``.

        Without ``mode``, a name that ends in ``loss`` or ``error`` is better low, any other high.
        """
        self[name]  # names what there is, if this isn't
        pick = min if (mode or better(name)) == "min" else max
        rows = [row for row in self.rows if name in row and not math.isnan(row[name])]
        if not rows:
            raise ValueError(f"name: every value of {name!r} is NaN; expected at least one number")
        return pick(rows, key=lambda row: row[name])

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "batch_loss": self.batch_loss, "stats": self.stats}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rows, self.batch_loss, self.stats = state["rows"], state["batch_loss"], state["stats"]

    def __repr__(self) -> str:
        # Without seconds: a stored output must read the same on another machine.
        last = self.rows[-1] if self.rows else {}
        shown = ", ".join(f"{k} {v:.4g}" for k, v in last.items() if k not in ("epoch", "seconds"))
        return f"History of {len(self)} epochs" + (f": {shown}" if shown else "")


def better(name: str) -> str:
    """``"min"`` for losses and errors, ``"max"`` for everything else (accuracy, BLEU, ...)."""
    return "min" if name.endswith(("loss", "error", "perplexity")) else "max"
