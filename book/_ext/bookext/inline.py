"""What a page carries in its own head: the style sheet and the script that chooses the theme.

A browser holds the first paint until both are there, and a policy in a ``<meta>`` makes Chromium's preload scanner
wait as well: as files they cost every first visit two more turns on the line, one after the other. Inside the page
they cost about 10 kB, compressed.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from functools import lru_cache
from pathlib import Path

from . import assets

COMMENT = re.compile(r"/\*.*?\*/", re.S)
SCRIPT = assets.THEME / "head.js"


def sources() -> list[Path]:
    """The files that all of this is made from."""
    return [SCRIPT, assets.PALETTE, *(assets.THEME / "css" / f"{name}.css" for name in assets.STYLES)]


def _bare(text: str) -> str:
    """Without comments, indents and empty lines, which are for the reader of the source."""
    return re.sub(r"\s*\n\s*", "\n", COMMENT.sub("", text)).strip()


@lru_cache
def style() -> str:
    """The style sheet of every page."""
    return _bare(assets.style_sheet())


@lru_cache
def math_style(root: str) -> str:
    """KaTeX's style sheet; ``root`` leads from the page to the site, for the fonts that it names."""
    css = _bare(assets.katex_css())
    return css.replace("url(fonts/", f"url({root}_static/katex/fonts/")


@lru_cache
def theme_script() -> str:
    """Runs before the first paint, on purpose: the page must know its colors by then."""
    return _bare(SCRIPT.read_text("utf8"))


@lru_cache
def policy() -> str:
    """The Content-Security-Policy of every page: nothing from elsewhere, and one inline script, named by its hash.

    Styles may be inline because KaTeX and notebook outputs position with style attributes. 'wasm-unsafe-eval' lets
    a demo compile the model runtime that the site itself serves.
    """
    known = b64encode(hashlib.sha256(theme_script().encode()).digest()).decode()
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' 'sha256-{known}' 'wasm-unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
        ]
    )
