"""The models that the chapters train, and a training step of each, on PyTorch's ``meta`` device.

No GPU is to be had where the book is tested: on ``meta`` a tensor that stays on the CPU is an error as well
(`utils.training.dryrun`). Of a notebook only imports, constants, functions and classes are run: no training, no data.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from utils import dry_run, one_device

CHAPTERS = Path(__file__).parents[2] / "chapters"
# Classes of the notebooks that aren't tried here, and why.
APART = {
    "Loss": "a loss around a model, to compare gradients",
    "ByFunction": "a layer around a function, to check an exercise",
    "Speller": "packs words by their lengths, and meta has no numbers",
    "Backwards": "attention over embeddings; its step is tried below",
}


def statements(name: str) -> Iterator[ast.stmt]:
    """The top-level statements of a notebook."""
    (path,) = CHAPTERS.glob(f"{name}*.ipynb")
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            lines = (line.replace("%pip", "pass  # %pip") for line in cell.source.splitlines())
            yield from ast.parse("\n".join(lines)).body


def is_definition(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):  # of a constant: nothing is called or looked up for it
        return not any(isinstance(part, (ast.Call, ast.Subscript)) for part in ast.walk(node))
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef))


@functools.cache
def definitions(name: str) -> SimpleNamespace:
    """What a notebook defines."""
    found: dict[str, Any] = {"__name__": name}
    for node in filter(is_definition, statements(name)):
        try:
            exec(compile(ast.Module([node], []), name, "exec"), found)
        except NameError:  # made of what only a run computes; who needs it says so
            continue
    return SimpleNamespace(**found)


def digits(n: int = 8, *shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.rand(n, *shape), torch.randint(10, (n,))


def pixels(z: Any, y: torch.Tensor) -> torch.Tensor:
    """Cross-entropy at each pixel, over the heads of a net that has several."""
    heads = z if isinstance(z, list) else [z]
    return sum(F.cross_entropy(one, y) for one in heads)


class AutoencoderStep(nn.Module):
    """A Coder of the chapter with the chapter's loss in its forward pass."""

    def __init__(self):
        super().__init__()
        self.chapter = definitions("16_generative/03")
        self.coder = self.chapter.Coder(8)

    def forward(self, x):
        eps = torch.randn(len(x), 8, device=x.device)
        square, kl = self.chapter.reconstruction_and_kl(self.coder, x, eps)
        return (5 * square + kl).mean()


def unet(kind: str, *args: Any, **options: Any) -> Callable[[SimpleNamespace], nn.Module]:
    return lambda d: getattr(d, kind)([8] * 4, 3, 3, *args, **options)


scenes = (torch.rand(2, 3, 32, 32), torch.randint(3, (2, 32, 32)))
code = (torch.rand(8, 64), torch.rand(8, 64))
STEPS = {  # notebook, builder, batch, loss; by the name of the class or the builder
    "deep": ("06_training_practice/02", lambda d: d.deep(8), digits(8, 196), F.cross_entropy),
    "deep with nn.BatchNorm1d": (
        "06_training_practice/02", lambda d: d.deep(8, nn.BatchNorm1d), digits(8, 196), F.cross_entropy),
    "BatchNorm": ("06_training_practice/02", lambda d: d.deep(3, d.BatchNorm), digits(8, 196), F.cross_entropy),
    "GhostNorm": ("06_training_practice/02", lambda d: d.deep(3, d.GhostNorm), digits(256, 196), F.cross_entropy),
    "Noise": ("06_training_practice/11", lambda d: d.deep(3, d.noisy_norm), digits(8, 196), F.cross_entropy),
    "Unit": ("08_cnn/08", lambda d: d.network(3, True), digits(8, 1, 8, 8), F.cross_entropy),
    "Unit, plain": ("08_cnn/08", lambda d: d.network(3, False), digits(8, 1, 8, 8), F.cross_entropy),
    "Unit, pre-activation": (
        "08_cnn/16", lambda d: d.network(3, "pre-activation"), digits(8, 1, 8, 8), F.cross_entropy),
    "Block": ("08_cnn/15", lambda d: d.resnet((1, 1, 1, 1), True), (torch.rand(2, 3, 64, 64), torch.zeros(2).long()),
              F.cross_entropy),
    "Widen, ResNet-20": (
        "08_cnn/15", lambda d: d.resnet_small(3, 4, colors=1), digits(8, 1, 8, 8), F.cross_entropy),
    "PreBlock": ("08_cnn/16", lambda d: d.resnet_pre(1), digits(2, 3, 32, 32), F.cross_entropy),
    "cnn": ("10_adversarial/01", lambda d: d.cnn(), digits(8, 1, 28, 28), F.cross_entropy),
    "mlp": ("10_adversarial/01", lambda d: d.mlp(), digits(8, 1, 28, 28), F.cross_entropy),
    "linear": ("10_adversarial/01", lambda d: d.linear(), digits(8, 1, 28, 28), F.cross_entropy),
    "block": ("11_rnn/04", lambda d: d.block(), (torch.rand(2, 64).double(), torch.rand(2, 64).double()), F.mse_loss),
    "UNet": ("13_segmentation/03", unet("UNet"), scenes, pixels),
    "UNet, skips cut": ("13_segmentation/03", unet("UNet", cut=(0, 1, 2)), scenes, pixels),
    "UNet of one score": ("13_segmentation/10", lambda d: d.UNet([8] * 3),
                          (torch.rand(2, 3, 32, 32), torch.ones(2, 1, 32, 32)),
                          lambda z, y: definitions("13_segmentation/10").focal(z, y)),
    "UNet beside its rivals": ("13_segmentation/11", unet("UNet"), scenes, pixels),
    "UNetPP": ("13_segmentation/11", unet("UNetPP", heads=3), scenes, pixels),
    "UNet3P": ("13_segmentation/11", unet("UNet3P", cat=4), scenes, pixels),
    "UNet, dilated": ("13_segmentation/12", unet("UNet", dilation=3), scenes, pixels),
    "autoencoder": ("14_representation/01", lambda d: d.autoencoder(8), code,
                    lambda out, x: definitions("14_representation/01").copy_loss(out, x)),
    **{
        f"Wide, {request}": ("14_representation/01", lambda d, r=request: d.Wide(r), code,
                             lambda out, x: definitions("14_representation/01").copy_loss(out, x))
        for request in ("plain", "sparse", "denoising", "contractive")
    },
    "Coder": ("16_generative/03", lambda d: AutoencoderStep(), (torch.rand(8, 784), torch.zeros(1)),
              lambda loss, _: loss),
    "lenet": ("18_efficient/05", lambda d: d.lenet(), digits(8, 784), F.cross_entropy),
}  # fmt: skip


@pytest.mark.parametrize("case", STEPS)
def test_a_step_of_a_chapter_leaves_nothing_on_the_cpu(case):
    notebook, build, batch, loss = STEPS[case]
    idle = dry_run(build(definitions(notebook)), loss, batch)
    assert not idle, idle


def test_attention_and_the_score_that_is_trained():
    model = definitions("12_attention/01").Backwards().to("meta")
    lengths, said = (torch.zeros(n, dtype=torch.long, device="meta") for n in (2, (2, 10)))
    with one_device():
        out, _ = model(lengths, torch.rand(2, 10, 27, device="meta"))
        definitions("12_attention/04").sequence_loss(out, said).backward()
    assert all(p.grad is not None for p in model.parameters())


def test_the_stacked_q_networks():
    d = definitions("17_rl/03")
    d.forward.__globals__["SCALE"] = torch.ones(4, device="meta")
    params = [p.to("meta").requires_grad_() for p in d.networks(6, torch.Generator())]
    s, fell = torch.rand(6, 32, 4, device="meta"), torch.zeros(6, 32, device="meta")
    batch = s, torch.zeros(6, 32, dtype=torch.long, device="meta"), s, fell
    with one_device():
        d.stacked_loss(params, params, batch, torch.ones(6, device="meta")).sum().backward()
    assert all(p.grad is not None for p in params)


def test_no_class_of_the_chapters_is_forgotten():
    tried = {name for case in STEPS for name in case.split(", ")}
    for path in CHAPTERS.glob("*/*.ipynb"):
        for node in statements(f"{path.parent.name}/{path.stem}"):
            if isinstance(node, ast.ClassDef) and any("Module" in ast.unparse(base) for base in node.bases):
                assert node.name in tried | set(APART), (
                    f"{path.name} has a model {node.name} that isn't tried here"
                )
