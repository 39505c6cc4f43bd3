"""`playground`: the net of the page against PyTorch, the data it is given, and what is refused."""

from __future__ import annotations

import json
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
import torch

from tests.widgets.node import call
from utils.plotting import use_style
from utils.widgets import mlp
from utils.widgets.base import STATE_LIMIT
from utils.widgets.playground import playground

TEXTS = {"caption": "Train it.", "alt": "A net of lines and units beside a map of what it says."}
NETS = 100
CLOSE = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture(autouse=True)
def book_style():
    with mpl.rc_context():
        use_style()
        yield


def random_case(i: int) -> dict:
    """A net of random shape, activation, initialization and data."""
    rng = np.random.default_rng(i)
    sizes = [2, *(int(u) for u in rng.integers(1, 9, rng.integers(1, 5))), 1]
    init = mlp.INITS[i % 5]
    n = int(rng.integers(7, 30))
    case = {
        "sizes": sizes, "init": init, "seed": i, "activation": mlp.ACTIVATIONS[(i // 5) % 4],
        "x": rng.normal(0, 1.5, (n, 2)), "y": rng.integers(0, 2, n), "l2": float(rng.choice([0, 0.01, 0.1])),
        "batch": int(rng.integers(1, n + 1)),
        "layers": [(W, b + rng.normal(0, 0.3, b.shape)) for W, b in mlp.init_layers(sizes, init, i)],
    }  # fmt: skip
    # A rate at which training is stable: a diverging run multiplies rounding errors beyond any tolerance.
    _, gradients = mlp.loss_and_gradients(*(case[k] for k in ("layers", "x", "y", "activation", "l2")))
    return {**case, "rate": 0.3 / max(1.0, float(np.square(flat(gradients)).sum()))}


def plain(layers):
    return [[np.asarray(W).tolist(), np.asarray(b).tolist()] for W, b in layers]


def flat(layers) -> np.ndarray:
    return np.concatenate([np.r_[np.ravel(W), np.ravel(b)] for W, b in layers])


CASES = [random_case(i) for i in range(NETS)]


def torch_net(case) -> torch.nn.Sequential:
    act = {
        "tanh": torch.nn.Tanh,
        "relu": torch.nn.ReLU,
        "sigmoid": torch.nn.Sigmoid,
        "linear": torch.nn.Identity,
    }
    parts = []
    for m, n in pairwise(case["sizes"]):
        parts += [torch.nn.Linear(m, n, dtype=torch.float64), act[case["activation"]]()]
    net = torch.nn.Sequential(*parts[:-1])
    with torch.no_grad():
        for linear, (W, b) in zip(linears(net), case["layers"], strict=True):
            linear.weight.copy_(torch.from_numpy(W))
            linear.bias.copy_(torch.from_numpy(b))
    return net


def linears(net):
    return [part for part in net if isinstance(part, torch.nn.Linear)]


def torch_loss(net, case, pick=slice(None)):
    x, y = torch.from_numpy(case["x"])[pick], torch.from_numpy(case["y"]).double()[pick]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x)[:, 0], y)
    return loss + case["l2"] / 2 * sum((part.weight**2).sum() for part in linears(net))


def test_both_sides_draw_the_same_numbers():
    for seed in (0, 1, 2**31 - 1, 2**32 - 1):
        assert call("playground", "uniforms", [[seed, 50]])[0] == mlp.uniforms(seed, 50).tolist()
    orders = call("playground", "order", [[n, n, e] for n in (1, 2, 17, 160) for e in (0, 5)])
    assert orders == [mlp.order(n, n, e).tolist() for n in (1, 2, 17, 160) for e in (0, 5)]
    u = mlp.uniforms(3, 20_000)
    assert abs(u.mean() - 0.5) < 0.01 and u.min() >= 0 and u.max() < 1


def test_initial_weights_agree_and_have_their_spread():
    asked = [[case["sizes"], case["init"], case["seed"]] for case in CASES]
    for got, args in zip(call("playground", "init", asked), asked, strict=True):
        np.testing.assert_allclose(flat(got), flat(mlp.init_layers(*args)), **CLOSE)
    for init, std in (("zero", 0), ("small", 0.01), ("xavier", 0.1), ("he", 0.1 * 2**0.5), ("large", 3)):
        assert mlp.init_layers((100, 100), init, 4)[0][0].std() == pytest.approx(std, rel=0.03)


def test_outputs_loss_and_every_gradient_agree_with_torch():
    args = [[plain(c["layers"]), c["x"].tolist(), c["activation"]] for c in CASES]
    outputs = call("playground", "forward", args)
    asked = [[*a[:2], c["y"].tolist(), a[2], c["l2"]] for a, c in zip(args, CASES, strict=True)]
    answers = call("playground", "gradients", asked)
    for case, outs, answer in zip(CASES, outputs, answers, strict=True):
        net = torch_net(case)
        loss = torch_loss(net, case)
        loss.backward()
        wanted = flat([(p.weight.grad.numpy(), p.bias.grad.numpy()) for p in linears(net)])
        logits = net(torch.from_numpy(case["x"])).detach().numpy()[:, 0]
        own = mlp.forward(case["layers"], case["x"], case["activation"])
        own_loss, own_gradients = mlp.loss_and_gradients(
            case["layers"], case["x"], case["y"], case["activation"], case["l2"]
        )
        np.testing.assert_allclose(outs[-1], logits, **CLOSE)
        np.testing.assert_allclose(own[-1][:, 0], logits, **CLOSE)
        for got, mine in zip(outs, own, strict=True):
            np.testing.assert_allclose(got, mine.ravel(), **CLOSE)
        np.testing.assert_allclose([answer["loss"], own_loss], loss.item(), **CLOSE)
        np.testing.assert_allclose(flat(answer["layers"]), wanted, **CLOSE)
        np.testing.assert_allclose(flat(own_gradients), wanted, **CLOSE)


def test_twenty_steps_of_descent_agree_with_torch():
    steps = 20
    asked = [
        [plain(c["layers"]), c["x"].tolist(), c["y"].tolist(), c["activation"]]
        + [c["rate"], c["l2"], c["batch"], c["seed"], steps]
        for c in CASES
    ]
    for case, answer in zip(CASES, call("playground", "sgd", asked), strict=True):
        n, batch = len(case["y"]), case["batch"]
        net = torch_net(case)
        optimizer = torch.optim.SGD(net.parameters(), lr=case["rate"])
        per_epoch = -(-n // batch)
        losses = []
        for step in range(steps):
            epoch, at = divmod(step, per_epoch)
            loss = torch_loss(net, case, mlp.order(n, case["seed"], epoch)[at * batch : (at + 1) * batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        wanted = flat([(p.weight.detach().numpy(), p.bias.detach().numpy()) for p in linears(net)])
        own, own_losses = mlp.sgd(
            case["layers"], case["x"], case["y"], case["activation"],
            rate=case["rate"], l2=case["l2"], batch=batch, seed=case["seed"], steps=steps,
        )  # fmt: skip
        np.testing.assert_allclose(answer["losses"], losses, **CLOSE)
        np.testing.assert_allclose(own_losses, losses, **CLOSE)
        np.testing.assert_allclose(flat(answer["layers"]), wanted, **CLOSE)
        np.testing.assert_allclose(flat(own), wanted, **CLOSE)


def test_dead_and_saturated_units_agree():
    asked = [[plain(c["layers"]), c["x"].tolist(), c["activation"]] for c in CASES]
    wanted = [mlp.unit_states(c["layers"], c["x"], c["activation"]) for c in CASES]
    assert call("playground", "states", asked) == wanted
    assert {s for net in wanted for layer in net for s in layer} == {"", "dead", "saturated"}


def test_equal_weights_stay_equal():
    X, y = mlp.data_set("circle", 40, 0.1, 0)
    for activation in mlp.ACTIVATIONS:
        layers, _ = mlp.sgd(
            mlp.init_layers((2, 4, 4, 1), "zero", 0),
            X,
            y,
            activation,
            rate=1.0,
            l2=0,
            batch=10,
            seed=0,
            steps=40,
        )
        assert all((W[:1] == W).all() for W, _ in layers)


def test_data_sets_are_balanced_seeded_and_fit_the_surface():
    for name in mlp.DATA_SETS:
        X, y = mlp.data_set(name, 160, 0.12, 0)
        assert X.shape == (160, 2) and y.sum() == 80 and np.abs(X).max() < 2.6
        assert (mlp.data_set(name, 160, 0.12, 0)[0] == X).all()
        assert (mlp.data_set(name, 160, 0.12, 1)[0] != X).any()


def test_the_page_gets_the_state_and_it_is_small():
    widget = playground(**TEXTS, data="moons", hidden=(3, 5), seed=4, show="gradients", init="zero")
    state = json.loads(json.dumps(widget.page_state()))
    assert state["start"]["hidden"] == [3, 5] and state["start"]["data"] == "moons" and state["live"] is False
    assert set(state["data"]) == set(mlp.DATA_SETS)
    assert all(
        len(d[p]["x"]) == 320 and len(d[p]["y"]) == 160
        for d in state["data"].values()
        for p in ("train", "test")
    )
    assert len(json.dumps(state)) < STATE_LIMIT / 3
    assert 'data-widget="playground"' in widget.page_html()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"data": "iris"}, ValueError, "data must be one of circle"),
        ({"activation": "gelu"}, ValueError, "activation must be one of tanh"),
        ({"init": "ones"}, ValueError, "init must be one of zero"),
        ({"show": "biases"}, ValueError, "show must be one of weights"),
        ({"hidden": ()}, ValueError, "hidden must be 1 to 4"),
        ({"hidden": (4, 9)}, ValueError, "hidden must be 1 to 4"),
        ({"hidden": 4}, TypeError, "hidden must be a sequence"),
        ({"rate": 0.2}, ValueError, "rate must be one of 0.001"),
        ({"l2": -1}, ValueError, "l2 must be one of 0"),
        ({"batch": 7}, ValueError, "batch must be one of 1"),
        ({"seed": 1.5}, TypeError, "seed must be a whole number"),
        ({"seed": -1}, ValueError, "seed must be from 0"),
        ({"noise": 2}, ValueError, "noise must be a number from 0 to 1"),
        ({"alt": ""}, ValueError, "alt is missing"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(change, error, words):
    with pytest.raises(error, match=words):
        playground(**{**TEXTS, **change})
