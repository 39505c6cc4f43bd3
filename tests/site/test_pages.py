"""Every page of the built site as its HTML stands, and its first load; test_every_page.py looks at the rest."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from hashlib import sha256
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from site_tools import DESKTOP_LINE, site_pages, slow_down

PHONE = {"width": 360, "height": 740}
SPOKEN = ("alt", "title", "aria-label")
# Requests of figures don't count towards a page's first load.
FIGURES = (".svg", ".png", ".jpg", ".webp", ".gif", ".avif")


@pytest.fixture(scope="session")
def pages(site_dir):
    return site_pages(site_dir)


@pytest.fixture
def visit(open_page, site):
    """visit(paths, **context options) yields (path, page, faults), in one tab: quicker than one for each.

    With a ``line`` each page comes over it, and nothing from the cache.
    """

    def visit_(paths, line=None, **options):
        page, watch = open_page("404.html", **options)
        if line:
            slow_down(page, line, cache=False)
        for path in paths:
            watch.faults.clear()
            page.goto(site + path, wait_until="load")
            yield path, page, watch.faults

    return visit_


def test_every_page_has_the_policy_and_one_inline_script_that_it_names(site_dir, pages):
    for path in [*pages, "index.html"]:
        html = (site_dir / path).read_text("utf8")
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
        assert policy, path
        assert "default-src 'none'" in policy[1], path
        assert not re.search(r"script-src[^;]*'unsafe-(inline|eval)'", policy[1]), path
        known = re.findall(r"'sha256-([^']+)'", policy[1])
        for tag, code in re.findall(r"(<script\b[^>]*>)(.*?)</script>", html, re.S):
            if "src=" not in tag and 'type="application/json"' not in tag:
                assert b64encode(sha256(code.encode()).digest()).decode() == known.pop(), (path, tag)
        assert not known, path
        assert not re.search(r"\son\w+=\"", html), path


def test_links_and_anchors_inside_the_site_resolve(site_dir, pages):
    broken = []
    texts = {path: (site_dir / path).read_text("utf8") for path in pages}
    for path, html in texts.items():
        for target in re.findall(r'<a\b[^>]*\bhref="([^"]*)"', html):
            parts = urlsplit(target.replace("&amp;", "&"))
            if parts.scheme or parts.netloc:
                continue
            file = (site_dir / path).parent / unquote(parts.path) if parts.path else site_dir / path
            if not file.is_file():
                broken.append(f"{path}: {target}")
            elif parts.fragment:
                name = file.resolve().relative_to(site_dir.resolve()).as_posix()
                if f'id="{unquote(parts.fragment)}"' not in texts.get(name, ""):
                    broken.append(f"{path}: {target} (no such anchor)")
    assert not broken


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_first_load_is_light_and_steady(visit, pages, site_dir, viewport):
    heavy = {}
    # Over a line, fonts and scripts come after the text, as they do for a reader.
    for path, page, _ in visit(pages, line=DESKTOP_LINE, viewport=viewport):
        page.wait_for_timeout(150)
        names = page.evaluate("performance.getEntriesByType('resource').map((r) => new URL(r.name).pathname)")
        total = 0
        for name in {f"/{path}", *names}:
            file = site_dir / unquote(name).lstrip("/")
            if file.suffix in FIGURES or "/state/" in name:
                continue
            data = file.read_bytes()
            total += len(data) if file.suffix == ".woff2" else len(gzip.compress(data, 6))
        shift = page.evaluate(
            """() => new Promise((done) => {
                let sum = 0;
                new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
                    if (!entry.hadRecentInput) sum += entry.value;
                })).observe({type: "layout-shift", buffered: true});
                setTimeout(() => done(sum), 100);
            })"""
        )
        if total > 250_000 or shift > 0.02:
            heavy[path] = (total, shift)
    assert not heavy


def test_figures_have_a_place_before_they_load(site_dir, pages):
    loose = []
    for path in pages:
        article = (
            (site_dir / path)
            .read_text("utf8")
            .partition('<article class="text">')[2]
            .partition("</article>")[0]
        )
        for tag in re.findall(r"<img\b[^>]*>", article):
            if (
                not all(f"{name}=" in tag for name in ("alt", "width", "height", "loading"))
                or 'src="data:' in tag
            ):
                loose.append((path, tag[:160]))
    assert not loose


def test_no_page_shows_the_marks_of_measured_text(site_dir, pages):
    marked = []
    for path in pages:
        html = (site_dir / path).read_text("utf8")
        if not re.search("[⟨⟩]", html):
            continue
        soup = BeautifulSoup(html, "html.parser")
        for part in soup.select("script, style, .katex, pre, code"):  # in a formula they are angle brackets
            part.decompose()
        texts = [*soup.strings, *(tag.get(name, "") for tag in soup.find_all(True) for name in SPOKEN)]
        marked += [(path, str(text)[:80]) for text in texts if "⟨" in text or "⟩" in text]
    assert not marked
