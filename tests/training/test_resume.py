"""A run that is killed and resumed ends like one that never was: the same bits."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import training_child
from torch import nn

from utils.training import Batches, History, load_checkpoint, save_checkpoint

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
