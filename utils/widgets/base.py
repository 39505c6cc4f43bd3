"""What all widgets share: one ES module each, a state, and a picture for where no script runs.

A widget is a Python class and an ES module of the same name beside it, written to anywidget's front-end
protocol (https://anywidget.dev/en/afm/): ``export default { render({ model, el }) }``. With a kernel, anywidget
loads the module. On the site there is no kernel: the widget's HTML output holds its state as JSON, and the
site's host calls the same ``render`` with a model backed by that state. GitHub, which runs neither, shows the
picture.
"""

from __future__ import annotations

import json
import os
import sys
from html import escape
from typing import Any, ClassVar

import anywidget
import traitlets as t

from utils.display import unmarked
from utils.plotting import described, figure_html
from utils.widgets.modules import module_text, style_text

STATE_LIMIT = 150_000  # bytes of state a page may carry for one widget
VIEW = "application/vnd.jupyter.widget-view+json"
# JupyterLab gives the error for a view whose kernel is gone this class; our picture stands above it.
_NO_MODEL_STYLE = (
    "<style>.jp-OutputArea-child:has(> * .book-widget) + "
    ".jp-OutputArea-child:has(> .jupyter-widgets):not(:has(.bw)) { display: none; }</style>"
)


def in_jupyterlab() -> bool:
    """Was this kernel started for a notebook of JupyterLab or Jupyter Notebook?

    Jupyter's server then names the notebook. Colab's and VS Code's do so too, whose pages are built otherwise.
    """
    name = os.environ.get("JPY_SESSION_NAME", "")
    foreign = "-jvsc-" in name or any(key.startswith("VSCODE_") for key in os.environ)
    return name.endswith(".ipynb") and not foreign and "google.colab" not in sys.modules


class BookWidget(anywidget.AnyWidget):
    """Base of the book's widgets. A subclass sets ``name`` and gives a `poster`.

    Raises:
        ValueError: caption or alt text is missing (see `utils.show`), or the state is too large for a page.
    """

    name: ClassVar[str] = ""

    caption = t.Unicode().tag(sync=True)
    alt = t.Unicode().tag(sync=True)
    live = t.Bool(True).tag(sync=True)  # is there a kernel to ask? The site's copy of the state says no

    def __init__(self, *, caption: str, alt: str, **state: Any) -> None:
        caption, alt = described(caption, alt)
        super().__init__(caption=caption, alt=alt, **state)
        self.page_html()  # too large a state stops here, not in the display, which would only print it

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "name" in cls.__dict__:  # not the class that traitlets derives for each instance
            cls._esm = module_text(cls.name)
            cls._css = style_text(cls.name)
        super().__init_subclass__(**kwargs)

    def record(self) -> dict[str, Any]:
        """What the output says of itself, for lint and the site."""
        texts = {"caption": unmarked(self.caption), "alt": unmarked(self.alt)}
        return {"kind": "widget", "name": self.name, **texts}

    def plain_text(self) -> str:
        """For a terminal."""
        return f"Widget: {self.caption}\n({self.alt})"

    def poster(self) -> tuple[str, int, int]:
        """A still picture of the widget at its start: data URI, width and height in px."""
        raise NotImplementedError

    def page_state(self) -> dict[str, Any]:
        """The state the site's copy starts from: every synced trait of this class and its bases here."""
        inherited = set(anywidget.AnyWidget.class_trait_names())
        names = [n for n in self.trait_names(sync=True) if n not in inherited and not n.startswith("_")]
        return {**{n: getattr(self, n) for n in sorted(names)}, "live": False}

    def page_script(self) -> str:
        """The state for the site's host, as JSON in an element that runs nothing.

        Raises:
            ValueError: it is too large for a page.
        """
        # "</" would end the script element early, "<!--" would hide its end.
        state = (
            json.dumps(self.page_state(), ensure_ascii=False, separators=(",", ":"))
            .replace("</", "<\\/")
            .replace("<!--", "<\\u0021--")
        )
        if len(state.encode()) > STATE_LIMIT:
            raise ValueError(
                f"the state of this {self.name} widget is {len(state.encode()) / 1000:.0f} kB, a page carries "
                f"{STATE_LIMIT / 1000:.0f} kB: give fewer stops or a smaller picture"
            )
        return f'<script type="application/json">{state}</script>'

    def page_html(self) -> str:
        """The fallback: state and picture, brought to life by the site's host."""
        script = self.page_script()
        src, width, height = self.poster()
        return (
            f'<div class="book-widget" data-widget="{escape(self.name)}">{script}'
            f"{figure_html(src, width, height, self.caption, self.alt)}</div>"
        )

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Publish picture and view apart in JupyterLab; elsewhere leave it to the bundle.

        JupyterLab shows the view alone where a bundle has one, and an error in its place when the notebook is
        opened again without its kernel. Apart, the picture stands whenever the view does not: style sheets hide
        the one or the other. The method is there in any case, since that of ipywidgets 7 shows the view alone.
        """
        from IPython.display import display

        if not in_jupyterlab():
            raise NotImplementedError  # IPython then asks for the bundle
        data, metadata = self._repr_mimebundle_(**kwargs)
        view = {VIEW: data.pop(VIEW)}
        data["text/html"] = _NO_MODEL_STYLE + data["text/html"]
        display(data, raw=True, metadata={"book": metadata.pop("book")})
        display(view, raw=True, metadata=metadata)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        data = {**data, "text/html": self.page_html(), "text/plain": self.plain_text()}
        return data, {**metadata, "book": self.record()}
