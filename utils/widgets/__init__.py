"""Widgets that answer with a kernel (Jupyter, Colab, VS Code) and without one (the site)."""

from utils.widgets.base import BookWidget, module_text
from utils.widgets.explorer import Explorer, explore

__all__ = ["BookWidget", "Explorer", "explore", "module_text"]
