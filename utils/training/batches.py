"""Mini-batches of data that fits in memory, without workers and without copies that nobody needs.

One rule chooses between this module and ``torch.utils.data.DataLoader`` (see ``make_batches``): data that is
already tensors is indexed directly, here; data that must be read or decoded example by example is left to a
DataLoader, whose worker processes can do that beside the training. For tensors the workers only cost time:
a DataLoader picks examples one at a time and stacks them again, ``Batches`` picks a whole batch at once.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

# Examples are gathered about this many bytes at a time and cut into batches afterwards: one indexing call for
# many small batches, and never a second copy of a large set.
GATHER_BYTES = 4 * 2**20
# A set up to this size moves to the accelerator once; a larger one stays on the CPU and moves by the batch.
DEVICE_BYTES = 2**30


class Batches:
    """Iterate over tensors of shape ``(N, ...)`` in batches; every pass is a fresh, uniform shuffle.

    tensors: one or more tensors with the same ``N``, e.g. ``X (N, D)`` float32 and ``y (N,)`` int64
    batch_size: examples in a batch; the last batch has what is left unless ``drop_last``
    shuffle: draw a new permutation at each pass
    augment: a function of the batch's tensors that returns as many, run on the tensors' device. It draws from
        PyTorch's global random numbers, which checkpoints keep.
    device: move the tensors there, once; by default they stay where they are
    seed: of the shuffles; by default drawn from PyTorch's global random numbers, so ``setup()`` decides

    Each item is a tuple of tensors. Without shuffling the batches are views of the data, so don't write to
    them in place. Raises TypeError and ValueError that name the argument.
    """

    def __init__(
        self,
        *tensors: Tensor,
        batch_size: int = 64,
        shuffle: bool = True,
        augment: Callable[..., Any] | None = None,
        drop_last: bool = False,
        device: torch.device | str | None = None,
        seed: int | None = None,
    ) -> None:
        check_tensors(tensors)
        check_positive("batch_size", batch_size)
        self.tensors = tuple(t.to(device) for t in tensors) if device is not None else tensors
        self.batch_size, self.shuffle, self.augment = batch_size, shuffle, augment
        self.drop_last = drop_last
        self.generator = torch.Generator()  # on the CPU: the same order on every device
        if shuffle:  # without, no random number is drawn: validating must not change the training after it
            self.generator.manual_seed(int(torch.randint(2**62, ())) if seed is None else seed)
        self.rank, self.world = 0, 1
        if drop_last and self.examples < batch_size:
            raise ValueError(
                f"batch_size: {batch_size} with drop_last leaves no batch of the {self.examples} examples"
            )

    @property
    def examples(self) -> int:
        """N, the number of examples in a pass."""
        return len(self.tensors[0])

    def __len__(self) -> int:
        per_step = self.batch_size * self.world
        return self.examples // per_step if self.drop_last else math.ceil(self.examples / per_step)

    def sharded(self, rank: int, world: int) -> Batches:
        """This process's part: together, ``world`` processes see batches ``world`` times as large.

        All processes must hold the same generator state, so that they draw the same permutation.
        """
        part = copy.copy(self)
        part.rank, part.world = rank, world
        return part

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        order = torch.randperm(self.examples, generator=self.generator) if self.shuffle else None
        return self._run(order)

    def _run(self, order: Tensor | None) -> Iterator[tuple[Tensor, ...]]:
        sizes = [self.batch_size * self.world] * len(self)
        if not self.drop_last:
            sizes[-1] = self.examples - sum(sizes[:-1])
        if self.world > 1:  # cut every global batch in `world` parts that differ by one example at most
            order = torch.arange(self.examples) if order is None else order
            parts = [step.tensor_split(self.world)[self.rank] for step in order[: sum(sizes)].split(sizes)]
            order, sizes = torch.cat(parts), [len(part) for part in parts]
        if order is not None:
            order = order.to(self.tensors[0].device)
        bytes_each = sum(t[0].numel() * t.element_size() for t in self.tensors)
        together = max(1, GATHER_BYTES // max(1, bytes_each * self.batch_size))
        start = 0
        for first in range(0, len(sizes), together):
            group = sizes[first : first + together]
            stop = start + sum(group)
            if order is None:
                pieces = [t[start:stop].split(group) for t in self.tensors]
            else:
                pieces = [t.index_select(0, order[start:stop]).split(group) for t in self.tensors]
            start = stop
            if self.augment is None:
                yield from zip(*pieces, strict=True)
            else:
                for batch in zip(*pieces, strict=True):
                    new = self.augment(*batch)
                    yield tuple(new) if isinstance(new, (tuple, list)) else (new,)

    def state_dict(self) -> dict[str, Any]:
        """Where the shuffles stand: all that is needed to draw the same next pass again."""
        return {"generator": self.generator.get_state(), "examples": self.examples}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state["examples"] != self.examples:
            raise ValueError(
                f"data: has {self.examples} examples, the saved run had {state['examples']}; "
                "resuming needs the same data"
            )
        self.generator.set_state(state["generator"])


def make_batches(
    data: Any,
    *,
    batch_size: int = 64,
    shuffle: bool = True,
    device: torch.device | None = None,
    seed: int | None = None,
    name: str = "data",
) -> Batches | DataLoader:
    """The right iterator for ``data``, by one rule: tensors give ``Batches``, anything else a ``DataLoader``.

    data: a tuple of tensors ``(X, y)``, a ``TensorDataset``, any other map-style ``Dataset`` (one that opens
    a
        file per example, say), or ready ``Batches`` or ``DataLoader``, which are returned as they are.
    device: tensors up to ``DEVICE_BYTES`` (1 GiB) go there at once; larger ones stay and move by the batch.
    """
    if isinstance(data, (Batches, DataLoader)):
        if isinstance(data, DataLoader) and hasattr(data, "__len__") and sized_empty(data):
            raise ValueError(f"{name}: the DataLoader is empty; expected at least one batch")
        return data
    if isinstance(data, TensorDataset):
        data = data.tensors
    if isinstance(data, (tuple, list)):
        check_tensors(data, name)
        size = sum(t.numel() * t.element_size() for t in data)
        place = device if size <= DEVICE_BYTES else None
        return Batches(*data, batch_size=batch_size, shuffle=shuffle, device=place, seed=seed)
    if isinstance(data, Dataset) and hasattr(data, "__len__"):
        if len(data) == 0:
            raise ValueError(f"{name}: the dataset is empty; expected at least one example")
        generator = torch.Generator().manual_seed(int(torch.randint(2**62, ())) if seed is None else seed)
        return DataLoader(data, batch_size=batch_size, shuffle=shuffle, generator=generator)
    raise TypeError(
        f"{name}: came as {type(data).__name__}; expected (X, y) tensors, Batches, a Dataset or a DataLoader"
    )


def sized_empty(loader: DataLoader) -> bool:
    """True for a loader that knows its length and has none; streams don't know theirs."""
    try:
        return len(loader) == 0
    except TypeError:
        return False


def check_tensors(tensors: Any, name: str = "data") -> None:
    """Raise unless ``tensors`` are one or more tensors with the same, non-zero, first dimension."""
    if not tensors:
        raise ValueError(f"{name}: no tensors came; expected at least one")
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            hint = ": torch.from_numpy turns it into one" if type(tensor).__module__ == "numpy" else ""
            raise TypeError(f"{label(name, i)}: came as {type(tensor).__name__}; expected a tensor{hint}")
        if tensor.ndim == 0:
            raise ValueError(
                f"{label(name, i)}: came as a scalar; expected examples along the first dimension"
            )
    lengths = [len(t) for t in tensors]
    if len(set(lengths)) > 1:
        got = ", ".join(f"{label(name, i)} of {n}" for i, n in enumerate(lengths))
        raise ValueError(f"{name}: lengths differ: {got}; expected one label for each example")
    if lengths[0] == 0:
        shape = tuple(tensors[0].shape)
        raise ValueError(f"{name}: empty, X has shape {shape}; expected at least one example")


def label(name: str, index: int) -> str:
    """How an error calls one of the tensors: ``X of data``, ``y of data``, ``tensor 2 of data``."""
    return f"{('X', 'y')[index] if index < 2 else f'tensor {index}'} of {name}"


def check_positive(name: str, value: Any) -> None:
    """Raise unless ``value`` is an integer of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name}: came as {value!r} ({type(value).__name__}); expected an integer")
    if value < 1:
        raise ValueError(f"{name}: came as {value}; expected at least 1")
