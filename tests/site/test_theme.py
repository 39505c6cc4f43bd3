"""The style sheet's colors are the palette's and readable in both themes; the theme names no other site."""

from __future__ import annotations

import importlib.util
import json
import re

import pytest
from site_tools import ROOT, site_pages


@pytest.fixture(scope="module")
def palette() -> dict:
    spec = importlib.util.spec_from_file_location("palette", ROOT / "utils" / "palette.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.COLORS


@pytest.fixture(scope="module")
def css(site_dir) -> str:
    """The style sheets in a page's head, the same in all of them."""
    found = set()
    for page in site_pages(site_dir):
        head = (site_dir / page).read_text("utf8").partition("</head>")[0]
        found.add(re.findall(r"<style>(.*?)</style>", head, re.S)[-1])
    assert len(found) == 1
    return found.pop()


@pytest.fixture(scope="module")
def themes(css) -> tuple[dict, dict]:
    """The custom properties of the light and of the dark theme, as a browser would resolve them."""

    def variables(selector: str) -> dict:
        blocks = re.findall(rf"(?:^|[\n{{}}\s]){re.escape(selector)}\s*\{{([^}}]*)\}}", css)
        return dict(re.findall(r"(--[\w-]+)\s*:\s*([^;]+);", "".join(blocks)))

    light = variables(":root")
    return light, light | variables(':root[data-theme="dark"]')


def luminance(color: str) -> float:
    parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("at", [0, 1], ids=["light", "dark"])
def test_the_style_sheet_holds_the_palette(palette, themes, at):
    assert {name: themes[at][f"--book-{name}"] for name in palette} == {
        name: pair[at] for name, pair in palette.items()
    }


@pytest.mark.parametrize("at", [0, 1], ids=["light", "dark"])
def test_text_and_code_are_readable(themes, at):
    theme = themes[at]
    pairs = [
        (f"--book-{ink}", ground)
        for ink in ("ink", "muted", "ours")
        for ground in ("--book-paper", "--book-wash")
    ]
    pairs += [(name, "--book-wash") for name in theme if name.startswith("--code-")]
    low = {pair: contrast(theme[pair[0]], theme[pair[1]]) for pair in pairs}
    assert min(low.values()) >= 4.5, low


def test_dark_without_scripts_is_the_same_dark(themes, css):
    blocks = re.findall(r":root:not\(\[data-theme\]\)\s*\{([^}]*)\}", css)
    scriptless = dict(re.findall(r"(--[\w-]+)\s*:\s*([^;]+);", "".join(blocks)))
    assert themes[0] | scriptless == themes[1]


def test_theme_files_are_short_and_stay_on_the_site():
    for file in (ROOT / "book" / "theme").rglob("*.*"):
        text = file.read_text("utf8")
        assert text.count("\n") < 200, f"{file.name} is too long to be read in one go"
        if file.suffix in {".css", ".js"}:
            assert not re.search(r"https?://|@import|//cdn", text), file.name


def test_the_lock_file_names_no_host():
    lock = json.loads((ROOT / "package-lock.json").read_text("utf8"))
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
    wanted = json.loads((ROOT / "package.json").read_text("utf8"))
    exact = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in exact.values())
    assert all(entry.get("integrity") for name, entry in lock["packages"].items() if name)
