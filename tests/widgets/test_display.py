"""What a widget publishes: one bundle, whatever the version of ipywidgets, and two outputs in JupyterLab."""

from __future__ import annotations

import os
import sys
import types

import anywidget
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from utils import explore
from utils.widgets.base import VIEW, in_jupyterlab

ALT = "A square that turns from black to white."


@pytest.fixture
def outside(monkeypatch):
    """No front end that is known from the environment."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    for key in [key for key in os.environ if key.startswith("VSCODE_")]:
        monkeypatch.delenv(key)


@pytest.fixture
def widget():
    return explore(lambda level: np.full((4, 4), level), level=[0.0, 1.0], caption="Push it up.", alt=ALT)


@pytest.fixture
def formatted():
    """format(widget): (data, metadata) as IPython would send it, and what was published on the way."""
    formatter = InteractiveShell.instance().display_formatter
    yield formatter.format
    InteractiveShell.clear_instance()


@pytest.fixture
def published(monkeypatch):
    found = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, *, raw, metadata: found.append((data, metadata))
    )
    return found


def test_the_display_method_of_ipywidgets_7_does_not_win(outside, widget, formatted, monkeypatch):
    """Colab has ipywidgets 7, whose own method shows the view alone: no picture, no caption, no record."""
    shown = []
    monkeypatch.setattr(anywidget.AnyWidget, "_ipython_display_", shown.append, raising=False)
    data, metadata = formatted(widget)
    assert not shown
    assert VIEW in data
    assert ALT in data["text/html"]
    assert data["text/plain"] == f"Widget: Push it up.\n({ALT})"
    assert metadata["book"] == {"kind": "widget", "name": "explore", "caption": "Push it up.", "alt": ALT}


def test_in_jupyterlab_the_picture_is_an_output_of_its_own(
    outside, widget, formatted, published, monkeypatch
):
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/reader/page.ipynb")
    assert formatted(widget) == ({}, {}), "IPython shows nothing more"
    (page, record), (view, more) = published
    assert set(page) == {"text/html", "text/plain"}
    assert page["text/html"].endswith(widget.page_html())
    assert record["book"]["name"] == "explore"
    assert set(view) == {VIEW}
    assert view[VIEW]["model_id"] == widget.model_id
    assert "book" not in more


@pytest.mark.parametrize(
    ("environment", "known"),
    [
        ({"JPY_SESSION_NAME": "/home/reader/page.ipynb"}, True),
        ({}, False),
        ({"JPY_SESSION_NAME": "console-1"}, False),
        ({"JPY_SESSION_NAME": "/home/reader/page-jvsc-1b2c.ipynb"}, False),
        ({"JPY_SESSION_NAME": "/home/reader/page.ipynb", "VSCODE_PID": "7"}, False),
    ],
)
def test_jupyterlab_is_known_from_the_servers_environment(outside, monkeypatch, environment, known):
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    assert in_jupyterlab() is known


def test_colab_is_not_jupyterlab(outside, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/content/page.ipynb")
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    assert not in_jupyterlab()
