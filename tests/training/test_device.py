"""The choice of a device: by itself, by argument, by BOOK_DEVICE; errors that say what there is."""

import pytest
import torch

from utils import device
from utils.device import available_devices, best_device, check_device, describe_device, scale


def pretend(monkeypatch, cuda=False, mps=False):
    monkeypatch.delenv("BOOK_DEVICE", raising=False)
    monkeypatch.delenv("BOOK_SCALE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: int(cuda))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    "cuda, mps, best",
    [(False, False, "cpu"), (False, True, "mps"), (True, False, "cuda"), (True, True, "cuda")],
)
def test_the_best_there_is(monkeypatch, cuda, mps, best):
    pretend(monkeypatch, cuda, mps)
    assert best_device().type == best == available_devices()[0]
    assert scale(cpu=5, gpu=50) == (5 if best == "cpu" else 50)
    assert best_device("cpu").type == "cpu"


def test_the_environment_overrides(monkeypatch):
    pretend(monkeypatch, cuda=True)
    monkeypatch.setenv("BOOK_DEVICE", "cpu")
    assert best_device().type == best_device("cuda").type == "cpu"
    assert scale(cpu=1, gpu=2) == 1
    monkeypatch.setenv("BOOK_DEVICE", "tpu9")
    with pytest.raises(ValueError, match="BOOK_DEVICE: 'tpu9' is not a device; expected one of cuda, cpu"):
        best_device()


@pytest.mark.parametrize("cuda", [False, True])
def test_the_size_can_be_forced_anywhere_and_the_device_stays(monkeypatch, cuda):
    pretend(monkeypatch, cuda=cuda)
    for word, size in (("gpu", 50), ("cpu", 5), (" gpu ", 50)):
        monkeypatch.setenv("BOOK_SCALE", word)
        assert scale(cpu=5, gpu=50) == size
        assert best_device().type == ("cuda" if cuda else "cpu")
    monkeypatch.setenv("BOOK_SCALE", "")
    assert scale(cpu=5, gpu=50) == (50 if cuda else 5)
    monkeypatch.setenv("BOOK_SCALE", "gpu")
    monkeypatch.setenv("BOOK_DEVICE", "cpu")
    assert scale(cpu=5, gpu=50) == 50 and best_device().type == "cpu"


@pytest.mark.parametrize("word", ["large", "cuda", "GPU", "1"])
def test_another_size_is_refused_by_name(monkeypatch, word):
    pretend(monkeypatch)
    monkeypatch.setenv("BOOK_SCALE", word)
    with pytest.raises(ValueError, match=f"^BOOK_SCALE: '{word}' is not a size; expected cpu or gpu$"):
        scale(cpu=5, gpu=50)


@pytest.mark.parametrize(
    "word, message",
    [
        ("abacus", "device: 'abacus' is not a device; expected one of cpu"),
        ("cuda", "device: 'cuda' is not available on this machine; expected one of cpu"),
        ("mps", "'mps' is not available"),
        (3.5, "3.5 is not a device"),
    ],
)
def test_unknown_and_absent(monkeypatch, word, message):
    pretend(monkeypatch)
    with pytest.raises(ValueError, match=message):
        check_device(word)


def test_a_second_gpu_that_is_not_there(monkeypatch):
    pretend(monkeypatch, cuda=True)
    assert check_device("cuda:0").index == 0
    with pytest.raises(ValueError, match="'cuda:1' is not available"):
        check_device("cuda:1")
    with pytest.raises(ValueError, match="prefer: 'mps' is not available"):
        best_device("mps")


def test_one_line(monkeypatch):
    line = describe_device("cpu")
    assert line.startswith(f"cpu: {device.cpu_model()}, ")
    assert "\n" not in line
    assert "thread" in line
