"""The book's own Sphinx extension: each module registers one part of the site.

assets    KaTeX's fonts, the scripts, the widgets' modules
inline    style sheet, theme script and policy, in every page's head
maths     formulas rendered when the site is built
outputs   figures and widget states moved out of the pages into files
exercises values that a page checks by itself, asked in the place of the attempt's code
folds     hidden code and long rows of seals as one line that opens
chinese   Chinese terms in brackets, a shade lighter
pages     what a page's template needs: launch links, metadata, the polished body
nav       the chapter navigation
search    word splitting for Chinese beside English
generated lists that pages ask for; the data sets
ledger    every verify and claim, with the runs over seeds and processors that it held in
gallery   every kind of widget on one page
topics    the map of the notes
glossary  English and Chinese terms
progress  what there is to solve, predict and read, for the page "Your progress"
home      the home page's map of chapters and its widget
references  the bibliography; what each notebook costs to run
checks    what must be so before the site may be published
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import (
    assets,
    checks,
    chinese,
    folds,
    gallery,
    generated,
    glossary,
    home,
    inline,
    ledger,
    maths,
    nav,
    outputs,
    pages,
    progress,
    references,
    search,
    topics,
)

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    for module in (
        assets,
        generated,
        ledger,
        gallery,
        topics,
        glossary,
        home,
        progress,
        references,
        maths,
        outputs,
        folds,
        chinese,
        nav,
        pages,
        search,
        checks,
    ):
        module.setup(app)
    # Pages built by another version of these modules, or with another head, are built again.
    made_with = [*sorted(Path(__file__).parent.glob("*.py")), *inline.sources()]
    code = b"".join(path.read_bytes() for path in made_with)
    version = int(hashlib.sha256(code).hexdigest()[:8], 16)
    return {"env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
