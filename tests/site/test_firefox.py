"""The site in the system's Firefox: the few things that Chromium can't vouch for. `firefox` says how it is driven."""

from __future__ import annotations

import pytest

CHAPTER = "chapters/01_linear_algebra/04_svd_and_image_compression.html"
PAGES = ["book/index.html", CHAPTER, "book/verified.html", "book/glossary.html", "book/instruments.html"]
SETTLED = "!document.documentElement.classList.contains('first-paint')"


@pytest.fixture
def firefox(shared):
    shared.faults.clear()
    return shared


@pytest.fixture(scope="module")
def strict(start):
    """Storage is refused, as where a reader blocks all cookies."""
    return start(**{"network.cookie.cookieBehavior": 2})


def wake(firefox) -> int:
    """Bring every widget near the screen, one after the other; how many live."""
    count = firefox.evaluate("document.querySelectorAll('[data-widget]').length")
    for at in range(count):
        widget = f"document.querySelectorAll('[data-widget]')[{at}]"
        firefox.evaluate(f"void {widget}.scrollIntoView({{behavior: 'instant', block: 'center'}})")
        assert firefox.wait_for(f"{widget}.dataset.live") == "true", firefox.evaluate(
            f"{widget}.dataset.widget"
        )
    return count


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_error_and_its_widgets_live(firefox, site, path):
    firefox.open(site + path)
    firefox.wait_for(SETTLED)
    assert wake(firefox) >= {"book/index.html": 1, CHAPTER: 1, "book/instruments.html": 10}.get(path, 0)
    # What it would fetch ahead, it fetches when it has nothing else to do.
    firefox.evaluate("new Promise((done) => setTimeout(done, 600))")
    assert not firefox.faults


def test_every_kind_of_widget_answers_an_arrow_key(firefox, site):
    firefox.open(site + "book/instruments.html")
    wake(firefox)
    names = firefox.evaluate(
        "[...document.querySelectorAll('[data-widget]')].filter((widget) => (widget.slider ="
        # A demo that isn't started keeps its sliders out of sight.
        " [...widget.querySelectorAll('input[type=range]:not(:disabled)')].find((one) => one.offsetParent)))"
        ".map((widget) => widget.dataset.widget)"
    )
    assert len(names) >= 5, names
    deaf = []
    for name in names:
        slider = f"document.querySelector('[data-widget={name}]').slider"
        shown = f"document.querySelector('[data-widget={name}] .book-stage').textContent + {slider}.value"
        firefox.evaluate(f"void {slider}.focus()")
        before = firefox.evaluate(shown)
        firefox.press("ArrowLeft")
        if firefox.evaluate(shown) == before:  # it stood at its left end
            firefox.press("ArrowRight")
        deaf += [name] if firefox.evaluate(shown) == before else []
    assert not deaf and not firefox.faults


def test_after_back_a_page_has_the_theme_that_was_chosen_since(firefox, site):
    theme = (
        "[document.documentElement.dataset.theme, document.querySelector('[data-theme-switch]').textContent]"
    )
    firefox.open(site + "book/index.html")
    firefox.evaluate("void localStorage.setItem('book-theme', 'light')")
    firefox.open(site + "book/gallery.html")
    assert firefox.evaluate(theme) == ["light", "Light"]
    firefox.evaluate("void addEventListener('pageshow', (event) => { window.kept = event.persisted; })")
    firefox.open(site + "book/glossary.html")
    firefox.evaluate("void document.querySelector('[data-theme-switch]').click()")
    assert firefox.evaluate(theme) == ["dark", "Dark"]
    firefox.back()
    assert firefox.wait_for("window.kept"), "the page wasn't kept: this proves nothing"
    assert firefox.evaluate(theme) == ["dark", "Dark"]
    firefox.evaluate("void document.querySelector('[data-theme-switch]').click()")
    assert firefox.evaluate("localStorage.getItem('book-theme')") == "auto"  # what follows dark
    assert not firefox.faults


@pytest.mark.parametrize("query", ["divergence", "過擬合", "zhuyili"])
def test_search_finds_where_storage_is_refused(strict, site, query):
    strict.faults.clear()
    strict.open(site + f"search.html?q={query}")
    assert strict.evaluate("(() => { try { return localStorage.length; } catch { return 'kept'; } })()") != 0
    strict.wait_for("/found|match/.test(document.querySelector('#search-results').textContent)")
    assert strict.evaluate("document.querySelectorAll('#search-results li').length") > 0
    strict.press("Escape")
    assert not strict.faults


def test_a_theme_chosen_where_storage_is_refused_outlasts_a_visit_elsewhere(strict, site):
    strict.faults.clear()
    strict.open(site + "book/gallery.html")
    strict.evaluate("void addEventListener('pageshow', (event) => { window.kept = event.persisted; })")
    for _ in range(2):
        strict.evaluate("void document.querySelector('[data-theme-switch]').click()")
    strict.open(site + "book/glossary.html")
    strict.back()
    assert strict.wait_for("window.kept"), "the page wasn't kept: this proves nothing"
    assert strict.evaluate("document.documentElement.dataset.theme") == "dark"
    assert not strict.faults


def test_paper_has_what_is_folded(firefox, site):
    firefox.open(site + "book/errata.html")
    folds = firefox.evaluate("document.querySelectorAll('.text details:not([open])').length")
    assert folds > 5
    sheets = firefox.sheets(14.8, 21)
    firefox.evaluate("void document.querySelectorAll('.text details').forEach((box) => { box.open = true; })")
    assert firefox.sheets(14.8, 21) == sheets > 5
