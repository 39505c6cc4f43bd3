"""The one line at the head of every notebook: seed, figure style, device."""

from __future__ import annotations

import decimal
import gc
import operator
import os
import random
import sys
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


def clear_settings() -> None:
    """Put back what decides how numbers are computed and printed, and what a notebook before may have changed.

    That is NumPy's error handling and printing, the context of ``decimal``, the garbage collector, and, where
    they are loaded or installed, mpmath's precision and PyTorch's default dtype (float32) and device, gradient
    mode, anomaly detection and printing. Thread counts and warning filters stay: they are the reader's.
    """
    import numpy as np

    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    np.set_printoptions(
        precision=8, threshold=1000, edgeitems=3, linewidth=75, suppress=False, nanstr="nan", infstr="inf",
        sign="-", floatmode="maxprec", formatter=None, legacy=False,
    )  # fmt: skip
    decimal.setcontext(decimal.DefaultContext.copy())
    gc.enable()
    if "mpmath" in sys.modules:
        sys.modules["mpmath"].mp.prec = 53
    if find_spec("torch") is None:
        return
    import torch

    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.autograd.set_detect_anomaly(False)
    torch.set_printoptions(profile="default", sci_mode=None)


def setup(seed: int | None = None) -> Session:
    """Seed Python, NumPy and PyTorch, set the book's figure style, and choose the device.

    What another notebook in the same kernel changed is put back first (see `clear_settings`).

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

    clear_settings()
    random.seed(number)
    np.random.seed(number)
    use_style()
    if find_spec("torch") is None:
        return Session(number, None)

    import torch

    from utils.device import best_device

    torch.manual_seed(number)
    return Session(number, best_device())
