"""What a reader has done is kept in the browser: over reloads, tabs, editions and damage, and nothing lost unsaid."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from reader import FULL, KEY, NOTEBOOK, OURS, PAGE, PROGRESS, REFUSED, keep, solve, stored

pytest_plugins = ["reader"]


def test_a_solved_exercise_is_solved_after_a_reload_and_in_a_new_tab(reader):
    one = reader()
    page = one.open(PAGE)
    name = solve(page)
    assert list(stored(page)["solved"]) == [name]
    page.close()
    page = one.open(PAGE)
    assert page.locator(f'[data-exercise="{name}"]').get_attribute("data-solved") == ""
    assert page.get_by_text("You have solved this before.").count() == 1
    link = page.locator(".chapters a[aria-current=page]")
    link.locator(".mark").wait_for()
    assert link.locator(".mark").get_attribute("aria-label") == "begun"
    assert one.faults == []


def test_a_wrong_answer_is_not_kept(reader):
    page = reader().open(PAGE)
    box = page.locator("[data-exercise]").first
    for field in box.locator("input").all():
        field.fill("123456789")
    box.locator("button").click()
    assert stored(page) is None


def test_a_notebook_is_read_when_its_end_has_stood_on_the_screen(reader):
    one = reader()
    page = one.open(PAGE)
    page.wait_for_timeout(2500)
    assert stored(page) is None, "its beginning is no end"
    page.locator("main > .foot").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(2500)
    assert stored(page) is None, "passed by too quickly"
    page.locator("main > .foot").scroll_into_view_if_needed()
    page.wait_for_function("(key) => localStorage.getItem(key)", arg=KEY)
    assert list(stored(page)["read"]) == [NOTEBOOK]
    page.locator(".chapters a[aria-current=page] .mark[aria-label=read]").wait_for()
    home = one.open("book/index.html")
    done = home.locator('.chapter-map [data-notebooks*="01_linear_algebra"] .done')
    done.wait_for()
    assert re.fullmatch(r"1 of \d+ read", done.inner_text())
    assert home.locator(".chapter-map .done").count() == 1
    link = home.locator(f'.chapters a[href$="{PAGE.split("/")[-1]}"] .mark')
    assert link.count() in (0, 1)  # a closed chapter shows none of its notebooks
    page = one.open("book/notation.html")
    page.locator("main > .foot").scroll_into_view_if_needed()
    page.wait_for_timeout(2500)
    assert list(stored(page)["read"]) == [NOTEBOOK], "a page that is no notebook"
    assert one.faults == []


def test_two_tabs_do_not_overwrite_each_other(reader):
    one = reader()
    first, second = one.open(PAGE), one.open(PROGRESS)
    keep(first, "solved", "chapters/a/b#1")
    keep(second, "solved", "chapters/a/b#2")
    keep(first, "solved", "chapters/a/b#3")
    for tab in (first, second):  # one browser process tells the other in its own time
        tab.wait_for_function(
            "(key) => ['#1', '#2', '#3'].every((name) => localStorage.getItem(key).includes(name))", arg=KEY
        )
    # A tab that writes what it read before the other wrote: the other adds its own again.
    lost = json.dumps(OURS | {"solved": {"chapters/a/b#9": "2026-01-01"}})
    second.evaluate("([key, text]) => localStorage.setItem(key, text)", [KEY, lost])
    first.wait_for_function("(key) => localStorage.getItem(key).includes('#1')", arg=KEY)
    assert set(stored(first)["solved"]) >= {f"chapters/a/b#{n}" for n in (1, 3, 9)}


def test_what_another_tab_does_is_marked_here(reader):
    one = reader()
    first, second = one.open(PROGRESS), one.open(PAGE)
    keep(first, "asked", "chapters/a/b#1")
    solve(second)
    first.get_by_text(re.compile("1 exercise solved of")).wait_for()
    second.evaluate("bookProgress.forget()")
    first.get_by_text(re.compile("0 exercises solved of")).wait_for()
    keep(first, "read", NOTEBOOK)
    assert stored(first) == OURS | {"read": {NOTEBOOK: "2026-01-01"}}, "what was forgotten does not come back"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"book": "deep-lear', "cut off"),
        ("hello", "cut off"),
        ("null", "isn't of this book"),
        ('{"book": "another", "version": 1}', "isn't of this book"),
        (json.dumps(OURS | {"version": 2}), "version 2"),
    ],
)
def test_what_cannot_be_read_is_named_and_put_aside(reader, text, why):
    # Before the first page's scripts, which would look at it at once and say so on that page.
    once = "if (!localStorage.getItem('begun')) {{ localStorage.setItem('begun', '1'); localStorage.setItem({}, {}); }}"
    one = reader(once.format(json.dumps(KEY), json.dumps(text)))
    page = one.open(PAGE)
    note = page.locator(".progress-note")
    note.get_by_text(why).wait_for()
    solve(page)
    assert len(stored(page)["solved"]) == 1, "all goes on"
    note.get_by_role("button").click()
    assert note.count() == 0
    page = one.open(PROGRESS)
    item = page.locator("[data-aside] li")
    assert why in item.inner_text()
    with page.expect_download() as download:
        item.get_by_role("button", name="Save").click()
    assert Path(download.value.path()).read_text("utf8") == text, "nothing lost"
    item.get_by_role("button", name="Delete").click()
    assert page.locator("[data-aside] li").count() == 0
    assert one.faults == []


def test_entries_that_make_no_sense_are_left_out_and_the_whole_put_aside(reader):
    one = reader()
    page = one.open("404.html")
    record = OURS | {"solved": {"chapters/a/b#1": "2026-01-01", "<script>": "x", "chapters/a/b#2": 7}}
    page.evaluate("([key, text]) => localStorage.setItem(key, text)", [KEY, json.dumps(record)])
    page = one.open(PROGRESS)
    page.locator("[data-aside] li").get_by_text("2 of its entries make no sense").wait_for()
    assert stored(page)["solved"] == {"chapters/a/b#1": "2026-01-01"}
    assert "1 entry for what this edition doesn't have" in page.locator("[data-sum]").inner_text()


@pytest.mark.parametrize(("script", "why"), [(FULL, "storage is full"), (REFUSED, "storage is switched off")])
def test_where_nothing_can_be_stored_it_is_said_once_and_all_works(reader, script, why):
    one = reader(script)
    page = one.open(PAGE)
    page.wait_for_timeout(300)
    assert page.locator(".progress-note").count() == 0, "nothing was done yet"
    name = solve(page)
    page.locator(".progress-note").get_by_text(why).wait_for()
    keep(page, "solved", "chapters/a/b#1")
    assert page.locator(".progress-note").count() == 1
    assert page.evaluate("(id) => bookProgress.has('solved', id)", name), "it holds on this page"
    page = one.open(PROGRESS)
    page.locator("[data-sum]").get_by_text("0 notebooks read").wait_for()
    assert one.faults == []


def test_it_survives_a_new_edition(reader, site_dir, browser, tmp_path):
    """The same address serves pages of another build: an exercise keeps its mark by its id, others keep theirs."""
    one = reader()
    page = one.open(PAGE)
    name = solve(page)
    keep(page, "solved", f"{NOTEBOOK}#99")

    def newer(route):
        text = (site_dir / PAGE).read_text("utf8")
        route.fulfill(
            body=re.sub(r"\?v=\w+", "?v=0", text.replace("<h1>", "<h1>New: ")), content_type="text/html"
        )

    page.route(f"**/{PAGE}", newer)
    page.goto(one.site + PAGE, wait_until="load")
    assert page.get_by_role("heading", level=1).inner_text().startswith("New: ")
    assert page.locator(f'[data-exercise="{name}"]').get_attribute("data-solved") == ""
    assert sorted(stored(page)["solved"]) == sorted([name, f"{NOTEBOOK}#99"])


def test_it_works_from_a_disk(site_dir, browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto((site_dir / PAGE).as_uri())
    name = solve(page)
    page.goto((site_dir / PROGRESS).as_uri())
    page.get_by_text("1 exercise solved").wait_for()
    page.goto((site_dir / PAGE).as_uri())
    assert page.locator(f'[data-exercise="{name}"]').get_attribute("data-solved") == ""
    page.locator(".chapters a[aria-current=page] .mark").wait_for()
    context.close()
