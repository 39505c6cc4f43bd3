"""Widgets that answer with a kernel (Jupyter, Colab, VS Code) and without one (the site)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# public name -> module that defines it; loaded on first use, so that the site can read `modules` alone
_EXPORTS = {
    "BookWidget": "utils.widgets.base",
    "Explorer": "utils.widgets.explorer",
    "explore": "utils.widgets.explorer",
    "module_names": "utils.widgets.modules",
    "module_text": "utils.widgets.modules",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(
            f"module 'utils.widgets' has no attribute {name!r}; it offers {', '.join(__all__)}"
        )
    return getattr(import_module(_EXPORTS[name]), name)
