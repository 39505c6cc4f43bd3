"""How long a page takes to answer one key press: from the key to the frame that shows its effect.

Used by ``benchmarks.page``, which writes milliseconds, and by the site's tests, which hold the ratio to a trivial
update of the same page. The clock is the page's own: the key event's time stamp, and the first moment after the
next frame was painted.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

# What a reader moves step by step; a widget without one is pressed, chosen from or ticked.
SLIDERS = "input[type=range]:not([disabled]), .bw [tabindex='0']"
OTHERS = "select:not([disabled]), button:not([disabled]), input:not([disabled])"

PREPARE = """() => {
  if (window.stepTimes) return;
  window.stepTimes = [];
  addEventListener("keydown", (event) => {
    const pressed = event.timeStamp;
    requestAnimationFrame(() => {
      // A message sent before a paint arrives after it.
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.stepTimes.push(performance.now() - pressed);
      channel.port2.postMessage(0);
    });
  }, { capture: true });
  const trivial = document.createElement("input");
  Object.assign(trivial, { type: "range", min: 0, max: 1000, value: 0, id: "trivial" });
  trivial.setAttribute("aria-label", "trivial");
  const shown = document.createElement("output");
  trivial.addEventListener("input", () => { shown.textContent = trivial.value; });
  const box = document.createElement("div");
  box.style.cssText = "position:fixed;inset:auto 0 0 auto;z-index:99";
  box.append(trivial, shown);
  document.body.append(box);
}"""


@dataclass
class Steps:
    """Milliseconds of each step of one control, and of the trivial updates made between them."""

    control: str
    widget: list[float]
    trivial: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.widget)

    @property
    def ratio(self) -> float:
        return self.median / statistics.median(self.trivial)


def wake(page) -> list:
    """The page's widgets that came alive, each scrolled to and started."""
    widgets = page.locator("[data-widget]")
    found = []
    for at in range(widgets.count()):
        widgets.nth(at).scroll_into_view_if_needed()
        page.wait_for_function("(at) => document.querySelectorAll('[data-widget]')[at].dataset.live", arg=at)
        if widgets.nth(at).get_attribute("data-live") == "true":
            found.append(widgets.nth(at))
    return found


def _press(page, control, key: str) -> float:
    count = page.evaluate("stepTimes.length")
    control.focus()
    page.keyboard.press(key)
    page.wait_for_function("(count) => stepTimes.length > count", arg=count)
    return page.evaluate("stepTimes.at(-1)")


def _keys(control) -> tuple[str, str]:
    """The key of a step, and the key of a step back."""
    kind = control.evaluate("(node) => node.type || node.tagName.toLowerCase()")
    if kind == "select-one":
        return "ArrowDown", "ArrowUp"
    if kind in ("button", "submit"):
        return "Enter", "Enter"
    if kind in ("checkbox", "radio"):
        return "Space", "Space"
    return "ArrowRight", "ArrowLeft"


def measure(page, widget, steps: int = 20) -> list[Steps]:
    """``steps`` timed steps of every slider of ``widget``, or of its first other control where it has none."""
    page.evaluate(PREPARE)
    trivial = page.locator("#trivial")
    sliders = widget.locator(SLIDERS)
    visible = [sliders.nth(at) for at in range(sliders.count()) if sliders.nth(at).is_visible()]
    if not visible:
        others = widget.locator(OTHERS)
        visible = [others.nth(at) for at in range(others.count()) if others.nth(at).is_visible()][:1]
    found = []
    for control in visible:
        name = control.evaluate(
            "(node) => node.getAttribute('aria-label')"
            " || node.closest('label')?.querySelector('.bw-label')?.textContent"
            " || node.textContent.trim() || node.type"
        )
        forward, back = _keys(control)
        record = Steps(name, [], [])
        value = "(node) => node.value"
        for at in range(-1, steps):  # the first step warms up
            before = control.evaluate(value)
            took = _press(page, control, forward)
            if before and control.evaluate(value) == before:  # at its end: turn round
                forward, back = back, forward
                took = _press(page, control, forward)
            small = _press(page, trivial, "ArrowRight")
            if at >= 0:
                record.widget.append(took)
                record.trivial.append(small)
        found.append(record)
    return found
