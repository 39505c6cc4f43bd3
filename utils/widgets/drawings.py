"""Structured drawings for the stepper: tokens, tables, graphs and boxes as data that the page draws.

Each function returns a dict with ``kind``, the data and ``text``, the drawing in words for readers who cannot
see it. They cost a few hundred bytes where a figure costs kilobytes. Colors are names of `utils.palette`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from utils.palette import LIGHT


def _tone(name: str, value: Any) -> str | None:
    if value is not None and value not in LIGHT:
        raise ValueError(f"{name} must be a color of the palette ({', '.join(LIGHT)}), got {value!r}")
    return value


def _cell(value: Any) -> str:
    """A value as a table shows it: four significant digits, a real minus sign."""
    if isinstance(value, (float, np.floating)):
        value = f"{value:.4g}"
    return str(value).replace("-", "−") if not isinstance(value, str) or _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def tokens(values: Sequence[Any], *, highlight: Mapping[int, str] | None = None, label: str = "") -> dict:
    """A row of tokens.

    Args:
        values: what stands in the tokens.
        highlight: index of a token -> color.
        label: stands before the row.

    Raises:
        ValueError: an index or a color that does not exist.
    """
    items, highlight = [str(v) for v in values], dict(highlight or {})
    for index, tone in highlight.items():
        if not 0 <= index < len(items):
            raise ValueError(f"highlight must name tokens 0 to {len(items) - 1}, got {index!r}")
        _tone("highlight", tone)
    marked = [items[i] for i in sorted(highlight)]
    text = f"{label}: " * bool(label) + " | ".join(items)
    text += f"; highlighted: {', '.join(marked)}" * bool(marked)
    pairs = [[item, highlight.get(i)] for i, item in enumerate(items)]
    return {"kind": "tokens", "items": pairs, "label": label, "text": text}


def table(
    rows: Sequence[Sequence[Any]] | np.ndarray,
    *,
    highlight: Mapping[tuple[int, int], str] | None = None,
    columns: Sequence[Any] | None = None,
    index: Sequence[Any] | None = None,
    label: str = "",
) -> dict:
    """A table or a matrix.

    Args:
        rows: numbers or words, row by row, all rows of one length.
        highlight: (row, column) of a cell -> color.
        columns, index: names of the columns and of the rows.
        label: stands above it.

    Raises:
        ValueError: rows of different lengths, or names, cells or colors that do not fit.
    """
    cells = [[_cell(v) for v in row] for row in rows]
    if not cells or len({len(row) for row in cells}) != 1:
        raise ValueError(f"rows must be of one length, got {[len(row) for row in cells]}")
    for name, names, count in (("columns", columns, len(cells[0])), ("index", index, len(cells))):
        if names is not None and len(names) != count:
            raise ValueError(f"{name} must hold {count} names, got {len(names)}")
    marks = {}
    for (i, j), tone in (highlight or {}).items():
        if not (0 <= i < len(cells) and 0 <= j < len(cells[0])):
            raise ValueError(f"highlight must name cells of {len(cells)} x {len(cells[0])}, got {(i, j)}")
        marks[f"{i},{j}"] = _tone("highlight", tone)
    said = []
    for i, row in enumerate(cells):
        named = row if columns is None else [f"{c} {v}" for c, v in zip(columns, row, strict=True)]
        said.append(("" if index is None else f"{index[i]}: ") + ", ".join(named))
    marked = [cells[int(i)][int(j)] for i, j in (key.split(",") for key in marks)]
    text = f"{label}: " * bool(label) + "; ".join(said) + f"; highlighted: {', '.join(marked)}" * bool(marked)
    names = {"columns": None if columns is None else [str(c) for c in columns]}
    names["index"] = None if index is None else [str(i) for i in index]
    return {"kind": "table", "rows": cells, "marks": marks, "label": label, "text": text} | names


def graph(
    nodes: Mapping[str, Mapping[str, Any]], edges: Sequence[Mapping[str, Any]], *, height: int = 240
) -> dict:
    """A graph of nodes and arrows, laid out by the caller.

    Args:
        nodes: id -> ``{"at": (x, y), "text", "value", "grad", "mark"}``; x and y in [0, 1] from the upper left,
            ``value`` stands above the node and ``grad`` below it, ``mark`` is a color. Only ``at`` is required.
        edges: ``{"from", "to", "text", "mark", "reverse"}``; ``reverse`` turns the arrow round, for backward
            passes. Only the first two are required.
        height: px.

    Raises:
        ValueError: a place outside of [0, 1], an edge between unknown nodes, an unknown color.
    """
    drawn, said = [], []
    for key, node in nodes.items():
        x, y = node["at"]
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"nodes[{key!r}]['at'] must lie in [0, 1], got {(x, y)}")
        one = {"id": key, "x": float(x), "y": float(y), "text": str(node.get("text", key))}
        one |= {name: _cell(node[name]) if node.get(name) is not None else "" for name in ("value", "grad")}
        drawn.append(one | {"mark": _tone("mark", node.get("mark"))})
        said.append(f"node {key}" + "".join(f", {one[n]}" for n in ("value", "grad") if one[n]))
    arrows = []
    for edge in edges:
        if edge["from"] not in nodes or edge["to"] not in nodes:
            raise ValueError(f"edges must join nodes {sorted(nodes)}, got {edge['from']!r} to {edge['to']!r}")
        more = {"text": _cell(edge.get("text", "")), "reverse": bool(edge.get("reverse"))}
        arrows.append(
            {"from": edge["from"], "to": edge["to"], "mark": _tone("mark", edge.get("mark"))} | more
        )
        arrow = (edge["to"], edge["from"]) if more["reverse"] else (edge["from"], edge["to"])
        said.append(f"{arrow[0]} to {arrow[1]}" + f", {more['text']}" * bool(more["text"]))
    text = "; ".join(said)
    return {
        "kind": "graph",
        "nodes": drawn,
        "edges": arrows,
        "height": int(height),
        "text": text,
        "label": "",
    }


def boxes(
    rectangles: Sequence[Mapping[str, Any]], *, size: tuple[int, int], picture: np.ndarray | None = None
) -> dict:
    """Boxes on a picture or an empty canvas.

    Args:
        rectangles: ``{"at": (x1, y1, x2, y2), "text", "mark", "faint"}`` in px of the canvas; faint ones are
            thin, dashed and have no text.
        size: (width, height) of the canvas.
        picture: (H, W) or (H, W, 3), stretched over the canvas; stored once however many steps show it.

    Raises:
        ValueError: a box that is empty, or an unknown color.
    """
    drawn = []
    for one in rectangles:
        x1, y1, x2, y2 = (float(a) for a in one["at"])
        if not (x1 < x2 and y1 < y2):
            raise ValueError(f"rectangles must have x1 < x2 and y1 < y2, got {one['at']}")
        at = [round(a, 2) for a in (x1, y1, x2 - x1, y2 - y1)]
        more = {"text": str(one.get("text", "")), "faint": bool(one.get("faint"))}
        drawn.append({"at": at, "mark": _tone("mark", one.get("mark"))} | more)
    text = "; ".join(
        f"box {b['text']} at {b['at'][0]:g}, {b['at'][1]:g}, {b['at'][2]:g} wide, {b['at'][3]:g} high"
        + " (removed)" * b["faint"]
        for b in drawn
    )
    return {
        "kind": "boxes",
        "boxes": drawn,
        "size": list(size),
        "picture": picture,
        "text": text,
        "label": "",
    }
