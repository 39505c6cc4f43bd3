"""The branches that only a GPU takes: placement, bf16 and fp16, fused optimizers, late NaN, checkpoints."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from utils.device import best_device, describe_device, scale
from utils.training import Batches, NonFiniteError, Precision, evaluate, fit

SGD = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
X = torch.randn(500, 6, generator=torch.Generator().manual_seed(0))
y = (X @ torch.randn(6, 3, generator=torch.Generator().manual_seed(1))).argmax(1)


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))


def distance(a: nn.Module, b: nn.Module) -> float:
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    return max(float((p.cpu() - q.cpu()).detach().abs().max()) for p, q in pairs)


def run(model: nn.Module | None = None, **settings):
    model = model or net()
    settings = {"optimizer": SGD, "epochs": 3, "seed": 1, "validation": (X, y)} | settings
    return model, fit(model, F.cross_entropy, (X, y), **settings)


def test_the_gpu_is_chosen(monkeypatch):
    monkeypatch.delenv("BOOK_DEVICE", raising=False)
    assert best_device().type == "cuda"
    assert scale(cpu=1, gpu=2) == 2
    assert describe_device().startswith("cuda: ")
    model, _ = run()
    assert next(model.parameters()).is_cuda


def test_same_order_and_nearly_the_same_weights_as_on_the_cpu():
    cpu, one = run(device="cpu")
    gpu, two = run(device="cuda", amp=False, fused=False)
    assert distance(cpu, gpu) < 1e-4
    assert one["val_loss"] == pytest.approx(two["val_loss"], abs=1e-4)


@pytest.mark.parametrize("amp", [None, "bf16", "fp16"])
def test_mixed_precision(amp):
    model, history = run(device="cuda", amp=amp, epochs=10, clip=5.0)
    assert history["val_loss"][-1] < 0.5 * history["val_loss"][0]
    assert next(model.parameters()).dtype == torch.float32
    best = "bf16" if torch.cuda.get_device_capability() >= (8, 0) else "fp16"
    assert Precision(torch.device("cuda"), amp).name == (amp or best)


def test_fused_by_itself():
    seen = []
    run(device="cuda", callbacks=[lambda run: seen.append(run.optimizer.param_groups[0]["fused"])])
    assert seen[0] is True


def test_compile_and_channels_last():
    images, labels = torch.randn(64, 3, 16, 16), torch.arange(64) % 4
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    )
    history = fit(
        model, F.cross_entropy, (images, labels), optimizer=SGD, epochs=2, device="cuda",
        compile=True, channels_last=True,
    )  # fmt: skip
    assert len(history) == 2


def test_resume_is_exact(tmp_path):
    def dropout():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(6, 12), nn.Dropout(0.3), nn.Linear(12, 3))

    settings = {"device": "cuda", "amp": "fp16"}
    whole, _ = run(dropout(), epochs=4, **settings)
    run(dropout(), epochs=2, checkpoint=tmp_path / "run.pt", **settings)
    resumed, _ = run(dropout(), epochs=4, checkpoint=tmp_path / "run.pt", resume=True, **settings)
    assert distance(whole, resumed) == 0


def test_nan_is_located_by_a_repeat_of_the_epoch():
    bad = X.clone()
    bad[130] = float("nan")
    with pytest.raises(NonFiniteError) as caught:
        fit(
            net(), F.cross_entropy, Batches(bad, y, shuffle=False, device="cuda"),
            optimizer=SGD, epochs=2, device="cuda",
        )  # fmt: skip
    assert (caught.value.cause, caught.value.step) == ("input", 3)


def test_batches_that_stay_on_the_cpu_move_by_the_batch():
    a, _ = run(device="cuda", amp=False)
    b = net()
    data = Batches(X, y, seed=1)
    fit(b, F.cross_entropy, data, optimizer=SGD, epochs=3, seed=1, device="cuda", amp=False)
    assert distance(a, b) < 1e-6
    assert evaluate(b, F.cross_entropy, (X, y))["loss"] < 1.0
