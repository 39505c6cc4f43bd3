"""The pages around the chapters: made from their sources, and wrong sources end the build with one line."""

from __future__ import annotations

import csv
import itertools
import json
import os
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from site_tools import ROOT, site_pages

sys.path.insert(0, str(ROOT / "book" / "_ext"))
pytest.importorskip("sphinx", reason="the site's packages are not installed: pip install '.[site]'")
from bookext import assets, dots, generated, glossary, home, ledger, outputs, pages, references, topics
from sphinx.errors import ExtensionError

# ---------------------------------------------------------------- broken sources


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A copy of the lists, with one small notebook, in place of the book's."""
    (tmp_path / "book").mkdir()
    for name in ("glossary.csv", "notes.csv", "chapters.csv", "times.csv"):
        shutil.copyfile(ROOT / "book" / name, tmp_path / "book" / name)
    every = list(csv.DictReader((ROOT / "book" / "topics.csv").open(encoding="utf8", newline="")))
    with (tmp_path / "book" / "topics.csv").open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, list(every[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {**row, "notebook": "", "heading": ""} for row in every
        )  # it has none of the notebooks
    folder = tmp_path / "chapters" / "01_linear_algebra"
    folder.mkdir(parents=True)
    text = "**References.** which came first. P. Q. One and R. Two (1999), [Title](https://doi.org/10.1000/x(1)y)."
    cells = [{"cell_type": "markdown", "source": source} for source in ("# Notebook", text)]
    (folder / "01_x.ipynb").write_text(json.dumps({"cells": cells}))
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    return tmp_path


def change(book, name: str, line: int, **values: str) -> None:
    path = book / "book" / name
    with path.open(encoding="utf8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[line - 2].update(values)
    with path.open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"zh": ""}, r"glossary\.csv:4: .+ has no zh; fill it in"),
        ({"definition_en": " "}, r"glossary\.csv:4: .+ has no definition_en"),
        ({"topic": "svd nothing"}, r"names the topic 'nothing'"),
        ({"en": "Action-Value Function"}, r"stands on line 2 already"),
        ({"en": "zzz"}, r"alphabetical order"),
    ],
)
def test_a_wrong_term_is_named(book, values, said):
    assert len(glossary.rows()) >= 300
    change(book, "glossary.csv", 4, **values)
    with pytest.raises(ExtensionError, match=said):
        glossary.rows()


def test_a_topic_that_claims_a_missing_notebook_is_named(book):
    change(book, "topics.csv", 5, notebook="chapters/01_linear_algebra/gone.ipynb", heading="Here")
    with pytest.raises(
        ExtensionError, match=r"names chapters/01_linear_algebra/gone\.ipynb, which isn't there"
    ):
        topics.places()


def test_a_heading_of_the_notes_with_an_unknown_topic_is_named(book):
    change(book, "notes.csv", 7, topics="svd nothing")
    with pytest.raises(ExtensionError, match=r"notes\.csv:7: nothing is no id"):
        topics.heading_table()


@pytest.mark.parametrize(
    ("line", "values", "said"),
    [
        (3, {"needs": "magic"}, "needs 'magic', which is no chapter"),
        (3, {"row": "1", "column": "5"}, "must stand in a row below"),
        (8, {"column": "3"}, "optimization and statistics share row and column"),
    ],
)
def test_a_wrong_chapter_is_named(book, line, values, said):
    home.chapter_map()
    change(book, "chapters.csv", line, **values)
    with pytest.raises(ExtensionError, match=said):
        home.chapter_map()


def test_times_and_notebooks_must_agree(book):
    with pytest.raises(ExtensionError, match=r"no row for chapters/01_linear_algebra/01_x\.ipynb; run 'make"):
        references.times()
    row = "chapters/01_linear_algebra/01_x.ipynb,3,300,CPU\n"
    (book / "book" / "times.csv").write_text("notebook,seconds,memory_mib,machine\n" + row)
    assert "| 3 | 300 MiB |" in references.times()
    with (book / "book" / "times.csv").open("a") as file:
        file.write("chapters/gone.ipynb,3,300,CPU\n")
    with pytest.raises(ExtensionError, match="has a row for chapters/gone"):
        references.times()


CLAIM = {"kind": "claim", "sentence": "It holds", "value": 0.5, "op": ">=", "bound": 0.25, "unit": ""}
PROOF = {"kind": "verify", "what": "ours", "against": "theirs", "checked": "values", "error": 1e-9}
PROOF |= {"atol": 1e-8, "rtol": 0.0}
NOTEBOOK = "chapters/01_linear_algebra/01_x.ipynb"


@pytest.fixture
def stated(book):
    """The small notebook with a claim and a verify; write(rows) stores its runs, ``CODE`` for its digest."""
    outputs = [{"metadata": {"book": record}} for record in (CLAIM, PROOF)]
    cells = [
        {"cell_type": "markdown", "source": "# Notebook\n\n## Part"},
        {"cell_type": "code", "source": "x = 1", "outputs": outputs},
    ]
    (book / NOTEBOOK).write_text(json.dumps({"cells": cells}))
    generated.cells.cache_clear()
    ledger.details.cache_clear()
    table = book / "book" / "seeds" / NOTEBOOK.replace(".ipynb", ".csv")
    table.parent.mkdir(parents=True)
    (book / "book" / "verified").mkdir()
    (book / "book" / "verified" / "01_linear_algebra.md").write_text("# Verified: Linear algebra\n")

    def write(*rows: str, columns: str = "1,2") -> None:
        code = generated.reading.digest(cells)
        head = f"code,seed,threads,processor,{columns}"
        table.write_text("\n".join([head, *rows]).replace("CODE", code) + "\n")
        ledger.details.cache_clear()

    write.root, write.table = book, table
    return write


RUNS = ("CODE,0,1,native,0.5,0", "CODE,0,1,SSE4,0.375,1e-09", "CODE,1,2,native,0.75,2e-09")


def test_the_ledger_tells_in_which_runs_the_code_as_it_stands_held(stated):
    stated(*RUNS)
    text = ledger.ledger("01_linear_algebra")
    where = '<a href="../../chapters/01_linear_algebra/01_x.html#check-1">Part</a>'
    line = next(row for row in text.splitlines() if row.startswith("| It holds"))
    assert line.startswith("| It holds | 0.5 | 0.375 to 0.75<svg ")
    assert line.endswith(f"</svg> | ≥ 0.25 | {where} |")
    assert "\n\nHeld on 2 seeds and 2 processors, in 3 runs.\n\n" in text and "| up to 2.0e" in text
    assert (
        "1 verification and 1 claim, in 1 notebook; 1 of them" in ledger.ledger()
        and "| [Linear algebra](verified/01_linear_algebra.md) | 1 | 1 | 1 | 1 |" in ledger.ledger()
    )
    stated(*(row.replace("CODE", "f" * 12) for row in RUNS))  # the code has changed since
    assert "| It holds | 0.5 | not yet tried | ≥ 0.25 |" in ledger.ledger("01_linear_algebra")
    assert "Held on" not in ledger.ledger("01_linear_algebra")
    assert "| [Linear algebra](verified/01_linear_algebra.md) | 1 | 1 | 1 | 0 |" in ledger.ledger()
    stated.table.unlink()
    assert "| It holds | 0.5 | not yet tried | ≥ 0.25 |" in ledger.ledger("01_linear_algebra")


def test_runs_that_do_not_fit_end_the_build(stated):
    stated(*(row.rsplit(",", 1)[0] for row in RUNS), columns="1")
    with pytest.raises(
        ExtensionError,
        match=rf"01_x\.csv has 1 statement, the notebook's outputs have 2; run 'make notebooks N={NOTEBOOK}'",
    ):
        ledger.ledger("01_linear_algebra")
    stated(*RUNS, columns="1,3")
    with pytest.raises(ExtensionError, match=rf"{NOTEBOOK}: 01_x\.csv is no table of runs"):
        ledger.ledger("01_linear_algebra")
    stated(*RUNS)
    (stated.root / "book" / "verified" / "01_linear_algebra.md").unlink()
    with pytest.raises(
        ExtensionError, match=r"no page for 01_linear_algebra: write book/verified/01_linear_algebra\.md"
    ):
        ledger.ledger()
    stated.table.rename(stated.table.with_name("02_gone.csv"))
    with pytest.raises(
        ExtensionError, match=r"has runs of chapters/01_linear_algebra/02_gone\.ipynb, which isn't"
    ):
        ledger.ledger()


def places(svg: str) -> tuple[list[float], list[float], list[float]]:
    """Where the dots stand, their rows, where the bounds are."""
    dots = re.findall(r"M([\d.]+) ([\d.]+)h0", svg)
    return (
        [float(x) for x, _ in dots],
        [float(y) for _, y in dots],
        [float(x) for x in re.findall(r'"bound" d="M([\d.]+)', svg)],
    )


def drawn(record: dict, values: list[float], bounds=None, kinds=("a", "b", "a")) -> str:
    return dots.svg(record, [SimpleNamespace(processor=kind) for kind in kinds], values, bounds)


def test_dots_stand_where_the_numbers_fell():
    svg = drawn(CLAIM, [0.5, 0.375, 0.75])
    at, rows, (bound,) = places(svg)
    assert bound < at[1] < at[0] < at[2]
    assert (at[0] - bound) / (at[2] - bound) == pytest.approx(0.5, abs=0.01)  # 0.25 of 0.5
    assert rows[0] == rows[2] != rows[1]  # a row a processor
    assert f'class="false" d="M0 0h{bound:g}v' in svg  # false below the bound
    at, _, (low, high) = places(drawn(CLAIM | {"op": "in", "bound": [0.25, 1.0]}, [0.5, 0.375, 0.75]))
    assert low < min(at) and max(at) < high
    at, _, (bound,) = places(drawn(CLAIM | {"op": "<="}, [0.1, 0.01, 0.001]))
    assert at[1] - at[2] == pytest.approx(at[0] - at[1], abs=0.2)  # far apart: by factors
    at, _, (bound,) = places(drawn(CLAIM, [5.0, 7.0, 9.0], [(4.0,), (7.5,), (6.0,)]))
    assert at[1] < bound < at[0] < at[2]  # a bound that was measured too: the distance from it
    at, _, (bound,) = places(drawn(PROOF, [0.0, 1e-9, 2e-9]))
    assert at[0] == at[1] < at[2] < bound
    assert drawn(CLAIM, [0.5, 0.5, 0.5]) == "" and drawn(PROOF, [0.0, 0.0, 0.0]) == ""
    assert not places(drawn(PROOF | {"rtol": 1e-6}, [0.0, 1e-9, 2e-9]))[2]  # what it allowed isn't known


def test_a_seal_opens_to_its_runs(stated, tmp_path):
    stated(*RUNS)
    html = '<div class="book-seal" data-kind="{}"><span class="book-what">It</span></div>'
    checks = itertools.count(1)
    writer = outputs.Writer(tmp_path, "x.html")
    first, second = (
        outputs.rewrite(html.format(kind), writer, checks, stated.root / NOTEBOOK)
        for kind in ("claim", "verify")
    )
    assert BeautifulSoup(first, "html.parser").select_one("#check-1 > details summary").text == "3 runs"
    assert "<p>Held on 2 seeds and 2 processors: 0.375 to 0.75, held to ≥ 0.25</p>" in first
    assert 'id="check-2"' in second and "up to 2.0e" in second
    assert "<details" not in outputs.rewrite(html.format("exercise"), writer, checks, stated.root / NOTEBOOK)
    stated.table.unlink()
    ledger.details.cache_clear()
    untried = outputs.rewrite(html.format("claim"), writer, itertools.count(1), stated.root / NOTEBOOK)
    assert 'id="check-1"' in untried and "<details" not in untried


def test_a_page_is_made_again_when_its_notebook_was_tried(stated):
    page = NOTEBOOK.removesuffix(".ipynb")
    env = SimpleNamespace(found_docs={page, "book/index"})
    stated(*RUNS)
    assert ledger.outdated(None, env, set(), set(), set()) == [page]
    assert ledger.outdated(None, env, set(), set(), set()) == []
    os.utime(stated.table, (1, 1))
    assert ledger.outdated(None, env, set(), set(), set()) == [page]
    stated.table.unlink()
    assert ledger.outdated(None, env, set(), set(), set()) == [page]


def test_every_chapter_has_its_page_of_the_ledger():
    listed = {row["slug"]: int(row["number"]) for row in generated.table("chapters")}
    named = {f"{number:02d}_{slug}" for slug, number in listed.items()} | {"book"}
    folder = ROOT / "book" / "verified"
    assert {path.stem for path in folder.glob("*.md")} == named
    toc = (ROOT / "_toc.yml").read_text("utf8")
    for name in named:
        assert f"<!-- generated: ledger {name} -->" in (folder / f"{name}.md").read_text("utf8")
        assert f"- file: book/verified/{name}\n" in toc


def test_a_reference_is_listed_once_with_its_authors(book):
    text = references.bibliography()
    assert (
        "P. Q. One and R. Two (1999), [Title](https://doi.org/10.1000/x(1)y)" in text and "1 work.\n" in text
    )
    path = book / "chapters" / "01_linear_algebra" / "02_y.ipynb"
    cells = json.loads((path.parent / "01_x.ipynb").read_text())["cells"]
    cells[1]["source"] = "**References.** P. One (1999), [T](https://arxiv.org/abs/99.1)."
    path.write_text(json.dumps({"cells": cells}))
    with pytest.raises(ExtensionError, match=r"02_y\.ipynb: https://arxiv\.org/abs/99\.1 is not of the form"):
        references.bibliography()


def test_the_sitemap_has_every_page_by_its_full_address(tmp_path, monkeypatch, site_dir):
    monkeypatch.setenv("BOOK_BASEURL", "https://book.example/deep/")
    config = SimpleNamespace(html_baseurl="")
    pages.set_base(None, config)
    names = {page.removesuffix(".html") for page in site_pages(site_dir)} - {"search", "404", "genindex"}
    app = SimpleNamespace(
        config=config,
        builder=SimpleNamespace(format="html"),
        outdir=tmp_path,
        env=SimpleNamespace(found_docs=names),
    )
    pages.write_sitemap(SimpleNamespace(**{**vars(app), "config": SimpleNamespace(html_baseurl="")}), None)
    assert not [*tmp_path.iterdir()]  # no address, no sitemap
    pages.write_sitemap(app, None)
    root = ElementTree.parse(tmp_path / "sitemap.xml").getroot()
    found = {place.text for place in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")}
    assert found == {f"https://book.example/deep/{name}.html" for name in names} and len(found) > 40
    assert "Sitemap: https://book.example/deep/sitemap.xml" in (tmp_path / "robots.txt").read_text()


# ---------------------------------------------------------------- the pages


def test_every_line_of_the_ledger_leads_to_its_check(site_dir):
    """Each statement's link, followed by hand: the check under that address says the same."""

    def letters(text: str) -> str:
        return re.sub(r"\W+", "", text)

    soups: dict[Path, BeautifulSoup] = {}
    followed = 0
    for page in sorted((site_dir / "book" / "verified").glob("*.html")):
        soup = BeautifulSoup(page.read_text("utf8"), "html.parser")
        for row in soup.select("table tr:has(a[href*='#check-'])"):
            path, anchor = row.select_one("a[href*='#check-']")["href"].split("#")
            target = (page.parent / path).resolve()
            if target not in soups:
                soups[target] = BeautifulSoup(target.read_text("utf8"), "html.parser")
            said = soups[target].find(id=anchor).select_one(".book-what").get_text()
            assert letters(row.td.get_text()).startswith(letters(said)), (path, anchor)
            followed += 1
    assert followed > 400


def test_the_glossary_is_narrowed_in_either_language(open_page):
    page, watch = open_page("book/glossary.html")
    shown = page.locator("dt:visible")
    assert shown.count() >= 300
    field = page.get_by_label("Find a term")
    for query in ("梯度下降", "gradient descent", "tidu xiajiang", "tiduxiajiang"):
        field.fill(query)
        names = shown.all_inner_texts()
        assert any(name.startswith("gradient descent") for name in names), query
        assert len(names) < 12, (query, names)
    assert "term" in page.locator(".find-term [role=status]").inner_text()
    assert page.locator("dt .zh").first.get_attribute("lang") == "zh-Hans"
    field.fill("")
    assert shown.count() >= 300
    assert not watch.faults


def test_the_map_leads_to_every_chapter_by_keyboard(open_page, site_dir):
    page, watch = open_page("book/index.html")
    links = page.locator(".chapter-map a")
    pages = {path.relative_to(site_dir).as_posix() for path in (site_dir / "chapters").glob("*/index.html")}
    assert set(links.evaluate_all("(all) => all.map((a) => a.pathname.slice(1))")) == pages
    quiet = page.locator(".chapter-map path").first.evaluate("(path) => getComputedStyle(path).stroke")
    links.last.focus()
    marked = page.locator(".chapter-map path").evaluate_all(
        "(all, quiet) => all.filter((path) => getComputedStyle(path).stroke !== quiet).length", quiet
    )
    assert marked >= 3  # the lines of all that it needs
    page.keyboard.press("Enter")
    page.wait_for_url("**/chapters/**/index.html")
    assert not watch.faults


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("AdamW", "book/glossary.html#term-adamw"),
        ("AdamW", "chapters/07_optimization/06_adaptive_methods.html"),
        ("梯度", "book/glossary.html#term-gradient"),
        ("梯度", "chapters/02_calculus/01_derivatives_and_gradients.html"),
        ("反向传播", "chapters/02_calculus/03_automatic_differentiation.html"),
        ("batch normalization", "book/glossary.html#term-batch-normalization"),
        ("log_softmax", "chapters/04_learning_basics/04_linear_classifiers.html"),
    ],
)
def test_search_leads_to_the_term_and_to_the_section(open_page, query, wanted):
    page, watch = open_page(f"search.html?q={query}")
    page.wait_for_function("() => /found|match/.test(document.querySelector('#search-results').textContent)")
    links = page.locator("#search-results li a")
    hrefs = links.evaluate_all("(all) => all.map((a) => a.pathname.slice(1) + a.hash)")
    at = [n for n, href in enumerate(hrefs) if href == wanted or href.startswith(wanted + "#")]
    assert at and at[0] < 5, (query, hrefs)
    links.nth(at[0]).click()
    page.wait_for_url(f"**/{wanted}*")
    anchor = page.evaluate("decodeURIComponent(location.hash.slice(1))")
    assert not anchor or page.locator(f"[id='{anchor}']").is_visible()
    assert not watch.faults
