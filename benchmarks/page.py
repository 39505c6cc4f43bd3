"""A page of the book against the same page in Jupyter Book's stock theme, and every widget's step, in Chromium.

    python -m benchmarks.page --out book/benchmark_page.md

Both pages are built from the same notebook with the same stored outputs and served from this machine. A round
opens each once, in a browser started for it (so with a cold cache, compiled scripts included), the two in turn and
in changing order, so that a slow moment of the machine hits both. The table shows medians. The stock page would
load MathJax from a CDN, which can't be measured the same way twice: it gets MathJax from the same local server,
from a folder with its npm package (``--mathjax``, or fetched by npm).
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit

from benchmarks import steps, weight

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "site"))

from site_tools import CHROMIUM_FLAGS, DESKTOP_LINE, Quiet, find_chromium, serve, slow_down  # noqa: E402

PAGE = "chapters/01_linear_algebra/04_svd_and_image_compression"
MATHJAX = "3.2.2"  # the version that this release of Jupyter Book's Sphinx asks its CDN for is 3.x
PACKED = (
    ".woff2",
    ".woff",
    ".png",
    ".jpg",
    ".webp",
    ".gif",
    ".gz",
    ".wasm",
)  # a server sends these as they are
FIGURES = (".svg", ".png", ".jpg", ".webp", ".gif", ".avif")

HEAD = """\
# What a page costs

*{title}* as this book serves it, and the same notebook with the same stored outputs as Jupyter Book {jb} builds it
without a setting of ours: sphinx-book-theme {theme}, MathJax {mathjax}. Chromium, a window of 1280 × 900 px, cold
cache, everything from this machine: the stock page's MathJax comes from the same local server, not from the CDN it
would ask, so the wait for another host is left out of its figures. Text is sent gzipped. Medians of {rounds} rounds
in which the pages take turns, each in a browser started anew. The first two lines are a reader's, by Lighthouse's
settings: on a desktop Chromium slows the network to 10 Mbit/s and 40 ms for each answer, on a phone (a window of
412 × 823 px) to 1.6 Mbit/s and 150 ms and the processor to a fourth. The third has no network in between, and so
measures the processor alone. Beside each stands what the browser takes there for a page of one sentence, which no
page can go under.

The largest contentful paint (LCP) is the last that the browser reports until two seconds after the page has loaded
and its formulas are set; the layout shift (CLS) is summed over the same time. Bytes are all that the first screen
loads, compressed as a server would (gzip); the stock page carries its figures and the widget's state inside the
HTML, so the second line leaves both out of either page.
"""

STEP = """\
From a key press to the first moment after the frame that shows its effect was painted, 20 steps of each slider or
handle; the table has the slowest control of each widget. A trivial update, a slider that writes its value into a line
of text, is timed in turn with it in the same page: its time is mostly the wait for the screen's next frame."""

# Lighthouse's presets: throughput in bytes a second, latency in ms, how much slower the processor, the window.
WINDOW = {"width": 1280, "height": 900}
PHONE = {"width": 412, "height": 823}
READERS = {
    "desktop": (DESKTOP_LINE, 1, WINDOW),
    "phone": (
        {"latency": 150, "downloadThroughput": 1_638_400 / 8, "uploadThroughput": 750_000 / 8},
        4,
        PHONE,
    ),
}
SENTENCE = "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>One sentence</title><p>One sentence.</p>"

LISTEN = """
window.seen = { lcp: 0, cls: 0 };
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  seen.lcp = entry.startTime;
})).observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (!entry.hadRecentInput) seen.cls += entry.value;
})).observe({ type: "layout-shift", buffered: true });
"""


# ---------------------------------------------------------------- the stock page


def mathjax_folder(given: Path | None, work: Path) -> Path:
    """``es5`` of MathJax's npm package: given, or installed into ``work``."""
    if given is None:
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(work)]
        subprocess.run([*command, f"mathjax@{MATHJAX}"], check=True)
        given = work / "node_modules" / "mathjax"
    if not (given / "es5" / "tex-mml-chtml.js").is_file():
        raise SystemExit(f"{given} isn't MathJax's npm package (no es5/tex-mml-chtml.js)")
    return given / "es5"


def build_stock(page: str, mathjax: Path, work: Path) -> Path:
    """The notebook alone, built by Jupyter Book's defaults; returns the folder of the site."""
    book = work / "stock"
    book.mkdir()
    shutil.copyfile(ROOT / f"{page}.ipynb", book / "page.ipynb")
    (book / "_config.yml").write_text(
        'title: Stock\nexecute:\n  execute_notebooks: "off"\n'
        "sphinx:\n  config:\n    mathjax_path: mathjax/tex-mml-chtml.js\n"
    )
    (book / "_toc.yml").write_text("format: jb-book\nroot: page\n")
    tool = Path(sys.executable).with_name("jupyter-book")
    done = subprocess.run([str(tool), "build", str(book), "--quiet"], capture_output=True, text=True)
    site = book / "_build" / "html"
    if not (site / "page.html").is_file():
        raise SystemExit(f"the stock page was not built:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    shutil.copytree(mathjax, site / "_static" / "mathjax")
    return site


# ---------------------------------------------------------------- one visit


@lru_cache
def packed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 6, mtime=0)


class Compressing(Quiet):
    """Text is sent as a hosted site sends it; a slow line would else punish whoever has the larger scripts."""

    def send_head(self):
        file = Path(self.translate_path(self.path))
        if not file.is_file() or file.suffix in PACKED:
            return super().send_head()
        data = packed(file)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return io.BytesIO(data)


@contextmanager
def browser(playwright):
    chromium = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
    yield chromium
    chromium.close()


def visit(playwright, site: Path, origin: str, path: str, reader: str | None = None) -> dict[str, float]:
    """What a first look at a page costs: to one of READERS, or with no network in between."""
    outside: list[str] = []
    asked: set[str] = set()
    with browser(playwright) as chromium:
        line, slower, window = READERS[reader] if reader else (None, 1, WINDOW)
        page = chromium.new_context(viewport=window).new_page()
        page.set_default_timeout(60_000)
        page.add_init_script(LISTEN)

        def note(request) -> None:
            if request.url.startswith(origin):
                asked.add(urlsplit(request.url).path)
            elif not request.url.startswith(("data:", "blob:")):
                outside.append(request.url)

        page.on("request", note)
        if line:
            slow_down(page, line, slower)
        page.goto(origin + path, wait_until="load")
        page.evaluate("window.MathJax?.startup?.promise.then(() => 0)")
        count = -1
        while count != len(asked):  # two seconds in which nothing more is asked for
            count = len(asked)
            page.wait_for_timeout(2000)
        seen = page.evaluate("seen")
    sizes = {name: _sent(site / unquote(name).lstrip("/")) for name in asked}
    bare = sum(
        _sent(site / unquote(name).lstrip("/"), bare=True)
        for name in sizes
        if not name.endswith(FIGURES) and "/state/" not in name
    )
    return {**seen, "all": sum(sizes.values()), "bare": bare, "requests": len(asked), "outside": len(outside)}


def _sent(file: Path, bare: bool = False) -> int:
    """Bytes of a file as a compressing server sends it; ``bare``: an HTML file without figures and states in it."""
    if not file.is_file():
        return 0
    data = file.read_bytes()
    if bare and file.suffix == ".html":
        text = re.sub(r'"data:image/[^"]*"', '""', data.decode("utf8"))
        text = re.sub(r'(<script type="application/json">).*?(</script>)', r"\1\2", text, flags=re.S)
        data = text.encode()
    if file.suffix in PACKED:
        return len(data)
    return len(gzip.compress(data, 6, mtime=0)) if bare else len(packed(file))


def measure_pages(playwright, sites: dict[str, tuple[Path, str]], rounds: int) -> dict[str, dict[str, float]]:
    found: dict[str, list[dict]] = {name: [] for name in sites}
    served = {name: serve(site, Compressing) for name, (site, _) in sites.items()}
    for name, (site, path) in sites.items():
        # What it sends is compressed once, before the clock runs.
        visit(playwright, site, served[name][1], path)
    for turn in range(rounds):
        for name in list(sites)[:: 1 if turn % 2 else -1]:
            site, path = sites[name]
            address = served[name][1]
            seen = {who: visit(playwright, site, address, path, who)["lcp"] for who in READERS}
            found[name].append(visit(playwright, site, address, path) | seen)
    for server, _ in served.values():
        server.shutdown()
    return {
        name: {key: statistics.median(r[key] for r in visits) for key in visits[0]}
        for name, visits in found.items()
    }


# ---------------------------------------------------------------- the widgets


def measure_widgets(playwright, site: Path) -> list[tuple[str, str, list[steps.Steps]]]:
    """(widget, page, its controls' steps) for the first of every kind of widget on the site."""
    found: dict[str, tuple[str, str, list[steps.Steps]]] = {}
    server, origin = serve(site)
    with browser(playwright) as chromium:
        # Chapters first: there a widget stands as its author meant it.
        files = sorted(site.rglob("*.html"), key=lambda f: (f.relative_to(site).parts[0] != "chapters", f))
        for file in files:
            names = set(re.findall(r'data-widget="([^"]+)"', file.read_text("utf8")))
            if not names - set(found):
                continue
            page = chromium.new_page(viewport=WINDOW)
            path = file.relative_to(site).as_posix()
            page.goto(origin + path, wait_until="load")
            for widget in steps.wake(page):
                name = widget.get_attribute("data-widget")
                if name not in found:
                    found[name] = (name, path, steps.measure(page, widget))
            page.close()
    server.shutdown()
    return [found[name] for name in sorted(found)]


# ---------------------------------------------------------------- the table


def kilobytes(count: float) -> str:
    return f"{count / 1000:,.0f} kB"


def table(
    title: str, rounds: int, pages: dict[str, dict[str, float]], widgets: list, chromium: str, added: str
) -> str:
    ours, stock = pages["ours"], pages["stock"]
    lines = [
        HEAD.format(
            title=title,
            rounds=rounds,
            jb=version("jupyter-book"),
            theme=version("sphinx-book-theme"),
            mathjax=MATHJAX,
        ),
        "| | this book | stock | ratio | one sentence |",
        "|---|---:|---:|---:|---:|",
    ]
    rows = [
        ("LCP, desktop over 10 Mbit/s, 40 ms", "desktop", lambda v: f"{v:.0f} ms"),
        ("LCP, phone over 1.6 Mbit/s, 150 ms", "phone", lambda v: f"{v:.0f} ms"),
        ("LCP, no network in between", "lcp", lambda v: f"{v:.0f} ms"),
        ("CLS", "cls", lambda v: f"{v:.4f}"),
        ("first load, gzipped", "all", kilobytes),
        ("… besides figures and widget states", "bare", kilobytes),
        ("requests of the first screen", "requests", lambda v: f"{v:.0f}"),
        ("… to other hosts", "outside", lambda v: f"{v:.0f}"),
    ]
    for name, key, shown in rows:
        ratio = f"{ours[key] / stock[key]:.2f}" if stock[key] else ""
        least = shown(pages["sentence"][key]) if name.startswith("LCP") else ""
        lines.append(f"| {name} | {shown(ours[key])} | {shown(stock[key])} | {ratio} | {least} |")
    lines += [
        "",
        added,
        "",
        "## A step of every widget",
        "",
        STEP,
        "",
        "| widget | control | median | longest | trivial update | ratio |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name, _, controls in widgets:
        if not controls:
            continue
        worst = max(controls, key=lambda c: c.median)
        trivial = statistics.median(worst.trivial)
        lines.append(
            f"| {name.replace('_', ' ')} | {worst.control.strip().replace('|', ' ')} | {worst.median:.1f} ms "
            f"| {max(worst.widget):.1f} ms | {trivial:.1f} ms | {worst.ratio:.2f} |"
        )
    lines += [
        "",
        f"Machine: {processor()}, {os.cpu_count()} cores, Chromium {chromium}, Python {sys.version.split()[0]}.",
        "",
        "Measured by `python -m benchmarks.page`.",
        "",
    ]
    return "\n".join(lines)


def processor() -> str:
    from utils.device import cpu_model

    return cpu_model()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="Markdown file to write (printed without it)")
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="the built site")
    parser.add_argument("--page", default=PAGE, help="a notebook of the book, without .ipynb")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mathjax", type=Path, help="folder of the mathjax npm package (fetched without it)")
    options = parser.parse_args()
    if find_chromium() is None:
        raise SystemExit("no Chromium on this machine: install chromium or google-chrome, or set CHROMIUM")
    if not (options.site / f"{options.page}.html").is_file():
        raise SystemExit(f"no page {options.page}.html in {options.site}; run 'make book'")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        work = Path(folder)
        stock = build_stock(options.page, mathjax_folder(options.mathjax, work), work)
        (work / "sentence").mkdir()
        (work / "sentence" / "page.html").write_text(SENTENCE)
        sites = {
            "ours": (options.site, f"{options.page}.html"),
            "stock": (stock, "page.html"),
            "sentence": (work / "sentence", "page.html"),
        }
        pages = measure_pages(playwright, sites, options.rounds)
        widgets = measure_widgets(playwright, options.site)
        with browser(playwright) as chromium:
            chromium_version = chromium.version
    html = (options.site / f"{options.page}.html").read_text("utf8")
    title = re.sub(r"<[^>]+>", "", re.search(r"<h1[^>]*>(.*?)</h1>", html, re.S)[1]).strip()
    text = table(title, options.rounds, pages, widgets, chromium_version, weight.line(options.site))
    if options.out is None:
        print(text)
    else:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
        print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
