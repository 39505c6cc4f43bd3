"""`setup()` makes a run repeatable, and `import utils` costs nothing until a name is used."""

from __future__ import annotations

import decimal
import gc
import random
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import mpmath
import numpy as np
import pytest
import torch

import utils
from utils.palette import LIGHT
from utils.session import book_seed, setup

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_outer_seed(monkeypatch):
    monkeypatch.delenv("BOOK_SEED", raising=False)


@pytest.fixture(autouse=True)
def same_style_afterwards():
    with mpl.rc_context():
        yield


def draws() -> list[float]:
    return [random.random(), float(np.random.random()), float(torch.rand(()))]


# ---------------------------------------------------------------- the seed


def test_the_seed_is_zero_unless_given():
    assert book_seed() == 0
    assert book_seed(7) == 7


def test_the_environment_overrides_the_notebook(monkeypatch):
    monkeypatch.setenv("BOOK_SEED", "5")
    assert book_seed() == 5
    assert setup(seed=7).seed == 5


def test_an_empty_variable_counts_as_none(monkeypatch):
    monkeypatch.setenv("BOOK_SEED", "")
    assert book_seed(7) == 7


@pytest.mark.parametrize("edge", [0, 2**32 - 1])
def test_the_ends_of_the_range_are_seeds(edge):
    assert setup(edge).seed == edge


@pytest.mark.parametrize("bad", [-1, 2**32, 1.0, 1.5, True, "one", np.float32(1.5), np.bool_(True)])
def test_a_bad_seed_names_itself(bad):
    with pytest.raises(ValueError, match=r"^seed must be an integer from 0 to 4294967295, got ") as caught:
        book_seed(bad)
    assert repr(bad) in str(caught.value)


@pytest.mark.parametrize("bad", ["-1", "4294967296", "1.5", "one"])
def test_a_bad_variable_names_itself(monkeypatch, bad):
    monkeypatch.setenv("BOOK_SEED", bad)
    with pytest.raises(ValueError, match="^BOOK_SEED must be an integer") as caught:
        setup()
    assert repr(bad) in str(caught.value)


def test_the_same_seed_gives_the_same_numbers_everywhere():
    setup(3)
    first = draws()
    setup(3)
    assert draws() == first


def test_another_seed_gives_other_numbers_everywhere():
    setup(3)
    first = draws()
    setup(4)
    assert all(a != b for a, b in zip(draws(), first, strict=True))


def test_setup_sets_the_style_and_names_a_device():
    mpl.rcParams["svg.fonttype"] = "path"
    session = setup()
    assert mpl.rcParams["svg.fonttype"] == "none"
    assert mpl.rcParams["axes.prop_cycle"].by_key()["color"][0] == LIGHT["ours"]
    assert torch.zeros(1, device=session.device).device.type == session.device.type


def test_setup_works_without_torch(monkeypatch):
    monkeypatch.setattr("utils.session.find_spec", lambda name: None)
    assert setup(2) == (2, None)


# ---------------------------------------------------------------- what a notebook before has left


def left_behind() -> None:
    """Every setting that `setup` puts back, changed."""
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.autograd.set_detect_anomaly(True)
    torch.set_printoptions(precision=2, sci_mode=True, linewidth=20)
    np.seterr(all="raise")
    np.set_printoptions(precision=2, suppress=True, sign="+", formatter={"int": hex}, legacy="1.13")
    decimal.getcontext().prec = 60
    decimal.getcontext().rounding = decimal.ROUND_UP
    mpmath.mp.dps = 50
    gc.disable()
    mpl.rcParams.update({"text.usetex": True, "axes.grid": True, "savefig.bbox": "tight"})


def state() -> dict:
    """What numbers come out as, and how they are written."""
    found = {
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "gradients": torch.is_grad_enabled(),
        "anomaly": torch.is_anomaly_enabled(),
        "numpy's errors": np.geterr(),
        "numpy's printing": {k: v for k, v in np.get_printoptions().items() if k != "override_repr"},
        "decimal": str(decimal.getcontext()),
        "mpmath": mpmath.mp.dps,
        "garbage": gc.isenabled(),
        "figures": {k: mpl.rcParams[k] for k in ("text.usetex", "axes.grid", "savefig.bbox")},
    }
    return found | {"torch's printing": str(torch.full((2,), 1 / 3, device="cpu", dtype=torch.float32))}


def test_setup_puts_back_what_a_notebook_before_has_left():
    fresh = "import json, sys; sys.path[:0] = ['tests/core', '.']; import test_session as t; print(t.state())"
    untouched = python(fresh)
    left_behind()
    changed = state()
    try:
        setup()
        assert str(state()) == untouched
        kept = {name for name, value in eval_state(untouched).items() if value == str(changed[name])}
        assert not kept, "these were never changed, so nothing was tried of them"
        X = torch.rand(3)
        assert X.dtype == torch.float32 and X.device.type == "cpu"
        assert float(decimal.Decimal(1) / 3) == 1 / 3 and len(str(decimal.Decimal(1) / 3)) == 30
    finally:
        setup()


def eval_state(text: str) -> dict[str, str]:
    scope = {"torch": torch, "device": torch.device}
    return {name: str(value) for name, value in eval(text, scope).items()}


def test_threads_and_warnings_are_the_readers(monkeypatch):
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        before = list(warnings.filters)
        try:
            setup()
            assert torch.get_num_threads() == threads + 1
            assert warnings.filters == before
        finally:
            torch.set_num_threads(threads)


# ---------------------------------------------------------------- the package


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_utils_loads_nothing_heavy():
    code = "import utils, sys; print([m for m in ('torch', 'numpy', 'matplotlib', 'IPython') if m in sys.modules])"
    assert python(code) == "[]"


def test_drawing_loads_no_torch():
    assert (
        python("from utils import show, verify, explore; import sys; print('torch' in sys.modules)")
        == "False"
    )


@pytest.mark.parametrize("name", utils.__all__)
def test_every_public_name_resolves(name):
    assert callable(getattr(utils, name))
    assert name in dir(utils)


def test_an_unknown_name_is_told_what_there_is():
    with pytest.raises(AttributeError, match="no attribute 'veryfy'") as caught:
        utils.veryfy  # noqa: B018
    assert all(name in str(caught.value) for name in utils.__all__)
