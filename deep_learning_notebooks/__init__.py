"""The book's name among installed packages: ``import deep_learning_notebooks`` finds the book's own ``utils``.

Notebooks say ``from utils import …``, and ``utils`` is a name that other projects use too. So pip installs the
folder ``utils/`` inside this package, where it overwrites nobody's files, and a notebook imports this package
first: it puts the folder that holds the book's ``utils`` at the head of the path, before any other.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

_INSTALLED = Path(__file__).resolve().parent
_HOME = _INSTALLED if (_INSTALLED / "utils").is_dir() else _INSTALLED.parent  # in a checkout it stands beside


def _find_utils() -> None:
    """Make ``import utils`` mean the book's, here and in processes that this one starts.

    Raises ImportError where another ``utils`` was imported before: its modules cannot be told from ours.
    """
    ours = (_HOME / "utils").resolve()
    other = sys.modules.get("utils")
    if other is not None:
        file = getattr(other, "__file__", None)
        if file is None or Path(file).resolve().parent != ours:
            raise ImportError(
                f"another package named utils is in use here ({file or 'a folder without __init__.py'}), and "
                "the book's helpers have that name too: restart the kernel and run the cell Setup first"
            )
    if sys.path[:1] != [str(_HOME)]:
        sys.path.insert(0, str(_HOME))
    import_module("utils")


_find_utils()
