"""The palette can be read in both themes and told apart without full color vision."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from skimage.color import rgb2lab

from utils.palette import COLORS, CYCLE, DARK, LIGHT, ON_MAP

# Machado, Oliveira and Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", severity 1.0; applied to linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
THEMES = {"light": LIGHT, "dark": DARK}
APART = 9.0  # distance in Lab; a just noticeable difference is about 2.3, thin lines need several


def linear(color: str) -> np.ndarray:
    """Linear RGB of "#rrggbb"."""
    c = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(color: str, vision: np.ndarray) -> np.ndarray:
    c = np.clip(vision @ linear(color), 0, 1)
    return rgb2lab(np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055))


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio, 1 to 21."""
    low, high = sorted(float(np.array([0.2126, 0.7152, 0.0722]) @ linear(c)) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_the_measures_agree_with_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert lab("#ffffff", VISION["full"]) == pytest.approx([100, 0, 0], abs=0.1)
    for matrix in VISION.values():  # gray stays gray, whoever looks
        assert matrix.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", THEMES)
def test_the_six_stay_apart(theme, vision):
    seen = {name: lab(THEMES[theme][name], VISION[vision]) for name in CYCLE}
    apart = {(a, b): np.linalg.norm(seen[a] - seen[b]) for a, b in itertools.combinations(CYCLE, 2)}
    nearest = min(apart, key=apart.get)
    assert apart[nearest] >= APART, f"{nearest} are {apart[nearest]:.1f} apart"


@pytest.mark.parametrize("ink", ["ink", "muted"])
@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(theme, ink):
    assert contrast(THEMES[theme][ink], THEMES[theme]["paper"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_every_color_can_be_swapped_back(theme):
    values = list(THEMES[theme].values())
    assert len(set(values)) == len(values)


def test_colors_are_written_alike():
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for pair in COLORS.values() for color in pair)


def test_the_cycle_holds_six_named_colors():
    assert len(set(CYCLE)) == 6
    assert set(CYCLE) <= set(COLORS) - {"ink", "muted", "rule", "paper"}


def test_what_is_written_on_a_map_is_left_alone_in_the_dark():
    swapped = {color.lower() for pair in COLORS.values() for color in pair}
    assert not swapped & {color.lower() for color in ON_MAP.values()}
    for name, color in ON_MAP.items():  # and yet it is the palette's own color to the eye
        assert np.linalg.norm(lab(color, VISION["full"]) - lab(LIGHT[name], VISION["full"])) < 1
