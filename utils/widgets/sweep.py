"""Steps of the sweep through a graph of values: forward, then backward, one gate at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from utils.widgets.drawings import graph
from utils.widgets.stepper import Step

# What a gate does with the gradient that comes back to it.
MANNERS = {
    "+": "copies it to both",
    "max": "sends it to the winner",
    "×": "gives each input the other's value times it",
}


def number(x: float) -> str:
    """A short number with a real minus sign; 0 has none."""
    return f"{x + 0.0:.3g}".replace("-", "−")


def sweep_steps(
    places: Mapping[Any, tuple[str, float, float]], *, height: int = 390
) -> tuple[list[Step], dict]:
    """The steps for `utils.widgets.stepper.steps`, and the gradients that the backward steps arrive at.

    Args:
        places: value -> (name, x, y), each value after those that it came from; x and y in [0, 1] from the upper
            left. A value has ``data`` and ``edges``, pairs of a parent and the slope toward it; the last value
            is the one that is differentiated.
        height: of the drawing, px.

    Returns:
        The steps, and value -> gradient.

    Raises:
        ValueError: a value stands before one of its parents.
    """
    values = list(places)
    keys = {v: str(i) for i, v in enumerate(values)}
    for v in values:
        if any(keys.get(parent, "") == "" or int(keys[parent]) >= int(keys[v]) for parent, _ in v.edges):
            raise ValueError(f"places must hold the parents of {places[v][0]!r} before it")
    gates = [v for v in values if v.edges]
    known, grads, told = {v for v in values if not v.edges}, {}, []

    def add(caption: str, active: Any, back: bool) -> None:
        nodes, edges, tone = {}, [], "reference" if back else "ours"
        for v, (name, *at) in places.items():
            node = {"at": tuple(at), "text": name, "mark": tone if v is active else None}
            node["value"] = number(v.data) if v in known else None
            node["grad"] = number(grads[v]) if v in grads else None
            nodes[keys[v]] = node
            for parent, slope in v.edges:
                edge = {"from": keys[parent], "to": keys[v]}
                if v is active:
                    edge |= {"mark": tone, "reverse": back, "text": f"·{number(slope)}" if back else ""}
                edges.append(edge)
        told.append(Step(caption, graph(nodes, edges, height=height)))

    add("The inputs are set.", None, False)
    for v in gates:
        known.add(v)
        inputs = " and ".join(number(parent.data) for parent, _ in v.edges)
        add(f"Forward: {places[v][0]} of {inputs} is {number(v.data)}.", v, False)
    grads[values[-1]] = 1.0
    add("Turn: the gradient of the result with respect to itself is 1.", None, True)
    for v in reversed(gates):
        for parent, slope in v.edges:
            grads[parent] = grads.get(parent, 0.0) + slope * grads.get(v, 0.0)
        manner = MANNERS.get(places[v][0], "multiplies it by its slope")
        add(f"Backward: {places[v][0]} gets {number(grads.get(v, 0.0))} and {manner}.", v, True)
    return told, grads
