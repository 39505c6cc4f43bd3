"""A widget's ES module as one text: what Jupyter loads as ``_esm`` and what the site serves.

A module imports from ``./kit/…`` in its source, so that editors and node follow it. Jupyter loads a module
from a string, where a relative import has nothing to be relative to, so the kit files it needs are put in
front of it, each once, in the order of their imports. Only the standard library is needed: the site's build
has no Jupyter widgets installed.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"(\.[^"]+)";[ \t]*\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:const|let|function|class)\b)", re.M)


def module_names() -> list[str]:
    """Names of all widgets' modules."""
    return sorted(path.stem for path in FOLDER.glob("*.mjs"))


def module_text(name: str) -> str:
    """The ES module of widget ``name`` with its kit files in front.

    Raises:
        ValueError: there is no such widget, or a module imports a file that does not exist or renames a name.
    """
    path = FOLDER / f"{name}.mjs"
    if not path.is_file():
        raise ValueError(f"name must be a widget of the book ({', '.join(module_names())}), got {name!r}")
    parts: list[str] = []
    done: set[Path] = set()

    def add(file: Path, main: bool) -> None:
        if file in done:
            return
        done.add(file)
        text = file.read_text(encoding="utf-8")
        for names, target in _IMPORT.findall(text):
            wanted = (file.parent / target).resolve()
            if not wanted.is_file():
                raise ValueError(f"{file.name} imports {target}, which does not exist")
            if re.search(r"\bas\b", names):
                raise ValueError(
                    f"{file.name} renames what it imports from {target}; one text has one name for it"
                )
            add(wanted, main=False)
        text = _IMPORT.sub("", text)
        parts.append(text if main else f"// ---- {file.name}\n" + _EXPORT.sub("", text))

    add(path, main=True)
    return "\n".join(parts)


def style_text(*names: str) -> str:
    """The widgets' style sheet: what all share, then the parts of ``names`` (of every widget when none is given)."""
    parts = [FOLDER / "widget.css", *(FOLDER / "css" / f"{name}.css" for name in names or module_names())]
    return "\n".join(part.read_text(encoding="utf-8") for part in parts if part.is_file())
