"""The one line at the head of every notebook: seed, figure style, device."""

from __future__ import annotations

import operator
import os
import random
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

DEFAULT_SEED = 0


def book_seed(seed: int | None = None) -> int:
    """The seed in force: the environment variable ``BOOK_SEED``, else ``seed``, else 0.

    Raises:
        ValueError: ``BOOK_SEED`` or ``seed`` is not an integer from 0 to 2**32 - 1 (NumPy's range).
    """
    text = os.environ.get("BOOK_SEED", "")
    source, value = ("BOOK_SEED", text) if text else ("seed", DEFAULT_SEED if seed is None else seed)
    try:
        number = int(value) if isinstance(value, str) else operator.index(value)
    except (TypeError, ValueError):
        number = -1
    if isinstance(value, bool) or not 0 <= number < 2**32:
        raise ValueError(f"{source} must be an integer from 0 to 4294967295, got {value!r}")
    return number


class Session(NamedTuple):
    """What `setup` decided."""

    seed: int  # for generators of your own: np.random.default_rng(seed)
    device: torch.device | None  # None where PyTorch is not installed


def setup(seed: int | None = None) -> Session:
    """Seed Python, NumPy and PyTorch, set the book's figure style, and choose the device.

    ``BOOK_SEED`` in the environment overrides ``seed``: a claim of the book must hold for other seeds too.

    Args:
        seed: an integer from 0 to 2**32 - 1; 0 when left out.

    Returns:
        ``(seed, device)``: the seed in force, and the device to compute on (CUDA, MPS or CPU). The device is
        ``None`` where PyTorch is not installed: notebooks without a network to train run there all the same.

    Raises:
        ValueError: the seed is out of range.
    """
    number = book_seed(seed)

    import numpy as np

    from utils.plotting import use_style

    random.seed(number)
    np.random.seed(number)
    use_style()
    if find_spec("torch") is None:
        return Session(number, None)

    import torch

    from utils.device import best_device

    torch.manual_seed(number)
    return Session(number, best_device())
