"""Sphinx's search splits words at spaces; Chinese has none: its runs are indexed as pairs of characters.

The browser's half is in ``theme/static/search.js``: what a reader types in full width, in traditional characters or
in pinyin is looked up as the book writes it. The two tables for that are made here.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from sphinx.errors import ExtensionError
from sphinx.search import SearchEnglish

from . import assets, glossary

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
OPENCC = "node_modules/opencc-js/dist/umd/t2cn.js"

# Characters alone: of a phrase, which OpenCC would turn as a whole, a search knows but the pieces.
CONVERT = """
const { Converter } = require(process.argv[1]);
const found = {};
for (const from of ["t", "tw", "hk"]) {
  const convert = Converter({ from, to: "cn" });
  for (let code = 0x3400; code < 0xa000; code++) {
    const old = String.fromCharCode(code), now = convert(old);
    if (now !== old && now.length === 1) found[old] ??= now;
  }
}
process.stdout.write(JSON.stringify(found));
"""


@lru_cache
def simplified() -> dict[str, str]:
    """traditional -> simplified, for every character that the book's sources hold."""
    program, module = shutil.which("node"), assets.KATEX.parents[2] / OPENCC
    if program is None or not module.is_file():
        raise ExtensionError(f"{OPENCC} or node is missing; run 'npm ci' here, or 'make book', which does it")
    done = subprocess.run([program, "-e", CONVERT, str(module)], capture_output=True, text=True, check=True)
    folders = ("book/*.md", "book/*.csv", "book/*.ipynb", "chapters/**/*.md", "chapters/**/*.ipynb")
    held: set[str] = set()
    for path in (path for pattern in folders for path in assets.ROOT.glob(pattern)):
        held.update(path.read_text("utf8"))
    return {old: now for old, now in json.loads(done.stdout).items() if now in held}


TONES = "\u0300\u0301\u0304\u030c"


def without_tones(pinyin: str) -> str:
    """``zhùyìlì jīzhì`` -> ``zhuyilijizhi``."""
    letters = unicodedata.normalize("NFD", pinyin.lower())
    return "".join(c for c in letters if c.isalnum())


@lru_cache
def spelled() -> dict[str, str]:
    """Pinyin without tones and spaces -> Chinese, for the glossary's terms and the words that they are made of."""
    whole, parts = {}, {}
    for row in glossary.rows():
        words = row["pinyin"].split()
        whole.setdefault(without_tones(row["pinyin"]), row["zh"])
        # A syllable carries one tone and is one character: so many characters belong to each word.
        sizes = [sum(c in TONES for c in unicodedata.normalize("NFD", word)) for word in words]
        if sum(sizes) != len(row["zh"]) or not re.fullmatch(f"[{HAN}]+", row["zh"]):
            continue
        ends = [sum(sizes[:n]) for n in range(len(words) + 1)]
        for i in range(len(words)):
            for j in range(i + 1, len(words) + 1):
                if ends[j] - ends[i] > 1:
                    parts.setdefault(without_tones("".join(words[i:j])), row["zh"][ends[i] : ends[j]])
    return parts | whole


class SearchBook(SearchEnglish):
    """English words stemmed as usual; a run of Chinese characters as its characters and its pairs."""

    lang = "en"

    @property
    def js_splitter_code(self) -> str:  # type: ignore[override]
        """The same rule in the browser: one character is looked up as it is, a longer run as pairs."""
        tables = {"SIMPLIFIED": simplified(), "SPELLED": spelled()}
        lines = [
            f"const {name} = {json.dumps(table, ensure_ascii=False, separators=(',', ':'))};"
            for name, table in tables.items()
        ]
        return "\n".join([*lines, SPLITTER])

    def split(self, input: str) -> list[str]:
        words: list[str] = []
        for run in re.findall(rf"[{HAN}]+|[^\W{HAN}]+", unicodedata.normalize("NFKC", input)):
            if re.match(rf"[{HAN}]", run):
                words += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
            else:
                words.append(run)
        return words


SPLITTER = r"""
var splitQuery = (query) => (query.match(/[\p{Letter}\p{Number}_]+/gu) || [])
  .flatMap((run) => run.split(/([\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)/))
  .filter((run) => run)
  .flatMap((run) => /^[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]{2,}$/.test(run)
    ? Array.from({ length: run.length - 1 }, (_, i) => run.slice(i, i + 2)) : [run]);
"""


def setup(app: Sphinx) -> None:
    app.add_search_language(SearchBook)
