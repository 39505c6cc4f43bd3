"""MNIST, Fashion-MNIST and CIFAR-10 in full, where an installed copy or a network is there.

By default nothing is downloaded: without a copy on this machine each returns a small set instead, with one
notice, and the `ImageSet.name` says which. ``download=True`` or the environment variable ``BOOK_DOWNLOAD=1``
fetches it to `utils.data.download.data_folder`. Official train and test parts.
"""

from __future__ import annotations

import gzip
import math
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from utils.data.checks import check_int
from utils.data.download import DownloadError, Remote, data_folder, fetch, matches, may_download, notice
from utils.data.images import ImageSet, mnist_small

_S3 = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_MIRROR = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_ZALANDO = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
_TF = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_DEBIAN = Path("/usr/share/datasets")


def _idx_files(
    bases: tuple[str, ...], sizes: tuple[int, ...], digests: tuple[str, ...]
) -> tuple[Remote, ...]:
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    urls = (tuple(f"{base}{name}-ubyte.gz" for base in bases) for name in names)
    return tuple(Remote(u, s, f"md5:{d}") for u, s, d in zip(urls, sizes, digests, strict=True))


MNIST = _idx_files(
    (_S3, _MIRROR),
    (9_912_422, 28_881, 1_648_877, 4_542),
    (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
)
FASHION = _idx_files(
    (_ZALANDO, _TF),
    (26_421_880, 29_515, 4_422_102, 5_148),
    (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)
# The binary version: the one for Python is a pickle, which can run code when it is read.
CIFAR10 = Remote(
    ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
    170_052_171,
    "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
_FASHION_CLASSES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "boot",
)
_CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def mnist(download: bool | None = None, n_train: int | None = None, n_test: int | None = None) -> ImageSet:
    """MNIST: 60,000 + 10,000 digits, x (N, 1, 28, 28) float32 in [0, 1], y (N,) int64; else `mnist_small`.

    Args:
        download: fetch it (12 MB) if it isn't here; by default only with ``BOOK_DOWNLOAD=1``.
        n_train, n_test: keep the first so many of each part; all by default.

    Source: LeCun, Cortes and Burges (1998), CC BY-SA 3.0.
    """
    return _full("mnist", MNIST, download, n_train, n_test, _read_digits, mnist_small)


def fashion_mnist(
    download: bool | None = None, n_train: int | None = None, n_test: int | None = None
) -> ImageSet:
    """Fashion-MNIST: 60,000 + 10,000 garments, x (N, 1, 28, 28) float32, y (N,) int64; else `mnist_small`.

    Finds Debian's package dataset-fashion-mnist. Arguments as `mnist`; the download is 31 MB. Source: Xiao,
    Rasul and Vollgraf (2017), https://arxiv.org/abs/1708.07747 , MIT, Zalando SE.
    """
    return _full("fashion-mnist", FASHION, download, n_train, n_test, _read_fashion, mnist_small)


def cifar10(download: bool | None = None, n_train: int | None = None, n_test: int | None = None) -> ImageSet:
    """CIFAR-10: 50,000 + 10,000 photographs, x (N, 3, 32, 32) float32 in [0, 1], y (N,) int64.

    Without it, 5,000 + 1,000 pictures of ten kinds from the shapes world at the same size. Arguments as
    `mnist`; the download is 170 MB, and the whole set takes 740 MB of memory. Source: Krizhevsky (2009), no
    stated licence.
    """
    return _full("cifar10", (CIFAR10,), download, n_train, n_test, _read_cifar, _shapes_small)


Reader = Callable[[list[Path]], ImageSet]


def _full(
    name: str,
    remotes: tuple[Remote, ...],
    download: bool | None,
    n_train: int | None,
    n_test: int | None,
    read: Reader,
    small: Callable[[], ImageSet],
) -> ImageSet:
    """The set from an installed copy or the network, cut to size; the small one with a notice otherwise."""
    limits = [
        None if k is None else check_int(a, k, 1) for a, k in (("n_train", n_train), ("n_test", n_test))
    ]
    reason = "it isn't installed; download=True or BOOK_DOWNLOAD=1 fetches it"
    paths = _installed(name, remotes)
    if paths is None and may_download(download):
        try:
            paths = [fetch(remote, data_folder() / name) for remote in remotes]
        except DownloadError as error:
            reason = str(error)
    if paths is None:
        data = small()
        size = math.ceil(sum(r.size for r in remotes) / 1e6)
        notice(name, f"{name} ({size} MB) is replaced by {data.name}: {reason}")
    else:
        data = read(paths)
    train, test = slice(limits[0]), slice(limits[1])
    return ImageSet(
        data.name,
        data.x_train[train],
        data.y_train[train],
        data.x_test[test],
        data.y_test[test],
        data.classes,
    )


def _installed(name: str, remotes: tuple[Remote, ...]) -> list[Path] | None:
    """Paths of a whole copy on this machine. Ours is checked; a distribution's may be compressed anew."""
    with suppress(OSError):  # no home folder, or one that may not be read
        ours = [data_folder() / name / r.filename for r in remotes]
        if all(p.is_file() and matches(p, r.digest) for p, r in zip(ours, remotes, strict=True)):
            return ours
    debian = [_DEBIAN / name / r.filename for r in remotes]
    return debian if all(p.is_file() for p in debian) else None


def read_idx(path: Path) -> np.ndarray:
    """An IDX file of bytes, gzipped: 4 bytes ``0 0 8 ndim``, sizes as big-endian int32, then the bytes.

    Raises ValueError if the header and the length disagree.
    """
    with gzip.open(path, "rb") as file:
        raw = file.read()
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08" or len(raw) < 4 + 4 * raw[3]:
        raise ValueError(f"{path}: got a file that starts with {raw[:4]!r}, expected IDX of bytes")
    shape = np.frombuffer(raw, ">i4", raw[3], 4)
    values = np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3])
    if values.size != shape.prod():
        raise ValueError(f"{path}: got {values.size} bytes, expected {shape.prod()} for shape {tuple(shape)}")
    return values.reshape(shape)


def _idx_set(name: str, paths: list[Path], classes: tuple[str, ...]) -> ImageSet:
    x_train, y_train, x_test, y_test = (read_idx(path) for path in paths)
    images = [torch.from_numpy(x.astype(np.float32)).div_(255).unsqueeze(1) for x in (x_train, x_test)]
    labels = [torch.from_numpy(y.astype(np.int64)) for y in (y_train, y_test)]
    return ImageSet(name, images[0], labels[0], images[1], labels[1], classes)


def _read_digits(paths: list[Path]) -> ImageSet:
    return _idx_set("mnist", paths, tuple("0123456789"))


def _read_fashion(paths: list[Path]) -> ImageSet:
    return _idx_set("fashion_mnist", paths, _FASHION_CLASSES)


def _read_cifar(paths: list[Path]) -> ImageSet:
    """Records of one label byte and 3 x 32 x 32 bytes, read inside the archive: nothing is unpacked."""
    members = {}
    with tarfile.open(paths[0], "r:gz") as archive:
        for member in archive:
            if member.isfile() and member.name.endswith(".bin"):
                raw = np.frombuffer(archive.extractfile(member).read(), np.uint8)
                members[Path(member.name).name] = raw.reshape(-1, 1 + 3 * 32 * 32)
    train = np.concatenate([members[f"data_batch_{i}.bin"] for i in range(1, 6)])
    parts = []
    for records in (train, members["test_batch.bin"]):
        x = torch.from_numpy(records[:, 1:].astype(np.float32)).div_(255).view(-1, 3, 32, 32)
        parts += [x, torch.from_numpy(records[:, 0].astype(np.int64))]
    return ImageSet("cifar10", *parts, _CIFAR_CLASSES)


def _shapes_small() -> ImageSet:
    from utils.data.scenes import SHAPES
    from utils.data.world import shapes

    world = shapes(6000, task="classify", size=32)
    x, y = world.images, world.target
    return ImageSet("shapes", x[:5000], y[:5000], x[5000:], y[5000:], SHAPES)
