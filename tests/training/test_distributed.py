"""Two processes under torchrun train the model that one process does with batches twice as large."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from utils.training import World, fit

ROOT = Path(__file__).parents[2]
CASES = {
    "plain": {"batch_size": 16},
    "odd": {"batch_size": 7, "clip": 0.5},  # 90 = 6 * 14 + 6
    "accumulate": {"batch_size": 4, "accumulate": 3},
    "alone": {"batch_size": 89 // 2 + 1, "accumulate": 2},  # 90 = 90 + 0: nothing left over
    "left over": {"batch_size": 11, "n": 89},  # 89 = 4 * 22 + 1: one process has nothing in the last step
}


def train(batch_size: int, n: int = 90, **settings):
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(n, 6, generator=generator)
    y = (X @ torch.randn(6, 3, generator=generator)).argmax(1)
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))
    if int(os.environ.get("RANK", "0")) == 1:
        nn.init.zeros_(model[0].weight)  # must not matter: process 0's weights count
    history = fit(
        model, F.cross_entropy, (X, y), epochs=4, batch_size=batch_size, validation=(X[:31], y[:31]), seed=2,
        optimizer=partial(torch.optim.SGD, lr=0.1, momentum=0.9), device="cpu",
        metrics={"accuracy": lambda o, y: (o.argmax(1) == y).float().mean()}, **settings,
    )  # fmt: skip
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in history.rows]
    return {"weights": model.state_dict(), "rows": rows}


def main() -> None:
    """What torchrun starts."""
    folder = Path(sys.argv[1])
    found = {name: train(**case) for name, case in CASES.items()}
    checkpoint = folder / "run.pt"
    dropout = {"batch_size": 8, "checkpoint": checkpoint}
    found["whole"] = train(**dropout)
    torch.distributed.barrier()
    content = torch.load(checkpoint, weights_only=True)
    found["states"] = len(content["rng"])
    rank = torch.distributed.get_rank()
    torch.save(found, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def difference(a, b) -> float:
    return max(float((a["weights"][name] - b["weights"][name]).abs().max()) for name in a["weights"])


def test_two_gloo_processes_equal_one(tmp_path):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run(
        [*torchrun, __file__, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=120,
    )
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    for name, case in CASES.items():
        one = train(**{**case, "batch_size": 2 * case["batch_size"]})
        assert difference(first[name], second[name]) == 0, name
        assert difference(first[name], one) < 1e-5, name
        for ours, theirs in zip(first[name]["rows"], one["rows"], strict=True):
            assert ours.keys() == theirs.keys()
            assert all(abs(ours[key] - theirs[key]) < 1e-5 for key in ours), name
    assert first["states"] == 2  # the random states of both processes


def test_a_world_of_one_costs_nothing():
    world = World.join("cpu")
    assert (world.rank, world.size) == (0, 1)
    assert world.gather(3) == [3]
    assert world.share("a") == "a"
    layer = nn.Linear(2, 2)
    layer.weight.grad = torch.ones(2, 2)
    world.combine([layer.weight], examples=6, unit=8)
    assert torch.allclose(layer.weight.grad, torch.full((2, 2), 8 / 6))


if __name__ == "__main__":
    main()
