"""Training helpers: ``fit``, and the pieces it is made of, which serve loops of your own (GANs, RL) as well.

================  ==================================================================
loop.py           ``fit``: check, place, resume, pass after pass
epoch.py          ``train_epoch`` and ``evaluate``: one pass; ``Run``: what callbacks get
batches.py        ``Batches`` of tensors in memory; ``make_batches`` chooses for you
checks.py         what is wrong with the data or the settings, in one sentence
checkpoint.py     ``save_checkpoint``, ``load_checkpoint``: atomic, with random states
history.py        ``History``: numbers per epoch and per batch
stopping.py       ``EarlyStopping``
statistics.py     ``capture`` and ``LayerStats``: a look inside the layers
nonfinite.py      where a NaN came from
precision.py      ``Precision``: bf16 and fp16
progress.py       ``Progress``, ``track``: a bar that leaves nothing behind
distributed.py    ``World``: several processes under ``torchrun``
dryrun.py         ``dry_run``, ``one_device``: proof on the meta device
placing.py        optimizer, batches and seeds before the first step
================  ==================================================================
"""

from .batches import Batches, make_batches
from .checkpoint import load_checkpoint, rng_state, save_checkpoint, set_rng_state
from .distributed import World
from .dryrun import dry_run, one_device
from .epoch import Run, evaluate
from .history import History
from .loop import fit
from .nonfinite import NonFiniteError, locate_nonfinite
from .precision import Precision
from .progress import Progress, track
from .statistics import LayerStats, Seen, capture
from .stopping import EarlyStopping

__all__ = [
    "Batches",
    "EarlyStopping",
    "History",
    "LayerStats",
    "NonFiniteError",
    "Precision",
    "Progress",
    "Run",
    "Seen",
    "World",
    "capture",
    "dry_run",
    "evaluate",
    "fit",
    "load_checkpoint",
    "locate_nonfinite",
    "make_batches",
    "one_device",
    "rng_state",
    "save_checkpoint",
    "set_rng_state",
    "track",
]
