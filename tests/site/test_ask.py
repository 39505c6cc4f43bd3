"""Predictions on their pages: nothing told before, everything after, kept; and what exercises and predictions weigh."""

from __future__ import annotations

import json
import re

import pytest
from bs4 import BeautifulSoup
from site_tools import ROOT, site_pages

from benchmarks import weight


def asks_of(path):
    soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    return {box["data-ask"]: json.loads(box.script.string) for box in soup.select("[data-ask]")}


@pytest.fixture(scope="module")
def pages(site_dir):
    """page -> {id: state} of every page that asks for a prediction."""
    found = {page: asks for page in site_pages(site_dir) if (asks := asks_of(site_dir / page))}
    assert found, "no page of the site asks for a prediction"
    return found


@pytest.fixture(scope="module")
def kinds(pages):
    """(address, id, state) of the first prediction with options and of the first with a slider."""
    each = [(address, name, state) for address, asks in pages.items() for name, state in asks.items()]
    return [next(one for one in each if bool(one[2]["options"]) == options) for options in (True, False)]


def plain(text: str) -> str:
    return re.sub("[⟨⟩]", "", text)


def told(state) -> list[str]:
    """What is said only after the reader commits."""
    texts = [why for _, why in state["options"]] + [state["found"]]
    if not state["options"]:
        texts += [state["scale"]["under"], state["scale"]["over"]]
    return [plain(text) for text in texts if text]


def choose(box, state, at: int) -> None:
    if state["options"]:
        box.locator("input").nth(at).check()
    else:
        end = "low" if at == 0 else "high"
        box.locator("input").fill(str(state["scale"][end]))


def test_every_prediction_tells_nothing_before_and_all_after(pages, open_page):
    for address, asks in pages.items():
        for at in range(2):
            page, watch = open_page(address)
            for name, state in asks.items():
                box = page.locator(f'[data-ask="{name}"]')
                assert box.get_attribute("data-state") == "open", name
                # Whatever stands in the elements, seen or not, but for the data of the script.
                before = box.locator(".bw-ask").evaluate("(e) => e.textContent")
                assert not [text for text in (*told(state), "the run") if text in before], name
                choose(box, state, at)
                assert not [text for text in told(state) if text in box.inner_text()], name
                box.locator("button").click()
                assert box.get_attribute("data-state") == "committed", name
                after = box.locator("output").inner_text()
                if state["options"]:
                    chosen, right = state["options"][at], state["options"][state["right"]]
                    assert plain(chosen[1]) in after and plain(right[1]) in after, name
                    assert ("As you said." in after) == (at == state["right"]), name
                else:
                    assert plain(state["scale"]["value"]) in after, name
                assert plain(state["found"]) in after
                assert "⟨" not in box.locator(".bw-ask").inner_text()
            assert watch.faults == [], address


def test_nothing_chosen_is_no_prediction(kinds, open_page):
    address, name, _ = kinds[0]
    page, _ = open_page(address)
    box = page.locator(f'[data-ask="{name}"]')
    box.locator("button").click()
    assert box.get_attribute("data-state") == "open"
    assert box.locator("output").inner_text().startswith("Choose first")


@pytest.mark.parametrize("slider", [False, True])
def test_by_keyboard_alone(kinds, open_page, slider):
    address, name, state = kinds[slider]
    page, _ = open_page(address)
    box = page.locator(f'[data-ask="{name}"]')
    box.locator("input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight" if slider else "ArrowDown")
    value = box.locator("input").evaluate_all("(all) => (all.find((one) => one.checked) ?? all[0]).value")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert box.get_attribute("data-state") == "committed"
    assert page.evaluate("document.activeElement.tagName") == "BUTTON", "the focus stays"
    assert value == (state["options"][1][0] if not slider else value)
    page.keyboard.press("Enter")  # what is committed stays


@pytest.mark.parametrize("slider", [False, True])
def test_what_was_committed_is_there_after_a_reload(kinds, open_page, slider):
    address, name, state = kinds[slider]
    page, watch = open_page(address)
    box = page.locator(f'[data-ask="{name}"]')
    choose(box, state, 1)
    box.locator("button").click()
    after = box.locator("output").inner_text()
    page.reload(wait_until="load")
    assert box.get_attribute("data-state") == "committed"
    assert box.locator("output").inner_text() == after
    assert box.locator("input:not(:disabled)").count() == 0
    assert watch.faults == []


def test_a_committed_option_that_is_gone_is_asked_again(kinds, open_page):
    address, name, state = kinds[0]
    page, watch = open_page(address)
    page.evaluate("(id) => bookProgress.keep('asked', id, 'an option of an older edition')", name)
    page.reload(wait_until="load")
    box = page.locator(f'[data-ask="{name}"]')
    assert box.get_attribute("data-state") == "open"
    assert watch.faults == []
    choose(box, state, 1)
    box.locator("button").click()
    page.reload(wait_until="load")
    assert box.get_attribute("data-state") == "committed", "the new answer is kept in the old one's place"


def test_a_screen_reader_hears_what_follows(kinds, open_page):
    for address, name, state in kinds:
        page, _ = open_page(address)
        box = page.locator(f'[data-ask="{name}"]')
        assert box.locator("output").get_attribute("aria-live") == "polite"
        group = box.get_by_role("group")
        assert plain(state["question"]) in group.aria_snapshot()
        if not state["options"]:
            low, unit = state["scale"]["low"], state["scale"]["unit"]
            choose(box, state, 0)
            assert box.get_by_role("slider").get_attribute("aria-valuetext") == f"{low}{unit}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(pages, open_page, theme):
    for address, asks in pages.items():
        page, _ = open_page(address, color_scheme=theme, bypass_csp=True)
        page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf8"))

        def faults(page=page):
            return page.evaluate("axe.run('.book-ask').then((r) => r.violations.map((v) => v.id))")

        assert faults() == [], (address, "open")
        for name, state in asks.items():
            box = page.locator(f'[data-ask="{name}"]')
            if state["options"]:
                box.locator("button").click()
                assert faults() == [], (name, "nothing chosen")
            choose(box, state, 0)
            box.locator("button").click()
        assert faults() == [], (address, "committed")


def test_on_a_narrow_phone_nothing_is_cut(pages, open_page):
    for address, asks in pages.items():
        page, _ = open_page(address, viewport={"width": 360, "height": 740})
        for name, state in asks.items():
            box = page.locator(f'[data-ask="{name}"]')
            for _ in range(2):
                inside = box.evaluate(
                    "(e) => e.getBoundingClientRect().right <= innerWidth && e.scrollWidth <= e.clientWidth + 1"
                )
                assert inside, name
                choose(box, state, 0)
                if box.get_attribute("data-state") == "open":
                    box.locator("button").click()
                    break


def test_on_paper_there_is_room_to_answer(kinds, open_page):
    for address, name, state in kinds:
        page, _ = open_page(address)
        page.emulate_media(media="print")
        box = page.locator(f'[data-ask="{name}"]')
        assert not box.locator("button").is_visible()
        line = box.locator("label").first
        assert line.is_visible()
        if not state["options"]:
            assert line.evaluate("(e) => getComputedStyle(e).borderBottomStyle") == "solid"


def test_without_scripts_it_is_text_with_a_fold(kinds, open_page):
    for address, name, state in kinds:
        page, _ = open_page(address, java_script_enabled=False)
        box = page.locator(f'[data-ask="{name}"]')
        assert plain(state["question"]) in box.inner_text()
        assert not [text for text in told(state) if text in box.inner_text()]
        box.locator("summary").click()
        assert all(text in box.inner_text() for text in told(state))


def test_it_works_from_a_disk(site_dir, kinds, browser):
    address, name, state = kinds[0]
    page = browser.new_page()
    page.goto((site_dir / address).as_uri())
    box = page.locator(f'[data-ask="{name}"]')
    choose(box, state, 0)
    box.locator("button").click()
    assert box.get_attribute("data-state") == "committed"
    page.close()


# ---------------------------------------------------------------- weight


def test_exercises_and_predictions_are_light(site_dir):
    sizes = weight.sizes(site_dir)
    assert all(size > 200 for size in sizes.values()), sizes
    assert sum(sizes[name] for name in weight.EXERCISES + weight.PREDICTIONS) <= weight.MOST, sizes


def test_a_page_that_does_not_ask_has_nothing_of_it(site_dir):
    for address in site_pages(site_dir):
        text = (site_dir / address).read_text("utf-8")
        for what, script in (("data-exercise=", "exercises."), ("data-ask=", "ask.")):
            assert (what in text) == (f"_static/{script}js" in text) == (f"_static/{script}css" in text), (
                address
            )
        assert "bw-ask" not in text, "nothing of it stands in the page's own style"
    assert "bw-ask" not in (site_dir / "_static" / "widgets" / "widget.css").read_text("utf-8")
