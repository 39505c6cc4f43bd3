"""`explore`: what the page is given, what the kernel answers, and what is refused."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

import utils.widgets
from utils import explore
from utils.palette import LIGHT
from utils.plotting import use_style
from utils.widgets import BookWidget, Explorer, module_text
from utils.widgets.base import STATE_LIMIT

FOLDER = Path(utils.widgets.__file__).parent
TEXTS = {
    "caption": "Push the level up.",
    "alt": "A gray square that grows lighter as the level rises.",
}


@pytest.fixture(autouse=True)
def book_style():
    with mpl.rc_context():
        use_style()
        yield
    assert not plt.get_fignums(), "a widget closes the figures it was given"


def square(level):
    return np.full((4, 6), level / 10)


def line(slope):
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, slope])
    return fig


class Reader(HTMLParser):
    """The page as a browser sees it: elements, and the text of the first script."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.script = ""
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag == "script"

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.script += data


def page_state(widget) -> dict:
    return json.loads(Reader(widget.page_html()).script)


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("kind", "words", "arguments"),
    [
        (ValueError, "give at least one grid", {}),
        (ValueError, "level needs at least two different values", {"level": [1]}),
        (ValueError, "level needs at least two different values", {"level": []}),
        (ValueError, "level needs at least two different values", {"level": [1, 2, 1]}),
        (ValueError, "level needs at least two different values", {"level": [1, 1.0]}),
        (ValueError, "level must hold finite numbers", {"level": [1.0, float("nan")]}),
        (ValueError, "level must hold finite numbers", {"level": [1.0, float("inf")]}),
        (TypeError, "level must be a sequence", {"level": "123"}),
        (TypeError, "level must be a sequence", {"level": 3}),
        (TypeError, "level must hold numbers, strings or booleans", {"level": [1, None]}),
        (TypeError, "level must hold numbers, strings or booleans", {"level": [[1], [2]]}),
        (ValueError, "401 frames, at most 400", {"level": range(401)}),
        (ValueError, "900 frames, at most 400", {"level": range(30), "more": range(30)}),
        (ValueError, r"start names \['lvel'\]", {"level": [1, 2], "start": {"lvel": 1}}),
        (
            ValueError,
            r"start\['level'\] must be one of \[1, 2\], got 3",
            {"level": [1, 2], "start": {"level": 3}},
        ),
        (ValueError, "caption is missing", {"level": [1, 2], "caption": " "}),
        (ValueError, "alt is missing", {"level": [1, 2], "alt": ""}),
        (ValueError, "alt must say", {"level": [1, 2], "alt": "A square."}),
    ],
)
def test_what_makes_no_widget_is_refused(kind, words, arguments):
    def draw(level=1, more=1):
        return square(1)

    with pytest.raises(kind, match=words):
        explore(draw, **{**TEXTS, **arguments})


@pytest.mark.parametrize("draw", [None, "draw", np.ones((2, 2))])
def test_draw_must_be_a_function(draw):
    with pytest.raises(TypeError, match=f"draw must be a function, got {type(draw).__name__}"):
        explore(draw, **TEXTS, level=[1, 2])


@pytest.mark.parametrize(
    ("words", "drawn"),
    [
        ("got NoneType", None),
        ("got str", "picture"),
        ("got list", [[0, 1]]),
        ("the second part is int", (np.ones((2, 2)), 3)),
        ("dtype int64", np.ones((2, 2), np.int64)),
    ],
)
def test_draw_must_return_a_picture(words, drawn):
    with pytest.raises(TypeError, match=words):
        explore(lambda level: drawn, **TEXTS, level=[1, 2])


def test_an_error_in_draw_reaches_the_author():
    with pytest.raises(ZeroDivisionError):
        explore(lambda level: square(1 // level), **TEXTS, level=[1, 0])


def noise(level):
    return np.random.default_rng(level).random((200, 200, 3))


def test_a_state_too_large_for_a_page_is_refused_at_once():
    with pytest.raises(
        ValueError, match=r"explore widget is \d+ kB, a page carries 150 kB: give fewer stops"
    ):
        explore(noise, **TEXTS, level=range(20))


def test_a_state_just_below_the_limit_is_taken():
    pad = "x" * (STATE_LIMIT // 2 - 2000)
    widget = explore(lambda level: (square(level), pad), **TEXTS, level=[0, 1])
    assert STATE_LIMIT - 10_000 < len(Reader(widget.page_html()).script) <= STATE_LIMIT


# ---------------------------------------------------------------- frames and state


def test_there_is_a_frame_for_every_combination():
    seen = []

    def draw(level, shape):
        seen.append((level, shape))
        return square(level), f"{level} {shape}"

    widget = explore(draw, **TEXTS, level=[0, 5, 10], shape=["flat", "round"])
    assert {key: frame["text"] for key, frame in widget.frames.items()} == {
        "0,0": "0 flat",
        "0,1": "0 round",
        "1,0": "5 flat",
        "1,1": "5 round",
        "2,0": "10 flat",
        "2,1": "10 round",
    }
    assert len(seen) == 6, "each is drawn once"


@pytest.mark.parametrize(
    ("values", "stops", "kind"),
    [
        ([1, 2, 5], [1, 2, 5], "integer"),
        (range(3), [0, 1, 2], "integer"),
        ([1, 2.5], [1, 2.5], "number"),
        (np.array([0.5, 1.0]), [0.5, 1.0], "number"),
        (np.array([1, 2]), [1, 2], "integer"),
        ([True, False], [True, False], "choice"),
        (["a", "b"], ["a", "b"], "choice"),
        ([1, "all"], [1, "all"], "choice"),
    ],
)
def test_a_slider_knows_what_lies_between_its_stops(values, stops, kind):
    widget = explore(lambda learning_rate: square(1), **TEXTS, learning_rate=values)
    assert widget.grids == [{"name": "learning_rate", "label": "learning rate", "stops": stops, "kind": kind}]
    assert [type(stop) for stop in widget.grids[0]["stops"]] == [type(stop) for stop in stops]


def test_sliders_start_where_they_are_told():
    widget = explore(lambda a, b: square(1), **TEXTS, a=[1, 2, 3], b=["x", "y"], start={"b": "y"})
    assert widget.index == [0, 1]


def test_an_array_is_stored_as_an_image():
    widget = explore(square, **TEXTS, level=[0, 10])
    frame = widget.frames["1"]
    assert set(frame) == {"src", "text", "size"}
    assert frame["size"] == [6, 4], "width, height"
    image = Image.open(io.BytesIO(base64.b64decode(frame["src"].partition(",")[2])))
    assert image.size == (6, 4)
    assert np.asarray(image.convert("L")).min() > 250


def test_a_figure_is_stored_as_drawing():
    frame = explore(line, **TEXTS, slope=[1, 2]).frames["0"]
    assert set(frame) == {"svg", "text"}
    assert frame["svg"].startswith("<svg")
    assert LIGHT["ours"] in frame["svg"]


def test_on_the_page_a_figure_takes_the_pages_colors():
    svg = page_state(explore(line, **TEXTS, slope=[1, 2]))["frames"]["0"]["svg"]
    assert f"var(--book-ours,{LIGHT['ours']})" in svg
    assert f"var(--book-paper,{LIGHT['paper']})" in svg
    bare = re.sub(r"var\(--book-\w+,#[0-9a-f]{6}\)", "", svg)
    assert not [color for color in LIGHT.values() if color in bare]


def test_the_page_holds_the_whole_state_but_the_kernels_part():
    widget = explore(square, **TEXTS, level=[0, 5], width=300)
    state = page_state(widget)
    assert state == widget.page_state()
    assert set(state) == {"grids", "frames", "index", "width", "caption", "alt", "live"}
    assert state["live"] is False
    assert widget.live is True
    assert (state["frames"], state["index"], state["width"]) == (widget.frames, [0], 300)
    assert (state["caption"], state["alt"]) == (TEXTS["caption"], TEXTS["alt"])


@pytest.mark.parametrize(
    "text", ["</script><b>", "<!-- <script>", "<!--<script></script>", "a & b \u2028 \"quoted\" 'σ₁'"]
)
def test_no_text_can_end_the_state_early(text):
    widget = explore(lambda level: (square(level), text), **TEXTS, level=[0, 1])
    html = widget.page_html()
    script = html.partition('<script type="application/json">')[2].partition("</script>")[0]
    assert json.loads(script)["frames"]["0"]["text"] == text
    assert "<!--" not in html, "it would make the browser overlook the script's end"
    assert html.count("</script>") == 1


def test_where_no_script_runs_there_is_a_picture_with_its_text():
    widget = explore(square, **TEXTS, level=[0, 5, 10], start={"level": 5}, width=300)
    tags = Reader(widget.page_html()).tags
    assert tags[0] == ("div", {"class": "book-widget", "data-widget": "explore"})
    (image,) = [attributes for tag, attributes in tags if tag == "img"]
    assert image["alt"] == TEXTS["alt"]
    assert (image["width"], image["height"]) == ("300", "200")
    assert image["src"] == widget.frames["1"]["src"]


def test_the_picture_of_a_figure_keeps_its_proportions():
    def wide(slope):
        fig = line(slope)
        fig.set_size_inches(6, 2)
        return fig

    src, width, height = explore(wide, **TEXTS, slope=[1, 2], width=480).poster()
    assert src.startswith("data:image/svg+xml;base64,")
    assert (width, height) == (480, 160)


def test_a_notebook_stores_html_text_and_the_ledgers_record():
    data, metadata = explore(square, **TEXTS, level=[0, 5])._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert 'data-widget="explore"' in data["text/html"]
    assert data["text/plain"] == f"Widget: {TEXTS['caption']}\n({TEXTS['alt']})"
    assert metadata["book"] == {"kind": "widget", "name": "explore", **TEXTS}


# ---------------------------------------------------------------- the kernel's side


def ask(widget, number, **values):
    widget.request = {"id": number, "values": values}
    return widget.answer


def test_a_value_between_stops_is_drawn_when_asked_for():
    widget = explore(lambda level: (square(level), f"level {level}"), **TEXTS, level=[0.0, 10.0])
    answer = ask(widget, 1, level=3.25)
    assert answer["id"] == 1
    assert answer["frame"]["text"] == "level 3.25"
    assert answer["frame"]["src"] != widget.frames["0"]["src"]


def test_an_error_in_draw_becomes_an_answer_and_the_widget_goes_on():
    widget = explore(lambda level: square(10 / (level - 3)), **TEXTS, level=[4, 5])
    assert ask(widget, 7, level=3) == {"id": 7, "error": "ZeroDivisionError: division by zero"}
    assert "frame" in ask(widget, 8, level=4)


@pytest.mark.parametrize("values", [{}, {"other": 1}, {"level": "text"}])
def test_a_request_that_makes_no_sense_is_answered_with_an_error(values):
    widget = explore(square, **TEXTS, level=[4, 5])
    answer = ask(widget, 9, **values)
    assert answer["id"] == 9
    assert answer["error"].startswith("TypeError: ")


def test_a_request_without_values_is_answered_too():
    widget = explore(square, **TEXTS, level=[4, 5])
    widget.request = {"id": 2}
    assert widget.answer["error"].startswith("KeyError")


# ---------------------------------------------------------------- the module


def test_jupyter_and_the_page_run_the_same_module():
    text = module_text("explore")
    assert str(Explorer._esm) == text
    assert explore(square, **TEXTS, level=[0, 1])._esm == text
    assert str(Explorer._css) == (FOLDER / "widget.css").read_text(encoding="utf-8")


def test_the_module_is_its_file_with_what_it_imports_in_front():
    text = module_text("explore")
    file = (FOLDER / "explore.mjs").read_text(encoding="utf-8")
    body = re.sub(r"^import .*\n", "", file, flags=re.M)
    assert text.endswith(body)
    assert not re.search(r"^import ", text, re.M), "Jupyter loads it from a string: nothing to import from"
    assert re.findall(r"^export .*", text, re.M) == ["export default { render };"]


@pytest.mark.parametrize("name", ["nothing", "", "../palette"])
def test_an_unknown_widget_is_told_which_there_are(name):
    with pytest.raises(ValueError, match=r"name must be a widget of the book \(.*explore.*\), got "):
        module_text(name)


def test_a_widget_of_the_book_must_have_its_module():
    with pytest.raises(ValueError, match="got 'absent'"):
        type("Absent", (BookWidget,), {"name": "absent"})


def test_a_widget_without_a_picture_is_not_finished():
    with pytest.raises(NotImplementedError):
        BookWidget.poster(Explorer.__new__(Explorer))
