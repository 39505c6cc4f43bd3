"""Bad input is named, with what came and what was expected, before anything is changed."""

import copy
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from utils.training import Batches, EarlyStopping, fit, rng_state

SGD = partial(torch.optim.SGD, lr=0.1)
X, y = torch.randn(12, 4), torch.arange(12) % 3


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))


BAD_DATA = {
    "lengths": ((X, y[:11]), ValueError, "lengths differ: X of data of 12, y of data of 11"),
    "empty": ((X[:0], y[:0]), ValueError, r"data: empty, X has shape \(0, 4\)"),
    "numpy": ((X.numpy(), y), TypeError, "X of data: came as ndarray; expected a tensor"),
    "wrong width": ((X[:, :3], y), ValueError, r"X of data: .* \(2, 3\) torch.float32; expected the shape"),
    "float64 X": ((X.double(), y), TypeError, "X of data: came as torch.float64; expected torch.float32"),
    "float64 labels": ((X, y.double()), TypeError, "y of data: came as torch.float64; expected torch.int64"),
    "int32 labels": ((X, y.int()), TypeError, "y of data: came as torch.int32; expected torch.int64"),
    "label too high": ((X, y + 1), ValueError, "labels go from 1 to 3; expected classes 0 to 2"),
    "label too low": ((X, y - 1), ValueError, "labels go from -1 to 1; expected classes 0 to 2"),
    "labels of a wrong shape": (
        (X, y[:, None]),
        ValueError,
        r"y of data: the loss can't compare output \(2, 3\)",
    ),
    "no labels": (Batches(X), ValueError, r"data: its batches have 1 part\(s\); expected the two"),
    "three parts": ((X, y, y), ValueError, r"data: its batches have 3 part\(s\)"),
    "neither": ("digits", TypeError, "data: came as str; expected"),
    "empty dataset": (DataLoader(TensorDataset(X[:0], y[:0])), ValueError, "data: the DataLoader is empty"),
    "loader": (DataLoader(TensorDataset(X[:, :3], y)), ValueError, "X of data: the model can't take"),
    "loader, float64": (
        DataLoader(TensorDataset(X.double(), y)),
        TypeError,
        "X of data: came as torch.float64",
    ),
}

BAD_SETTINGS = {
    "epochs": ({"epochs": 0}, ValueError, "epochs: came as 0; expected at least 1"),
    "epochs, float": ({"epochs": 1.5}, TypeError, "epochs: came as 1.5"),
    "batch size": ({"batch_size": -1}, ValueError, "batch_size: came as -1"),
    "accumulate": ({"accumulate": 0}, ValueError, "accumulate: came as 0"),
    "clip": ({"clip": 0.0}, ValueError, "clip: came as 0.0; expected a positive norm"),
    "device": ({"device": "abacus"}, ValueError, "device: 'abacus' is not a device; expected one of .*cpu"),
    "amp": ({"amp": "fp4"}, ValueError, "amp: came as 'fp4'"),
    "seed": ({"seed": -1}, ValueError, "seed: came as -1"),
    "resume": ({"resume": True}, ValueError, "resume: came as True without checkpoint="),
    "check": ({"check": "always"}, ValueError, "check: came as 'always'"),
    "scheduler_every": ({"scheduler_every": "hour"}, ValueError, "scheduler_every: came as 'hour'"),
    "stats": ({"stats": 0}, ValueError, "stats: came as 0"),
    "metrics": ({"metrics": {"accuracy": 3}}, TypeError, "metrics: 'accuracy' is a int"),
    "monitor": ({"early_stopping": EarlyStopping()}, ValueError, "monitors 'val_loss'; .*needs validation="),
    "validation": ({"validation": (X, y + 1)}, ValueError, "y of validation: labels go from 1 to 3"),
    "optimizer": ({"optimizer": "adam"}, TypeError, "optimizer: came as str; expected a torch optimizer"),
    "loss": ({"loss": "mse"}, TypeError, "loss: came as str"),
    "model": ({"model": print}, TypeError, "model: came as builtin_function_or_method"),
    "fused": ({"optimizer": "ready", "fused": True}, ValueError, "fused: came with a ready optimizer"),
    "another model's": ({"optimizer": "other"}, ValueError, "optimizer: holds no parameter of this model"),
}


def call(model, data, loss=F.cross_entropy, **settings):
    settings = {"optimizer": SGD, "epochs": 1} | settings
    if settings["optimizer"] == "ready":
        settings["optimizer"] = SGD(model.parameters())
    elif settings["optimizer"] == "other":
        settings["optimizer"] = SGD(net().parameters())
    return fit(model, loss, data, **settings)


@pytest.mark.parametrize("case", [*BAD_DATA, *BAD_SETTINGS])
def test_bad_input_changes_nothing(case):
    model = net()
    if case in BAD_DATA:
        (data, error, message), settings = BAD_DATA[case], {}
    else:
        data, (settings, error, message) = (X, y), BAD_SETTINGS[case]
        settings = dict(settings)
    model.eval()
    before, random = copy.deepcopy(model.state_dict()), rng_state()
    with pytest.raises(error, match=message):
        call(settings.pop("model", model), data, **settings)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert not any(m.training for m in model.modules())
    assert str(rng_state()) == str(random)
    assert all(p.grad is None for p in model.parameters())


def test_broadcasting_of_labels_is_refused():
    """(N, 1) against (N,): PyTorch warns, and learns the mean of all labels."""
    model = nn.Linear(4, 1)
    with pytest.raises(ValueError, match=r"would broadcast output \(2, 1\) .* and y \(2,\)"):
        fit(model, F.mse_loss, (X, torch.randn(12)), optimizer=SGD, epochs=1)
    with pytest.raises(ValueError, match=r"loss: gave \(2,\) .*; expected one number"):
        fit(net(), partial(F.cross_entropy, reduction="none"), (X, y), optimizer=SGD, epochs=1)


def test_good_input_in_other_forms():
    ignored = torch.where(torch.arange(12) == 3, -100, y)
    for loss, labels in (
        (nn.CrossEntropyLoss(), ignored),
        (partial(F.cross_entropy, label_smoothing=0.1), y),
        (F.cross_entropy, F.one_hot(y).float()),
        (F.mse_loss, torch.randn(12, 3)),
    ):
        assert len(fit(net(), loss, (X, labels), optimizer=SGD, epochs=1)) == 1
    with pytest.raises(ValueError, match="labels go from -100"):
        fit(net(), nn.CrossEntropyLoss(ignore_index=0), (X, ignored), optimizer=SGD, epochs=1)


def test_the_last_label_of_many_is_found():
    labels = torch.zeros(12, dtype=torch.int64)
    labels[-1] = 3
    with pytest.raises(ValueError, match="labels go from 0 to 3"):
        fit(net(), F.cross_entropy, (X, labels), optimizer=SGD, epochs=1)
