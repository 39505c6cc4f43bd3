"""A reader's browser profile with its tabs, and what the book keeps in it."""

from __future__ import annotations

import json

import pytest
from site_tools import Watch

PAGE = "chapters/01_linear_algebra/04_svd_and_image_compression.html"
NOTEBOOK = PAGE.removesuffix(".html")
PROGRESS = "book/progress.html"
KEY = "book-progress"
OURS = {"book": "deep-learning-notebooks", "version": 1, "solved": {}, "asked": {}, "read": {}}
FULL = """
const real = Storage.prototype.setItem;
Storage.prototype.setItem = function (key, value) {
  if (key.startsWith("book-progress") && this === window.localStorage) {
    throw new DOMException("full", "QuotaExceededError");
  }
  return real.call(this, key, value);
};
"""
REFUSED = """
for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } });
}
"""


class Reader:
    """One browser profile with its tabs."""

    def __init__(self, browser, site: str, script: str = ""):
        self.context, self.site = browser.new_context(accept_downloads=True), site
        if script:
            self.context.add_init_script(script)
        self.watches: list[Watch] = []

    def open(self, address: str):
        page = self.context.new_page()
        page.set_default_timeout(10_000)
        self.watches.append(Watch(page, self.site))
        page.goto(self.site + address, wait_until="load")
        return page

    @property
    def faults(self) -> list[str]:
        return [fault for watch in self.watches for fault in watch.faults]


@pytest.fixture
def reader(browser, site):
    made: list[Reader] = []

    def reader_(script: str = "") -> Reader:
        made.append(Reader(browser, site, script))
        return made[-1]

    yield reader_
    for one in made:
        one.context.close()


def stored(page) -> dict:
    return json.loads(page.evaluate("(key) => localStorage.getItem(key)", KEY) or "null")


def keep(page, kind: str, name: str, said: str = "2026-01-01") -> None:
    page.evaluate("([kind, id, said]) => bookProgress.keep(kind, id, said)", [kind, name, said])


def solve(page):
    """Answer the first exercise of a page rightly; its id."""
    box = page.locator("[data-exercise]").first
    form = json.loads(box.locator("script").text_content())
    for field, value in zip(box.locator("input").all(), form["expected"], strict=True):
        field.fill(repr(value))
    box.locator("button").click()
    assert box.get_attribute("data-state") == "right"
    return box.get_attribute("data-exercise")
