"""The steps of a sweep: their gradients are the graph's, each gate is passed once each way."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from utils.widgets.stepper import steps
from utils.widgets.sweep import sweep_steps


class Value(SimpleNamespace):
    __hash__ = object.__hash__
    __eq__ = object.__eq__


def fork():
    """(u + v) u at u = 2, v = 3."""
    u, v = Value(data=2.0, edges=[]), Value(data=3.0, edges=[])
    both = Value(data=5.0, edges=[(u, 1.0), (v, 1.0)])
    out = Value(data=10.0, edges=[(both, 2.0), (u, 5.0)])
    return {u: ("u", 0, 0), v: ("v", 0, 1), both: ("+", 0.5, 0.5), out: ("×", 1, 0.5)}


def test_the_sweep_adds_what_comes_back_on_two_edges():
    told, grads = sweep_steps(places := fork())
    assert [grads[v] for v in places] == [7, 2, 2, 1]
    last = {node["text"]: node["grad"] for node in told[-1].picture["nodes"]}
    assert last == {"u": "7", "v": "2", "+": "2", "×": "1"}
    assert len(told) == 1 + 2 + 1 + 2
    assert told[-1].caption == "Backward: + gets 2 and copies it to both."
    assert steps(told, caption="Predict each number.", alt="The graph of (u + v) u, swept forward and back.")


def test_a_value_before_its_parents_is_refused():
    places = dict(reversed(fork().items()))
    with pytest.raises(ValueError, match="before it"):
        sweep_steps(places)
