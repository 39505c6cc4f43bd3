"""Installing the helpers leaves Colab's own packages alone, and what the book was tested with fits the ranges."""

from __future__ import annotations

import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE = {canonicalize_name(r.name): r for r in map(Requirement, PROJECT["dependencies"])}
EXTRAS = {name: list(map(Requirement, lines)) for name, lines in PROJECT["optional-dependencies"].items()}

# What Colab had on Python 3.12; torch moves fastest, so two of its releases.
COLAB = {
    "ipywidgets": ["7.7.1"],
    "matplotlib": ["3.10.0"],
    "numpy": ["2.0.2"],
    "pillow": ["11.3.0"],
    "scikit-image": ["0.25.2"],
    "scikit-learn": ["1.6.1"],
    "scipy": ["1.16.3"],
    "torch": ["2.9.0", "2.10.0"],
    "tqdm": ["4.67.1"],
}
# Absent from Colab: all that an install there may bring. They must not ask for other versions of the above.
BROUGHT_ALONG = {"anywidget", "mnist1d", "onnx", "onnxscript"}
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def admits(requirement: Requirement, version: str) -> bool:
    return requirement.specifier.contains(Version(version), prereleases=True)


@pytest.mark.parametrize(("name", "version"), [(n, v) for n, versions in COLAB.items() for v in versions])
def test_colab_keeps_its_version(name, version):
    assert admits(CORE[name], version), f"{CORE[name]} would replace Colab's {name} {version}"


def test_nothing_else_is_installed_on_colab_but_a_few_small_packages():
    assert set(CORE) - set(COLAB) == BROUGHT_ALONG


@pytest.mark.parametrize("name", sorted(BROUGHT_ALONG))
def test_the_small_packages_leave_colab_alone_too(name):
    needed = [Requirement(line) for line in requires(name) or []]
    for requirement in needed:
        if requirement.marker and not requirement.marker.evaluate({"python_version": "3.12", "extra": ""}):
            continue
        for version in COLAB.get(canonicalize_name(requirement.name), []):
            assert admits(requirement, version), f"{name} needs {requirement}, Colab has {version}"


def test_torch_and_numpy_have_no_upper_end():
    uppers = [r for r in CORE.values() if any(s.operator in ("<", "<=", "==", "~=") for s in r.specifier)]
    assert not uppers, "an upper end would downgrade Colab one day"


# ---------------------------------------------------------------- the pins


def pins(file: str, python: str) -> dict[str, str]:
    """Package to version, for Linux and the given Python."""
    found: dict[str, str] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        requirement = Requirement(line)
        here = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux"}
        if requirement.marker and not requirement.marker.evaluate(here):
            continue
        (pin,) = requirement.specifier
        assert pin.operator == "==", f"{file}: {line} is no pin"
        found[canonicalize_name(requirement.name)] = pin.version
    return found


WHERE = [("requirements.txt", r) for r in CORE.values()]
WHERE += [
    ("requirements.txt", r) for extra, rs in EXTRAS.items() if extra not in ("node", "bench") for r in rs
]
WHERE += [("book/requirements.txt", r) for r in EXTRAS["site"]]
WHERE += [("benchmarks/requirements.txt", r) for r in EXTRAS["bench"]]
WHERE += [("book/requirements-node.txt", r) for r in EXTRAS["node"]]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("file", "requirement"), WHERE, ids=lambda x: getattr(x, "name", x))
def test_every_requirement_is_pinned_inside_its_range(file, requirement, python):
    pinned = pins(file, python)
    name = canonicalize_name(requirement.name)
    assert name in pinned, f"{name} is not pinned in {file}: run make lock"
    assert admits(requirement, pinned[name]), (
        f"{file} pins {name} {pinned[name]}, outside {requirement}: run make lock"
    )


def test_torch_is_pinned_to_the_small_build():
    assert {pins("requirements.txt", python)["torch"] for python in PYTHONS} == {"2.13.0"}


def test_the_site_needs_no_torch():
    assert not {"torch", "numpy", "matplotlib"} & set(pins("book/requirements.txt", "3.12"))


def test_every_supported_python_is_admitted():
    spec = Requirement(f"x{PROJECT['requires-python']}").specifier
    assert all(spec.contains(python) for python in PYTHONS)
    assert not spec.contains("3.10")
