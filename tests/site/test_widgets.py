"""Every widget on every page, operated by keyboard alone, with no kernel behind it."""

from __future__ import annotations

import re

import pytest

# What a widget shows: its marks, its canvases' pixels, its pictures' addresses.
DRAWING = """
(widget) => {
  const stage = widget.querySelector(".bw");
  const pixels = [...stage.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL());
  const pictures = [...stage.querySelectorAll("img")].map((image) => image.src);
  const marks = [...stage.querySelectorAll("svg, table, .bw-stage")].map((node) => node.outerHTML);
  return JSON.stringify([pixels, pictures, marks]);
}
"""
CONTROLS = "input:not([disabled]), select:not([disabled]), button:not([disabled]), .bw [tabindex]"


def pages_with_widgets(site_dir) -> list[str]:
    return [
        path.relative_to(site_dir).as_posix()
        for path in sorted(site_dir.rglob("*.html"))
        if 'data-widget="' in path.read_text(encoding="utf-8")
    ]


@pytest.fixture(scope="session")
def widget_pages(site_dir):
    pages = pages_with_widgets(site_dir)
    assert pages, "no page of the site has a widget"
    return pages


def alive(page):
    """The page's widgets, each scrolled to and started."""
    widgets = page.locator("[data-widget]")
    for i in range(widgets.count()):
        widgets.nth(i).scroll_into_view_if_needed()
        page.wait_for_function("(i) => document.querySelectorAll('[data-widget]')[i].dataset.live", arg=i)
        begin = widgets.nth(i).get_by_role("button", name=re.compile("^Start"))
        if begin.count():  # a trained model: loaded when the reader asks for it
            begin.click()
            begin.wait_for(state="detached", timeout=60_000)
    return widgets


def press(page, control) -> None:
    """One thing a reader does at a control with the keyboard."""
    kind = control.evaluate("(node) => node.type || node.tagName.toLowerCase()")
    if kind in ("button", "submit"):
        page.keyboard.press("Enter")
    elif kind == "checkbox":
        page.keyboard.press("Space")
    elif kind == "select-one":
        page.keyboard.press("ArrowDown")
    else:
        # A slider that stands at its end can only go back.
        last = control.evaluate("(node) => node.type === 'range' && Number(node.value) >= Number(node.max)")
        for _ in range(2):
            page.keyboard.press("ArrowLeft" if last else "ArrowRight")


def test_every_widget_is_drawn_and_changes_by_keyboard(open_page, widget_pages):
    dead = []
    for path in widget_pages:
        page, watch = open_page(path)
        widgets = alive(page)
        for i in range(widgets.count()):
            widget = widgets.nth(i)
            name = f"{path}: widget {widget.get_attribute('data-widget')}"
            if widget.get_attribute("data-live") != "true":
                dead.append(f"{name} did not start")
                continue
            controls = widget.locator(CONTROLS)
            moved = False
            for at in range(controls.count()):
                before = widget.evaluate(DRAWING)
                control = controls.nth(at)
                if not control.is_visible() or not control.is_enabled():
                    continue
                control.focus()
                press(page, control)
                page.wait_for_timeout(60)
                moved = moved or widget.evaluate(DRAWING) != before
            if not moved:
                dead.append(f"{name} draws the same whatever its controls say")
        assert not watch.faults, f"{path}: {watch.faults}"
    assert not dead, "\n".join(dead)


# A group of many small controls is one stop for Tab; arrow keys go on within it ("roving tabindex").
ROVING = "[tabindex='-1']"


def reached_by_arrows(page, controls, start: int) -> set[int]:
    """Controls that arrow keys lead to from control ``start``, itself among them."""
    controls.evaluate_all("(all) => all.forEach((node, i) => { node.dataset.at = i; })")
    reached, ahead = set(), [start]
    while ahead:
        at = ahead.pop()
        if at in reached:
            continue
        reached.add(at)
        for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
            controls.nth(at).focus()
            page.keyboard.press(key)
            now = page.evaluate("() => document.activeElement.dataset.at")
            if now is not None and int(now) not in reached:
                ahead.append(int(now))
    return reached


def test_every_control_is_reached_by_keyboard_and_has_a_name(open_page, widget_pages):
    missed = []
    for path in widget_pages:
        page, _ = open_page(path)
        widgets = alive(page)
        for i in range(widgets.count()):
            controls = widgets.nth(i).locator(CONTROLS)
            wanted = [at for at in range(controls.count()) if controls.nth(at).is_visible()]
            if not wanted:
                continue
            roving = [at for at in wanted if controls.nth(at).evaluate("(n, s) => n.matches(s)", ROVING)]
            stops = [at for at in wanted if at not in roving]
            controls.nth(stops[0]).focus()
            for _ in stops:
                page.evaluate("() => document.activeElement.dataset.visited = 'yes'")
                page.keyboard.press("Tab")
            for at in stops:
                # Of a group of radio buttons, Tab reaches the chosen one; arrows reach the others.
                if not controls.nth(at).evaluate(
                    "(n) => n.dataset.visited || (n.type === 'radio' && !n.checked)"
                ):
                    missed.append(f"{path}: Tab never comes to control {at} of widget {i}")
            if roving:
                starts = [
                    at
                    for at in stops
                    if controls.nth(at).evaluate("(n) => n.tabIndex === 0 && n.hasAttribute('tabindex')")
                ]
                reached = set().union(*(reached_by_arrows(page, controls, at) for at in starts))
                missed += [
                    f"{path}: no arrow key comes to control {at} of widget {i}"
                    for at in roving
                    if at not in reached
                ]
            for at in wanted:
                named = controls.nth(at).evaluate(
                    "(node) => node.getAttribute('aria-label') || node.textContent.trim() || (node.labels || []).length"
                )
                if not named:
                    missed.append(f"{path}: control {at} of widget {i} has no name")
    assert not missed, "\n".join(missed)


def test_the_rank_slider_moves_the_picture_and_says_so(open_page):
    page, watch = open_page("chapters/01_linear_algebra/04_svd_and_image_compression.html")
    widget = alive(page).first
    slider = widget.get_by_role("slider", name="rank")
    before = widget.locator("img").get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert widget.locator("img").get_attribute("src") != before
    assert re.match(r"rank 12: 5% of the numbers, error 12\.\d%", widget.locator(".bw-readout").inner_text())
    page.wait_for_timeout(500)  # a screen reader is told once the reader pauses
    assert "rank 12" in widget.get_by_role("status").inner_text()
    page.keyboard.press("End")
    assert "rank 255" in widget.locator(".bw-readout").inner_text()
    page.keyboard.press("Home")
    assert "rank 1:" in widget.locator(".bw-readout").inner_text()
    assert not watch.faults


def test_a_widget_fits_a_phone(open_page, widget_pages):
    for path in widget_pages:
        page, _ = open_page(path, viewport={"width": 360, "height": 740})
        widgets = alive(page)
        for i in range(widgets.count()):
            box = widgets.nth(i).bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 361, (
                f"{path}: widget {i} is wider than a phone"
            )
