"""What a change touches: the notebooks that may come out otherwise, and the pages of the site that did.

A notebook's dependencies are read from its code: its imports of ``utils``, theirs, and so on, with whatever else lies
beside a module that is reached (a widget's scripts and style). What can't be placed counts as a dependency of all. A
page needs no tracing: the site is built at both commits and compared.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from tools.cells import syntax_tree
from tools.notebooks import ROOT, all_notebooks
from tools.setup_cell import imported

# What no notebook reads when it runs. A path that is neither here nor in `utils/` may change them all.
NOT_FOR_NOTEBOOKS = re.compile(
    r"(book/(?!.*\.py$)|book/(_ext|theme)/|chapters/.*/index\.md$|tools/(?!processors\.py$)|benchmarks/|\.github/"
    r"|tests/(?!nbval\.cfg$|conftest\.py$)|[^/]*\.md$|LICENSE$|\.git|_toc\.yml$|_config\.yml$|package(-lock)?\.json$)"
)
# A page's menu of all chapters grows with every notebook, on every page; on the pages that are visited it is looked at.
MENUS = re.compile(r'<nav class="(chapters|steps)".*?</nav>', re.S)
SHARED = frozenset({".css", ".js", ".mjs", ".woff2", ".wasm"})


def changed(since: str, root: Path = ROOT) -> set[str]:
    """Paths that differ from a commit, with what git doesn't hold yet and doesn't ignore.

    Raises:
        ValueError: no such commit.
    """

    def git(*words: str) -> list[str]:
        done = subprocess.run(["git", "-C", root, *words], capture_output=True, text=True)
        if done.returncode:
            raise ValueError(f"nothing to compare with at {since!r}: {done.stderr.strip()}")
        return [path for path in done.stdout.split("\0") if path]

    return {
        *git("diff", "-z", "--name-only", "--no-renames", since, "--"),
        *git("ls-files", "-z", "--others", "--exclude-standard"),
    }


# ---- notebooks


def modules(tree: ast.AST, package: str, root: Path) -> Iterator[str]:
    """Modules of ours that a piece of code imports, or names in a string (`import_module`)."""
    for module, name in imported(tree, package).values():
        if module.split(".")[0] == "utils":
            yield module
            lazy = getattr(import_module(module), "_EXPORTS", {}) if is_package(module, root) else {}
            if name in lazy:
                yield lazy[name]
            elif name and not lazy and is_package(module, root) and not place(f"{module}.{name}", root):
                yield from below(module, root)  # `import utils.training`: anything of it may be meant
            elif name:
                yield f"{module}.{name}"
            elif is_package(module, root):
                yield from below(module, root)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("utils."):
            yield node.value


def place(module: str, root: Path) -> Path | None:
    path = root / Path(*module.split("."))
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def is_package(module: str, root: Path) -> bool:
    found = place(module, root)
    return found is not None and found.name == "__init__.py"


def below(module: str, root: Path) -> Iterator[str]:
    for path in sorted((root / Path(*module.split("."))).rglob("*.py")):
        yield ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


@cache
def reaches(module: str, root: Path) -> frozenset[str]:
    """What a module's own code imports, one step."""
    path = place(module, root)
    if path is None:
        return frozenset()
    tree = ast.parse(path.read_text("utf8"))
    if path.name == "__init__.py":  # a table of lazy names leads nowhere by itself
        tree = ast.Module([n for n in tree.body if not isinstance(n, (ast.Assign, ast.AnnAssign))], [])
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return frozenset(modules(tree, package, root))


def needs(notebook: Path, root: Path = ROOT) -> set[str]:
    """Files of the repository that a notebook may read when it runs, itself among them."""
    cells = [c for c in json.loads(notebook.read_text("utf8"))["cells"] if c["cell_type"] == "code"]
    todo = {module for cell in cells for module in modules(syntax_tree(cell), "", root)} | {"utils.session"}
    seen: set[str] = set()
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo |= reaches(module, root) | {module.rpartition(".")[0]} - {""}
    files = {path for module in seen if (path := place(module, root))}
    for folder in {path.parent for path in files if path.parent != root / "utils"}:
        files |= {path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    return {path.relative_to(root).as_posix() for path in {notebook.resolve(), *files}}


def notebooks(paths: Iterable[str], root: Path = ROOT) -> list[str]:
    """Notebooks whose outputs a change of these paths may change."""
    paths = set(paths)
    every = {path.relative_to(root).as_posix(): path for path in all_notebooks(root)}
    unplaced = {
        path
        for path in paths
        if not path.startswith("utils/")
        and path not in every
        and not NOT_FOR_NOTEBOOKS.match(path)
        and not path.endswith(".ipynb")
    }
    # A file of ours that is gone, or that nothing is seen to need, may be needed in a way that we don't see.
    wanted = {name: needs(path, root) for name, path in every.items()}
    known = set().union(*wanted.values())
    unplaced |= {path for path in paths if path.startswith("utils/") and path not in known}
    return sorted(name for name, files in wanted.items() if unplaced or files & paths)


# ---- pages


def texts(site: Path) -> dict[str, str]:
    return {
        path.relative_to(site).as_posix(): MENUS.sub("", path.read_text("utf8"))
        for path in site.rglob("*.html")
        if path.name != "index.html" or path.parent != site
    }


def pages(old: Path, new: Path) -> list[str]:
    """Pages of ``new`` that a reader would find otherwise than in ``old``: text, pictures, states, scripts."""
    before, now = texts(old), texts(new)
    files = {
        path.relative_to(new).as_posix()
        for path in new.rglob("*")
        if path.is_file() and path.suffix != ".html" and "_sources" not in path.parts
    }
    differ = {
        name
        for name in files
        if not (old / name).is_file() or (old / name).read_bytes() != (new / name).read_bytes()
    }
    # What many pages load, they load through each other; a state or a picture is named by the page that shows it.
    if any(
        Path(name).suffix in SHARED and "/state/" not in name and name != "searchindex.js" for name in differ
    ):
        return sorted(now)
    named = {Path(name).name for name in differ}
    return sorted(
        page for page, text in now.items() if before.get(page) != text or any(name in text for name in named)
    )
