"""Cut a data set into parts that never overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from utils.data.checks import check_int


def split(
    data: int | Sequence | np.ndarray | torch.Tensor,
    fractions: Sequence[float],
    seed: int = 0,
    stratify: bool | None = None,
) -> tuple[torch.Tensor, ...]:
    """Indices of a random partition: every item in exactly one part.

    Args:
        data: the number of items, or their labels, (n,), of any kind that can be compared.
        fractions: share of each part, such as ``(0.8, 0.1, 0.1)``; they add up to 1.
        seed: another seed gives another partition. The same seed gives the same one in every version of
        NumPy.
        stratify: keep each class's share in every part, within one item: a class of ``m`` items puts between
            ``f m - 1`` and ``f m + 1`` into a part of share ``f``. By default whenever labels are given.

    Returns:
        One (size,) int64 tensor a part, shuffled. Without ``stratify`` sizes are within one of ``fraction *
        n``.

    Raises:
        TypeError, ValueError: fractions that don't add up to 1, a part that would be empty, ``stratify``
        without
            labels.
    """
    labels = None
    if isinstance(data, (int, np.integer)) and not isinstance(data, bool):
        n = check_int("data", data, 1)
    else:
        try:
            labels = np.asarray(data.cpu() if isinstance(data, torch.Tensor) else data)
        except (ValueError, RuntimeError) as error:
            raise TypeError(
                f"data: got {type(data).__name__}, expected a number of items or labels (n,)"
            ) from error
        if labels.ndim != 1 or not labels.size:
            raise ValueError(f"data: got labels of shape {labels.shape}, expected (n,) with n of at least 1")
        n = len(labels)
    if stratify and labels is None:
        raise ValueError("stratify: got True with a number of items, expected their labels as data")
    edges = np.cumsum(_shares(fractions))
    edges[-1] = 1.0
    rng = np.random.RandomState(
        check_int("seed", seed, 0, 2**32 - 1)
    )  # its stream is frozen, Generator's isn't
    if labels is None or stratify is False:
        part = _deal(n, edges, 0.5)[rng.permutation(n)]
    else:
        part = np.empty(n, np.int64)
        classes, of_item = np.unique(labels, return_inverse=True)
        # One rounding offset a class, spread evenly over [0, 1): the parts' totals stay near their shares
        # too.
        offsets = (rng.permutation(len(classes)) + rng.uniform()) / len(classes)
        for c, offset in enumerate(offsets):
            members = rng.permutation(np.flatnonzero(of_item == c))
            part[members] = _deal(len(members), edges, offset)
    order = rng.permutation(n)
    parts = tuple(torch.from_numpy(order[part[order] == p].astype(np.int64)) for p in range(len(edges)))
    if empty := [p for p, indices in enumerate(parts) if not len(indices)]:
        raise ValueError(f"fractions: {tuple(fractions)} of {n} items leaves part {empty[0]} empty")
    return parts


def _shares(fractions: Sequence[float]) -> np.ndarray:
    try:
        shares = np.asarray(fractions, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"fractions: got {fractions!r}, expected numbers such as (0.8, 0.2)") from error
    if shares.ndim != 1 or not shares.size or not (shares > 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(f"fractions: got {fractions!r}, expected positive shares that add up to 1")
    return shares


def _deal(n: int, edges: np.ndarray, offset: float) -> np.ndarray:
    """Part of each of ``n`` items in turn. Edges fall at ``floor(F n + offset)``, so parts are within one."""
    stops = np.minimum(np.floor(edges * n + offset + 1e-9).astype(np.int64), n)
    return np.searchsorted(stops, np.arange(n), side="right")
