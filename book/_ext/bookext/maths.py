r"""Formulas are rendered by KaTeX when the site is built; no page loads a maths script.

One node process renders them, a JSON line in and a JSON line out; it ends with the build because its input
does. A formula that KaTeX can't read is a build error that names the page, not red text on it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from . import assets

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)

RENDERER = """
const katex = require(process.argv[1]);
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [tex, displayMode] = JSON.parse(line);
  let answer;
  try { answer = { html: katex.renderToString(tex, { displayMode, throwOnError: true, strict: "ignore" }) }; }
  catch (error) { answer = { error: error.message }; }
  process.stdout.write(JSON.stringify(answer) + "\\n");
});
"""


@lru_cache(maxsize=1)
def _node() -> subprocess.Popen:
    program = shutil.which("node")
    if program is None:
        raise ExtensionError("node isn't here, which renders the formulas; 'make book' installs it")
    command = [program, "-e", RENDERER, str(assets.KATEX / "katex.min.js")]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf8")


@cache
def katex(tex: str, display: bool) -> dict[str, str]:
    """``{"html": …}``, or ``{"error": …}`` if KaTeX can't read ``tex``."""
    process = _node()
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps([tex, display]) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise ExtensionError("node ended while it rendered formulas; see its message above")
    return json.loads(line)


def _render(writer, node: nodes.Element, display: bool) -> str:
    source = node.astext()
    answer = katex(source, display)
    if "html" in answer:
        return answer["html"]
    page, error = writer.builder.current_docname, answer["error"]
    logger.warning("%s: a formula KaTeX can't read: %s; mend the formula", page, error)
    return writer.encode(source)


def visit_inline(writer, node: nodes.math) -> None:
    writer.body.append(f'<span class="math">{_render(writer, node, False)}</span>')
    raise nodes.SkipNode


def visit_display(writer, node: nodes.math_block) -> None:
    ids = f' id="{node["ids"][0]}"' if node.get("ids") else ""
    number = f'<span class="eqno">({node["number"]})</span>' if node["number"] else ""
    writer.body.append(f'<div class="math"{ids}>{_render(writer, node, True)}{number}</div>\n')
    raise nodes.SkipNode


class KeepPunctuation(SphinxPostTransform):
    """Hold a formula and the punctuation after it together: a line must not begin with a full stop."""

    default_priority = 500
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(nodes.math)):
            after = node.next_node(descend=False, siblings=True)
            marks = re.match(r"[.,;:!?)\]’”]+", after.astext()) if isinstance(after, nodes.Text) else None
            if marks is None:
                continue
            together = nodes.inline("", "", classes=["together"])
            after.parent.replace(after, nodes.Text(after.astext()[marks.end() :]))
            node.replace_self(together)
            together += [node, nodes.Text(marks[0])]


def setup(app: Sphinx) -> None:
    app.add_post_transform(KeepPunctuation)
    app.add_html_math_renderer("book", (visit_inline, None), (visit_display, None))
