"""A reader whose browser runs no scripts, and a reader with a printer."""

from __future__ import annotations

import re

import pytest

PAGE = "chapters/01_linear_algebra/04_svd_and_image_compression.html"


@pytest.fixture
def page(open_page, site_dir):
    if not (site_dir / PAGE).is_file():
        pytest.skip("the page isn't in this book")
    return open_page(PAGE, java_script_enabled=False)[0]


def test_a_widget_is_its_picture_with_caption(page):
    widget = page.locator("[data-widget]").first
    image = widget.locator("img:not(.in-dark)").first
    image.scroll_into_view_if_needed()
    assert image.is_visible() and len(image.get_attribute("alt")) > 20
    assert image.bounding_box()["width"] > 300
    assert len(widget.locator("figcaption").inner_text()) > 20
    assert "application/json" not in widget.inner_text() and '"frames"' not in widget.inner_text()


def test_all_text_can_be_read(page, site_dir):
    words = {"the question": "How few numbers can stand in for", "a heading": "What to remember"}
    text = page.locator("main").inner_text()
    assert not [what for what, said in words.items() if said not in text]
    # A formula is drawn at build time; the page shows no TeX.
    assert page.locator("main .katex-html").count() > 20
    assert not re.search(r"\\(frac|sum|sigma|mathbb)", text)
    seals = page.locator(".book-seal:not(.seals *)")
    assert seals.count() > 5 and all(seal.is_visible() for seal in seals.all()[:5])
    for name in ("Chapters", "On this page"):
        assert page.get_by_role("navigation", name=name).is_visible()


def test_folded_cells_and_solutions_open(page):
    folded = page.locator("main details")
    assert folded.count() > 4
    for at in range(folded.count()):
        box = folded.nth(at)
        inside = box.locator(":scope > :not(summary)").first
        assert not inside.is_visible()
        box.locator(":scope > summary").click()
        assert inside.is_visible(), box.inner_text()[:80]


def test_the_chapters_open_on_a_phone(open_page):
    page, _ = open_page("book/index.html", java_script_enabled=False, viewport={"width": 360, "height": 740})
    chapters = page.get_by_role("navigation", name="Chapters")
    assert not chapters.is_visible()
    page.locator(".menu summary").click()
    assert chapters.is_visible()


def test_what_the_system_says_of_dark_holds(open_page):
    grounds = {
        scheme: open_page("book/index.html", java_script_enabled=False, color_scheme=scheme)[0]
        .locator("body")
        .evaluate("(body) => getComputedStyle(body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert grounds["light"] != grounds["dark"]


def test_paper_holds_the_text_and_not_the_furniture(open_page, site_dir):
    if not (site_dir / PAGE).is_file():
        pytest.skip("the page isn't in this book")
    page, _ = open_page(PAGE, color_scheme="dark")
    page.emulate_media(media="print")
    for name in ("banner", "search"):
        assert not page.get_by_role(name).is_visible()
    for part in (".chapters", ".on-page", ".launch", ".steps"):
        assert not page.locator(part).first.is_visible(), part
    assert page.locator("main h1").is_visible()
    ink, paper = page.locator("body").evaluate(
        "(body) => [getComputedStyle(body).color, getComputedStyle(body).backgroundColor]"
    )
    assert paper == "rgb(255, 255, 255)" and sum(map(int, re.findall(r"\d+", ink))) < 200
    assert not page.locator("img.in-dark").first.is_visible()
    assert page.locator("img.in-light").first.is_visible()
    folded = page.locator("main details > :not(summary)")
    assert not [box.inner_text()[:60] for box in folded.all() if not box.is_visible()], "folded on paper"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_narrow_sheet_cuts_no_figure(open_page, site_dir):
    """A5 with its margins, or a larger sheet at more than 100 %, is as narrow as a phone and doesn't scroll."""
    page, _ = open_page(PAGE, viewport={"width": 438, "height": 650})
    page.emulate_media(media="print")
    right = page.locator(".text img:visible").evaluate_all(
        "(all) => all.map((image) => image.getBoundingClientRect().right)"
    )
    assert len(right) > 3 and max(right) <= 438


def test_where_modules_do_not_come_the_page_is_whole(open_page):
    page, _ = open_page("404.html")
    page.route("**/book.js*", lambda route: route.abort())
    page.goto(page.url.replace("404.html", PAGE), wait_until="load")
    page.wait_for_function("() => !document.documentElement.classList.contains('first-paint')")


def test_a_browser_that_tells_no_paint_shows_the_whole_page(open_page):
    page, watch = open_page("404.html")
    page.add_init_script("delete window.PerformanceObserver;")
    page.goto(page.url.replace("404.html", PAGE), wait_until="load")
    page.wait_for_function("() => !document.documentElement.classList.contains('first-paint')")
    assert page.locator("[data-theme-switch]").is_visible() and not watch.faults
