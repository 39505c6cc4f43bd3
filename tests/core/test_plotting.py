"""A figure reaches the page whole, described, and the same from every machine."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from html import unescape

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from utils import image_row, show
from utils.palette import CYCLE, LIGHT
from utils.plotting import PAGE_WIDTH, figure_svg, image_uri, svg_uri, use_style

CAPTION = "The loss falls twice."
ALT = "A falling curve with two steps, at 10 and at 40."


@pytest.fixture(autouse=True)
def book_style():
    with mpl.rc_context():
        use_style()
        yield
    plt.close("all")


@pytest.fixture
def published(monkeypatch):
    found = []
    monkeypatch.setattr("utils.plotting.publish", lambda html, text, data: found.append((html, text, data)))
    return found


def curve():
    fig, ax = plt.subplots()
    ax.plot([0, 1, 4, 9], marker="o", label="ours")
    ax.set(title="Loss & error", xlabel="step", ylabel="loss")
    ax.legend()
    return fig


def photograph(side=96):
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 1, side)[:, None] * np.linspace(0, 1, side)
    return np.clip(np.stack([smooth, smooth**2, 1 - smooth], -1) + rng.normal(0, 0.05, (side, side, 3)), 0, 1)


def decoded(uri: str) -> Image.Image:
    head, _, body = uri.partition(";base64,")
    image = Image.open(io.BytesIO(base64.b64decode(body, validate=False)))
    image.load()
    assert head == f"data:image/{image.format.lower()}"
    return image


def pictures(svg: str) -> list[Image.Image]:
    return [decoded(re.sub(r"\s", "", uri)) for uri in re.findall(r'xlink:href="(data:[^"]*)"', svg)]


# ---------------------------------------------------------------- show


@pytest.mark.parametrize(
    ("words", "caption", "alt"),
    [
        ("caption is missing", "", ALT),
        ("caption is missing", "  ", ALT),
        ("caption is missing", None, ALT),
        ("alt is missing", CAPTION, ""),
        ("alt is missing", CAPTION, "\n"),
        ("alt is missing", CAPTION, None),
        ("20 characters", CAPTION, "A curve."),
        ("20 characters", CAPTION, " " * 30 + "A curve."),
        ("in its own words", CAPTION + " " + ALT, f" {CAPTION} {ALT} "),
    ],
)
def test_a_figure_must_be_described(words, caption, alt, published):
    with pytest.raises(ValueError, match=words):
        show(curve(), caption=caption, alt=alt)
    assert not published


@pytest.mark.parametrize("given", [{"caption": CAPTION}, {"alt": ALT}, {}])
def test_leaving_a_text_out_is_an_error(given):
    with pytest.raises(TypeError, match="caption|alt"):
        show(curve(), **given)


@pytest.mark.parametrize("thing", [None, plt, np.ones((2, 2)), "figure.png"])
def test_only_figures_are_shown(thing):
    with pytest.raises(TypeError, match=f"fig must be a matplotlib Figure, got {type(thing).__name__}"):
        show(thing, caption=CAPTION, alt=ALT)


def test_axes_are_no_figure():
    with pytest.raises(TypeError, match="got Axes"):
        show(curve().axes[0], caption=CAPTION, alt=ALT)


def test_the_figure_is_closed_after_it_was_shown(published):
    fig = curve()
    show(fig, caption=CAPTION, alt=ALT)
    assert not plt.fignum_exists(fig.number)


def test_caption_and_alt_reach_html_text_and_ledger(published):
    show(curve(), caption='"a" < b', alt='A line called "a", below <b> all the way.')
    ((html, text, data),) = published
    assert unescape(re.search(r"<figcaption[^>]*>([^<]*)</figcaption>", html)[1]) == '"a" < b'
    alt = re.search(r' alt="([^"]*)"', html)[1]
    assert unescape(alt) == 'A line called "a", below <b> all the way.'
    assert "<b>" not in html
    assert text == 'Figure: "a" < b\n(A line called "a", below <b> all the way.)'
    assert data == {
        "kind": "figure",
        "caption": '"a" < b',
        "alt": 'A line called "a", below <b> all the way.',
    }


def test_the_picture_is_as_large_as_it_was_drawn(published):
    fig = curve()
    fig.set_size_inches(5, 2.5)
    show(fig, caption=CAPTION, alt=ALT)
    assert 'width="480" height="240"' in published[0][0]


def test_a_script_gets_the_text(capsys):
    show(curve(), caption=CAPTION, alt=ALT)
    assert capsys.readouterr().out == f"Figure: {CAPTION}\n({ALT})\n"


# ---------------------------------------------------------------- figure_svg


def test_text_stays_text_in_the_readers_font():
    svg = figure_svg(curve())
    texts = [
        "".join(t.itertext()).strip() for t in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {"Loss & error", "step", "loss", "ours"} <= set(texts)
    assert "system-ui" in svg
    assert "DejaVu" not in svg


def test_the_same_figure_gives_the_same_bytes():
    assert figure_svg(curve()) == figure_svg(curve())
    assert figure_svg(image_row([photograph()], ["a"])) == figure_svg(image_row([photograph()], ["a"]))


def test_the_same_bytes_without_the_books_style_too():
    mpl.rcdefaults()
    svg = figure_svg(curve())
    assert svg == figure_svg(curve())
    assert "Loss &amp; error" in svg


def test_a_tight_box_leaves_the_size_as_it_is():
    fig, ax = plt.subplots(figsize=(4, 2))
    ax.set_axis_off()
    free = figure_svg(fig)
    with mpl.rc_context({"savefig.bbox": "tight"}):
        assert figure_svg(fig) == free
    assert 'viewBox="0 0 288 144"' in free


def test_the_style_needs_no_latex():
    with mpl.rc_context({"text.usetex": True, "axes.grid": True, "lines.linestyle": "--"}):
        use_style()
        assert not mpl.rcParams["text.usetex"] and not mpl.rcParams["axes.grid"]
        fig, ax = plt.subplots()
        ax.set_title("$x^2$")
        assert "x" in figure_svg(fig)


def test_nothing_in_it_tells_of_the_machine_or_the_moment():
    svg = figure_svg(image_row([photograph()], ["a"]))
    assert svg.startswith("<svg")
    assert not re.search(r"<metadata|<!DOCTYPE|<\?xml|matplotlib|dc:date|<g id=", svg)
    used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
    assert set(re.findall(r'\bid="([^"]+)"', svg)) == used, (
        "an id nobody refers to (of a picture: of its PNG's bytes)"
    )


def test_every_reference_inside_it_is_there():
    svg = figure_svg(curve())
    used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
    assert used
    assert used <= set(re.findall(r'\bid="([^"]+)"', svg))


def test_coordinates_are_not_finer_than_a_screen():
    long = [n for n in re.findall(r'(?<= )d="[^"]*"', figure_svg(curve())) if re.search(r"\.\d{3}", n)]
    assert not long


def test_a_photograph_is_stored_as_it_is_in_less_room():
    picture = photograph()
    svg = figure_svg(image_row([picture], ["a"]))
    (image,) = pictures(svg)
    assert image.format == "WEBP"
    assert image.size == (96, 96), "not resampled"
    error = np.abs(np.asarray(image.convert("RGB"))[..., 1] / 255.0 - picture[..., 1]).mean()
    error_upside_down = np.abs(
        np.asarray(image.convert("RGB"))[::-1, ..., 1] / 255.0 - picture[..., 1]
    ).mean()
    assert min(error, error_upside_down) < 0.05


def test_a_small_picture_keeps_every_pixel():
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    (image,) = pictures(figure_svg(image_row([picture], ["a"])))
    kept = np.asarray(image.convert("RGB"))
    assert np.array_equal(kept, picture) or np.array_equal(kept[::-1], picture)


def test_transparent_parts_stay_transparent():
    picture = np.zeros((16, 16, 4))
    picture[4:, :, 3] = 1
    (image,) = pictures(figure_svg(image_row([picture], ["a"])))
    assert image.convert("RGBA").getchannel("A").getextrema() == (0, 255)


def test_the_uri_holds_the_svg():
    svg = figure_svg(curve())
    head, _, body = svg_uri(svg).partition(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(body).decode() == svg


def test_the_style_draws_in_the_palette():
    svg = figure_svg(curve())
    assert all(LIGHT[name] in svg for name in ("ink", "muted", "paper", CYCLE[0]))


def test_no_text_is_smaller_than_nine_points():
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", figure_svg(curve()))]
    assert sizes
    assert min(sizes) >= 9


# ---------------------------------------------------------------- images


@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.float32, np.float16])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_an_image_keeps_size_and_lossless_its_pixels(shape, dtype):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    given = pixels if dtype is np.uint8 else (pixels / 255).astype(dtype)
    image = decoded(image_uri(given, quality=0))
    assert image.size == (7, 5)
    back = np.asarray(image.convert("L" if len(shape) == 2 else "RGB")).astype(int)
    assert np.abs(back - pixels).max() <= (1 if dtype is np.float16 else 0)


def test_values_outside_are_clipped():
    image = decoded(image_uri(np.array([[-3.0, 0.0], [1.0, np.inf]]), quality=0))
    assert np.array_equal(np.asarray(image.convert("L")), [[0, 0], [255, 255]])


@pytest.mark.parametrize(
    ("kind", "words", "pixels"),
    [
        (ValueError, r"got \(3,\)", np.ones(3)),
        (ValueError, r"got \(0, 4\)", np.ones((0, 4))),
        (ValueError, r"got \(4, 4, 4\)", np.ones((4, 4, 4))),
        (ValueError, r"got \(3, 4, 4, 3\)", np.ones((3, 4, 4, 3))),
        (ValueError, r"got \(\)", np.float64(1)),
        (ValueError, "pixels hold NaN", np.full((2, 2), np.nan)),
        (TypeError, "dtype int64", np.ones((2, 2), np.int64)),
        (TypeError, "dtype bool", np.ones((2, 2), bool)),
        (TypeError, "dtype complex128", np.ones((2, 2), complex)),
    ],
)
def test_what_is_no_image_is_refused(kind, words, pixels):
    with pytest.raises(kind, match=f"pixels .*{words}" if "NaN" not in words else words):
        image_uri(pixels)


def test_a_row_of_images_shares_one_scale_and_shows_no_axes():
    fig = image_row([np.zeros((4, 8)), np.ones((4, 8))], ["black", "white"])
    assert [ax.get_title(loc) for ax in fig.axes for loc in ("left",)] == ["black", "white"]
    assert {ax.images[0].get_clim() for ax in fig.axes} == {(0, 1)}
    assert not any(ax.axison for ax in fig.axes)
    assert fig.get_size_inches()[0] == PAGE_WIDTH


def test_the_scale_can_be_given():
    fig = image_row([np.zeros((4, 8))], ["a"], vmin=-2, vmax=2, cmap="RdGy")
    assert fig.axes[0].images[0].get_clim() == (-2, 2)
    assert fig.axes[0].images[0].get_cmap().name == "RdGy"


@pytest.mark.parametrize(("count", "columns", "grid"), [(3, None, (1, 3)), (5, 3, (2, 3)), (2, 9, (1, 2))])
def test_images_fill_rows(count, columns, grid):
    fig = image_row([np.ones((4, 4))] * count, ["t"] * count, columns=columns)
    assert fig.axes[0].get_gridspec().get_geometry() == grid
    assert not any(ax.axison for ax in fig.axes), "an empty place shows nothing"


@pytest.mark.parametrize(
    ("images", "titles"), [([], []), ([np.ones((2, 2))], []), ([np.ones((2, 2))], ["a", "b"])]
)
def test_every_image_needs_its_title(images, titles):
    with pytest.raises(ValueError, match=f"got {len(titles)} for {len(images)}"):
        image_row(images, titles)
