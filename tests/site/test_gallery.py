"""The gallery shows every kind of widget that the stored notebooks hold, alive, and links to where it stands."""

from __future__ import annotations

import json
import sys

import pytest
from site_tools import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
pytest.importorskip("sphinx", reason="the site's packages are not installed: pip install '.[site]'")
gallery = pytest.importorskip("bookext.gallery")

PAGE = "book/gallery.html"


@pytest.fixture
def stored(site_dir) -> dict[str, set[str]]:
    """name -> pages of the site that hold such a widget, read without the code under test."""
    found: dict[str, set[str]] = {}
    for path in [*ROOT.glob("chapters/**/*.ipynb"), *ROOT.glob("book/*.ipynb")]:
        if ".ipynb_checkpoints" in path.parts:
            continue
        for cell in json.loads(path.read_text("utf8"))["cells"]:
            for output in cell.get("outputs", []):
                record = output.get("metadata", {}).get("book", {})
                page = path.relative_to(ROOT).with_suffix(".html").as_posix()
                # What isn't in _toc.yml has no page; the build says so.
                if record.get("kind") == "widget" and (site_dir / page).is_file():
                    found.setdefault(record["name"], set()).add(page)
    return found


def test_every_kind_is_there_once_and_alive(open_page, stored):
    page, watch = open_page(PAGE)
    widgets = page.locator("main [data-widget]")
    names = widgets.evaluate_all("(all) => all.map((widget) => widget.dataset.widget)")
    assert sorted(names) == sorted(stored)
    for at, name in enumerate(names):
        widgets.nth(at).scroll_into_view_if_needed()
        page.wait_for_function("(at) => document.querySelectorAll('[data-widget]')[at].dataset.live", arg=at)
        assert widgets.nth(at).get_attribute("data-live") == "true", name
        assert widgets.nth(at).locator(".bw-caption").inner_text().strip(), f"{name} says nothing to try"
    assert not watch.faults


def test_every_kind_has_a_heading_and_links_to_its_places(open_page, site, stored):
    page, _ = open_page(PAGE)
    for name, pages in stored.items():
        section = page.locator("main section").filter(has=page.locator(f"[data-widget='{name}']")).last
        assert section.get_by_role("heading").first.inner_text().strip() == gallery.title(name)
        links = section.locator("a").evaluate_all("(all) => all.map((a) => a.href.split('#')[0])")
        assert {link.removeprefix(site) for link in links} == pages, name


def notebook(title: str, *widgets: tuple[str, str, str]) -> str:
    cells = [{"cell_type": "markdown", "source": f"# {title}"}]
    for heading, name, caption in widgets:
        record = {"kind": "widget", "name": name, "caption": caption, "alt": "A picture of it."}
        html = f'<div data-widget="{name}">{caption}</div>'
        output = {"data": {"text/html": html}, "metadata": {"book": record}}
        cells.append({"cell_type": "markdown", "source": f"## {heading}\n\n```\n## no heading\n```\n"})
        cells.append({"cell_type": "code", "source": "", "outputs": [output]})
    return json.dumps({"cells": cells})


def test_the_first_of_a_kind_is_shown_and_all_are_linked(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery.generated.assets, "ROOT", tmp_path)
    for name, text in {
        "chapters/01_a/01_x.ipynb": notebook(
            "X", ("One", "explore", "Push."), ("Two", "explore", "Pull $k$ `up`.")
        ),
        "chapters/01_a/.ipynb_checkpoints/01_x.ipynb": notebook("Old", ("Gone", "gone", "Nothing.")),
        "book/instruments.ipynb": notebook("Instruments", ("Three", "linear_map", "Drag ```` it.")),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    text = gallery.gallery()
    assert text.count("data-widget=") == 2 and "gone" not in text
    assert '## Explore\n\n````{raw} html\n<div data-widget="explore">Push.</div>\n````' in text
    assert '`````{raw} html\n<div data-widget="linear_map">Drag ```` it.</div>\n`````' in text
    assert "From [X: One](../chapters/01_a/01_x.ipynb#one)." in text
    assert "- [X: Two](../chapters/01_a/01_x.ipynb#two). Pull \\$k\\$ \\`up\\`." in text
    assert "From [Instruments: Three](../book/instruments.ipynb#three)." in text


def test_a_book_without_widgets_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery.generated.assets, "ROOT", tmp_path)
    assert gallery.gallery() == "No notebook has a widget yet."
