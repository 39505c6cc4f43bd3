"""The pretended device: the CPU's numbers, and a GPU's errors. In processes of its own, since it lasts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap

import pytest
import torch

from tools.notebooks import ROOT

HEAD = """
import copy, torch
from torch import nn
from utils import best_device
from utils.answers import is_tensor
device = best_device()
x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
a = x.to(device)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"BOOK_DEVICE": "pretend"}
    command = [sys.executable, "-c", HEAD + textwrap.dedent(code)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)


def test_numbers_are_the_cpus():
    done = run(
        """
        assert a.device.type != "cpu" and a.cpu().device.type == "cpu"
        assert torch.equal((a @ a.T).cpu(), x @ x.T)
        assert a.sum().item() == x.sum().item() and a.tolist() == x.tolist() and bool((a == a).all())
        assert (a + torch.tensor(2.0)).tolist() == (x + 2).tolist()
        assert a[torch.tensor([0, 2])].tolist() == x[[0, 2]].tolist()
        assert a.numpy(force=True).tolist() == x.tolist() and is_tensor(a)
        assert a[[2, 0]].tolist() == x[[2, 0]].tolist() and a[:, [1, 3]].tolist() == x[:, [1, 3]].tolist()
        made = torch.tensor([1, 2], device=device)
        assert nn.functional.one_hot(made).tolist() == [[0, 1, 0], [0, 0, 1]]
        b = torch.zeros(2, 3, device=device)
        b[0] = 1.0
        b[:, 1] += 2  # through a view
        assert b.tolist() == [[1, 3, 1], [0, 2, 0]] and b.clone().mul_(2).sum().item() == 14
        assert torch.func.vmap(torch.func.grad(lambda v: (v**2).sum()))(a).tolist() == (2 * x).tolist()
        nets = [nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))]
        nets.append(copy.deepcopy(nets[0]).to(device))
        for net, X in zip(nets, (x, a)):
            optimizer = torch.optim.AdamW(net.parameters(), 0.1)
            for _ in range(4):
                optimizer.zero_grad()
                net(X).square().mean().backward()
                optimizer.step()
        for p, q in zip(nets[0].state_dict().values(), nets[1].state_dict().values(), strict=True):
            assert q.device.type != "cpu" and torch.equal(p, q.cpu())
        assert next(nets[1].to("cpu").parameters()).equal(next(nets[0].parameters()))
        """
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("a + x", r"same device: aten::add got \(3, 4\) on the device, \(3, 4\) on cpu"),
        ("x.addmm_(a[:, :3].contiguous(), a)", "same device"),
        ("nn.Linear(4, 2)(a)", r"same device: aten::addmm"),
        ("nn.functional.cross_entropy(a, torch.tensor([0, 1, 2]))", "same device"),
        ("torch.cat([a, x])", "same device: aten::cat"),
        ("torch.where(x > 0, a, 0.0)", "same device"),
        ("a.masked_fill(torch.ones(4).bool(), 0)", "same device"),
        (
            "torch.randn(3, device=device, generator=torch.Generator())",
            "generator of the device for aten::randn",
        ),
        ("a.numpy()", "can't convert a tensor of the device to numpy"),
    ],
)
def test_what_stays_behind_is_an_error(code, said):
    done = run(code)
    assert done.returncode == 1
    assert re.search(said, done.stderr.splitlines()[-1]), done.stderr


def test_without_the_word_nothing_pretends():
    assert type(torch.zeros(2).to("meta")) is torch.Tensor
    assert not hasattr(torch.tensor, "__wrapped__")
