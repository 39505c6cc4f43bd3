"""Sphinx's search splits words at spaces; Chinese has none: its runs are indexed as pairs of characters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sphinx.search import SearchEnglish

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"


class SearchBook(SearchEnglish):
    """English words stemmed as usual; a run of Chinese characters as its characters and its pairs."""

    lang = "en"

    # The same rule in the browser: one character is looked up as it is, a longer run as pairs.
    js_splitter_code = r"""
var splitQuery = (query) => (query.match(/[\p{Letter}\p{Number}_]+/gu) || [])
  .flatMap((run) => run.split(/([\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)/))
  .filter((run) => run)
  .flatMap((run) => /^[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]{2,}$/.test(run)
    ? Array.from({ length: run.length - 1 }, (_, i) => run.slice(i, i + 2)) : [run]);
"""

    def split(self, input: str) -> list[str]:
        words: list[str] = []
        for run in re.findall(rf"[{HAN}]+|[^\W{HAN}]+", input):
            if re.match(rf"[{HAN}]", run):
                words += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
            else:
                words.append(run)
        return words


def setup(app: Sphinx) -> None:
    app.add_search_language(SearchBook)
