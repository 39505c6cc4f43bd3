"""Widgets that answer with a kernel (Jupyter, Colab, VS Code) and without one (the site)."""

from __future__ import annotations

from utils.lazy import exports

# public name -> module that defines it; loaded on first use, so that the site can read `modules` alone
_EXPORTS = {
    "BookWidget": "utils.widgets.base",
    "Explorer": "utils.widgets.explorer",
    "explore": "utils.widgets.explorer",
    "module_names": "utils.widgets.modules",
    "module_text": "utils.widgets.modules",
}

__getattr__, __dir__, __all__ = exports(__name__, _EXPORTS)
