"""The stepper's structured drawings by matplotlib: the still picture for where no script runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.display import unmarked
from utils.palette import LIGHT
from utils.plotting import figure_svg, svg_uri

WIDTH = 600.0  # px
_LINE = 34.0


def _height(drawing: dict[str, Any]) -> float:
    kind = drawing["kind"]
    if kind == "graph":
        return float(drawing["height"])
    if kind == "boxes":
        return min(WIDTH, 360.0) * drawing["size"][1] / drawing["size"][0]
    if kind == "table":
        return _LINE * (len(drawing["rows"]) + bool(drawing["columns"]) + bool(drawing["label"]))
    return _LINE if kind == "tokens" else 300.0


def _bare(value: Any) -> Any:
    """A drawing's texts as they are read, without the marks of what was measured."""
    if isinstance(value, str):
        return unmarked(value)
    if isinstance(value, dict):
        return {key: _bare(part) for key, part in value.items()}
    return [_bare(part) for part in value] if isinstance(value, (list, tuple)) else value


def draw_poster(drawings: list[dict[str, Any]], pictures: list[np.ndarray]) -> tuple[str, int, int]:
    """``drawings`` from top to bottom as one picture: data URI, width and height in px."""
    from matplotlib import pyplot as plt

    heights = [_height(one) for one in drawings]
    total = sum(heights) + 14 * (len(heights) + 1)
    fig = plt.figure(figsize=(WIDTH / 96, total / 96), layout="none")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(total, 0))
    ax.axis("off")
    top = 14.0
    for one, height in zip(drawings, heights, strict=True):
        painter = {"tokens": _tokens, "table": _table, "graph": _graph, "boxes": _boxes}.get(one["kind"])
        if painter:
            painter(ax, _bare(one), top, pictures)
        top += height + 14
    svg = figure_svg(fig)
    plt.close(fig)
    return svg_uri(svg), round(WIDTH), round(total)


def _cell(ax: Any, x: float, y: float, width: float, text: str, mark: str | None, frame: bool = True) -> None:
    from matplotlib.patches import Rectangle

    if mark:
        ax.add_patch(Rectangle((x, y), width, 27, fc=LIGHT[mark], ec="none", alpha=0.25))
    if frame:
        ax.add_patch(Rectangle((x, y), width, 27, fill=False, ec=LIGHT[mark or "rule"], lw=1))
    ax.text(x + width / 2, y + 14, text, ha="center", va="center", color=LIGHT["ink"], fontsize=10)


def _tokens(ax: Any, drawing: dict[str, Any], top: float, pictures: Any) -> None:
    ax.text(4, top + 14, drawing["label"], va="center", color=LIGHT["muted"], fontsize=10)
    x = 110.0 if drawing["label"] else 4.0
    for text, mark in drawing["items"]:
        width = max(26.0, 12 + 8.5 * len(text))
        _cell(ax, x, top, width, text, mark)
        x += width + 3


def _table(ax: Any, drawing: dict[str, Any], top: float, pictures: Any) -> None:
    if drawing["label"]:
        ax.text(4, top + 14, drawing["label"], va="center", color=LIGHT["muted"], fontsize=10)
        top += _LINE
    index, columns = drawing["index"], drawing["columns"]
    lines = ([columns] if columns else []) + drawing["rows"]
    widths = [max(40.0, *(16 + 8.0 * len(line[j]) for line in lines)) for j in range(len(lines[0]))]
    left = max(20 + 8.0 * len(name) for name in index) if index else 4.0
    for i, line in enumerate(lines):
        row = i - bool(columns)
        if index and row >= 0:
            ax.text(4, top + 14, index[row], va="center", color=LIGHT["muted"], fontsize=10)
        for j, text in enumerate(line):
            x = left + sum(widths[:j]) + 2 * j
            if row < 0:
                ax.text(
                    x + widths[j] / 2,
                    top + 14,
                    text,
                    ha="center",
                    va="center",
                    color=LIGHT["muted"],
                    fontsize=10,
                )
            else:
                _cell(ax, x, top, widths[j], text, drawing["marks"].get(f"{row},{j}"), frame=False)
        top += _LINE


def _graph(ax: Any, drawing: dict[str, Any], top: float, pictures: Any) -> None:
    height = drawing["height"]
    at = {
        n["id"]: np.array([34 + n["x"] * (WIDTH - 68), top + 38 + n["y"] * (height - 84)])
        for n in drawing["nodes"]
    }
    for edge in drawing["edges"]:
        ends = (at[edge["from"]], at[edge["to"]])
        start, end = ends[::-1] if edge["reverse"] else ends
        style = {
            "arrowstyle": "-|>",
            "color": LIGHT[edge["mark"] or "muted"],
            "shrinkA": 16,
            "shrinkB": 18,
            "lw": 1.4,
        }
        ax.annotate("", end, start, arrowprops=style)
        ax.text(*((start + end) / 2), edge["text"], ha="center", va="center", backgroundcolor=LIGHT["paper"])
    for node in drawing["nodes"]:
        x, y = at[node["id"]]
        mark = node["mark"]
        ax.plot(x, y, "o", ms=31, mfc=LIGHT["paper"], mec=LIGHT[mark or "muted"], mew=2 if mark else 1)
        ax.text(x, y, node["text"], ha="center", va="center", fontsize=12)
        ax.text(x, y - 30, node["value"], ha="center", va="center", color=LIGHT["ours"])
        ax.text(x, y + 33, node["grad"], ha="center", va="center", color=LIGHT["reference"])


def _boxes(ax: Any, drawing: dict[str, Any], top: float, pictures: list[np.ndarray]) -> None:
    from matplotlib.patches import Rectangle

    w, h = drawing["size"]
    scale = min(WIDTH, 360.0) / w
    left = (WIDTH - w * scale) / 2
    if drawing["picture"] is not None:
        ax.imshow(
            pictures[drawing["picture"]], extent=(left, left + w * scale, top + h * scale, top), aspect="auto"
        )
    else:
        ax.add_patch(Rectangle((left, top), w * scale, h * scale, fill=False, ec=LIGHT["rule"]))
    for box in drawing["boxes"]:
        x, y, bw, bh = (a * scale for a in box["at"])
        style = {"ls": "--", "lw": 1} if box["faint"] else {"lw": 2}
        ax.add_patch(
            Rectangle((left + x, top + y), bw, bh, fill=False, ec=LIGHT[box["mark"] or "data"], **style)
        )
        if box["text"] and not box["faint"]:
            ax.text(
                left + x + 4,
                top + y + 10,
                box["text"],
                va="center",
                fontsize=9,
                bbox={"fc": LIGHT["paper"], "ec": "none", "pad": 1},
            )
    ax.set(xlim=(0, WIDTH))
