"""A run that is killed and resumed ends like one that never was: the same bits."""

import os
import random
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import training_child
from torch import nn

from utils.training import Batches, History, fit, load_checkpoint, save_checkpoint

ROOT = Path(__file__).parents[2]


def start(*arguments) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, training_child.__file__, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )


def assert_same(model, other) -> None:
    a, b = model.state_dict(), other if isinstance(other, dict) else other.state_dict()
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


def assert_same_run(one, other) -> None:
    """The weights (of the best epoch), and the loss of every batch (so those of the last as well)."""
    assert_same(one[0], other[0])
    assert one[1].batch_loss == other[1].batch_loss
    assert without_time(one[1]) == without_time(other[1])


def without_time(history) -> list:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history.rows]


@pytest.fixture(scope="module")
def whole():
    return training_child.train()


def test_kill_9_in_mid_epoch(tmp_path, whole):
    checkpoint, marker = tmp_path / "run.pt", tmp_path / "now"
    child = start(checkpoint, tmp_path / "w.pt", "kill=step", f"marker={marker}")
    until = time.time() + 60
    while not marker.exists() and time.time() < until and child.poll() is None:
        time.sleep(0.05)
    assert marker.exists()
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert torch.load(checkpoint, weights_only=True)["extra"]["epoch"] == 2  # the current epoch alone is lost
    assert start(checkpoint, tmp_path / "w.pt").wait() == 0
    last = torch.load(checkpoint, weights_only=True)["objects"]["history"]
    assert last["batch_loss"] == whole[1].batch_loss
    assert_same(whole[0], torch.load(tmp_path / "w.pt", weights_only=True))


def test_kill_9_while_the_checkpoint_is_written(tmp_path, whole):
    checkpoint = tmp_path / "run.pt"
    assert start(checkpoint, tmp_path / "w.pt", "kill=save").wait() == -signal.SIGKILL
    assert torch.load(checkpoint, weights_only=True)["extra"]["epoch"] == 2
    assert_same_run(whole, training_child.train(checkpoint, resume=True))


@pytest.mark.parametrize("loader", [False, True])
@pytest.mark.parametrize("cut", [1, 4])
def test_resume_after_any_epoch(tmp_path, cut, loader):
    def stop(run) -> None:
        run.stop = run.epoch == cut

    whole = training_child.train(loader=loader)
    path = tmp_path / "run.pt"
    training_child.train(path, callbacks=[stop], loader=loader)
    content = torch.load(path, weights_only=True)
    content["extra"]["stop"] = False  # as if it had been killed there
    torch.save(content, path)
    assert_same_run(whole, training_child.train(path, resume=True, loader=loader))


def test_resume_of_a_finished_run_changes_nothing(tmp_path, whole):
    training_child.train(tmp_path / "run.pt")
    assert_same_run(whole, training_child.train(tmp_path / "run.pt", resume=True))


def test_more_epochs_go_on_where_it_ended(tmp_path, whole):
    seen = []
    training_child.train(tmp_path / "run.pt", epochs=3)
    resumed = training_child.train(
        tmp_path / "run.pt", resume=True, callbacks=[lambda run: seen.append((run.epoch, run.step))]
    )
    assert_same_run(whole, resumed)
    assert seen == [(4, 40), (5, 50), (6, 60)]


def test_resume_from_another_path_and_from_nothing(tmp_path, whole):
    training_child.train(tmp_path / "a.pt", epochs=2)
    assert_same_run(whole, training_child.train(tmp_path / "b.pt", resume=tmp_path / "a.pt"))
    assert (tmp_path / "b.pt").exists()
    assert_same_run(whole, training_child.train(tmp_path / "c.pt", resume=True))
    with pytest.raises(FileNotFoundError):
        training_child.train(resume=tmp_path / "missing.pt")


def test_a_failed_write_leaves_the_old_checkpoint_and_no_litter(tmp_path, monkeypatch):
    path, model = tmp_path / "run.pt", nn.Linear(2, 2)
    save_checkpoint(path, {"model": model}, epoch=1)

    def full(content, file) -> None:
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(path, {"model": model}, epoch=2)
    monkeypatch.undo()
    assert load_checkpoint(path, {"model": model}) == {"epoch": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["run.pt"]


def test_pieces_serve_two_networks(tmp_path):
    """As a GAN's loop uses them, without fit."""
    nets = {"G": nn.Linear(2, 2), "D": nn.Linear(2, 1)}
    objects = {**nets, "batches": Batches(torch.randn(10, 2), seed=1), "history": History()}
    objects["history"].append(loss=1.0)
    next(iter(objects["batches"]))
    save_checkpoint(tmp_path / "gan.pt", objects, epoch=3)
    expected = [b[0] for b in objects["batches"]], torch.rand(3)
    before = {name: net.weight.clone() for name, net in nets.items()}
    for net in nets.values():
        nn.init.zeros_(net.weight)
    other = {**objects, "history": History()}
    assert load_checkpoint(tmp_path / "gan.pt", other)["epoch"] == 3
    assert all(torch.equal(net.weight, before[name]) for name, net in nets.items())
    again = [b[0] for b in objects["batches"]], torch.rand(3)
    assert torch.equal(torch.cat(expected[0]), torch.cat(again[0]))
    assert torch.equal(expected[1], again[1])
    assert other["history"]["loss"] == [1.0]


def test_other_objects_and_other_data_are_refused(tmp_path):
    model = nn.Linear(2, 2)
    save_checkpoint(tmp_path / "run.pt", {"model": model, "batches": Batches(torch.zeros(4, 2))})
    with pytest.raises(ValueError, match=r"objects: came as \['model'\]"):
        load_checkpoint(tmp_path / "run.pt", {"model": model})
    with pytest.raises(ValueError, match="has 5 examples, the saved run had 4"):
        load_checkpoint(tmp_path / "run.pt", {"model": model, "batches": Batches(torch.zeros(5, 2))})
    with pytest.raises(ValueError, match="process"):
        load_checkpoint(tmp_path / "run.pt", {"model": model, "batches": Batches(torch.zeros(4, 2))}, world=2)


# ---------------------------------------------------------------- a file that doesn't fit changes nothing


def pair(width: int = 3, optimizer=torch.optim.Adam, **settings) -> dict:
    """A network and an optimizer that has taken a step, so that it has a state."""
    torch.manual_seed(width)
    model = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, width))
    made = optimizer(model.parameters(), lr=0.1, **settings)
    model(torch.randn(5, 2)).square().mean().backward()
    made.step()
    made.zero_grad()
    return {"model": model, "optimizer": made, "history": History()}


def everything(objects: dict) -> str:
    """All that a load could change, to the last bit."""
    torch.set_printoptions(precision=17, threshold=10**6)
    try:
        states = {name: thing.state_dict() for name, thing in objects.items()}
        return repr(
            (states, random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())
        )
    finally:
        torch.set_printoptions(profile="default")


def old(path) -> None:
    """As files were before they named the kinds of their objects."""
    content = torch.load(path, weights_only=True)
    del content["kinds"]
    torch.save(content, path)


@pytest.mark.parametrize("first_version", [False, True])
@pytest.mark.parametrize(
    ("other", "said"),
    [
        (lambda: pair(5), "doesn't fit 'model', and nothing was changed: .*size mismatch for 1.weight"),
        (lambda: pair(optimizer=torch.optim.SGD, momentum=0.9), "doesn't fit 'optimizer'"),
        (lambda: pair(optimizer=torch.optim.RMSprop), "doesn't fit 'optimizer'"),
        (
            lambda: pair() | {"optimizer": torch.optim.Adam([nn.Parameter(torch.ones(2))])},
            "doesn't fit 'optim",
        ),
        (lambda: pair() | {"history": Batches(torch.zeros(4, 2))}, "doesn't fit 'history'"),
    ],
)
def test_what_does_not_fit_changes_nothing(tmp_path, other, said, first_version):
    save_checkpoint(tmp_path / "run.pt", other())
    if first_version:
        old(tmp_path / "run.pt")
    objects = pair()
    before = everything(objects)
    with pytest.raises(ValueError, match=said) as caught:
        load_checkpoint(tmp_path / "run.pt", objects)
    assert str(tmp_path / "run.pt") in str(caught.value)
    assert everything(objects) == before


def test_an_optimizer_of_the_same_build_is_told_by_its_name(tmp_path):
    save_checkpoint(tmp_path / "run.pt", pair())
    with pytest.raises(ValueError, match="it is AdamW now; expected Adam, as in the saved run"):
        load_checkpoint(tmp_path / "run.pt", pair(optimizer=torch.optim.AdamW))


def test_a_file_of_the_first_version_still_loads(tmp_path):
    objects = pair()
    torch.optim.lr_scheduler.OneCycleLR(
        objects["optimizer"], max_lr=1, total_steps=5
    )  # its notes in the groups
    save_checkpoint(tmp_path / "run.pt", objects)
    old(tmp_path / "run.pt")
    other = pair()
    nn.init.zeros_(other["model"][0].weight)
    load_checkpoint(tmp_path / "run.pt", other)
    assert_same(objects["model"], other["model"])


def damaged(path, kind: str) -> None:
    objects = pair()
    save_checkpoint(path, objects)
    if kind == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("epoch,loss\n1,0.3\n")
    elif kind == "state dict":
        torch.save(objects["model"].state_dict(), path)
    elif kind == "tensor":
        torch.save(torch.ones(2), path)
    elif kind == "code":
        torch.save({"objects": path, "rng": 0, "extra": 0}, path)  # a Path: not among the plain types


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("half", "is damaged or no file of torch.save"),
        ("empty", "is damaged or no file of torch.save"),
        ("text", "is damaged or no file of torch.save"),
        ("code", "is damaged or no file of torch.save"),
        (
            "state dict",
            "is no checkpoint but a OrderedDict with 0.weight, 0.bias, 1.weight, …; expected a file of",
        ),
        ("tensor", "is no checkpoint but a Tensor other; expected"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, kind, said):
    path, objects = tmp_path / "run.pt", pair()
    damaged(path, kind)
    before = everything(objects)
    with pytest.raises(ValueError, match=said) as caught:
        load_checkpoint(path, objects)
    assert str(path) in str(caught.value)
    assert everything(objects) == before


def test_a_path_that_cannot_be_read_is_named_by_the_system(tmp_path):
    for path in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(OSError) as caught:
            load_checkpoint(path, pair())
        assert caught.value.filename == str(path) or caught.value.filename == path


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch, whole):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    save_checkpoint("~/pair.pt", pair(), epoch=7)
    assert load_checkpoint("~/pair.pt", pair()) == {"epoch": 7}
    training_child.train("~/run.pt", epochs=2)
    assert_same_run(whole, training_child.train("~/run.pt", resume=True))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pair.pt", "run.pt", "work"]
    assert list((tmp_path / "work").iterdir()) == []


def run(width: int = 2, lr: float = 0.1, optimizer=torch.optim.SGD, epochs=1, scheduler=None, **settings):
    torch.manual_seed(0)
    model = nn.Linear(3, width)
    X = torch.randn(8, 3)
    make = partial(optimizer, lr=lr, **settings.pop("options", {}))
    fit(model, nn.functional.cross_entropy, (X, torch.arange(8) % 2), optimizer=make, epochs=epochs,
        scheduler=scheduler, seed=1, device="cpu", progress=False, **settings)  # fmt: skip
    return model


def test_fit_refuses_a_file_that_does_not_fit_and_leaves_the_model(tmp_path):
    path = tmp_path / "run.pt"
    run(checkpoint=path)
    model, loss, data = nn.Linear(3, 4), nn.functional.cross_entropy, (torch.randn(8, 3), torch.arange(8) % 2)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for other in (torch.optim.SGD, torch.optim.Adam):
        with pytest.raises(
            ValueError, match="run.pt doesn't fit '(model|optimizer)', and nothing was changed"
        ):
            fit(model, loss, data, optimizer=partial(other, lr=0.1), epochs=2, resume=path, device="cpu")
    assert_same(model, before)
    save_checkpoint(path, {"model": model})
    with pytest.raises(ValueError, match=r"expected those that .*run.pt was saved from: \['model'\]"):
        fit(
            model, loss, data, optimizer=partial(torch.optim.SGD, lr=0.1), epochs=2, resume=path, device="cpu"
        )


def test_a_file_that_fit_has_not_written_is_refused_by_fit(tmp_path):
    path = tmp_path / "run.pt"
    run(checkpoint=path)
    content = torch.load(path, weights_only=True)
    del content["extra"]["step"], content["extra"]["lr"]
    torch.save(content, path)
    with pytest.raises(ValueError, match="run.pt lacks lr, step; expected a checkpoint that fit has written"):
        run(resume=path, epochs=2)


STEPS = partial(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        ({}, {"lr": 0.01}, r"with lr 0.1 \(not 0.01\); for other settings, change"),
        ({"scheduler": STEPS}, {"scheduler": STEPS, "lr": 0.01}, r"with lr 0.1 \(not 0.01\); "),
        ({"options": {"momentum": 0.9}}, {}, r"with momentum 0.9 \(not 0\); "),
        (
            {},
            {"options": {"weight_decay": 1e-4}, "lr": 1.0},
            r"lr 0.1 \(not 1.0\), .*weight_decay 0 \(not 0.0001\)",
        ),
    ],
)
def test_a_resumed_run_says_that_the_files_settings_go_on(tmp_path, first, then, said):
    path = tmp_path / "run.pt"
    run(checkpoint=path, **first)
    with pytest.warns(UserWarning, match=said) as caught:
        run(resume=path, epochs=2, **then)
    assert str(path) in str(caught[0].message) and caught[0].filename == __file__


@pytest.mark.parametrize(
    "settings", [{}, {"scheduler": STEPS}, {"optimizer": torch.optim.Adam}, {"options": {"momentum": 0.9}}]
)
def test_a_run_that_resumes_as_it_was_asked_says_nothing(tmp_path, settings):
    run(checkpoint=tmp_path / "run.pt", epochs=3, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(resume=tmp_path / "run.pt", epochs=5, **settings)


def test_random_states_that_do_not_fit_change_nothing_either(tmp_path):
    path, objects = tmp_path / "run.pt", pair()
    random.seed(1)
    save_checkpoint(path, objects)
    content = torch.load(path, weights_only=True)
    content["rng"]["torch"] = content["rng"]["torch"][:-8]  # Python's are set by then
    torch.save(content, path)
    random.seed(2)
    before = everything(objects)
    with pytest.raises(ValueError, match="doesn't fit 'the random generators', and nothing was changed"):
        load_checkpoint(path, objects)
    assert everything(objects) == before
