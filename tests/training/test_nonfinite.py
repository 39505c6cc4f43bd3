"""NaN and infinity are located: the step, the learning rate, the layer."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from utils.training import Batches, NonFiniteError, fit

SGD = partial(torch.optim.SGD, lr=0.1)
X, y = torch.randn(40, 4), torch.arange(40) % 3


class Trap(nn.Module):
    """Passes its input on; from call ``at`` on makes NaN, in the forward or in the backward pass."""

    def __init__(self, at: int, way: str):
        super().__init__()
        self.register_buffer("calls", torch.tensor(0))  # a buffer: part of the model's state
        self.at, self.way = at, way

    def forward(self, x):
        self.calls += 1
        if int(self.calls) < self.at:
            return x
        if self.way == "forward":
            return x / torch.zeros_like(x)
        return x + (x * 0).abs().sqrt()  # 0 forward, infinity times 0 backward


class Block(nn.Sequential):
    pass


def net(at: int, way: str) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), Block(nn.Linear(8, 8), Trap(at, way)), nn.Linear(8, 3))


def train(model, data=(X, y), loss=F.cross_entropy, **settings):
    settings = {"optimizer": SGD, "epochs": 3, "batch_size": 10, "device": "cpu", "seed": 0} | settings
    with pytest.raises(NonFiniteError) as caught:
        fit(model, loss, data, **settings)
    return caught.value


HALVE = {"scheduler": lambda o: torch.optim.lr_scheduler.StepLR(o, 1, 0.5), "scheduler_every": "step"}


@pytest.mark.parametrize("check", ["step", "epoch"])
def test_forward(check):
    """Step 6 is the second of epoch 2. After an epoch: found by repeating it from its start."""
    error = train(net(6, "forward"), check=check, **HALVE)
    assert (error.cause, error.layer, error.step, error.epoch) == ("forward", "2.1", 6, 2)
    assert error.lr == pytest.approx(0.1 * 0.5**5)
    assert "epoch 2, step 6, learning rate 0.003125: it first appeared in the output of layer '2.1'" in str(
        error
    )


@pytest.mark.parametrize("check", ["step", "epoch"])
@pytest.mark.parametrize("at", [6, 8])  # in mid-epoch, and with its last update, which no loss follows
def test_backward(check, at):
    """The loss is finite, its gradient isn't: the layer before the trap is the first to get it."""
    error = train(net(at, "backward"), check=check, **HALVE)
    assert (error.cause, error.layer, error.step, error.epoch) == ("backward", "2.0", at, 2)
    assert error.lr == pytest.approx(0.1 * 0.5 ** (at - 1))


def test_backward_with_clipping():
    """Clipping by a norm that is NaN would make every gradient NaN and hide where it began."""
    error = train(net(6, "backward"), clip=1.0)
    assert (error.cause, error.layer, error.step) == ("backward", "2.0", 6)


def test_update():
    """Finite gradients, an absurd learning rate: the weights overflow."""
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 3))
    error = train(model, optimizer=partial(torch.optim.SGD, lr=1e38), loss=lambda o, y: (o * 1e3).mean())
    assert error.cause == "update"
    assert error.step == 1
    assert error.lr == pytest.approx(1e38)
    assert error.layer in ("0", "1")


def test_divergence_is_told_with_its_rate():
    error = train(
        nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 1)), (X, torch.randn(40, 1)), F.mse_loss,
        optimizer=partial(torch.optim.SGD, lr=50.0), epochs=50,
    )  # fmt: skip
    assert error.lr == 50
    assert error.step > 1
    assert error.layer in ("0", "1") or error.cause == "loss"


def test_input_and_loss():
    bad = X.clone()
    bad[17, 2] = float("inf")
    error = train(nn.Linear(4, 3), Batches(bad, y, batch_size=10, shuffle=False))
    assert (error.cause, error.step, error.layer) == ("input", 2, None)
    error = train(nn.Linear(4, 3), loss=lambda o, y: (o - o).mean().log())
    assert (error.cause, error.step) == ("loss", 1)


def test_what_does_not_come_again_is_said_so():
    """A fault that a repeat can't reproduce: counted outside of the model's state."""
    calls = []

    def loss(output, y):
        calls.append(1)
        return F.cross_entropy(output, y) * (float("nan") if len(calls) == 7 else 1.0)

    error = train(nn.Linear(4, 3), loss=loss, check="epoch")
    assert (error.cause, error.layer, error.epoch) == ("unknown", None, 2)


def test_fp16_skips_an_overflow_and_goes_on():
    model = nn.Linear(4, 3)
    history = fit(model, lambda o, y: F.cross_entropy(o, y) * 3, (X, y), optimizer=SGD, epochs=3, amp="fp16")
    assert len(history) == 3


@pytest.mark.parametrize("check", ["step", "epoch"])
def test_a_metric_may_be_nan(check):
    """Precision without a positive prediction is 0/0, and no reason to stop."""
    nan = {"precision": lambda output, y: float("nan"), "infinite": lambda output, y: float("inf")}
    history = fit(
        nn.Linear(4, 3),
        F.cross_entropy,
        (X, y),
        optimizer=SGD,
        epochs=2,
        metrics=nan,
        check=check,
        device="cpu",
    )
    assert str(history["precision"]) == "[nan, nan]"
