"""fit against the same loop written by hand, and each of its settings by its effect."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from torch.utils.data import DataLoader, TensorDataset

from utils.training import Batches, EarlyStopping, evaluate, fit

SGD = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
torch.manual_seed(0)
X = torch.randn(100, 6)
y = (X @ torch.randn(6, 3)).argmax(1)


def net(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))


def accuracy(output, y):
    return (output.argmax(1) == y).float().mean()


def run(model=None, data=(X, y), loss=F.cross_entropy, **settings):
    model = model or net()
    settings = {"optimizer": SGD, "epochs": 3, "batch_size": 16, "seed": 1, "device": "cpu"} | settings
    return model, fit(model, loss, data, **settings)


def by_hand(model, epochs=3, size=16, clip=None, seed=1):
    optimizer, generator = SGD(model.parameters()), torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(epochs):
        order = torch.randperm(len(X), generator=generator)
        for i in range(0, len(X), size):
            batch = order[i : i + size]
            loss = F.cross_entropy(model(X[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            losses.append(loss.item())
    return model, losses


def distance(a, b) -> float:
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    return max(float((p - q).detach().abs().max()) for p, q in pairs)


@pytest.mark.parametrize("clip", [None, 0.05])
def test_equals_the_hand_written_loop(clip):
    mine, losses = by_hand(net(), clip=clip)
    ours, history = run(clip=clip)
    assert distance(mine, ours) == 0
    assert history.batch_loss == losses
    first = losses[:7]
    assert history["loss"][0] == pytest.approx((sum(first[:6]) * 16 + first[6] * 4) / 100)


def test_learns():
    _, history = run(epochs=20, metrics={"accuracy": accuracy}, validation=(X, y))
    assert history["val_accuracy"][-1] > 0.95
    assert history["loss"][-1] < 0.3 * history["loss"][0]
    assert history.names[:5] == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert history.best("val_loss")["val_loss"] == min(history["val_loss"])
    assert "seconds" not in repr(history)


def test_check_by_epoch_gives_the_same_run():
    a, one = run()
    b, two = run(check="epoch")
    assert distance(a, b) == 0
    assert one["loss"] == two["loss"]


def test_accumulation_equals_the_large_batch():
    """Also at the end, where 100 = 3 * 32 + 4 leaves a group that is smaller and incomplete."""
    large, _ = run(batch_size=32)
    small, _ = run(batch_size=8, accumulate=4)
    assert 0 < distance(large, small) < 1e-6


def test_loaders_and_datasets_train_too():
    for data in (TensorDataset(X, y), DataLoader(TensorDataset(X, y), batch_size=16), Batches(X, y)):
        model, history = run(data=data)
        assert len(history) == 3
        assert not model.training
    ordered = DataLoader(TensorDataset(X, y), batch_size=16)
    a, _ = run(data=ordered)
    b, _ = run(data=Batches(X, y, batch_size=16, shuffle=False))
    assert distance(a, b) == 0


def test_several_inputs():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(6, 3)

        def forward(self, a, b):
            return self.layer(a + b)

    class Pairs(torch.utils.data.Dataset):
        def __len__(self):
            return 100

        def __getitem__(self, i):
            return (X[i], X[i]), y[i]

    _, history = run(Sum(), Pairs(), validation=Pairs())
    assert history["val_loss"][-1] < history["val_loss"][0]


def test_evaluate_is_exact_and_leaves_the_mode():
    model = nn.Sequential(net(), nn.Dropout(0.5)).train()
    scores = evaluate(model, F.cross_entropy, (X, y), metrics={"accuracy": accuracy}, batch_size=33)
    assert model.training
    model.eval()
    assert scores["loss"] == pytest.approx(F.cross_entropy(model(X), y).item(), rel=1e-6)
    assert scores["accuracy"] == pytest.approx(accuracy(model(X), y).item())


def test_schedulers():
    _, history = run(scheduler=partial(StepLR, step_size=1, gamma=0.5), epochs=3)
    assert history["lr"] == pytest.approx([0.1, 0.05, 0.025])
    seen = []
    run(
        scheduler=partial(StepLR, step_size=1, gamma=0.5), scheduler_every="step", epochs=1,
        step_callbacks=[lambda run: seen.append(run.lr)],
    )  # fmt: skip
    assert seen == pytest.approx([0.1 * 0.5**i for i in range(7)])
    model = net()
    optimizer = SGD(model.parameters())
    plateau = ReduceLROnPlateau(optimizer, patience=0, threshold=10.0, threshold_mode="abs", factor=0.1)
    _, history = run(model, optimizer=optimizer, scheduler=plateau, validation=(X, y))
    assert history["lr"] == pytest.approx([0.1, 0.1, 0.01])
    with pytest.raises(ValueError, match="scheduler: belongs to another optimizer"):
        run(scheduler=plateau)


def test_early_stopping_restores_the_best():
    """The optimizer climbs, so the first epoch is the best and two more are waited for."""
    climb = partial(torch.optim.SGD, lr=0.05, maximize=True)
    stop = EarlyStopping(patience=2, restore_best=True)
    model, history = run(optimizer=climb, early_stopping=stop, validation=(X, y), epochs=10)
    assert len(history) == 3
    assert stop.best_epoch == 1
    assert evaluate(model, F.cross_entropy, (X, y))["loss"] == pytest.approx(history["val_loss"][0], rel=1e-6)
    model, history = run(optimizer=climb, early_stopping=EarlyStopping(2), validation=(X, y), epochs=10)
    assert evaluate(model, F.cross_entropy, (X, y))["loss"] == pytest.approx(history["val_loss"][2], rel=1e-6)


def test_early_stopping_by_itself():
    stop = EarlyStopping(2, "accuracy", min_delta=0.1)
    rows = [0.5, 0.55, 0.7, math.nan, 0.75]
    assert [stop.update({"epoch": i, "accuracy": v}) for i, v in enumerate(rows, 1)] == [False] * 4 + [True]
    assert (stop.mode, stop.best, stop.best_epoch) == ("max", 0.7, 3)
    with pytest.raises(ValueError, match="monitor: 'accuracy' is not in the history"):
        stop.update({"epoch": 1, "loss": 0.0})
    with pytest.raises(ValueError, match="patience: came as 0"):
        EarlyStopping(0)


def test_callbacks_are_functions():
    seen = []

    def stop(run) -> None:
        seen.append((run.epoch, run.step, run.history["loss"][-1]))
        run.stop = run.epoch == 2

    _, history = run(callbacks=[stop], epochs=9)
    assert [s[:2] for s in seen] == [(1, 7), (2, 14)]
    assert len(history) == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"compile": "eager"},
        {"compile": "aot_eager"},
        {"optimizer": partial(SGD, fused=True)},
        {"fused": True},
    ],
)
def test_faster_ways_give_the_same_model(settings):
    plain, _ = run()
    fast, _ = run(**settings)
    assert distance(plain, fast) < 1e-5


def test_channels_last():
    def images():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(64, 3)
        )

    data = (torch.randn(50, 1, 8, 8), torch.arange(50) % 3)
    seen = []
    model = images()
    model[2].register_forward_hook(lambda m, i, o: seen.append(o))
    run(model, data, channels_last=True)
    assert model[2].weight.is_contiguous(memory_format=torch.channels_last)
    assert seen[-1].is_contiguous(memory_format=torch.channels_last)
    plain, _ = run(images(), data)
    assert distance(plain, model) < 1e-5


@pytest.mark.parametrize(
    "amp, dtype", [("bf16", torch.bfloat16), (True, torch.bfloat16), ("fp16", torch.float16)]
)
def test_mixed_precision_on_the_cpu(amp, dtype):
    """The same code path as on a GPU: 16-bit outputs, 32-bit weights, a scaler with fp16 alone."""
    model, seen = net(), []
    model[2].register_forward_hook(lambda m, i, o: seen.append(o.dtype))
    plain, _ = run(epochs=5)
    _, history = run(model, amp=amp, epochs=5, clip=10.0, validation=(X, y))
    assert seen[2] == dtype  # the first is the check, on two examples in 32 bits
    assert seen[-1] == dtype
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert 0 < distance(plain, model) < 0.15
    assert history["loss"][-1] < history["loss"][0]


def test_clipping_sees_unscaled_gradients():
    """fp16 multiplies the loss by 65536; clipped before that is undone, no weight would move."""
    plain, _ = run(clip=0.5, epochs=1)
    scaled, _ = run(clip=0.5, epochs=1, amp="fp16")
    assert distance(plain, scaled) < 0.02
    assert distance(net(), scaled) > 0.05


def test_statistics_of_layers():
    model = nn.Sequential(nn.Linear(6, 12), nn.ReLU(inplace=True), nn.Linear(12, 3))
    _, history = run(model, stats=5, epochs=2)
    assert [r["step"] for r in history.stats[::3]] == [0, 5, 10]
    assert [r["layer"] for r in history.stats[:3]] == ["0", "1", "2"]
    first, relu, last = history.stats[:3]
    assert first["zeros"] == 0  # before the ReLU that overwrites it
    assert 0.2 < relu["zeros"] < 0.8
    assert relu["weight_norm"] == 0 < first["weight_grad_norm"]
    assert last["grad_std"] > 0
    assert not any(m._forward_hooks for m in model.modules())
    plain, _ = run(nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3)).apply(weights(3)))
    looked, _ = run(nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3)).apply(weights(3)), stats=1)
    assert distance(plain, looked) == 0  # looking changes nothing


def weights(seed):
    def fill(module):
        if isinstance(module, nn.Linear):
            torch.manual_seed(seed)
            module.reset_parameters()

    return fill


def test_seeds():
    a, _ = run(seed=1)
    b, _ = run(seed=1)
    c, _ = run(seed=2)
    assert distance(a, b) == 0 < distance(a, c)

    def unseeded():
        torch.manual_seed(4)  # what setup() does
        model = net()
        torch.manual_seed(4)
        return run(model, seed=None)[0]

    assert distance(unseeded(), unseeded()) == 0


def test_a_loss_with_its_own_weight_trains_and_resumes(tmp_path):
    """A learned temperature is in the optimizer, not in the model."""

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(1.0))

        def forward(self, output, y):
            return F.cross_entropy(output * self.scale, y)

    def start():
        model, loss = net(), Scaled()
        return model, loss, torch.optim.SGD([*model.parameters(), *loss.parameters()], lr=0.1)

    def train(epochs, **settings):
        model, loss, optimizer = start()
        run(model, loss=loss, optimizer=optimizer, epochs=epochs, **settings)
        return loss.scale.item()

    model, loss, optimizer = start()
    generator = torch.Generator().manual_seed(1)
    for _ in range(2):
        for batch in torch.randperm(100, generator=generator).split(16):
            optimizer.zero_grad()
            loss(model(X[batch]), y[batch]).backward()
            optimizer.step()
    assert train(2) == loss.scale.item()
    train(1, checkpoint=tmp_path / "run.pt")
    assert train(2, checkpoint=tmp_path / "run.pt", resume=True) == loss.scale.item()
