"""Each build check fails when it should, with one line that names the file and the mend."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from site_tools import ROOT, unavailable

sys.path.insert(0, str(ROOT / "book" / "_ext"))
pytest.importorskip("sphinx", reason="the site's packages are not installed: pip install '.[site]'")
checks = pytest.importorskip("bookext.checks")

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
GOOD_URI = "data:image/png;base64," + base64.b64encode(PNG).decode()
WIDGET = (
    '<div class="book-widget" data-widget="explore"><script type="application/json">{state}</script>'
    f'<figure class="book-figure"><img src="{GOOD_URI}" alt="A curve"></figure></div>'
)


def output(html: str) -> dict:
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": html, "text/plain": ""}}


def code(source: str = "1 + 1", outputs: tuple = (), count: int | None = 1) -> dict:
    return {
        "cell_type": "code",
        "id": "c",
        "metadata": {},
        "execution_count": count,
        "source": source,
        "outputs": list(outputs),
    }


def notebook(*cells: dict) -> str:
    title = {"cell_type": "markdown", "id": "t", "metadata": {}, "source": "# A page\n\nText."}
    meta = {
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    cells = [{**cell, "id": f"cell-{at}"} for at, cell in enumerate([title, *cells])]
    return json.dumps({"cells": list(cells), "metadata": meta, "nbformat": 4, "nbformat_minor": 5})


def book(root: Path, **files: str | bytes) -> Path:
    """A tiny book: an opening page, one chapter, and ``files`` by path."""
    texts = {"book/index.md": "# Book\n\nHello.\n", "chapters/01_a/01_page.ipynb": notebook(code())}
    texts |= files
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


NB = "chapters/01_a/01_page.ipynb"
BROKEN = {
    "missing from toc": (
        {"chapters/01_a/02_lost.ipynb": notebook(code())},
        "02_lost.ipynb: isn't in _toc.yml",
        "add it",
    ),
    "front matter missing from toc": ({"book/lost.md": "# Lost"}, "lost.md: isn't in _toc.yml", "add it"),
    "never run": (
        {NB: notebook(code(count=None))},
        "stored without having been run",
        f"make notebooks N={NB}",
    ),
    "stored error": (
        {
            NB: notebook(
                code(outputs=[{"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": []}])
            )
        },
        "stopped with ValueError",
        "make notebooks",
    ),
    "figure without alt": (
        {NB: notebook(code(outputs=[output(f'<img src="{GOOD_URI}">')]))},
        "no alt text",
        "alt=",
    ),
    "figure with empty alt": (
        {NB: notebook(code(outputs=[output(f'<img src="{GOOD_URI}" alt=" ">')]))},
        "no alt text",
        "alt=",
    ),
    "bare image output": (
        {
            NB: notebook(
                code(outputs=[{"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBO"}}])
            )
        },
        "a figure has no alt text",
        "show(fig",
    ),
    "broken base64": (
        {NB: notebook(code(outputs=[output('<img alt="A curve" src="data:image/png;base64,iVBO*">')]))},
        "base64 is broken",
        "make notebooks",
    ),
    "undecodable image": (
        {
            NB: notebook(
                code(outputs=[output('<img alt="A curve" src="data:image/svg+xml;base64,PHN2Zz4=">')])
            )
        },
        "can't be read as image/svg+xml",
        "make notebooks",
    ),
    "markdown image without alt": (
        {"book/index.md": "# Book\n\n![](pic.png)\n", "book/pic.png": PNG},
        "index.md: pic.png has no alt text",
        "![…]",
    ),
    "directive without alt": (
        {"book/index.md": "# Book\n\n```{figure} pic.png\n:width: 3em\nCaption\n```\n", "book/pic.png": PNG},
        "pic.png has no alt text",
        ":alt:",
    ),
    "image that isn't there": (
        {"book/index.md": "# Book\n\n![A curve](gone.png)\n"},
        "gone.png doesn't exist",
        "mend the path",
    ),
    "corrupt image file": (
        {"book/index.md": "# Book\n\n![A curve](pic.png)\n", "book/pic.png": PNG[:50]},
        "pic.png can't be read",
        "save it again",
    ),
    "image on another host": (
        {"book/index.md": "# B\n\n![A](https://example.org/a.png)\n"},
        "lies on another host",
        "a copy",
    ),
    "widget whose state is no JSON": (
        {NB: notebook(code(), code(outputs=[output(WIDGET.format(state='{"rank": 1, "frames"'))]))},
        "cell 3: the state of the widget explore isn't JSON",
        f"make notebooks N={NB}",
    ),
    "widget without a state": (
        {NB: notebook(code(outputs=[output(WIDGET.format(state=""))]))},
        "the state of the widget explore isn't JSON",
        "make notebooks",
    ),
    "notebook of the front matter": (
        {"book/lost.ipynb": notebook(code())},
        "book/lost.ipynb: isn't in _toc.yml",
        "add it",
    ),
    "notebook that is no JSON": ({NB: "{"}, "isn't a notebook", "restore it"),
}


def found(root: Path) -> list[str]:
    return list(checks.findings(root, {"book/index", "chapters/01_a/01_page"}))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_book_gets_one_line_with_the_mend(tmp_path, name):
    files, problem, mend = BROKEN[name]
    lines = found(book(tmp_path, **files))
    assert len(lines) == 1, lines
    assert problem in lines[0] and mend in lines[0]
    assert "\n" not in lines[0] and lines[0].split(":")[0] in files | {"book/index.md": ""}


def test_a_sound_book_gets_none(tmp_path):
    files = {
        "book/index.md": "# Book\n\n![A](pic.png)\n\n`![](no image)`\n\n```md\n![](nor/this.png)\n```\n",
        "book/pic.png": PNG,
        NB: notebook(
            code(outputs=[output(f'<img src="{GOOD_URI}" alt="A curve">')]),
            code(outputs=[output(WIDGET.format(state='{"text": "<\\/b> and <\\u0021--"}'))]),
            code("", count=None),
        ),
        "chapters/01_a/.ipynb_checkpoints/x.ipynb": "{",
    }
    assert not found(book(tmp_path, **files))


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """build(files) -> (exit status, log) of a real build of a tiny book, warnings as errors."""
    if not (ROOT / "node_modules" / "katex").is_dir():
        unavailable("KaTeX is not installed: run 'npm ci'")

    def run(files: dict) -> tuple[int, str, Path]:
        root = book(tmp_path_factory.mktemp("book"), **files)
        config = (ROOT / "_config.yml").read_text("utf8")
        for name in ("book/_ext", "book/_static"):
            config = config.replace(f" {name}", f" {ROOT / name}")
        config = config.replace("html_theme_path: [book]", f"html_theme_path: [{ROOT / 'book'}]")
        config = config.replace("[book/_static]", f"[{ROOT / 'book' / '_static'}]")
        (root / "_config.yml").write_text(config.replace("favicon: book/", "favicon: "))
        (root / "_toc.yml").write_text(
            "format: jb-book\nroot: book/index\nchapters:\n  - file: chapters/01_a/01_page\n"
        )
        tool = Path(sys.executable).with_name("jupyter-book")
        command = [
            str(tool) if tool.exists() else shutil.which("jupyter-book") or "jupyter-book",
            "build",
            str(root),
        ]
        done = subprocess.run(
            [*command, "-W", "-n", "--keep-going"], capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout + done.stderr, root

    return run


def test_a_finding_ends_the_build(build):
    status, log, _ = build({NB: notebook(code(count=None)), "chapters/01_a/02_lost.ipynb": notebook(code())})
    assert status != 0
    assert f"{NB}: stored without having been run" in log
    assert "02_lost.ipynb: isn't in _toc.yml" in log


def test_an_unreadable_formula_ends_the_build(build):
    status, log, _ = build({"book/index.md": "# Book\n\n$\\frac{1}{$\n"})
    assert status != 0
    assert "book/index: a formula KaTeX can't read" in log


def test_outputs_become_files(build):
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><path fill="#1d6fb8" d="M0 0"/></svg>'
    uri = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    image = f'<img src="{uri}" alt="A line" width="9" height="9">'
    figure = f'<figure class="book-figure" style="margin:1em">{image}</figure>'
    state = json.dumps({"frames": ["x" * 30_000]})
    script = f'<script type="application/json">{state}</script>'
    widget = f'<div class="book-widget" data-widget="explore">{script}{figure}</div>'
    status, log, root = build({NB: notebook(code(outputs=[output(figure), output(widget)]))})
    assert status == 0, log[-3000:]
    site = root / "_build" / "html"
    html = (site / NB).with_suffix(".html").read_text()
    assert "data:image" not in html and "x" * 100 not in html and 'style="margin' not in html
    assert html.count('alt="A line"') == 4  # light and dark, twice
    images = [p.read_text() for p in (site / "_images").glob("*.svg")]
    assert any("#1d6fb8" in text for text in images) and any("#6fb4f0" in text for text in images)
    assert json.loads(next((site / "_static" / "state").glob("*.json")).read_text()) == json.loads(state)
