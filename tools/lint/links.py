"""Links in notebooks and pages: a relative one leads to a file and heading that exist, an outer one is well formed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

LINK = re.compile(r"(?<!!)\[(?:\\.|[^\]\\])*\]\(\s*<?([^)>\s]+)>?[^)]*\)")
ABSOLUTE = re.compile(r"[a-z][\w+.-]*:|//", re.I)


def slug(heading: str) -> str:
    """The anchor of a heading as GitHub, JupyterLab and the site form it."""
    text = re.sub(r"[^\w\- ]", "", re.sub(r"[`*_$]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower())
    return text.replace(" ", "-")


def markdown(path: Path) -> str:
    """The Markdown of a page or of a notebook's text cells, code left out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return re.sub(r"^(`{3,}|~{3,}).*?^\1|`[^`\n]*`", "", text, flags=re.M | re.S)


def heading_texts(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return re.findall(r"^#+ +(.+?)\s*$", re.sub(r"^(`{3,}|~{3,}).*?^\1", "", text, flags=re.M | re.S), re.M)


def findings(path: Path) -> Iterator[str]:
    for target in LINK.findall(markdown(path)):
        if ABSOLUTE.match(target):
            parts = urlsplit(target)
            if parts.scheme not in ("http", "https", "mailto") or (
                parts.scheme != "mailto" and "." not in parts.netloc
            ):
                yield f"the link {target} is not a well-formed address; mend it"
            continue
        file, _, anchor = target.partition("#")
        goal = (path.parent / unquote(file)).resolve() if file else path
        if not goal.exists():
            yield f"the link {target} leads nowhere; mend the path (relative to this file)"
        elif (
            anchor
            and goal.suffix in (".md", ".ipynb")
            and unquote(anchor) not in map(slug, heading_texts(goal))
        ):
            yield f"the link {target} names a heading that {goal.name} does not have; mend the part after #"
