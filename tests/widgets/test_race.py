"""The optimizer race: Python against PyTorch, the module against Python, and what the widget is given."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from node import call

from utils.plotting import use_style
from utils.widgets.base import STATE_LIMIT
from utils.widgets.descent import OPTIMIZERS, PLAIN
from utils.widgets.race import Race, diverged_at, race, run_optimizer, surfaces

TEXTS = {
    "caption": "Push the rate up and see who leaves.",
    "alt": "Level lines of a ravine and the paths of optimizers from one start.",
}


def random_runs(seed: int, count: int) -> list[list]:
    """Arguments of `run_optimizer`, every optimizer and surface among them; some runs diverge."""
    rng = np.random.default_rng(seed)
    names, fields = list(OPTIMIZERS), list(surfaces)
    runs = []
    for i in range(count):
        name, field = names[i % len(names)], fields[i // len(names) % len(fields)]
        start = [rng.uniform(*surfaces[field].x), rng.uniform(*surfaces[field].y)]
        lr = surfaces[field].lr if name in PLAIN else surfaces[field].adaptive
        lr = float(lr * 10 ** rng.uniform(-1, 0.6))
        runs.append([name, field, start, lr, 100, float(rng.uniform(0, 0.95))])
    return runs


def python(run) -> np.ndarray:
    *arguments, momentum = run
    return run_optimizer(*arguments, momentum=momentum)


def by_torch(name, field, start, lr, steps, momentum) -> np.ndarray:
    """The same run by torch.optim and autograd, in float64."""
    values = {
        "ravine": lambda x, y: (x**2 + 20 * y**2) / 2,
        "tilted": lambda x, y: (((x + y) ** 2) / 2 + 20 * ((y - x) ** 2) / 2) / 2,
        "saddle": lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 16,
        "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        "plateau": lambda x, y: 1 - torch.exp(-(x**2 + 2 * y**2) / 4),
        "double_well": lambda x, y: x**4 / 16 - x**2 / 2 + 0.2 * x + y**2 / 2 + 1,
    }
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optim = {
        "gd": lambda: torch.optim.SGD([w], lr),
        "momentum": lambda: torch.optim.SGD([w], lr, momentum=momentum),
        "nesterov": lambda: torch.optim.SGD([w], lr, momentum=momentum, nesterov=True),
        "adagrad": lambda: torch.optim.Adagrad([w], lr),
        "rmsprop": lambda: torch.optim.RMSprop([w], lr),
        "adam": lambda: torch.optim.Adam([w], lr),
        "amsgrad": lambda: torch.optim.Adam([w], lr, amsgrad=True),
    }[name]()
    path = [w.detach().numpy().copy()]
    for _ in range(steps):
        optim.zero_grad()
        values[field](*w).backward()
        optim.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


# ---------------------------------------------------------------- the mathematics


@pytest.mark.parametrize("field", surfaces)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_hundred_steps_equal_torch(name, field):
    facts = surfaces[field]
    run = [name, field, list(facts.start), facts.lr if name in PLAIN else facts.adaptive, 100, 0.9]
    np.testing.assert_allclose(python(run), by_torch(*run), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_module_equals_python_on_random_inputs(name):
    runs = [run for run in random_runs(1, 7 * 100) if run[0] == name]
    assert len(runs) == 100
    ends = 0
    for run, module in zip(runs, call("race", "run", runs), strict=True):
        path = python(run)
        assert len(module) == 101
        end = diverged_at(path, run[1])
        ends += end is not None
        # Up to where a run is lost; then both run into numbers without meaning.
        seen = slice(None, end)
        np.testing.assert_allclose(np.array(module[seen], float), path[seen], rtol=1e-6, atol=1e-6)
    assert ends > 0 or name not in PLAIN, "some of the random runs should diverge"


def test_module_and_python_name_the_same_runs_as_diverged():
    runs = random_runs(2, 7 * 60)
    python_says = [diverged_at(python(run), run[1]) for run in runs]
    assert 5 < sum(step is not None for step in python_says) < 300
    module_says = call("race", "diverged", [[*run] for run in runs])
    assert module_says == [-1 if step is None else step for step in python_says]


def test_the_module_knows_the_same_surfaces():
    rng = np.random.default_rng(3)
    for name, field in surfaces.items():
        points = np.stack([rng.uniform(*field.x, 100), rng.uniform(*field.y, 100)], axis=1)
        asked = [[name, w.tolist()] for w in points]
        np.testing.assert_allclose(call("race", "value", asked), field.value(points), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(
            call("race", "gradient", asked), field.gradient(points), rtol=1e-6, atol=1e-9
        )
        (facts,) = call("race", "facts", [[name]])
        own = {k: getattr(field, k) for k in ("label", "x", "y", "low", "minima", "curvature", "start", "lr")}
        assert facts == json.loads(json.dumps(own | {"adaptive": field.adaptive}))


@pytest.mark.parametrize("field", surfaces.values(), ids=surfaces)
def test_a_surfaces_minimum_is_what_it_says(field):
    for w in field.minima:
        assert field.value(w) == pytest.approx(field.low, abs=1e-12)
        assert np.abs(field.gradient(w)).max() < 1e-12
        h = 1e-5
        hessian = [(field.gradient(w + h * e) - field.gradient(w - h * e)) / (2 * h) for e in np.eye(2)]
        assert np.linalg.eigvalsh(hessian)[-1] == pytest.approx(field.curvature, rel=1e-6)
    x, y = np.meshgrid(np.linspace(*field.x, 101), np.linspace(*field.y, 101))
    assert field.value(np.stack([x, y], -1)).min() >= field.low - 1e-12


@pytest.mark.parametrize(("name", "limit"), [("gd", 2), ("nesterov", 3.8 / 2.8), ("momentum", 3.8)])
def test_who_leaves_the_ravine_at_which_rate(name, limit):
    """Stability on a quadratic, momentum 0.9: 2/λ, 2(1+μ)/(1+2μ)/λ for Nesterov, 2(1+μ)/λ for heavy ball."""
    size = surfaces["ravine"].curvature
    below, above = (
        np.abs(run_optimizer(name, "ravine", (-4, 1.5), share * limit / size, 1000)[-1, 1])
        for share in (0.98, 1.02)
    )
    assert below < 1e-3 < 1e3 < above


def test_only_the_adaptive_methods_notice_that_the_ravine_was_turned():
    straight, turned = surfaces["ravine"], surfaces["tilted"]
    for name in OPTIMIZERS:
        lr = straight.lr if name in PLAIN else straight.adaptive
        ends = [
            float(field.value(run_optimizer(name, key, field.start, lr, 60)[-1]))
            for key, field in (("ravine", straight), ("tilted", turned))
        ]
        same = ends[1] == pytest.approx(ends[0], rel=1e-2)
        assert same == (name in PLAIN), (name, ends)


def test_many_starts_run_at_once():
    starts = np.random.default_rng(4).uniform(-2, 2, (3, 5, 2))
    for name in OPTIMIZERS:
        paths = run_optimizer(name, "double_well", starts, 0.05, 20)
        assert paths.shape == (21, 3, 5, 2)
        alone = run_optimizer(name, surfaces["double_well"], starts[1, 2], 0.05, 20)
        np.testing.assert_array_equal(paths[:, 1, 2], alone)


def test_level_lines_stand_at_their_level():
    xs = ys = np.linspace(-2, 2, 81)
    values = (xs[None, :] ** 2 + ys[:, None] ** 2).tolist()
    (pieces,) = call("race", "level", [[values, xs.tolist(), ys.tolist(), 1.5]])
    ends = np.array(pieces)
    np.testing.assert_allclose((ends**2).sum(-1), 1.5, atol=2e-3)
    assert np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum() == pytest.approx(
        2 * np.pi * 1.5**0.5, rel=1e-3
    )


# ---------------------------------------------------------------- the widget


def state_of(widget: Race) -> dict:
    html = widget.page_html()
    assert len(html) < STATE_LIMIT
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html, re.S)[1])


def test_the_state_is_what_was_asked_for():
    use_style()
    asked = {"optimizers": ["adam", "gd"], "start": [1, -2], "lr": 0.02, "lr_adaptive": 0.3, "momentum": 0.5}
    widget = race("tilted", **asked, steps=50, **TEXTS)
    state = state_of(widget)
    expected = {
        **asked,
        "optimizers": ["gd", "adam"],
        "surface": "tilted",
        "steps": 50,
        **TEXTS,
        "live": False,
    }
    assert state == expected
    assert len(json.dumps(state)) < 2000
    np.testing.assert_array_equal(widget.path("adam"), run_optimizer("adam", "tilted", (1, -2), 0.3, 50))
    np.testing.assert_array_equal(
        widget.path("momentum"), run_optimizer("momentum", "tilted", (1, -2), 0.02, 50, momentum=0.5)
    )


@pytest.mark.parametrize("name", surfaces)
def test_every_surface_has_a_start_and_a_picture(name):
    use_style()
    widget = race(name, **TEXTS, optimizers=list(OPTIMIZERS))
    state = state_of(widget)
    assert tuple(state["start"]) == surfaces[name].start
    assert state["lr"] == surfaces[name].lr and state["lr_adaptive"] == surfaces[name].adaptive
    assert TEXTS["alt"] in widget.page_html()
    assert all(diverged_at(widget.path(o), name) is None for o in OPTIMIZERS)


@pytest.mark.parametrize(
    ("kind", "words", "arguments"),
    [
        (ValueError, "surface must be one of ravine, .*; got 'hill'", {"surface": "hill"}),
        (ValueError, "optimizers must be one of gd, .*; got 'sgd'", {"optimizers": ["sgd"]}),
        (TypeError, "optimizers must be a sequence of names, got 'adam'", {"optimizers": "adam"}),
        (ValueError, "start must be a point", {"start": [1, 2, 3]}),
        (ValueError, "start must be one point", {"start": [[1, 2]]}),
        (ValueError, "start must be finite", {"start": [1, float("nan")]}),
        (ValueError, "start's x must lie between -5 and 5, got 6", {"start": [6, 0]}),
        (ValueError, "lr must lie between 0.0001 and 10, got 0", {"lr": 0}),
        (TypeError, "lr must be a number, got '0.1'", {"lr": "0.1"}),
        (ValueError, "lr_adaptive must lie between", {"lr_adaptive": float("nan")}),
        (ValueError, "momentum must lie between 0 and 0.99, got 1", {"momentum": 1}),
        (TypeError, "steps must be an integer, got 20.5", {"steps": 20.5}),
        (ValueError, "steps must lie between 10 and 1000, got 5", {"steps": 5}),
        (ValueError, "caption is missing", {"caption": ""}),
        (ValueError, "alt is missing", {"alt": " "}),
    ],
)
def test_what_makes_no_race_is_refused(kind, words, arguments):
    with pytest.raises(kind, match=words):
        race(**{**TEXTS, **arguments})


@pytest.mark.parametrize(
    ("kind", "words", "arguments"),
    [
        (ValueError, "name must be one of", {"name": "newton"}),
        (ValueError, "surface must be one of", {"surface": "hill"}),
        (ValueError, "start must be a point", {"start": 1.0}),
        (ValueError, "lr must lie between 0 and inf, got -1", {"lr": -1}),
        (ValueError, "steps must lie between 0 and 1000, got 1001", {"steps": 1001}),
        (ValueError, "momentum must lie between 0 and 1, got 2", {"momentum": 2, "name": "nesterov"}),
    ],
)
def test_what_is_no_run_is_refused(kind, words, arguments):
    good = {"name": "adam", "surface": "ravine", "start": (1, 1), "lr": 0.1, "steps": 5}
    with pytest.raises(kind, match=words):
        run_optimizer(**{**good, **arguments})
