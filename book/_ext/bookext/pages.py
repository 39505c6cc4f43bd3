"""What a page's template is given: where it can be run, what it says of itself, and its body made ready."""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from . import assets, inline

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.config import Config

REDIRECT = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<meta http-equiv="refresh" content="0; url={page}">
<title>{title}</title></head>
<body><main><h1>{title}</h1><p><a href="{page}">To the book</a></p></main></body></html>
"""


def repository(app: Sphinx) -> tuple[str, str]:
    """Address and branch: on GitHub Actions those of the running repository, so a fork links to the fork."""
    env = os.environ
    if env.get("GITHUB_ACTIONS") == "true" and env.get("GITHUB_REPOSITORY"):
        server = env.get("GITHUB_SERVER_URL", "https://github.com")
        # A pull request's ref is no branch that Colab could open.
        branch = env.get("GITHUB_REF_NAME", "main") if env.get("GITHUB_REF_TYPE") != "tag" else "main"
        return f"{server}/{env['GITHUB_REPOSITORY']}", "main" if branch.endswith("/merge") else branch
    options = app.config.book_repository
    return options["url"].rstrip("/"), options["branch"]


def _description(doctree: nodes.document | None) -> str:
    """The first paragraph, cut at a word."""
    from docutils import nodes

    if doctree is None:
        return ""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if len(text) > 40:
            return text if len(text) <= 200 else text[:197].rsplit(" ", 1)[0] + " …"
    return ""


def _opens_with_formulas(doctree: nodes.document | None) -> bool:
    """Whether formulas fill the first screen: set in another font until theirs arrives, they would push its lines."""
    from docutils import nodes

    room, formulas = 2000, 0  # characters of a first screen, about
    for node in doctree.findall() if doctree is not None else ():
        if isinstance(node, (nodes.math, nodes.math_block)):
            formulas += 1
        elif isinstance(node, nodes.Text) and not isinstance(node.parent, (nodes.math, nodes.math_block)):
            room -= len(node)
            if room < 0:
                break
    return formulas >= 5


def _image_size(tag: str, page_folder: Path) -> str:
    """Width and height of a local picture, so that the text below it doesn't jump."""
    import imagesize

    source = re.search(r'\bsrc="([^":?#]+)"', tag)
    if not source or re.search(r"\b(width|height)=", tag):
        return ""
    width, height = (
        imagesize.get(page_folder / source[1]) if (page_folder / source[1]).is_file() else (-1, -1)
    )
    return f' width="{width}" height="{height}"' if width > 0 and height > 0 else ""


def polish(body: str, page_folder: Path) -> str:
    """The page's HTML with what Sphinx and myst-nb leave out."""

    def image(match: re.Match) -> str:
        tag = match[0]
        if "loading=" not in tag:
            tag = '<img loading="lazy" decoding="async"' + tag[4:]
        return tag[:4] + _image_size(tag, page_folder) + tag[4:]

    body = re.sub(r"<img\b[^>]*>", image, body)
    # A wide table scrolls in its frame on a phone instead of widening the page.
    body = re.sub(r"<table\b", '<div class="table-frame"><table', body)
    body = body.replace("</table>", "</table></div>")
    # A reader's voice changes with the language.
    body = re.sub(r'<span class="(zh|zh-term zh)">', r'<span class="\1" lang="zh-Hans">', body)
    body = body.replace('<span class="pinyin">', '<span class="pinyin" lang="zh-Latn-pinyin">')
    # An empty corner of a table heads nothing.
    body = re.sub(r"<th class=\"head\">\s*(<p>\s*</p>)?\s*</th>", "<td></td>", body)
    # myst-nb's fold: its label would hide the name that is to be seen from those who hear the page, a summary holds
    # no <p>, and open or closed it is called the same (`folds`).
    body = re.sub(
        r'<summary aria-label="Toggle hidden content">\s*<p class="collapsed admonition-title">(.*?)</p>'
        r'\s*<p class="expanded admonition-title">.*?</p>\s*</summary>',
        r"<summary>\1</summary>",
        body,
        flags=re.S,
    )
    return re.sub(r'(<a class="reference external")', r'\1 rel="noopener"', body)


def add_context(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree) -> str | None:
    url, branch = repository(app)
    source = app.env.doc2path(page, base=False) if page in app.env.all_docs else ""
    root = "../" * page.count("/")

    def asset(name: str) -> str:
        return root + assets.address(app, name)

    body = context.get("body") or ""
    if body and doctree is not None:
        body = context["body"] = polish(body, Path(app.outdir, page).parent)
    context |= {
        "asset": asset,
        "book_root": root,
        "book_repository": url,
        "book_policy": inline.policy(),
        "book_theme_script": inline.theme_script(),
        "book_style": inline.style(),
        "book_math_style": inline.math_style(root) if 'class="katex' in body else "",
        "book_fonts": assets.FONTS if _opens_with_formulas(doctree) else (),
        "book_has_widgets": "data-widget=" in body,
        "book_has_forms": "data-exercise=" in body,
        "book_has_asks": "data-ask=" in body,
        "book_is_progress": "data-progress" in body,
        "book_notebook": page if source.startswith("chapters/") and source.endswith(".ipynb") else "",
        "book_has_terms": 'class="term"' in body,
        "book_description": escape(_description(doctree)),
        "book_page_url": f"{app.config.html_baseurl.rstrip('/')}/{page}.html"
        if app.config.html_baseurl
        else "",
        "book_base": app.config.html_baseurl.rstrip("/"),
        "book_headings": len(re.findall(r"<h2\b", body)),
        "book_report": f"{url}/issues/new?"
        + urlencode({"template": "mistake.yml", "title": f"Mistake on {page}", "page": page}),
        "book_colab": "",
        "book_download": "",
    }
    if source.endswith(".ipynb"):
        slug = url.split("//", 1)[-1].split("/", 1)[-1]
        context["book_colab"] = (
            f"https://colab.research.google.com/github/{slug}/blob/{quote(branch)}/{quote(source)}"
        )
        context["book_download"] = f"{root}_sources/{quote(source)}"
    return None


def write_front_door(app: Sphinx, error: Exception | None) -> None:
    """``/`` leads to the opening page; Jupyter Book's own redirect has no title, language or policy."""
    if error or app.builder.format != "html":
        return
    page = f"{app.config.root_doc}.html"
    if page != "index.html":
        text = REDIRECT.format(page=escape(page), title=escape(app.config.html_title))
        Path(app.outdir, "index.html").write_text(text, "utf8")
    # GitHub Pages would drop every folder whose name starts with an underscore.
    Path(app.outdir, ".nojekyll").touch()


def write_sitemap(app: Sphinx, error: Exception | None) -> None:
    """For search engines; they ask for full addresses, known only where the site is deployed."""
    base = app.config.html_baseurl.rstrip("/")
    if error or app.builder.format != "html" or not base:
        return
    pages = "".join(
        f"<url><loc>{escape(base)}/{name}.html</loc></url>\n" for name in sorted(app.env.found_docs)
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    Path(app.outdir, "sitemap.xml").write_text(f"{head}{pages}</urlset>\n", "utf8")
    Path(app.outdir, "robots.txt").write_text(
        f"User-agent: *\nAllow: /\nSitemap: {base}/sitemap.xml\n", "utf8"
    )


def set_base(app: Sphinx, config: Config) -> None:
    """The address the site will stand at, known only where it is deployed: canonical links and the 404 page."""
    config.html_baseurl = os.environ.get("BOOK_BASEURL", config.html_baseurl)


def setup(app: Sphinx) -> None:
    app.connect("config-inited", set_base)
    # Jupyter Book always sets this one, for a comment service that isn't loaded here; unknown, it would warn.
    app.add_config_value("comments_config", {}, "", dict)
    app.add_config_value("book_repository", {"url": "", "branch": "main"}, "html", dict)
    app.connect("html-page-context", add_context, priority=600)
    app.connect("build-finished", write_front_door)
    app.connect("build-finished", write_sitemap)
