"""The mathematics of the playground: a small multilayer perceptron with hand-written gradients.

The widget's module computes the same numbers from the same seed (`kit/mlp.mjs`); a test holds both against
PyTorch. Weights are stored as PyTorch stores them: layer l is ``(W, b)`` with W of shape (out, in), float64.
The output is one logit; the loss is the mean binary cross-entropy plus ``l2 / 2`` times the sum of all squared
weights (biases are not penalized).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
INITS = ("zero", "small", "xavier", "he", "large")
DATA_SETS = ("circle", "xor", "spirals", "gaussians", "moons")

Layers = list[tuple[np.ndarray, np.ndarray]]


def _one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


def uniforms(seed: int, count: int) -> np.ndarray:
    """``count`` numbers in [0, 1) of the generator mulberry32, which JavaScript computes bit for bit."""
    start = np.uint32(seed % 2**32)
    with np.errstate(over="ignore"):  # arithmetic modulo 2³² is what the generator is made of
        a = start + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
        t = (a ^ (a >> np.uint32(15))) * (a | np.uint32(1))
        t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
    return (t ^ (t >> np.uint32(14))) / 2**32


def init_layers(sizes: Sequence[int], init: str, seed: int) -> Layers:
    """Weights from normal draws, zero biases.

    Standard deviations: zero 0; small 0.01; xavier √(2 / (in + out)) (Glorot and Bengio, 2010); he √(2 / in)
    (He et al., 2015); large 3. One seed gives the same draws under every scheme, only scaled.

    Args:
        sizes: units of each layer, inputs first, such as (2, 4, 4, 1).
        init: one of `INITS`.
        seed: an integer.
    """
    _one_of("init", init, INITS)
    counts = [m * n for m, n in zip(sizes[:-1], sizes[1:], strict=True)]
    u = uniforms(seed, 2 * sum(counts)).reshape(-1, 2)
    draws = np.sqrt(-2 * np.log(1 - u[:, 0])) * np.cos(
        2 * np.pi * u[:, 1]
    )  # Box and Muller, one of each pair
    layers, at = [], 0
    for m, n in zip(sizes[:-1], sizes[1:], strict=True):
        std = {"zero": 0.0, "small": 0.01, "xavier": (2 / (m + n)) ** 0.5, "he": (2 / m) ** 0.5, "large": 3.0}
        layers.append((std[init] * draws[at : at + m * n].reshape(n, m), np.zeros(n)))
        at += m * n
    return layers


def _activate(z: np.ndarray, activation: str) -> np.ndarray:
    if activation == "tanh":
        return np.tanh(z)
    if activation == "relu":
        return np.maximum(z, 0)
    if activation == "sigmoid":
        return 0.5 * (1 + np.tanh(z / 2))  # 1 / (1 + e^-z) without overflow
    return z


def _slope(a: np.ndarray, activation: str) -> np.ndarray:
    """The activation's derivative, from its value."""
    if activation == "tanh":
        return 1 - a * a
    if activation == "relu":
        return (a > 0).astype(float)
    if activation == "sigmoid":
        return a * (1 - a)
    return np.ones_like(a)


def forward(layers: Layers, X: np.ndarray, activation: str) -> list[np.ndarray]:
    """Activations of every layer for inputs (N, 2): the hidden ones (N, units), last the logits (N, 1)."""
    _one_of("activation", activation, ACTIVATIONS)
    out, a = [], X
    for i, (W, b) in enumerate(layers):
        z = a @ W.T + b
        a = z if i == len(layers) - 1 else _activate(z, activation)
        out.append(a)
    return out


def loss_and_gradients(
    layers: Layers, X: np.ndarray, y: np.ndarray, activation: str, l2: float = 0.0
) -> tuple[float, Layers]:
    """The loss (data and penalty) and its gradient with respect to every weight and bias.

    Args:
        layers: the net.
        X: inputs, (N, 2).
        y: labels 0 or 1, (N,).
        activation: one of `ACTIVATIONS`, for the hidden layers.
        l2: strength λ of the penalty λ/2 Σ w².
    """
    outs = forward(layers, X, activation)
    z = outs[-1][:, 0]
    # log(1 + e^z) - y z, written so that e^|z| never overflows
    loss = np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))
    loss += l2 / 2 * sum((W**2).sum() for W, _ in layers)
    delta = ((_activate(z, "sigmoid") - y) / len(y))[:, None]
    gradients: Layers = []
    for i in range(len(layers) - 1, -1, -1):
        below = outs[i - 1] if i else X
        gradients.insert(0, (delta.T @ below + l2 * layers[i][0], delta.sum(0)))
        if i:
            delta = delta @ layers[i][0] * _slope(below, activation)
    return float(loss), gradients


def order(n: int, seed: int, epoch: int) -> np.ndarray:
    """The order in which an epoch visits the n examples (Fisher and Yates' shuffle)."""
    places = np.arange(n)
    u = uniforms(seed + 7919 * (epoch + 1), n - 1)
    for k, i in enumerate(range(n - 1, 0, -1)):
        j = int(u[k] * (i + 1))
        places[[i, j]] = places[[j, i]]
    return places


def sgd(
    layers: Layers, X: np.ndarray, y: np.ndarray, activation: str, *, rate: float, l2: float, batch: int,
    seed: int, steps: int,
) -> tuple[Layers, list[float]]:  # fmt: skip
    """``steps`` steps of stochastic gradient descent from ``layers``; also the loss of each batch before its step.

    Examples come in mini-batches of ``batch`` in a new order each epoch; an epoch's last one may be smaller.
    """
    n, losses = len(y), []
    per_epoch = -(-n // batch)
    for step in range(steps):
        epoch, at = divmod(step, per_epoch)
        pick = order(n, seed, epoch)[at * batch : (at + 1) * batch]
        loss, gradients = loss_and_gradients(layers, X[pick], y[pick], activation, l2)
        losses.append(loss)
        layers = [
            (W - rate * gW, b - rate * gb)
            for (W, b), (gW, gb) in zip(layers, gradients, strict=True)
        ]  # fmt: skip
    return layers, losses


def unit_states(layers: Layers, X: np.ndarray, activation: str) -> list[list[str]]:
    """ "dead", "saturated" or "" for every hidden unit.

    Dead: a ReLU that is 0 for every example, so that no gradient passes it. Saturated: a tanh or sigmoid whose
    derivative is under 5 % of its largest value for at least 90 % of the examples.
    """
    states = []
    for a in forward(layers, X, activation)[:-1]:
        if activation == "relu":
            states.append(["dead" if dead else "" for dead in (a <= 0).all(0)])
        elif activation == "linear":
            states.append([""] * a.shape[1])
        else:
            top = 1.0 if activation == "tanh" else 0.25
            share = (_slope(a, activation) < 0.05 * top).mean(0)
            states.append(["saturated" if s >= 0.9 else "" for s in share])
    return states


def data_set(name: str, n: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """n points (n, 2) of two classes in about [-2.5, 2.5]², and their labels 0 or 1, (n,).

    Args:
        name: one of `DATA_SETS`.
        n: number of points, half of each class.
        noise: standard deviation of the normal noise added to every coordinate.
        seed: an integer; the same seed gives the same points.
    """
    _one_of("name", name, DATA_SETS)
    rng = np.random.default_rng([seed, DATA_SETS.index(name)])
    y = np.arange(n) % 2
    sign = 2 * y - 1
    u = rng.random(n)
    if name == "circle":
        radius = np.where(y == 1, 1.0 * np.sqrt(u), 1.5 + 0.6 * u)
        angle = 2 * np.pi * rng.random(n)
        X = radius[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    elif name == "xor":
        X = rng.uniform(0.15, 2.1, (n, 2)) * np.where(rng.random(n) < 0.5, 1, -1)[:, None]
        X[:, 1] *= sign  # the classes are the two diagonals
    elif name == "spirals":
        t = 0.15 + 0.85 * np.sqrt(u)
        angle = 3 * np.pi * t + np.pi * y
        X = 2.2 * t[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    elif name == "gaussians":
        X = sign[:, None] * np.array([0.9, 0.9]) + 0.5 * rng.standard_normal((n, 2))
    else:
        angle = np.pi * u
        X = np.c_[np.cos(angle) - 0.5 * sign, np.sin(angle) - 0.25] * 1.4
        X[:, 1] *= -sign
    return X + noise * rng.standard_normal((n, 2)), y
