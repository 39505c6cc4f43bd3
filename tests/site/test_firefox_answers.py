"""Exercises, predictions and progress in the system's Firefox: every one answered, by keyboard, kept, and by axe."""

from __future__ import annotations

import json

import pytest
from bs4 import BeautifulSoup
from site_tools import ROOT, site_pages

# Answers every form of the page: (id, state after a wrong, a malformed and the right answer).
ANSWER = """
(() => [...document.querySelectorAll(".book-form")].map((box) => {
  const form = JSON.parse(box.querySelector("script").textContent);
  const numbers = form.kind === "numbers";
  const answer = (texts) => {
    if (form.kind === "choice") [...box.querySelectorAll("input")].find((i) => i.value === texts[0]).checked = true;
    else box.querySelectorAll("input").forEach((input, i) => { input.value = texts[i]; });
    box.querySelector("form").requestSubmit();
    return box.dataset.state;
  };
  const wrong = form.kind === "choice" ? [form.choices.find((one) => one !== form.expected)]
    : numbers ? form.expected.map((x, i) => String(x + 10 * form.allowed[i] + 1000)) : ["something else"];
  const right = numbers ? form.expected.map(String) : [form.expected];
  return [box.dataset.exercise, answer(wrong), numbers ? answer(right.map(() => "π")) : "wrong", answer(right)];
}))()
"""
# Commits every prediction of the page: (id, state before, texts told before, state after, words after).
COMMIT = """
(() => [...document.querySelectorAll("[data-ask]")].map((box) => {
  const before = [box.dataset.state, box.querySelector("output").textContent];
  const radio = box.querySelector("input[type=radio]");
  if (radio) radio.checked = true;
  box.querySelector("form").requestSubmit();
  return [box.dataset.ask, ...before, box.dataset.state, box.querySelector("output").textContent.length];
}))()
"""


def selected(site_dir, selector: str) -> list[str]:
    found = [
        address
        for address in site_pages(site_dir)
        if BeautifulSoup((site_dir / address).read_text("utf-8"), "html.parser").select_one(selector)
    ]
    assert found, f"no page has {selector}"
    return found


@pytest.fixture
def firefox(shared, site):
    shared.faults.clear()
    shared.open(site + "404.html")
    shared.evaluate("void (localStorage.clear(), sessionStorage.clear())")
    return shared


def test_every_value_exercise_is_answered(firefox, site, site_dir):
    count = 0
    for address in selected(site_dir, ".book-form"):
        firefox.open(site + address)
        for name, wrong, malformed, right in firefox.evaluate(ANSWER):
            assert (wrong, malformed, right) == ("wrong", "wrong", "right"), name
            assert firefox.evaluate(f"bookProgress.has('solved', {json.dumps(name)})")
            count += 1
    assert count and not firefox.faults


def test_every_prediction_is_committed_and_kept(firefox, site, site_dir):
    for address in selected(site_dir, "[data-ask]"):
        firefox.open(site + address)
        for name, before, words, after, told in firefox.evaluate(COMMIT):
            assert (before, words, after) == ("open", "", "committed"), name
            assert told > 20
        firefox.open(site + address)
        states = "[...document.querySelectorAll('[data-ask]')].map((box) => box.dataset.state)"
        assert set(firefox.evaluate(states)) == {"committed"}, address
    assert not firefox.faults


def test_by_keyboard_alone(firefox, site, site_dir):
    firefox.open(site + selected(site_dir, "[data-ask] script")[0])
    box = "document.querySelector('[data-ask]')"
    firefox.evaluate(f"void {box}.querySelector('input').focus()")
    # Enter in a field: a button is pressed by a key only in a window with the focus, which this one never has.
    firefox.press(" ", "ArrowDown", "Enter")
    assert firefox.evaluate(f"{box}.dataset.state") == "committed"
    pages = selected(site_dir, ".book-form")
    firefox.open(site + pages[0])
    box = "document.querySelector('.book-form')"
    form = json.loads(firefox.evaluate(f"{box}.querySelector('script').textContent"))
    if form["kind"] == "numbers":
        firefox.evaluate(f"void {box}.querySelector('input').focus()")
        for at, value in enumerate(form["expected"]):
            firefox.press(*["Tab"] * (at > 0), *repr(value))
        firefox.press("Enter")
        assert firefox.evaluate(f"{box}.dataset.state") == "right"
    assert not firefox.faults


def test_axe_finds_nothing_in_any_state(firefox, site, site_dir):
    axe = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf8")
    run = "axe.run('.book-form, .book-ask').then((r) => r.violations.map((v) => v.id))"
    for address in {selected(site_dir, "[data-ask]")[0], selected(site_dir, ".book-form")[0]}:
        firefox.open(site + address)
        firefox.evaluate(f"(() => {{ {axe}; return 0; }})()")
        assert firefox.evaluate(run) == []
        firefox.evaluate(ANSWER.replace(", answer(right)];", "];"))
        assert firefox.evaluate(run) == []
        firefox.evaluate(ANSWER)
        firefox.evaluate(COMMIT)
        assert firefox.evaluate(run) == []


def test_where_storage_is_refused_it_is_said_and_all_works(start, site, site_dir):
    strict = start(**{"network.cookie.cookieBehavior": 2})
    strict.open(site + selected(site_dir, ".book-form")[0])
    states = strict.evaluate(ANSWER)
    assert states and all(right == "right" for *_, right in states)
    strict.wait_for("document.querySelector('.progress-note')?.textContent.includes('switched off')")
    assert strict.evaluate("document.querySelectorAll('.progress-note').length") == 1
    assert not strict.faults


def test_it_works_from_a_disk(start, site_dir):
    disk = start()
    disk.origin = "file:"
    address = selected(site_dir, ".book-form")[0]
    disk.open((site_dir / address).as_uri())
    name, *_, right = disk.evaluate(ANSWER)[0]
    assert right == "right"
    disk.open((site_dir / "book" / "progress.html").as_uri())
    assert disk.evaluate(f"bookProgress.has('solved', {json.dumps(name)})")
    # To Firefox each file is an origin of its own: fonts and what widgets fetch don't come, and stay as they were.
    known = ("console: downloadable font", "console: Widget ")
    assert not [fault for fault in disk.faults if not fault.startswith(known)]
