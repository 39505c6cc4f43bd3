"""What a reader does: switch the theme, move by keyboard, search, run a page elsewhere."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from site_tools import ROOT, site_pages


def first_page(site_dir) -> str:
    """A chapter page if there is one: it has the most on it."""
    pages = site_pages(site_dir)
    return next((p for p in pages if re.match(r"chapters/.+/\d", p)), "book/index.html")


def test_theme_switch_works_persists_and_does_not_flash(open_page, site_dir):
    page, watch = open_page(first_page(site_dir), color_scheme="light")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    switch = page.locator("[data-theme-switch]")
    switch.click()
    switch.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    # The theme must be set by the time the body begins, or a reader in the dark sees a white flash.
    page.add_init_script(
        """new MutationObserver((_, me) => {
            if (!document.body) return;
            me.disconnect();
            window.themeAtBody = document.documentElement.dataset.theme;
        }).observe(document, {childList: true, subtree: true});"""
    )
    page.reload()
    assert page.evaluate("window.themeAtBody") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    switch.click()
    assert page.evaluate("[localStorage['book-theme'], document.documentElement.dataset.theme]") == [
        "auto",
        "light",
    ]
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    assert not watch.faults


def test_a_figure_is_fetched_in_one_theme_only(open_page, site_dir):
    page, _ = open_page(first_page(site_dir), color_scheme="light")
    if not page.locator("img.in-dark").count():
        pytest.skip("the page has no figure with a dark version")
    page.evaluate(
        """async () => {
            document.documentElement.style.scrollBehavior = "auto";
            for (let y = 0; y < document.documentElement.scrollHeight; y += 400) {
                scrollTo(0, y);
                await new Promise((done) => setTimeout(done, 30));
            }
        }"""
    )
    page.wait_for_load_state("networkidle")
    fetched = page.evaluate("performance.getEntriesByType('resource').map((r) => r.name)")
    dark = page.evaluate("[...document.querySelectorAll('img.in-dark')].map((i) => i.src)")
    assert not set(dark) & set(fetched)
    page.locator("[data-theme-switch]").evaluate("(b) => { b.click(); b.click(); }")
    page.locator("img.in-dark").first.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('img.in-dark').naturalWidth > 0")


def test_keyboard_reaches_skip_link_search_and_chapters(open_page, site_dir):
    page, _ = open_page(first_page(site_dir), viewport={"width": 1280, "height": 800})
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    for _ in range(4):
        page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('.chapters')")


def test_the_chapters_open_on_a_phone(open_page, site_dir):
    page, _ = open_page(first_page(site_dir), viewport={"width": 360, "height": 740})
    assert not page.locator(".chapters").is_visible()
    page.locator(".menu summary").focus()
    page.keyboard.press("Enter")
    page.locator(".chapters").wait_for(state="visible")
    assert page.locator(".chapters").bounding_box()["height"] > 600
    page.wait_for_function("() => !!document.activeElement.closest('.chapters')")
    page.keyboard.press("Escape")
    page.locator(".chapters").wait_for(state="hidden")


@pytest.mark.parametrize("words", ["singular compression", "奇异值"])
def test_search_finds_english_and_chinese(open_page, words):
    page, watch = open_page("book/index.html")
    page.locator(".find input").fill(words)
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.wait_for()
    links = page.eval_on_selector_all("#search-results li a", "(all) => all.map((a) => a.pathname.slice(1))")
    assert "chapters/01_linear_algebra/04_svd_and_image_compression.html" in links
    assert not watch.faults


def test_a_notebook_page_can_be_run_and_reported(site_dir):
    path = first_page(site_dir)
    if path.startswith("book/"):
        pytest.skip("no notebook in the book yet")
    html = (site_dir / path).read_text("utf8")
    source = path.removesuffix(".html") + ".ipynb"
    assert re.search(
        rf'href="https://colab\.research\.google\.com/github/[\w./-]+/blob/[\w./-]+/{re.escape(source)}"',
        html,
    )
    assert f'_sources/{source}" download' in html
    assert (site_dir / "_sources" / source).read_bytes() == (ROOT / source).read_bytes() or not (
        ROOT / source
    ).exists()
    assert "/issues/new?" in html


def test_a_report_names_the_page_and_the_section_on_the_screen(open_page):
    page, _ = open_page("chapters/01_linear_algebra/04_svd_and_image_compression.html#exercises")
    link = page.get_by_role("link", name="Report a mistake here")
    page.wait_for_selector(".on-page a[aria-current=true]")
    # A click that isn't followed: the form is on another host.
    link.evaluate("(a) => { a.addEventListener('click', (event) => event.preventDefault()); a.click(); }")
    query = parse_qs(urlsplit(link.get_attribute("href")).query)
    assert query["page"] == ["chapters/01_linear_algebra/04_svd_and_image_compression"]
    assert query["section"] == ["Exercises"] and query["template"] == ["mistake.yml"]


def test_a_page_shown_again_has_the_theme_that_was_chosen_since(open_page):
    """As from the back-forward cache, which this Chromium doesn't use; test_firefox.py goes back indeed."""
    page, _ = open_page("book/gallery.html", color_scheme="light")
    page.evaluate("localStorage.setItem('book-theme', 'dark')")
    page.evaluate("void dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.locator("[data-theme-switch]").inner_text() == "Dark"


def copied(page, selection: str) -> str:
    """What a copy of the elements from the first to the second of ``selection`` puts on the clipboard."""
    return page.evaluate(
        """(selection) => {
            const [first, last] = selection.split("|").map((one) => document.querySelector(one));
            getSelection().setBaseAndExtent(first, 0, last ?? first, (last ?? first).childNodes.length);
            let text = null;
            const listen = (event) => { text = event.clipboardData.getData("text/plain"); };
            addEventListener("copy", listen);
            document.execCommand("copy");
            removeEventListener("copy", listen);
            return text || getSelection().toString();
        }""",
        selection,
    )


def test_a_copied_formula_is_its_tex_once(open_page):
    page, _ = open_page("chapters/01_linear_algebra/04_svd_and_image_compression.html")
    page.evaluate(
        """() => {
            const formula = document.querySelector(".text p .katex"), block = document.querySelector(".katex-display");
            const p = document.createElement("p");
            p.id = "made";
            p.append("before ", formula.cloneNode(true), " after");
            const second = document.createElement("p");
            second.id = "second";
            second.append("next ", block.closest(".math").cloneNode(true), "end");
            document.querySelector(".text").append(p, second);
        }"""
    )
    tex = page.locator("#made annotation").text_content()
    block = page.locator("#second annotation").text_content()
    assert copied(page, "#made") == f"before ${tex}$ after"
    # From the middle of a formula: whole, or it would be no TeX.
    assert copied(page, "#made .katex-html .mord|#made") == f"${tex}$ after"
    lines = [line.strip() for line in copied(page, "#made|#second").splitlines() if line.strip()]
    assert lines == [f"before ${tex}$ after", "next", *f"$${block}$$".splitlines(), "end"]
    assert "$" not in copied(page, "h1") and not page.locator(".copied").count()


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("過擬合", "book/glossary.html#term-overfitting"),  # traditional
        ("ＫＬ", "chapters/03_statistics/04_divergences.html"),  # full width
        ("zhuyili", "chapters/12_attention/01_attention.html"),  # pinyin of a part of a term
        ("zhùyìlì jīzhì", "chapters/12_attention/01_attention.html"),
        ("guo ni he", "book/glossary.html#term-overfitting"),
        ("xuexilv", "book/glossary.html#term-learning-rate"),  # v for ü
        ("divergence", "chapters/03_statistics/04_divergences.html"),
    ],
)
def test_search_where_storage_is_refused_and_however_it_is_typed(open_page, query, wanted):
    page, watch = open_page("404.html", viewport={"width": 360, "height": 740})
    page.add_init_script(
        """Object.defineProperty(window, "localStorage", { configurable: true, get() {
            throw new DOMException("refused", "SecurityError");
        } });"""
    )
    page.goto(page.url.replace("404.html", f"search.html?q={query}"))
    page.wait_for_function("() => /found|match/.test(document.querySelector('#search-results').textContent)")
    links = page.locator("#search-results li a")
    hrefs = links.evaluate_all("(all) => all.map((a) => a.pathname.slice(1) + a.hash)")
    assert any(href.startswith(wanted) for href in hrefs), hrefs
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert not watch.faults
