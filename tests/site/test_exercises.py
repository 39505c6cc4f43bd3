"""Every value exercise of the book on its page: answered rightly, wrongly, malformed, by keyboard alone."""

from __future__ import annotations

import json
import re

import pytest
from bs4 import BeautifulSoup
from site_tools import ROOT


def forms_of(path):
    soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    return {
        box["data-exercise"]: json.loads(box.script.string)
        for box in soup.select(".book-form[data-exercise]")
    }


@pytest.fixture(scope="module")
def pages(site_dir):
    """page -> {id: form} of every page that asks."""
    found = {}
    for path in sorted(site_dir.glob("chapters/**/*.html")):
        if forms := forms_of(path):
            found["/" + path.relative_to(site_dir).as_posix()] = forms
    assert found, "no page of the site asks anything"
    return found


def type_in(box, form, texts):
    if form["kind"] == "choice":
        box.locator(f'input[value="{texts[0]}"]').check()
    else:
        for field, text in zip(box.locator("input").all(), texts, strict=True):
            field.fill(text)
    box.locator("button").click()


def rightly(form):
    return [form["expected"]] if form["kind"] != "numbers" else [repr(x) for x in form["expected"]]


def wrongly(form):
    if form["kind"] == "choice":
        return [next(choice for choice in form["choices"] if choice != form["expected"])]
    if form["kind"] == "text":
        return ["something else"]
    return [repr(x + 10 * room + 1000) for x, room in zip(form["expected"], form["allowed"], strict=True)]


def test_every_value_exercise_is_answered_on_its_page(pages, open_page):
    for address, forms in pages.items():
        page, watch = open_page(address)
        for identity, form in forms.items():
            box = page.locator(f'[data-exercise="{identity}"]')
            assert box.get_attribute("data-state") == "open"
            type_in(box, form, wrongly(form))
            assert box.get_attribute("data-state") == "wrong", identity
            said = box.locator("output").inner_text()
            for typed in wrongly(form):
                said = said.replace(typed, "")
            for value in rightly(form):
                assert len(value) < 3 or value not in said, f"{identity} tells the answer"
            if form["kind"] == "numbers":
                type_in(box, form, ["π"] * len(form["fields"]))
                assert "formulas are not read" in box.locator("output").inner_text()
                assert box.locator("input").first.get_attribute("aria-invalid") == "true"
            type_in(box, form, rightly(form))
            assert box.get_attribute("data-state") == "right", identity
            assert box.locator('[aria-invalid="true"]').count() == 0
        assert watch.faults == [], address


@pytest.fixture
def asking(pages, open_page):
    """(page, box, form) of the first number that is asked."""
    address, identity, form = next(
        (address, identity, form)
        for address, forms in pages.items()
        for identity, form in forms.items()
        if form["kind"] == "numbers"
    )
    page, _ = open_page(address)
    return page, page.locator(f'[data-exercise="{identity}"]'), form


def test_the_form_stands_in_the_place_of_the_code(asking):
    page, box, form = asking
    cell = page.locator(".cell.asks-here", has=box)
    cell.locator("button", has_text="Check").wait_for()
    assert cell.locator(".cell_input").is_hidden()
    assert box.locator("label").all_inner_texts() == form["fields"]


def test_by_keyboard_alone(asking):
    page, box, form = asking
    box.locator("input").first.focus()
    for text in rightly(form):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert box.get_attribute("data-state") == "right"


def test_nothing_typed_is_no_wrong_answer(asking):
    _, box, _ = asking
    box.locator("button").click()
    assert box.get_attribute("data-state") == "open"
    assert box.locator("output").inner_text() == "Not answered yet."


def test_the_hint_opens_after_the_second_try(asking):
    page, box, form = asking
    hint = box.locator("xpath=ancestor::section[1]").locator("details", has_text=re.compile("^Hint")).first
    for tries, opened in ((1, False), (2, True)):
        type_in(box, form, wrongly(form))
        assert (hint.get_attribute("open") is not None) == opened, tries
    assert "hint" in box.locator("output").inner_text()


def test_a_screen_reader_hears_the_verdict(asking):
    _, box, form = asking
    assert box.locator("output").get_attribute("aria-live") == "polite"
    type_in(box, form, wrongly(form))
    field = box.locator("input").first
    assert field.get_attribute("aria-describedby") == box.locator("output").get_attribute("id")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(pages, open_page, theme):
    address, forms = next(iter(pages.items()))
    page, _ = open_page(address, color_scheme=theme, bypass_csp=True)
    page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf8"))
    for identity, form in forms.items():
        for texts in (wrongly(form), rightly(form)):
            type_in(page.locator(f'[data-exercise="{identity}"]'), form, texts)
            found = page.evaluate("axe.run('.book-form').then((r) => r.violations.map((v) => v.id))")
            assert found == [], (identity, texts)


def test_on_a_narrow_phone_nothing_is_cut(pages, open_page):
    for address in list(pages)[:3]:
        page, _ = open_page(address, viewport={"width": 360, "height": 740})
        page.locator(".book-form button").first.wait_for()
        for box in page.locator(".book-form").all():
            inside = box.evaluate(
                "e => e.getBoundingClientRect().right <= innerWidth && e.scrollWidth <= e.clientWidth + 1"
            )
            assert inside, (address, box.get_attribute("data-exercise"))


def test_without_scripts_the_attempt_is_code(pages, open_page):
    page, _ = open_page(next(iter(pages)), java_script_enabled=False)
    assert page.locator(".book-form:visible").count() == 0
    assert page.locator(".cell_input", has_text=".check(").first.is_visible()


def test_a_page_that_asks_nothing_loads_nothing(pages, open_page):
    page, _ = open_page("/book/notation.html")
    assert page.locator('script[src*="exercises.js"]').count() == 0
