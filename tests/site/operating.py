"""A page's widgets as a reader meets them: scrolled to, started, operated by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
# A group of many small controls is one stop for Tab; arrow keys go on within it ("roving tabindex").
ROVING = "[tabindex='-1']"
NAMED = "(node) => node.getAttribute('aria-label') || node.textContent.trim() || (node.labels || []).length"


def scroll_through(page) -> None:
    """Bring every lazy figure and widget near the viewport."""
    page.evaluate(
        """async () => {
            document.documentElement.style.scrollBehavior = "auto";
            for (let y = 0; y < document.documentElement.scrollHeight; y += 500) {
                scrollTo(0, y);
                await new Promise((done) => setTimeout(done, 20));
            }
            scrollTo(0, 0);
            const shown = [...document.images].filter((image) => image.offsetParent);
            await Promise.all(shown.map((image) => image.decode().catch(() => 0)));
        }"""
    )


def unfold(page) -> None:
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach((d) => { d.open = true; })")


def alive(page, start: bool = True):
    """The page's widgets, each scrolled to and begun; what a reader must start is started, if ``start``."""
    widgets = page.locator("[data-widget]")
    for i in range(widgets.count()):
        widgets.nth(i).evaluate("(w) => w.scrollIntoView({behavior: 'instant', block: 'center'})")
        page.wait_for_function("(i) => document.querySelectorAll('[data-widget]')[i].dataset.live", arg=i)
        begin = widgets.nth(i).get_by_role("button", name=re.compile("^Start"))
        if start and begin.count():  # a trained model: loaded when the reader asks for it
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


def dead(page, widgets) -> Iterator[str]:
    """Widgets that did not start, or that draw the same whatever their controls say."""
    for i in range(widgets.count()):
        widget = widgets.nth(i)
        name = f"widget {i}, {widget.get_attribute('data-widget')},"
        if widget.get_attribute("data-live") != "true":
            yield f"{name} did not start"
            continue
        controls = widget.locator(CONTROLS)
        moved = False
        for at in range(controls.count()):
            control = controls.nth(at)
            if not control.is_visible() or not control.is_enabled():
                continue
            before = widget.evaluate(DRAWING)
            control.focus()
            press(page, control)
            page.wait_for_timeout(60)
            moved = moved or widget.evaluate(DRAWING) != before
        if not moved:
            yield f"{name} draws the same whatever its controls say"


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


def missed(page, widgets) -> Iterator[str]:
    """Controls that have no name, or that no key leads to."""
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
                yield f"Tab never comes to control {at} of widget {i}"
        if roving:
            starts = [
                at
                for at in stops
                if controls.nth(at).evaluate("(n) => n.tabIndex === 0 && n.hasAttribute('tabindex')")
            ]
            reached = set().union(*(reached_by_arrows(page, controls, at) for at in starts))
            for at in roving:
                if at not in reached:
                    yield f"no arrow key comes to control {at} of widget {i}"
        for at in wanted:
            if not controls.nth(at).evaluate(NAMED):
                yield f"control {at} of widget {i} has no name"
