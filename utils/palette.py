"""The book's colors, named once: figures, widgets and the site read this table.

Every color has a light and a dark form. A figure is drawn with the light ones; the site swaps them for the
dark ones when the reader's page is dark, so the two columns must hold distinct values. The categorical six
stay apart under simulated protanopia, deuteranopia and tritanopia (tested).
"""

from __future__ import annotations

# name: (light, dark)
COLORS: dict[str, tuple[str, str]] = {
    "ink": ("#1f2328", "#e6e3dc"),
    "muted": ("#5b6470", "#a4abb6"),
    "rule": ("#d4d7dc", "#3b4149"),
    "paper": ("#ffffff", "#16191d"),
    # What a color means, the same through a notebook:
    "data": ("#7d8794", "#8f9baa"),
    "ours": ("#1d6fb8", "#6fb4f0"),
    "reference": ("#d98a12", "#f2b04e"),
    "failure": ("#b3274b", "#f0708c"),
    # Two more, where four are not enough.
    "fourth": ("#1f8a70", "#58c7a6"),
    "fifth": ("#5f2c8c", "#a66bea"),
}

LIGHT: dict[str, str] = {name: pair[0] for name, pair in COLORS.items()}
DARK: dict[str, str] = {name: pair[1] for name, pair in COLORS.items()}

# What is written on a color map: the map is the same in both themes, so its inks must be none that the site swaps.
ON_MAP: dict[str, str] = {"ink": "#1f2329", "paper": "#fefefe", "failure": "#b3274a"}

# Order of the default color cycle.
CYCLE: tuple[str, ...] = ("ours", "reference", "fourth", "failure", "fifth", "data")
