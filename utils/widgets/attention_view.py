"""`attention_view`: attention heads as lines between tokens and as a matrix, and softmax recomputed in the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets as t

from utils.palette import LIGHT
from utils.plotting import PAGE_WIDTH, figure_svg, svg_uri
from utils.widgets.attention import (
    MASKS,
    attention_weights,
    base64_text,
    pack_weights,
    unpack_floats,
    unpack_weights,
)
from utils.widgets.base import BookWidget

MAX_TOKENS = 64
_MOST = 130_000  # bytes of base64 for all weights, or all queries and keys


class AttentionView(BookWidget):
    """The widget behind `attention_view`."""

    name = "attention_view"

    tokens = t.List().tag(sync=True)  # those that look: queries
    others = t.List().tag(sync=True)  # those looked at, in cross-attention; empty: the same tokens
    shape = t.List().tag(sync=True)  # layers, heads, T_q, T_k
    names = t.List().tag(sync=True)  # names[layer][head]; empty: numbers
    weights = t.Dict().tag(sync=True)  # pack_weights, or empty where queries and keys are given
    vectors = t.Dict().tag(sync=True)  # {"d", "q", "k"}: base64 of little-endian float32, or empty
    start = t.Dict().tag(sync=True)  # layer, head, query (-1: all), mask, temperature

    def _shown(self) -> np.ndarray:
        """The (T_q, T_k) weights at the start."""
        layers, heads, n, m = self.shape
        at = (self.start["layer"], self.start["head"])
        if self.weights:
            return unpack_weights(self.weights, self.shape)[at]
        d = self.vectors["d"]
        q = unpack_floats(self.vectors["q"], (layers, heads, n, d))[at]
        k = unpack_floats(self.vectors["k"], (layers, heads, m, d))[at]
        return attention_weights(q, k, self.start["temperature"], self.start["mask"])

    def poster(self) -> tuple[str, int, int]:
        from matplotlib import pyplot as plt
        from matplotlib.colors import LinearSegmentedColormap

        w = self._shown()
        n, m = w.shape
        keys = self.others or self.tokens
        high = float(np.clip(0.24 * max(n, m) + 0.9, 2.4, 9))
        fig, (left, right) = plt.subplots(1, 2, figsize=(PAGE_WIDTH, high))
        s = np.linspace(0, 1, 20)
        bend = s * s * (3 - 2 * s)
        for (i, j), weight in np.ndenumerate(w):
            if weight > (0.01 if w.size <= 400 else 0.1):  # a still picture need not carry thousands of lines
                left.plot(s, i + (j - i) * bend, color=LIGHT["ours"], lw=4 * weight, alpha=0.3 + 0.6 * weight)
        size = 10 if max(n, m) <= 24 else 7
        for x, words, side in ((-0.05, self.tokens, "right"), (1.05, keys, "left")):
            for i, word in enumerate(words):
                left.text(x, i, word.replace(" ", "␣"), ha=side, va="center", fontsize=size)
        left.set(xlim=(-0.4, 1.4), ylim=(max(n, m) - 0.5, -0.5))
        left.axis("off")
        ramp = LinearSegmentedColormap.from_list("ours", [LIGHT["paper"], LIGHT["ours"]])
        right.imshow(np.sqrt(w), cmap=ramp, vmin=0, vmax=1)
        right.set_xticks(
            range(m), [k.replace(" ", "␣") for k in keys], rotation=90 if max(map(len, keys)) > 2 else 0
        )
        right.set_yticks(range(n), [q.replace(" ", "␣") for q in self.tokens])
        right.tick_params(labelsize=size, length=0)
        svg = figure_svg(fig)
        plt.close(fig)
        return svg_uri(svg), round(96 * PAGE_WIDTH), round(96 * high)


def _token_list(name: str, value: Any) -> list[str]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a list of strings, got {value!r}")
    words = list(value)
    if not all(isinstance(word, str) and word for word in words):
        raise TypeError(f"{name} must hold non-empty strings, got {words!r}")
    if not 1 <= len(words) <= MAX_TOKENS:
        raise ValueError(f"{name} must hold 1 to {MAX_TOKENS} tokens, got {len(words)}")
    return words


def _four(name: str, value: Any) -> np.ndarray:
    """``value`` as float64 (layers, heads, rows, columns); missing leading axes are of size 1."""
    array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, dtype=float)
    if not 2 <= array.ndim <= 4:
        raise ValueError(
            f"{name} must have shape (layers, heads, T, …), (heads, T, …) or (T, …), got {array.shape}"
        )
    return array.reshape((1,) * (4 - array.ndim) + array.shape)


def _check_weights(weights: np.ndarray) -> np.ndarray:
    masked = np.isnan(weights).all(-1)  # what softmax leaves of a row with nothing to look at
    weights = np.where(masked[..., None], 0.0, weights)
    total = weights.sum(-1)
    if not (np.isfinite(weights).all() and (weights >= -1e-6).all()):
        raise ValueError(
            "weights must be finite and not negative (a fully masked row may be all NaN or all zero)"
        )
    if not ((np.abs(total - 1) < 1e-2) | (total == 0)).all():
        worst = total.flat[np.argmax(np.where(total == 0, 0, np.abs(total - 1)))]
        raise ValueError(
            f"weights must sum to 1 over the keys, or be a row of zeros; a row sums to {worst:.4g}"
        )
    return np.clip(weights, 0, 1)


def attention_view(
    tokens: Sequence[str],
    weights: Any = None,
    *,
    caption: str,
    alt: str,
    q: Any = None,
    k: Any = None,
    others: Sequence[str] | None = None,
    names: Sequence[Sequence[str]] | None = None,
    layer: int = 0,
    head: int = 0,
    query: int | None = None,
    mask: str = "none",
    temperature: float = 1.0,
) -> AttentionView:
    """Attention heads as lines between tokens and as a matrix.

    Give ``weights``, or ``q`` and ``k``: then the page computes softmax(q kᵀ / √d / temperature) itself, and the
    reader changes the temperature and the mask. Arrays may be NumPy's or torch's; (T, …) stands for one head,
    (heads, T, …) for one layer.

    Args:
        tokens: the tokens that look, at most 64.
        weights: (layers, heads, T_q, T_k), rows sum to 1; a row of NaN or zeros is a fully masked query.
        caption: what to try, under the widget.
        alt: what the picture shows, for readers who cannot see it.
        q: queries, (layers, heads, T_q, d).
        k: keys, (layers, heads, T_k, d).
        others: the tokens looked at, in cross-attention; the same tokens where left out.
        names: a name for every head, ``names[layer][head]``.
        layer: where the reader starts, from 0.
        head: the same.
        query: the token isolated at the start, from 0; all are shown where left out.
        mask: "none", "causal" or "past" (only keys before the query), with ``q`` and ``k``.
        temperature: from 0.1 to 10, with ``q`` and ``k``.

    Returns:
        The widget; make it the last line of the cell.

    Raises:
        ValueError: shapes that don't fit the tokens, rows that don't sum to 1, too much for a page, an argument
            outside its values, a missing caption or alt text.
        TypeError: tokens that are not strings.
    """
    tokens = _token_list("tokens", tokens)
    others = [] if others is None else _token_list("others", others)
    n, m = len(tokens), len(others or tokens)
    if (weights is None) == (q is None) or (q is None) != (k is None):
        raise ValueError("give either weights, or both q and k")
    if not isinstance(mask, str) or mask not in MASKS:
        raise ValueError(f"mask must be one of {', '.join(MASKS)}, got {mask!r}")
    if not 0.1 <= temperature <= 10:
        raise ValueError(f"temperature must be from 0.1 to 10, got {temperature!r}")
    state: dict[str, Any] = {"weights": {}, "vectors": {}}
    if weights is not None:
        if mask != "none" or temperature != 1:
            raise ValueError("mask and temperature need q and k: given weights are shown as they are")
        w = _four("weights", weights)
        if w.shape[2:] != (n, m):
            raise ValueError(
                f"weights must end in (T_q, T_k) = ({n}, {m}) for these tokens, got shape {w.shape}"
            )
        shape = list(w.shape)
        state["weights"] = pack_weights(_check_weights(w))
        size = len(state["weights"]["data"])
    else:
        q, k = _four("q", q), _four("k", k)
        wanted = (*q.shape[:2], m, q.shape[3])
        if q.shape[2] != n or k.shape != wanted or q.shape[3] == 0:
            raise ValueError(
                f"q must have T_q = {n} rows and k the shape {wanted} for these tokens, got {q.shape} and {k.shape}"
            )
        if not (np.isfinite(q).all() and np.isfinite(k).all()):
            raise ValueError("q and k must be finite")
        if others and mask != "none":
            raise ValueError(
                "mask must be none where the tokens look at others: places are not the same there"
            )
        shape = [*q.shape[:2], n, m]
        state["vectors"] = {
            "d": q.shape[3],
            "q": base64_text(q.astype("<f4")),
            "k": base64_text(k.astype("<f4")),
        }
        size = len(state["vectors"]["q"]) + len(state["vectors"]["k"])
    if size > _MOST:
        raise ValueError(
            f"layers × heads × tokens take {size / 1000:.0f} kB, a page carries {_MOST / 1000:.0f} kB: "
            "give fewer layers, heads or tokens"
        )
    for name, value, count in (
        ("layer", layer, shape[0]),
        ("head", head, shape[1]),
        ("query", query or 0, n),
    ):
        if type(value) is not int or not 0 <= value < count:
            raise ValueError(f"{name} must be a whole number from 0 to {count - 1}, got {value!r}")
    if names is not None and (len(names) != shape[0] or any(len(row) != shape[1] for row in names)):
        raise ValueError(
            f"names must hold {shape[0]} lists of {shape[1]} names, one for each head, got {names!r}"
        )
    return AttentionView(
        caption=caption,
        alt=alt,
        tokens=tokens,
        others=others,
        shape=shape,
        names=[[str(word) for word in row] for row in names or []],
        start={
            "layer": layer,
            "head": head,
            "query": -1 if query is None else query,
            "mask": mask,
            "temperature": float(temperature),
        },
        **state,
    )


def attention_demo(text: str = "banana bandana") -> AttentionView:
    """Four heads built by hand over the letters of ``text``: no trained model.

    With sinusoidal places p(i), whose dot product depends on the distance alone, and one vector per letter:

    - previous letter: the query of place i is p(i - 1), the key of place j is p(j);
    - same letter: query and key are the letter's vector;
    - after the same letter (an induction head): the key of place j is the vector of the letter before it;
    - average: all queries are zero, so all keys weigh the same.

    Raises:
        ValueError: ``text`` is not of 2 to 64 characters with at most 15 different ones.
    """
    letters = sorted(set(text))
    n, d = len(text), 16
    if not 2 <= n <= MAX_TOKENS or len(letters) >= d:
        raise ValueError(
            f"text must have 2 to {MAX_TOKENS} characters, at most {d - 1} different, got {text!r}"
        )
    rates = np.pi / 2 ** np.arange(d // 2)

    def places(i: np.ndarray) -> np.ndarray:  # (T, d), every row of length √(d / 2)
        return np.concatenate([np.cos(i[:, None] * rates), np.sin(i[:, None] * rates)], 1)

    letter = np.eye(d)[[letters.index(c) for c in text]]
    before = np.vstack([np.zeros(d), letter[:-1]])
    i = np.arange(n)
    scale = np.sqrt(6 * np.sqrt(d))  # a match scores 6 more than none
    q = np.stack([2 * places(i - 1), scale * letter, scale * letter, np.zeros((n, d))])
    k = np.stack([2 * places(i), scale * letter, scale * before, letter])
    return attention_view(
        list(text),
        q=q,
        k=k,
        names=[["previous letter", "same letter", "after the same letter", "average"]],
        head=1,
        mask="causal",
        caption="Point at a letter, or move to it with the arrow keys, to see where it looks; then change the head. "
        "Lower the temperature until each letter looks at one place, raise it until the heads are all alike, and "
        "choose “past only”: what can the first letter look at?",
        alt=f"Lines between two columns of the letters of “{text}”, and the same weights as a matrix with rows "
        "for the letters that look: in the head that starts, every letter looks at itself and at the equal letters "
        "before it, nothing above the diagonal.",
    )
