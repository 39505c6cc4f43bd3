"""History, progress, statistics, precision and the dry run, each by itself."""

import io
import math
import sys
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from utils.training import (
    History,
    LayerStats,
    Precision,
    Progress,
    capture,
    dry_run,
    one_device,
    progress,
    track,
)

# History


def test_history():
    history = History()
    history.append(loss=2.0, accuracy=0.5, seconds=1.5)
    history.append(loss=1.0, accuracy=0.7, val_loss=math.nan)
    assert history["loss"] == [2.0, 1.0]
    assert history["epoch"] == [1, 2]
    assert history.best("loss")["epoch"] == 2
    assert history.best("accuracy", "min")["epoch"] == 1
    assert repr(history) == "History of 2 epochs: loss 1, accuracy 0.7, val_loss nan"
    assert "val_loss" in history
    with pytest.raises(KeyError, match="history has no 'f1'; it has epoch, loss, accuracy"):
        history["f1"]
    with pytest.raises(ValueError, match="every value of 'val_loss' is NaN"):
        history.best("val_loss")


# Progress


@pytest.fixture
def plain(monkeypatch):
    for name in ("CI", "BOOK_PROGRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(progress, "kernel", lambda: None)
    return monkeypatch


class Screen(io.StringIO):
    def __init__(self, terminal: bool):
        super().__init__()
        self.isatty = lambda: terminal


def drawn(monkeypatch, terminal) -> str:
    screen = Screen(terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    assert list(track(range(3), "training")) == [0, 1, 2]
    return screen.getvalue()


def test_a_terminal_gets_a_bar_that_is_wiped(plain):
    text = drawn(plain, terminal=True)
    assert "training" in text
    assert text.endswith("\r")
    assert text.split("\r")[-2].strip() == ""


def test_nobody_gets_nothing(plain):
    assert drawn(plain, terminal=False) == ""
    plain.setenv("CI", "true")
    assert drawn(plain, terminal=True) == ""
    plain.setenv("BOOK_PROGRESS", "1")
    assert drawn(plain, terminal=True) != ""
    plain.delenv("CI")
    plain.setenv("BOOK_PROGRESS", "0")
    assert drawn(plain, terminal=True) == ""


@pytest.mark.parametrize("asks", [True, False])
def test_a_kernel_asks_its_front_end(plain, asks):
    plain.setattr(progress, "kernel", lambda: SimpleNamespace(_allow_stdin=asks))
    assert progress.somebody_watches() is asks


CODE = """
import torch, torch.nn.functional as F
from functools import partial
from utils.training import fit
X, y = torch.randn(40, 3), torch.arange(40) % 2
fit(torch.nn.Linear(3, 2), F.cross_entropy, (X, y), optimizer=partial(torch.optim.SGD, lr=0.1), epochs=2)
print("done")
"""


def test_stored_outputs_hold_no_bar(plain):
    """A real kernel, run as a build runs it, then as a front-end with a reader before it does."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    plain.setenv("OMP_NUM_THREADS", "1")
    cells = [nbformat.v4.new_code_cell(CODE), nbformat.v4.new_code_cell(CODE)]
    client = nbclient.NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=120)
    with client.setup_kernel():
        for reader, cell in enumerate(cells):
            client.kc.allow_stdin = bool(reader)
            client.execute_cell(cell, reader)
    for reader, cell in enumerate(cells):
        assert [o.text for o in cell.outputs if o.output_type == "stream"] == ["done\n"]
        others = [o for o in cell.outputs if o.output_type != "stream"]
        assert [dict(o.data) for o in others] == ([{}] if reader else [])  # wiped, or never there


def test_progress_by_hand(plain):
    screen = Screen(True)
    plain.setattr(sys, "stderr", screen)
    with Progress(5, "steps", show=True) as bar:
        bar.note("loss 0.3")
        bar.step(5)
    assert "steps" in screen.getvalue()
    assert bar._bar is None


# Looking inside


def test_capture_agrees_with_autograd():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 1))
    X = torch.randn(5, 3)
    with capture(model) as seen:
        model(X).square().mean().backward()
    hidden = model[0](X)
    out = model[2](hidden.relu())
    expected = torch.autograd.grad(out.square().mean(), [hidden, out])
    assert [s.name for s in seen] == ["0", "1", "2"]
    assert torch.allclose(seen[0].output, hidden)  # not what the in-place ReLU made of it
    assert torch.allclose(seen[0].grad, expected[0])
    assert torch.allclose(seen[2].grad, expected[1])
    assert not any(m._forward_hooks for m in model.modules())


def test_layer_stats_by_hand():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    stats = LayerStats(model, every=2)
    assert [stats.due(i) for i in range(3)] == [True, False, True]
    stats.begin(0)
    model(torch.randn(6, 3)).sum().backward()
    stats.end()
    row = stats.rows[0]
    assert row["weight_norm"] == pytest.approx(
        math.sqrt(sum(float(p.detach().square().sum()) for p in model.parameters())), rel=1e-5
    )
    stats.begin(2)
    stats.cancel()
    assert len(stats.rows) == 2
    with pytest.raises(ValueError, match="every: came as 0"):
        LayerStats(model, every=0)


# Precision


def test_precision_chooses():
    cpu = torch.device("cpu")
    assert Precision(cpu).name == Precision(cpu, False).name == "fp32"
    assert Precision(cpu, True).name == "bf16"
    assert Precision(cpu, "fp16").scaler is not None
    with pytest.raises(ValueError, match="amp: now bf16; expected fp16, as in the saved run"):
        Precision(cpu, "bf16").load_state_dict(Precision(cpu, "fp16").state_dict())


def test_scaled_gradients_come_back_to_size():
    layer = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    before, X = layer.weight.detach().clone(), torch.ones(3, 2)
    precision = Precision(torch.device("cpu"), "fp16")
    with precision.autocast:
        out = layer(X)
    assert out.dtype == torch.float16
    precision.backward(out.float().mean() * 0.5)  # all of 65536 would overflow
    assert layer.weight.grad.abs().max() > 1000
    precision.unscale(optimizer)
    assert torch.allclose(layer.weight.grad, torch.full((1, 2), 0.5))
    precision.step(optimizer)
    assert torch.allclose(layer.weight, before - 0.5)


# Dry run


class Attention(nn.Module):
    """Right, or with one of the usual mistakes."""

    def __init__(self, mistake: str = ""):
        super().__init__()
        self.embed, self.qkv, self.mistake = nn.Embedding(10, 4), nn.Linear(4, 12), mistake
        mask = torch.ones(5, 5).tril().bool()
        if mistake == "attribute":
            self.mask = mask
        else:
            self.register_buffer("mask", mask)
        self.unused = nn.Linear(2, 2) if mistake == "unused" else nn.Identity()

    def forward(self, x):  # (B, T)
        q, k, v = self.qkv(self.embed(x)).chunk(3, -1)  # (B, T, 4)
        if self.mistake == "arange":
            v = v + torch.arange(x.shape[1])[:, None]
        if self.mistake == "index":
            v = v[:, torch.arange(x.shape[1])]
        scores = (q @ k.mT).masked_fill(~self.mask, -torch.inf)
        if self.mistake == "item" and scores.sum().item() > 0:
            return v
        return (scores.softmax(-1) @ v).transpose(1, 2)


BATCH = (torch.randint(10, (2, 5)), torch.randint(4, (2, 5)))


def test_dry_run_of_a_right_model_touches_nothing():
    model = Attention()
    assert dry_run(model, F.cross_entropy, BATCH) == []
    assert dry_run(model, nn.CrossEntropyLoss(weight=torch.ones(4)), BATCH) == []
    assert {p.device.type for p in model.parameters()} == {"cpu"}
    assert all(p.grad is None for p in model.parameters())
    assert dry_run(Attention("unused"), F.cross_entropy, BATCH) == ["unused.weight", "unused.bias"]


@pytest.mark.parametrize("mistake", ["attribute", "arange", "index"])
def test_dry_run_finds_what_was_left_on_the_cpu(mistake):
    model = Attention(mistake)
    model(BATCH[0])  # works on the CPU: nobody would notice
    with pytest.raises(RuntimeError, match=r"mixes devices: .*\(5,.* on cpu"):
        dry_run(model, F.cross_entropy, BATCH)


def test_dry_run_finds_a_loss_on_the_cpu_and_a_number():
    with pytest.raises(RuntimeError, match="mixes devices"):
        weight = torch.ones(4)
        dry_run(Attention(), lambda o, y: F.cross_entropy(o, y, weight=weight), BATCH)
    with pytest.raises(RuntimeError, match="item"):
        dry_run(Attention("item"), F.cross_entropy, BATCH)


def test_one_device_around_a_step_of_two_networks():
    G, D = nn.Linear(2, 3).to("meta"), nn.Linear(3, 1).to("meta")
    with one_device():
        loss = D(G(torch.randn(4, 2, device="meta"))).mean() * torch.tensor(2.0)
        loss.backward()
        with pytest.raises(RuntimeError, match="mixes devices"):
            D(torch.randn(4, 3))
    assert G.weight.grad.device.type == "meta"


@pytest.mark.parametrize(
    "model, X",
    [
        (nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(288, 5)), (4, 3, 8, 8)),
        (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (4, 5, 8)),
        (nn.GRU(3, 4, batch_first=True), (2, 5, 3)),
    ],
)  # fmt: skip
def test_dry_run_knows_the_book_s_layers(model, X):
    def loss(out, y):
        return (out[0] if isinstance(out, tuple) else out).square().mean()

    assert dry_run(model, loss, (torch.randn(X), torch.zeros(1))) == []
