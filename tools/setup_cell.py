"""What the head of a notebook's setup cell must be: the book's helpers and every data package that it uses.

Nothing is listed by hand. Which loader reads which package is read from the source of ``utils``; which loaders a
notebook uses, from its cells. ``make address`` writes the head, ``make lint`` holds every notebook to it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from tools.cells import Cell, syntax_tree
from utils.data.environments import _MINATAR
from utils.data.packages import PACKAGES

ROOT = Path(__file__).resolve().parent.parent
FINDS_UTILS = 'import deep_learning_notebooks  # not found? See the page "How to use"'
HEAD = re.compile(
    r'^if "google\.colab" in sys\.modules:\n(?:[ \t]+%pip install [^\n]*\n)+'
    r"(?:import deep_learning_notebooks\b[^\n]*\n)?",
    re.M,
)
# Import names that come with the helpers, by their own dependencies or by those of torch and Jupyter.
WITH_THE_HELPERS = {
    *("IPython", "PIL", "anywidget", "deep_learning_notebooks", "ipywidgets", "matplotlib", "mnist1d"),
    *("numpy", "onnx", "onnxscript", "scipy", "skimage", "sklearn", "sympy", "torch", "tqdm", "traitlets"),
    "utils",
}


def parsed(cells: list[Cell]) -> Iterator[ast.Module]:
    """The code cells' syntax trees."""
    return map(syntax_tree, (cell for cell in cells if cell["cell_type"] == "code"))


@cache
def defined(module: str) -> tuple[dict[str, ast.AST], dict[str, tuple[str, str]]]:
    """Top-level definitions of a module of ours by name, and what each imported name stands for."""
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    here: dict[str, ast.AST] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            here[node.name] = node
        for target in getattr(node, "targets", [getattr(node, "target", None)]):
            if isinstance(target, ast.Name):
                here[target.id] = node
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return here, imported(tree, package)


def imported(tree: ast.AST, package: str = "") -> dict[str, tuple[str, str]]:
    """Name -> (module, name there) of every ``from … import``, wherever it stands; of a module, name ``""``."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            found |= {alias.asname or alias.name: (module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.split(".")[0]: (alias.name, "") for alias in node.names}
    return found


def home(module: str, name: str) -> tuple[str, str]:
    """Where a name is defined that a package of ours passes on, at once or on first use."""
    while module.split(".")[0] == "utils":
        here, passed_on = defined(module)
        if name in here and name not in ("__getattr__", "__dir__", "__all__"):
            break
        lazy = getattr(import_module(module), "_EXPORTS", {}) if "_EXPORTS" in here else {}
        if name in lazy:
            module = lazy[name]
        elif name in passed_on:
            module, name = passed_on[name]
        else:
            break
    return module, name


def uses(tree: ast.AST, names: dict[str, tuple[str, str]], module: str = "") -> set[tuple[str, str]]:
    """What of ours a piece of code speaks of: (module, name) each."""
    here = defined(module)[0] if module else {}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in here:
            found.add((module, node.id))
        elif isinstance(node, ast.Name) and names.get(node.id, ("", ""))[0].startswith("utils"):
            found.add(home(*names[node.id]))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            package, name = names.get(node.value.id, ("", ""))
            if package.startswith("utils"):
                found.add(home(f"{package}.{name}".rstrip("."), node.attr))
    return found


@cache
def reads(module: str, name: str) -> frozenset[str]:
    """Import names of the data packages that something of ours reads, itself or through what it calls."""
    seen, todo, packages = set(), [(module, name)], set()
    while todo:
        module, name = at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        here, names = defined(module)
        if (node := here.get(name)) is None or module == "utils.data.packages":
            continue
        packages |= {
            part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and part.value in PACKAGES
        }
        todo += uses(node, names, module)
    return frozenset(packages)


def plays_minatar(tree: ast.AST) -> bool:
    """Whether an environment is asked for that isn't plainly one of Gymnasium's own."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) == "environment"
    ]
    named = [call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)]
    return len(named) < len(calls) or any(name in _MINATAR for name in named)


def packages(cells: list[Cell]) -> list[str]:
    """Import names of what a notebook needs beside the helpers' own dependencies."""
    trees = list(parsed(cells))
    whole = ast.Module([node for tree in trees for node in tree.body], [])
    names = imported(whole)
    needed = {module.split(".")[0] for module, _ in names.values()} & set(PACKAGES)
    for module, name in {*uses(whole, names), *(home(*at) for at in names.values())}:
        if module.split(".")[0] == "utils":
            needed |= reads(module, name)
    if "minatar" in needed and not plays_minatar(whole):
        needed.remove("minatar")
    return sorted(module for module in needed if PACKAGES[module][1])


def strangers(cells: list[Cell]) -> list[str]:
    """Imports of a notebook that nothing of ours installs."""
    modules = {
        module.split(".")[0] for tree in parsed(cells) for module, _ in imported(tree).values() if module
    }
    return sorted(modules - set(sys.stdlib_module_names) - set(PACKAGES) - WITH_THE_HELPERS - {"google"})


def head(cells: list[Cell], repository: str) -> str:
    """The lines that a notebook's setup cell starts with, after its own ``import sys``."""
    needed = packages(cells)
    plain = sorted(PACKAGES[module][0] for module in needed if PACKAGES[module][1] != "vgg")
    alone = sorted(PACKAGES[module][0] for module in needed if PACKAGES[module][1] == "vgg")
    lines = [f'%pip install -q "git+{repository}"']
    if plain:
        lines.append(f"%pip install -q {' '.join(plain)}")
    lines += [f"%pip install -q --no-deps {name}" for name in alone]
    return "\n".join(
        ['if "google.colab" in sys.modules:', *(f"    {line}" for line in lines), FINDS_UTILS, ""]
    )
