"""How helpers put a line on the page: HTML for readers, plain text for terminals, data for the ledger.

The data travel in the output's metadata under the key ``book``, so a stored notebook itself is the record of
what it verified; the site's ledger is read from there. Numbers that a run measures are marked, in HTML by
``<span class="measured">`` and in text by ⟨…⟩: nbval compares everything else to the letter.
"""

from __future__ import annotations

import re
import sys
from html import escape, unescape
from typing import Any

# Notebook front ends have no style sheet of ours, so a seal carries the little it needs; the site's style
# sheet overrides it.
_SEAL_STYLE = (
    "font:0.92em/1.5 system-ui,sans-serif;border-left:3px solid {color};padding:2px 0 2px 10px;margin:6px 0"
)
_SEAL_COLORS = {"right": "#1f8a70", "wrong": "#b3274b", "unwritten": "#7d8794"}


def measured_text(value: str) -> str:
    return f"⟨{value}⟩"


def measured(value: Any, fmt: str = "") -> str:
    """``value`` in ``fmt`` for a caption, an alt text or a widget's text, marked as what this run measured.

    ``measured(0.8213, ".2f")`` is ``"⟨0.82⟩"``: another processor may measure otherwise, so the test of the
    stored outputs passes over what stands between the marks. The page shows the value without them.

    Raises:
        ValueError: the text itself holds a mark, or ``fmt`` doesn't fit the value.
    """
    text = format(value, fmt)
    if "⟨" in text or "⟩" in text:
        raise ValueError(f"value must not hold ⟨ or ⟩, the marks themselves, got {text!r}")
    return measured_text(text)


_MARKED = re.compile("⟨([^⟨⟩]*)⟩")


def unmarked(text: str) -> str:
    """``text`` as it is read: without the marks of what was measured."""
    return _MARKED.sub(r"\1", text)


def measured_html(value: str) -> str:
    return f'<span class="measured">{escape(value)}</span>'


def marked_html(text: str) -> str:
    """``text`` for an element, escaped; what is marked becomes a span of the class ``measured``."""
    return _MARKED.sub(lambda match: f'<span class="measured">{match[1]}</span>', escape(text))


def marked_attribute(text: str) -> str:
    """``text`` for an attribute, escaped; what is marked is written as decimal character references.

    An attribute has no room for a span. Any reader of HTML decodes ``&#48;&#46;&#56;`` to 0.8, and nbval, which
    compares the source, passes over such references: nothing else in the book writes them.
    """
    return _MARKED.sub(
        lambda match: "".join(f"&#{ord(letter)};" for letter in unescape(match[1])), escape(text)
    )


# For consoles whose encoding lacks the marks, such as cp1252 on Windows.
_PLAIN = {"✓": "[ok]", "✗": "[no]", "✎": "[..]", "⟨": "<", "⟩": ">", "≤": "<=", "≥": ">=", "…": "..."}


def say(text: str) -> None:
    """Print one line; what the console's encoding lacks becomes plain letters, or a question mark."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"

    def plain(letter: str) -> str:
        try:
            letter.encode(encoding)
        except UnicodeEncodeError:
            return _PLAIN.get(letter, "?")
        return letter

    print("".join(map(plain, text)))


def publish(html: str, text: str, data: dict[str, Any]) -> None:
    """Show one output with an HTML and a plain-text form; ``data`` goes to its metadata under ``book``."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    if InteractiveShell.initialized():
        display({"text/html": html, "text/plain": text}, raw=True, metadata={"book": data})
    else:  # a script or a test: no front end to speak HTML to
        say(text)


def seal(
    kind: str, state: str, mark: str, what: str, measure: tuple[str, str, str], data: dict[str, Any]
) -> None:
    """Publish one quiet line: a mark, a sentence, and ``measure`` = (text before, measured value, text after).

    Args:
        kind: ``verify``, ``claim`` or ``exercise``; the page's style follows it.
        state: ``right``, ``wrong`` or ``unwritten``.
        mark: one character.
        what: the sentence.
        measure: the figures of the line; the middle part is what this run measured and may be empty.
        data: JSON-able record of the line for the ledger.
    """
    before, value, after = measure
    figures_html = escape(before) + (measured_html(value) if value else "") + escape(after)
    figures_text = before + (measured_text(value) if value else "") + after
    html = (
        f'<div class="book-seal" data-kind="{kind}" data-state="{state}" '
        f'style="{_SEAL_STYLE.format(color=_SEAL_COLORS[state])}">'
        f'<span class="book-mark" aria-hidden="true">{mark}</span> '
        f'<span class="book-what">{escape(what)}</span>'
        + (f' <span class="book-measure">{figures_html}</span>' if figures_html else "")
        + "</div>"
    )
    text = f"{mark} {what}" + (f"  [{figures_text}]" if figures_text else "")
    publish(html, text, {"kind": kind, **data})
