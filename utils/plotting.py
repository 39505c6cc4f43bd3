"""One look for every figure, and `show`, which gives a figure its caption and its text alternative."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.display import marked_attribute, marked_html, publish, unmarked
from utils.palette import CYCLE, LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Figures are drawn 7 inches wide and shown 1:1 (96 px an inch), so 9 points in matplotlib are 9 on the page.
PAGE_WIDTH = 7.0
_MIN_ALT = 20  # characters; a shorter text names the figure instead of saying what it shows
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif"


def use_style() -> None:
    """Set matplotlib's defaults to the book's: palette, one line weight, no grid, real text in SVG.

    Everything else is put to matplotlib's own defaults, whatever a matplotlibrc or a notebook before has set:
    ``text.usetex`` fails where there is no LaTeX.
    """
    import matplotlib as mpl

    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "figure.figsize": (PAGE_WIDTH, 3.2),
            "figure.constrained_layout.use": True,
            "figure.facecolor": LIGHT["paper"],
            "savefig.facecolor": LIGHT["paper"],
            "axes.facecolor": LIGHT["paper"],
            "axes.edgecolor": LIGHT["muted"],
            "axes.labelcolor": LIGHT["ink"],
            "axes.titlecolor": LIGHT["ink"],
            "axes.titlesize": 10.5,
            "axes.titlelocation": "left",
            "axes.titlepad": 8,
            "axes.labelsize": 10,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": mpl.cycler(color=[LIGHT[name] for name in CYCLE]),
            "axes.axisbelow": True,
            "grid.color": LIGHT["rule"],
            "grid.linewidth": 0.6,
            "xtick.color": LIGHT["muted"],
            "ytick.color": LIGHT["muted"],
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "text.color": LIGHT["ink"],
            "font.size": 10,
            "font.family": "DejaVu Sans",
            "mathtext.fontset": "dejavusans",
            "legend.frameon": False,
            "legend.fontsize": 9,
            "lines.linewidth": 1.6,
            "lines.markersize": 5,
            "lines.solid_capstyle": "round",
            "image.cmap": "gray",
            # Embed pixels as they are; the browser scales them, so a photograph is stored once, not resampled.
            "image.interpolation": "none",
            "svg.fonttype": "none",
            "svg.hashsalt": "book",
        }
    )


def image_uri(pixels: np.ndarray, *, quality: int = 80) -> str:
    """A WebP data URI of an image.

    Args:
        pixels: (H, W) gray or (H, W, 3) color; uint8, or floats in [0, 1] (values outside are clipped).
        quality: 1 to 100 for lossy WebP; 0 asks for lossless.

    Raises:
        ValueError: another shape, or no pixels, or NaN.
        TypeError: another dtype.
    """
    from PIL import Image

    pixels = np.asarray(pixels)
    if pixels.size == 0 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise ValueError(f"pixels must have shape (H, W) or (H, W, 3), got {pixels.shape}")
    if pixels.dtype != np.uint8:
        if pixels.dtype.kind != "f":
            raise TypeError(f"pixels must be uint8 or float in [0, 1], got dtype {pixels.dtype}")
        if np.isnan(pixels).any():
            raise ValueError("pixels hold NaN")
        pixels = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    return _webp(Image.fromarray(pixels), quality)


def _webp(image: Any, quality: int) -> str:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality or 100, lossless=not quality, method=6)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()


def _smaller(match: re.Match) -> str:
    """A PNG embedded in an SVG, as WebP where that saves bytes: lossless for small or flat pictures."""
    from PIL import Image

    raw = base64.b64decode(re.sub(r"\s", "", match[1]))
    image = Image.open(io.BytesIO(raw))
    small = image.width * image.height <= 64 * 64
    flat = image.convert("RGB").getcolors(maxcolors=16) is not None
    image = image.convert(
        "RGBA" if "A" in image.getbands() and image.getchannel("A").getextrema()[0] < 255 else "RGB"
    )
    uri = _webp(image, 0 if small or flat else 82)
    return f'"{uri}"' if len(uri) < len(match[0]) else match[0]


def figure_svg(fig: Figure) -> str:
    """``fig`` as SVG text: real text in the reader's system font, pictures compressed, no run-dependent ids."""
    import matplotlib as mpl

    out = io.StringIO()
    # Whatever the notebook has set: a tight box would be another size than the figure's own.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "book", "savefig.bbox": None}):
        fig.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]  # without XML prolog and DTD, whose URL a strict page would object to
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    svg = re.sub(r'"data:image/png;base64,([^"]+)"', _smaller, svg)
    svg = re.sub(
        r'<g id="[^"]*">', "<g>", svg
    )  # nothing refers to groups, and two figures would share the ids
    svg = re.sub(
        r'(<image\b[^>]*?) id="[^"]*"', r"\1", svg
    )  # made from the PNG's bytes, which differ by zlib
    # A hundredth of a point is finer than any screen; matplotlib writes a millionth.
    svg = re.sub(
        r'(?<= )(d|x|y)="[^"]*"', lambda m: re.sub(r"\d+\.\d{3,}", lambda n: f"{float(n[0]):.2f}", m[0]), svg
    )
    return re.sub(r"'DejaVu Sans'(, [^;\"]*)?", _FONTS, svg)


def svg_uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def described(caption: Any, alt: Any) -> tuple[str, str]:
    """``caption`` and ``alt`` stripped, or a ValueError that says which one is missing and what it is for."""
    for name, text, wanted in (
        ("caption", caption, "one or two sentences on what to see"),
        (
            "alt",
            alt,
            f"a text of {_MIN_ALT} characters or more that says what the figure shows to one who can't see it",
        ),
    ):
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{name} is missing: give {wanted} (got {text!r})")
    if len(alt.strip()) < _MIN_ALT or alt.strip() == caption.strip():
        raise ValueError(
            f"alt must say what the figure shows, in its own words and {_MIN_ALT} characters; got {alt!r}"
        )
    return caption.strip(), alt.strip()


def figure_html(src: str, width: int, height: int, caption: str, alt: str) -> str:
    """The book's ``<figure>``; inline styles serve notebook front ends, the site's style sheet overrides them."""
    return (
        '<figure class="book-figure" style="margin:1em 0;max-width:100%">'
        f'<img src="{src}" alt="{marked_attribute(alt)}" width="{width}" height="{height}" '
        'style="max-width:100%;height:auto;background:#fff">'
        f'<figcaption style="font:0.92em/1.5 system-ui,sans-serif">{marked_html(caption)}</figcaption></figure>'
    )


def show(fig: Figure, *, caption: str, alt: str) -> None:
    """Show a matplotlib figure with its caption and its text alternative.

    The output is HTML with the figure as SVG, so caption and alt text reach the site, JupyterLab and Colab.
    The figure is closed. What a run measures is written as `utils.measured` marks it; readers see no mark.

    Args:
        fig: the figure.
        caption: one or two sentences under the figure: what to see. Plain text.
        alt: what the figure shows, for readers who cannot see it; at least 20 characters, unlike the caption.

    Raises:
        TypeError: ``fig`` is not a matplotlib figure.
        ValueError: caption or alt text is missing, or alt is too short or repeats the caption.
    """
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    if not isinstance(fig, Figure):
        raise TypeError(f"fig must be a matplotlib Figure, got {type(fig).__name__}")
    caption, alt = described(caption, alt)
    width, height = (round(96 * inches) for inches in fig.get_size_inches())
    html = figure_html(svg_uri(figure_svg(fig)), width, height, caption, alt)
    plt.close(fig)
    record = {"kind": "figure", "caption": unmarked(caption), "alt": unmarked(alt)}
    publish(html, f"Figure: {caption}\n({alt})", record)


def image_row(
    images: Sequence[np.ndarray], titles: Sequence[str], *, columns: int | None = None, **imshow: Any
) -> Figure:
    """A figure of pictures side by side, without axes, each under its title.

    Args:
        images: arrays (H, W) or (H, W, 3), as ``imshow`` takes them.
        titles: one for each picture.
        columns: pictures in a row; all in one row when left out.
        **imshow: passed to every ``imshow``; ``vmin=0, vmax=1`` unless given, so that pictures compare.

    Raises:
        ValueError: no picture, or titles of another number.
    """
    from matplotlib import pyplot as plt

    if len(images) == 0 or len(images) != len(titles):
        raise ValueError(
            f"titles must be one for each of at least one image, got {len(titles)} for {len(images)}"
        )
    columns = min(columns or len(images), len(images))
    rows = -(-len(images) // columns)
    ratio = np.shape(images[0])[0] / np.shape(images[0])[1]
    fig, axes = plt.subplots(
        rows, columns, squeeze=False, figsize=(PAGE_WIDTH, rows * (PAGE_WIDTH / columns * ratio + 0.3))
    )
    for ax in axes.flat:
        ax.axis("off")
    for ax, picture, title in zip(axes.flat, images, titles, strict=False):
        ax.imshow(picture, **{"vmin": 0, "vmax": 1, **imshow})
        ax.set_title(title, fontsize=10)
    return fig
