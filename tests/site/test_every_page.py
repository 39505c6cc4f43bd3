"""Every page of the built site, in headless Chromium: three tests a page, which two processes share.

A page is opened as on a desktop, as on a phone, and for axe, and all is looked at in the same visit: so that one page
more costs little. ``BOOK_PAGES`` (addresses with spaces between) names the pages to visit; by default all.
"""

from __future__ import annotations

import os
import re

import pytest
from operating import alive, dead, missed, scroll_through, unfold
from site_tools import ROOT, built_site, site_pages, unavailable

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
NARROW = {"width": 320, "height": 640}  # what must fit without scrolling sideways by WCAG 2.2, 1.4.10


def pytest_generate_tests(metafunc):
    if "path" in metafunc.fixturenames:
        chosen = os.environ.get("BOOK_PAGES")
        paths = chosen.split() if chosen is not None else site_pages(built_site())
        metafunc.parametrize("path", paths or [pytest.param(None, id="no page")])


@pytest.fixture
def visit(path, open_page, site):
    """visit(**context options) -> (the page, what it did wrong)."""
    if path is None:
        unavailable("no page to visit: run 'make book'")

    def visit_(**options):
        page, watch = open_page("404.html", **options)
        watch.faults.clear()
        page.goto(site + path, wait_until="load")
        page.wait_for_timeout(150)
        return page, watch.faults

    return visit_


def test_on_a_desktop_nothing_fails_and_widgets_answer_the_keyboard(visit, path):
    page, faults = visit(viewport=DESKTOP)
    scroll_through(page)
    widgets = alive(page)
    wrong = [*missed(page, widgets), *dead(page, widgets)]
    marked = page.evaluate("[...document.querySelectorAll('.book-stage')].map((s) => s.textContent)")
    wrong += ["marks of measured text in a widget" for text in marked if re.search("⟨.*⟩", text)]
    assert not wrong
    assert not faults


def test_on_a_phone_nothing_is_cut(visit, path):
    page, faults = visit(viewport=PHONE)
    widgets = alive(page)  # alive, one may be wider than its picture
    for at in range(widgets.count()):
        box = widgets.nth(at).bounding_box()
        assert box["x"] >= 0, f"widget {at}"
        assert box["x"] + box["width"] <= PHONE["width"] + 1, f"widget {at}"
    page.set_viewport_size(NARROW)
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert not faults


def violations(page, state, result):
    """What axe found, but for one thing that it can't see: a formula in a table's head is MathML, which is read."""
    for violation in result["violations"]:
        nodes = violation["nodes"]
        if violation["id"] == "empty-table-header":
            nodes = [node for node in nodes if not page.locator(node["target"][0]).locator("math").count()]
        if nodes:
            yield state, violation["id"], [node["html"][:120] for node in nodes[:3]]


def test_axe_finds_no_violation(visit, path):
    assert AXE.is_file(), "axe-core is missing: run 'npm ci'"
    page, _ = visit(viewport=DESKTOP, bypass_csp=True, reduced_motion="reduce")
    page.evaluate(AXE.read_text("utf8"))
    # Folded, as a reader meets the page: the names of the folds. Dark, only colors differ.
    light = "{resultTypes: ['violations']}"
    colors = "{resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block']}"
    found = [
        ("folded", page.evaluate(f"axe.run([...document.querySelectorAll('main details, .menu')], {light})"))
    ]
    unfold(page)
    scroll_through(page)
    found.append(("light", page.evaluate(f"axe.run(document, {light})")))
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    found.append(("dark", page.evaluate(f"axe.run(document, {colors})")))
    assert not [what for state, result in found for what in violations(page, state, result)]
