"""The page *Your progress*: to a file and back, broken files, forgetting; legible, and honest without scripts."""

from __future__ import annotations

import json
import re

import pytest
from reader import NOTEBOOK, OURS, PAGE, PROGRESS, keep, solve, stored
from site_tools import ROOT

pytest_plugins = ["reader"]


def test_to_a_file_and_back(reader, tmp_path):
    one, other = reader(), reader()
    page = one.open(PAGE)
    name = solve(page)
    keep(page, "asked", "book/instruments#1", "It stays")
    page = one.open(PROGRESS)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save to a file").click()
    file = tmp_path / "progress.json"
    download.value.save_as(file)
    assert json.loads(file.read_text("utf8")) == stored(page)
    there = other.open(PROGRESS)
    keep(there, "solved", name, "2020-02-02")
    there.set_input_files("input[type=file]", file)
    there.get_by_text("1 of its 2 entries were new").wait_for()
    assert stored(there)["solved"] == {name: "2020-02-02"}, "what was there stays"
    assert stored(there)["asked"] == {"book/instruments#1": "It stays"}
    assert one.faults == other.faults == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"book": "deep-lear', "cut off"),
        ("", "cut off"),
        ("[1, 2]", "isn't of this book"),
        (json.dumps(OURS | {"version": "1"}), "version 1"),
        (json.dumps(OURS | {"solved": 7, "read": {"x#1": 1}}), "1 more made no sense"),
        ("x" * 2_100_000, "larger than 2 MB"),
    ],
)
def test_a_broken_file_changes_nothing(reader, tmp_path, content, why):
    page = reader().open(PROGRESS)
    keep(page, "solved", "chapters/a/b#1")
    before = stored(page)
    file = tmp_path / "broken.json"
    file.write_text(content, "utf8")
    page.set_input_files("input[type=file]", file)
    page.locator(".progress output").get_by_text(why).wait_for()
    assert stored(page) == before


def test_forget_asks_once_more_and_forgets(reader):
    one = reader()
    page = one.open(PROGRESS)
    keep(page, "read", NOTEBOOK)
    page.evaluate("localStorage.setItem('book-progress-aside-1', 'x')")
    page.evaluate("localStorage.setItem('book-theme', 'dark')")
    assert page.locator(f'tr[data-notebook="{NOTEBOOK}"] td').nth(1).inner_text() == "✓"
    forget = page.get_by_role("button", name=re.compile("orget everything"))
    forget.click()
    assert stored(page)["read"], "not at the first press"
    forget.click()
    assert page.evaluate("Object.keys(localStorage)") == ["book-theme"]
    assert page.locator(f'tr[data-notebook="{NOTEBOOK}"] td').nth(1).inner_text() == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_page_of_progress(open_page, theme):
    page, _ = open_page(PROGRESS, color_scheme=theme, bypass_csp=True)
    keep(page, "read", NOTEBOOK)
    page.evaluate("localStorage.setItem('book-progress-aside-1', 'x')")
    page.evaluate("dispatchEvent(new CustomEvent('book-progress'))")
    page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf8"))
    assert page.locator("[data-aside] li").count() == 1
    found = page.evaluate(
        "axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))"
    )
    assert found == []


def test_the_notice_is_legible_and_marks_are_named(open_page):
    page, _ = open_page(PAGE, color_scheme="dark", bypass_csp=True, viewport={"width": 360, "height": 740})
    page.evaluate("localStorage.setItem('book-progress', 'x')")
    keep(page, "read", NOTEBOOK)
    page.locator(".progress-note button").wait_for()
    page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf8"))
    page.locator(".menu summary").click()
    found = page.evaluate("axe.run('.progress-note, .chapters').then((r) => r.violations.map((v) => v.id))")
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_without_scripts_the_page_says_what_there_is(open_page):
    page, _ = open_page(PROGRESS, java_script_enabled=False)
    assert "runs no scripts" in page.locator("main").inner_text()
    assert page.locator(".progress").is_hidden()
    assert page.locator("tr[data-notebook]").count() > 2
