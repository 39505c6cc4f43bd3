"""What a page folds, how a fold is called, and what is a shade lighter."""

from __future__ import annotations

import itertools
import re
import sys
from html import unescape
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from site_tools import ROOT, site_pages

sys.path.insert(0, str(ROOT / "book" / "_ext"))
pytest.importorskip("sphinx", reason="the site's packages are not installed: pip install '.[site]'")
from bookext import chinese, folds, outputs
from docutils import nodes
from docutils.utils import new_document


def seal(kind: str = "claim", state: str = "right") -> nodes.container:
    html = f'<div class="book-seal" data-kind="{kind}" data-state="{state}"><span class="book-what">So</span></div>'
    return nodes.container("", nodes.raw("", html, format="html"))


def plain() -> nodes.container:
    return nodes.container("", nodes.literal_block("", "0.25"))


def folded(source: str, *shown: nodes.Node, hide: bool = True) -> list[str]:
    """The outputs of a cell as the page has them: "s" a seal, "." another, a number the line of a fold, ")" its end."""
    code = nodes.container("", nodes.literal_block("", source), nb_element="cell_code_source")
    part = nodes.container("", *shown, nb_element="cell_code_output")
    cell = nodes.container("", code, part, nb_element="cell_code", **({"hide_mode": "input"} if hide else {}))
    document = new_document("page")
    document += cell
    folds.FoldSeals(document).run()
    letters = []
    for node in part.children:
        text = node.astext()
        if isinstance(node, nodes.raw):
            letters.append(m[1] if (m := re.search(r"(\d+) checks hold", text)) else ")")
        else:
            letters.append("s" if "book-seal" in text else ".")
    return letters


SHOW = "# @title Draw: a thing\n1"


@pytest.mark.parametrize(
    ("source", "hide", "shown", "page"),
    [
        ("a = 1", False, "sss", "sss"),
        ("a = 1", False, "ssss", "4ssss)"),
        ("a = 1", False, "ss.sss", "ss.sss"),  # in a row
        ("a = 1", False, ".sssss.s", ".5sssss).s"),
        ("# @title Checks\n1", True, "ss", "2ss)"),
        ("# @title Check: the walk\n1", True, "ss.sss", "2ss).3sss)"),
        ("# @title Checks\n1", True, "s", "s"),  # one line already
        ("# @title Check 4\n1", True, "sss", "sss"),  # of an exercise
        (SHOW, True, "sss", "sss"),
        ("# @title Checks\n1", False, "ss", "ss"),  # open
    ],
)
def test_seals_in_a_row_are_one_line(source, hide, shown, page):
    made = [seal() if letter == "s" else plain() for letter in shown]
    assert "".join(folded(source, *made, hide=hide)) == page


@pytest.mark.parametrize("odd", [seal("exercise"), seal("claim", "wrong"), seal("verify", "unwritten")])
def test_what_does_not_hold_is_not_folded(odd):
    assert "".join(folded("a = 1", seal(), seal(), odd, seal(), seal(), hide=False)) == "sssss"


def test_a_fold_is_called_what_its_first_line_says():
    code = nodes.container("", nodes.literal_block("", "# @title Check: the walk\na = 1"))
    cell = nodes.container(
        "", code, nb_element="cell_code", hide_mode="input", prompt_show="stale", prompt_hide=""
    )
    document = new_document("page")
    document += cell
    folds.NameFolds(document).run()
    assert cell["prompt_show"] == cell["prompt_hide"] == "Check: the walk"


@pytest.mark.parametrize("source", ["a = 1", "# @title", "# @title   \na = 1", "# a\n# @title late"])
def test_no_title(source):
    assert folds.title(source) == ""


FOLD = re.compile(r'<details class="admonition hide[^>]*>\s*<summary>(.*?)</summary>.*?<pre>(.*?)\n', re.S)
# What stands in an output, in the page's order: the cell, a fold's line and its end, an output, a seal that holds.
PIECE = re.compile(
    r'(?P<cell>class="cell_output)|(?P<fold><details class="seals">.*?</summary>)|(?P<end></details>)'
    r'|(?P<seal><div class="output text_html"><div class="book-seal" data-kind="(?:verify|claim)" data-state="right")'
    r'|(?P<other><div class="output)',
    re.S,
)


def test_every_fold_on_every_page_has_the_name_of_its_cell(site_dir):
    names = 0
    for path in site_pages(site_dir):
        html = (site_dir / path).read_text("utf8")
        found = FOLD.findall(html)
        assert len(found) == html.count('<details class="admonition hide'), path
        for name, line in found:
            first = unescape(re.sub("<[^>]*>", "", line))
            assert unescape(name) == folds.title(first) != "", (path, first)
            names += 1
    assert names > 100


def test_no_page_has_more_than_three_seals_in_a_row(site_dir):
    lines = 0
    for path in site_pages(site_dir):
        run, folded_in, said = 0, None, ""
        html = (site_dir / path).read_text("utf8")
        # A seal's own runs open too: their end is not the end of a fold of seals.
        html = re.sub(r'<details class="book-runs[^>]*>.*?</details>', "", html, flags=re.S)
        for piece in PIECE.finditer(html):
            if piece["fold"]:
                folded_in, said = 0, piece["fold"]
            elif piece["end"] and folded_in is not None:
                assert f" {folded_in} checks hold<" in said, path
                run, folded_in, lines = 0, None, lines + 1
            elif piece["seal"] and folded_in is not None:
                folded_in += 1
            else:
                run = run + 1 if piece["seal"] else 0
                assert run <= 3, path
    assert lines > 10


def test_a_line_of_the_ledger_opens_the_fold_that_it_leads_to(open_page, site_dir):
    pages = {path: (site_dir / path).read_text("utf8") for path in site_pages(site_dir)}
    path, html = next(
        (path, html) for path, html in pages.items() if 'class="seals"' in html and "chapters/" in path
    )
    check = BeautifulSoup(html, "html.parser").select_one("details.seals .book-seal")["id"]
    closed, _ = open_page(path)
    assert not closed.locator(f"#{check}").is_visible()
    closed.locator("details.seals > summary").first.click()
    assert closed.locator(f"#{check}").is_visible()
    led, _ = open_page(f"{path}#{check}")
    led.locator(f"#{check}").wait_for(state="visible")


# ---------------------------------------------------------------- measured text


def test_marks_of_measured_text_are_not_shown():
    html = (
        '<figure class="book-figure"><img alt="A bar at ⟨0.82⟩ of ⟨1 m⟩" src="a.png">'
        "<figcaption>Mean IoU ⟨0.82⟩ &lt; 1, then ⟨3⟩.</figcaption></figure>"
    )
    soup = BeautifulSoup(outputs.rewrite(html, SimpleNamespace(), itertools.count(1)), "html.parser")
    assert soup.img["alt"] == "A bar at 0.82 of 1 m"
    assert soup.figcaption.get_text() == "Mean IoU 0.82 < 1, then 3."
    assert [span.get_text() for span in soup.select("span.measured")] == ["0.82", "3"]


def test_a_widgets_state_keeps_its_marks_for_its_module():
    html = '<div class="book-widget" data-widget="explore"><script type="application/json">{"a":"⟨1⟩"}</script></div>'
    assert '{"a":"⟨1⟩"}' in outputs.rewrite(html, SimpleNamespace(), itertools.count(1))


# ---------------------------------------------------------------- Chinese terms


@pytest.mark.parametrize(
    ("text", "shaded"),
    [
        ("the learning rate (学习率) and", ["(学习率)"]),
        ("one (过拟合), two (欠拟合)", ["(过拟合)", "(欠拟合)"]),
        ("IoU (交并比, IoU)", ["(交并比, IoU)"]),
        ("full width （残差）", ["（残差）"]),
        ("no Chinese (at all)", []),
        ("学习率 without brackets", []),
        ("(a whole sentence that goes on and on and on for long before 学习率)", []),
    ],
)
def test_chinese_terms_in_brackets(text, shaded):
    parts = chinese.shaded(text)
    assert "".join(part.astext() for part in parts) == text
    marked = [part for part in parts if isinstance(part, nodes.inline)]
    assert [part.astext() for part in marked] == shaded
    for part in marked:
        assert ("zh" in part["classes"]) is not bool(re.search("[A-Za-z]", part.astext()))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_term_is_lighter_than_its_sentence(open_page, scheme):
    page, _ = open_page("chapters/03_statistics/04_divergences.html", color_scheme=scheme)
    term = page.locator("p > .zh-term").first
    inner, outer = term.evaluate("(t) => [t, t.parentElement].map((e) => getComputedStyle(e).color)")
    assert inner != outer and term.get_attribute("lang") in ("zh-Hans", None)
    muted = page.evaluate(
        """() => { const e = document.querySelector(".text").appendChild(document.createElement("i"));
            e.style.color = "var(--book-muted)"; return getComputedStyle(e).color; }"""
    )
    assert inner == muted  # whose contrast test_theme.py holds
