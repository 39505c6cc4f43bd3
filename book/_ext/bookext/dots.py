"""Where a statement's number fell: one dot for each run that `tools/seeds.py` made, against the bound, as inline SVG.

A row of dots is a processor, the side where the statement would be false is shaded. Where values and bound are
positive and far apart the axis is logarithmic: what counts is the order and the room, and the numbers stand beside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

WIDTH, MARGIN, ROW = 180.0, 8.0, 7.0
FAR = 20.0  # a factor between the numbers from which they are drawn by factors


def scale(numbers: Sequence[float]) -> tuple[list[float], bool]:
    """(where each number stands, drawn by factors or not)."""
    by_factors = min(numbers) > 0 and max(numbers) / min(numbers) >= FAR
    at = [math.log(n) for n in numbers] if by_factors else list(numbers)
    low, high = min(at), max(at)
    unit = (WIDTH - 2 * MARGIN) / ((high - low) or 1.0)
    return [MARGIN + (a - low) * unit for a in at], by_factors


def limits(record: dict[str, Any]) -> list[tuple[float, int]]:
    """(bound, side on which the statement is true) of each end."""
    if record["kind"] == "verify":
        return [(record["atol"], -1)] if not record["rtol"] else []
    bound = record["bound"]
    if record["op"] == "in":
        return [(bound[0], 1), (bound[1], -1)]
    return {">": [(bound, 1)], "<": [(bound, -1)]}.get(record["op"][0], [])


def svg(
    record: dict[str, Any], runs: Sequence[Any], values: Sequence[float], bounds: Sequence[Any] | None
) -> str:
    """The dots of one statement; nothing where all runs measured the same.

    Args:
        record: what the statement says of itself.
        runs: the runs, each with its ``processor``.
        values: what each run measured.
        bounds: what each was held to, where that was measured too; the dots are then the distances from it.
    """
    ends = limits(record)
    if bounds is not None:
        ends = [(0.0, sign) for _, sign in ends[:1]]
        values = [v - b[0] for v, b in zip(values, bounds, strict=True)]
    if min(values) == max(values):
        return ""
    if record["kind"] == "verify":  # an error of zero has no logarithm; it stands where the smallest does
        floor = min(v for v in values if v > 0)
        values = [max(v, floor) for v in values]
    at, _ = scale([*values, *(bound for bound, _ in ends)])
    processors = list(dict.fromkeys(run.processor for run in runs))
    height = ROW * len(processors) + 5
    row = {name: ROW * (k + 1) - 1 for k, name in enumerate(processors)}
    parts = []
    for x, (_, sign) in zip(at[len(values) :], ends, strict=True):
        start, width = (0, x) if sign > 0 else (x, WIDTH - x)
        parts.append(f'<path class="false" d="M{start:.4g} 0h{width:.4g}v{height:g}h{-width:.4g}z"/>')
        parts.append(f'<path class="bound" d="M{x:.4g} 0v{height:g}"/>')
    dots = "".join(f"M{x:.4g} {row[run.processor]:g}h0" for x, run in zip(at, runs, strict=False))
    return (
        f'<svg class="dots" viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" height="{height:g}" '
        f'aria-hidden="true">{"".join(parts)}<path class="run" d="{dots}"/></svg>'
    )
