"""A change leads to every notebook and page that it can alter: what is run is traced, and compared."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import affected
from tools.notebooks import ROOT, all_notebooks

EVERY = [path.relative_to(ROOT).as_posix() for path in all_notebooks()]
# Runs a notebook's code and prints which files of the repository it opened, as the interpreter itself sees them.
TRACE = """
import json, os, sys
root, notebook = sys.argv[1:]
opened = set()
def hook(event, args):
    if event == "open" and isinstance(args[0], str):
        path = os.path.realpath(args[0])
        if path.startswith(root + os.sep):
            opened.add(path)
sys.addaudithook(hook)
os.chdir(os.path.dirname(notebook))
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.load(open(notebook))["cells"]:
    if cell["cell_type"] == "code" and not shell.run_cell("".join(cell["source"])).success:
        sys.exit("it failed")
for module in list(sys.modules.values()):
    file = os.path.realpath(getattr(module, "__file__", None) or "")
    if os.path.isfile(file) and file.startswith(root + os.sep):
        opened.add(file)
print("\\n@@" + json.dumps(sorted(opened)))
"""


def quickest(count: int) -> list[str]:
    """Quick notebooks that take different parts of the helpers."""
    with (ROOT / "book" / "times.csv").open(encoding="utf8", newline="") as file:
        seconds = {row["notebook"]: float(row["seconds"]) for row in csv.DictReader(file)}
    chosen: list[str] = []
    known: set[str] = set()
    for name in sorted((n for n in EVERY if seconds.get(n, 99) <= 7), key=lambda n: (seconds[n], n)):
        new = {p for p in affected.needs(ROOT / name) if p.endswith(".py")} - known
        if new and len(chosen) < count:
            chosen.append(name)
            known |= new
    return chosen


@pytest.mark.parametrize("name", quickest(4))
def test_all_that_a_notebook_opens_is_among_its_needs(name):
    done = subprocess.run(
        [sys.executable, "-c", TRACE, str(ROOT), str(ROOT / name)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-2000:]
    opened = {Path(p).relative_to(ROOT).as_posix() for p in json.loads(done.stdout.rpartition("@@")[2])}
    opened = {
        p for p in opened if not p.startswith((".venv", "deep_learning_notebooks")) and "__pycache__" not in p
    }
    assert opened - affected.needs(ROOT / name) == set()
    assert "utils/session.py" in opened


@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt",
        "pyproject.toml",
        "Makefile",
        "tests/nbval.cfg",
        "tests/conftest.py",
        "tools/processors.py",
        "deep_learning_notebooks/__init__.py",
        "utils/__init__.py",
        "utils/proof.py",
        "utils/session.py",
        "utils/that_is_gone.py",
        "something_new/file.txt",
        "book/helper.py",
        "chapters/ruff.toml",
    ],
)
def test_what_all_need_or_nobody_can_place_runs_them_all(path):
    assert affected.notebooks({path}) == EVERY


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "_toc.yml",
        "book/topics.csv",
        "book/seeds/chapters/x.csv",
        "book/theme/static/book.js",
        "book/_ext/bookext/dots.py",
        "chapters/01_linear_algebra/index.md",
        "tests/core/test_answers.py",
        "tools/lint/measure.py",
        ".github/workflows/ci.yml",
    ],
)
def test_what_no_notebook_reads_runs_none(path):
    assert affected.notebooks({path}) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("utils/training/loop.py", ("import fit", " fit,")),
        ("utils/data/images.py", ("import digits", "import photograph")),
        ("utils/data/environments.py", ("import environment",)),
        ("utils/widgets/race.py", (r"\brace\(",)),
        ("utils/widgets/kit/controls.mjs", (r"explore\(",)),
        ("utils/widgets/css/race.css", (r"\brace\(",)),
    ],
)
def test_a_helper_leads_to_those_who_use_it(path, words):
    found = affected.notebooks({path})
    users = {
        name
        for name in EVERY
        for cell in json.loads((ROOT / name).read_text("utf8"))["cells"]
        if cell["cell_type"] == "code" and any(re.search(word, "".join(cell["source"])) for word in words)
    }
    assert users and users <= set(found)
    if path.endswith(".py"):
        assert set(found) < set(EVERY)


def test_a_notebook_leads_to_itself():
    assert affected.notebooks({EVERY[3]}) == [EVERY[3]]


def test_changes_are_those_of_the_commit_the_tree_and_what_is_new(tmp_path):
    def git(*words):
        subprocess.run(["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=b", *words], check=True)

    git("init", "-q")
    for name in ("kept", "edited", "moved from", "staged"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("ignored\n")
    git("add", "-A")
    git("commit", "-qm", "all")
    for name in ("edited", "staged", "new ü", "ignored"):
        (tmp_path / name).write_text("other")
    (tmp_path / "moved from").rename(tmp_path / "moved to")
    git("add", "staged")
    expected = {"edited", "staged", "new ü", "moved from", "moved to"}
    assert affected.changed("HEAD", tmp_path) == expected
    git("add", "-A")
    git("commit", "-qm", "more")
    assert affected.changed("HEAD~1", tmp_path) == expected
    assert affected.changed("HEAD", tmp_path) == set()
    with pytest.raises(ValueError, match="nothing to compare with at 'no-such'"):
        affected.changed("no-such", tmp_path)


@pytest.fixture
def sites(tmp_path):
    for side in ("old", "new"):
        for name, text in {
            "index.html": "front",
            "a.html": '<nav class="chapters" id="c"><a>A</a></nav><img src="_images/1f.svg">',
            "c/b.html": '<p>b</p><script src="../_static/book.js"></script>',
            "c/w.html": '<div data-state="../_static/state/77aa.json"></div>',
            "_images/1f.svg": "<svg/>",
            "_static/book.js": "1",
            "_static/state/77aa.json": "{}",
            "searchindex.js": "x",
        }.items():
            path = tmp_path / side / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return tmp_path / "old", tmp_path / "new"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("searchindex.js", "y", []),
        ("a.html", '<nav class="chapters" id="c"><a>A</a><a>B</a></nav><img src="_images/1f.svg">', []),
        ("a.html", "other", ["a.html"]),
        ("c/new.html", "new", ["c/new.html"]),
        ("_images/1f.svg", "<svg></svg>", ["a.html"]),
        ("_static/state/77aa.json", "[]", ["c/w.html"]),
        ("_static/book.js", "2", ["a.html", "c/b.html", "c/w.html"]),
        ("_static/new.css", "p{}", ["a.html", "c/b.html", "c/w.html"]),
    ],
)
def test_a_page_is_visited_where_its_text_its_pictures_or_its_scripts_differ(sites, name, text, found):
    assert affected.pages(*sites) == []
    (sites[1] / name).write_text(text)
    assert affected.pages(*sites) == found
