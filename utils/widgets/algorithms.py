"""Algorithms as steps, ready for `steps` and to copy from: BPE, non-maximum suppression, autodiff, convolution."""

from __future__ import annotations

from collections import Counter

import numpy as np

from utils.widgets.drawings import boxes, graph, table, tokens
from utils.widgets.stepper import Step


def bpe_steps(text: str, merges: int = 6) -> list[Step]:
    """Byte-pair encoding (Sennrich et al., 2016) learned on a short text: two steps for each merge.

    Args:
        text: words between spaces; a "_" marks each word's end.
        merges: at most this many; it stops where no pair occurs twice.

    Raises:
        ValueError: a text without words, or fewer than one merge.
    """
    if not text.split():
        raise ValueError(f"text must hold at least one word, got {text!r}")
    if merges < 1:
        raise ValueError(f"merges must be at least 1, got {merges}")
    counts = Counter(text.split())
    words = {word: [*word, "_"] for word in counts}

    def rows(highlight=lambda parts: {}):
        return [
            tokens(parts, label=f"{word} ×{counts[word]}", highlight=highlight(parts))
            for word, parts in words.items()
        ]

    def vocabulary():
        return len({token for parts in words.values() for token in parts})

    out = [Step(f"Start from characters: {vocabulary()} different tokens, _ ends a word.", rows())]
    for number in range(1, merges + 1):
        pairs: Counter = Counter()
        for word, parts in words.items():
            for pair in zip(parts, parts[1:], strict=False):
                pairs[pair] += counts[word]
        (left, right), most = pairs.most_common(1)[0] if pairs else (("", ""), 0)
        if most < 2:
            out.append(Step("No pair occurs twice: nothing is left to merge.", rows()))
            break
        top = pairs.most_common(5)
        ranking = table(
            [[count for _, count in top]],
            columns=[" ".join(pair) for pair, _ in top],
            highlight={(0, 0): "reference"},
            label="Most frequent pairs",
        )

        def candidates(parts, pair=(left, right)):
            hits = [i for i in range(len(parts) - 1) if (parts[i], parts[i + 1]) == pair]
            return {k: "reference" for i in hits for k in (i, i + 1)}

        tie = " (the first of several)" if len(top) > 1 and top[1][1] == most else ""
        words_now = f"Merge {number}: the pair {left} {right} occurs {most} times, most of all{tie}."
        out.append(Step(words_now, [*rows(candidates), ranking]))
        for word, parts in words.items():
            merged: list[str] = []
            for part in parts:
                # A pair merges from the left: in "aaa" the first two.
                if merged and merged[-1] == left and part == right:
                    merged[-1] = left + right
                else:
                    merged.append(part)
            words[word] = merged
        fresh = left + right
        marked = rows(lambda parts, fresh=fresh: {i: "ours" for i, p in enumerate(parts) if p == fresh})
        length = sum(len(parts) * counts[word] for word, parts in words.items())
        out.append(Step(f"{fresh} is a token now. The text takes {length} tokens.", [*marked, ranking]))
    return out


def iou(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of one box (4,) with others (N, 4); corners x1, y1, x2, y2."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    both = np.clip(high - low, 0, None).prod(1)
    area = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1)
    return both / (area - both)


def nms_steps(
    corners: np.ndarray,
    scores: np.ndarray,
    threshold: float = 0.5,
    *,
    size: tuple[int, int],
    picture: np.ndarray | None = None,
) -> list[Step]:
    """Greedy non-maximum suppression: keep the best box, remove what overlaps it, repeat.

    Args:
        corners: (N, 4) x1, y1, x2, y2 in px.
        scores: (N,).
        threshold: boxes with a larger IoU with a kept one are removed.
        size: (width, height) of the canvas.
        picture: below the boxes.

    Raises:
        ValueError: shapes that do not fit, or a threshold outside of [0, 1].
    """
    corners, scores = np.asarray(corners, float), np.asarray(scores, float)
    if corners.ndim != 2 or corners.shape[1] != 4 or scores.shape != corners.shape[:1] or not len(scores):
        raise ValueError(f"corners must be (N, 4) and scores (N,), got {corners.shape} and {scores.shape}")
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must lie in [0, 1], got {threshold}")
    names = [chr(ord("A") + i) for i in range(len(scores))]
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    gone: set[int] = set()

    def drawing(marks, overlap=None):
        shown = [
            {
                "at": corners[i],
                "text": names[i],
                "mark": marks.get(i, "ours" if i in kept else None),
                "faint": i in gone and i not in marks,
            }
            for i in range(len(scores))
        ]
        rows, cells = [], {}
        for r, i in enumerate(order):
            state = "kept" if i in kept else "removed" if i in gone else ""
            shared = f"{overlap[i]:.2f}" if overlap and i in overlap else ""
            rows.append([f"{scores[i]:.2f}", shared, state])
            tone = marks.get(i, "ours" if i in kept else None)
            cells |= {(r, c): tone for c in range(3) if tone}
        names_now = [names[i] for i in order]
        columns = ["score", "IoU", ""]
        summary = table(rows, columns=columns, index=names_now, highlight=cells)
        return [boxes(shown, size=size, picture=picture), summary]

    out = [Step(f"{len(scores)} candidate boxes, sorted by score.", drawing({}))]
    while len(open_ := [int(i) for i in order if i not in gone and i not in kept]):
        best, rest = open_[0], open_[1:]
        kept.append(best)
        if not rest:
            out.append(Step(f"{names[best]} is the last open box: keep it.", drawing({})))
            break
        out.append(Step(f"Keep {names[best]}, the best of the open boxes.", drawing({})))
        overlap = dict(zip(rest, iou(corners[best], corners[rest]), strict=True))
        out_now = [i for i in rest if overlap[i] > threshold]
        said = " and ".join(", ".join(names[i] for i in out_now).rsplit(", ", 1))
        verdict = f"{said} {'go' if len(out_now) > 1 else 'goes'}" if out_now else "none goes"
        caption = f"Boxes that overlap {names[best]} by an IoU above {threshold:g} are removed: {verdict}."
        gone.update(out_now)
        out.append(Step(caption, drawing(dict.fromkeys(out_now, "failure"), overlap)))
    result = ", ".join(names[i] for i in kept)
    return [*out, Step(f"{len(kept)} of {len(scores)} boxes are left: {result}.", drawing({}))]


def autodiff_steps(x: float = 2.0, y: float = -5.0, z: float = 4.0) -> list[Step]:
    """Forward and backward through f = (x + y) z, one operation at a time.

    Each node shows its value above and df/d(node) below it; in the backward pass an edge shows the local
    derivative that the gradient is multiplied by.
    """
    q = x + y
    f = q * z
    values = {"x": x, "y": y, "z": z, "q": q, "f": f}
    places = {"x": (0, 0), "y": (0, 0.62), "z": (0.45, 1), "q": (0.45, 0.3), "f": (1, 0.6)}
    signs = {"q": "+", "f": "×"}
    arrows = [("x", "q"), ("y", "q"), ("q", "f"), ("z", "f")]
    local = {("x", "q"): 1.0, ("y", "q"): 1.0, ("q", "f"): z, ("z", "f"): q}
    grads: dict[str, float] = {}
    known: list[str] = ["x", "y", "z"]

    def num(value):
        return f"{value:.4g}".replace("-", "−")

    def drawing(active=(), tone=None, back=()):
        nodes = {
            key: {
                "at": places[key],
                "text": signs.get(key, key),
                "value": f"{key} = {num(values[key])}" if key in known else None,
                "grad": f"grad {num(grads[key])}" if key in grads else None,
                "mark": tone if key in active else None,
            }
            for key in places
        }
        edges = []
        for edge in arrows:
            one = {"from": edge[0], "to": edge[1]}
            if edge in back:
                one |= {"text": f"·{num(local[edge])}", "reverse": True, "mark": "reference"}
            elif tone == "ours" and edge[1] in active:
                one |= {"mark": "ours"}
            edges.append(one)
        return graph(nodes, edges, height=300)

    out = [Step("The inputs of f = (x + y) z. Forward goes from left to right.", drawing(known, "ours"))]
    known.append("q")
    out.append(Step(f"Forward: q = x + y = {num(q)}.", drawing(["q"], "ours")))
    known.append("f")
    out.append(Step(f"Forward: f = q z = {num(f)}.", drawing(["f"], "ours")))
    grads["f"] = 1.0
    out.append(Step("Backward starts at the end: df/df = 1.", drawing(["f"], "reference")))
    for parent, child, law in (("q", "f", "df/dq = z"), ("z", "f", "df/dz = q")):
        grads[parent] = grads[child] * local[parent, child]
        caption = f"Multiplication hands each factor the other one: {law} = {num(grads[parent])}."
        out.append(Step(caption, drawing([parent], "reference", [(parent, child)])))
    for parent in ("x", "y"):
        grads[parent] = grads["q"] * local[parent, "q"]
        caption = f"Addition passes the gradient on: df/d{parent} = df/dq · 1 = {num(grads[parent])}."
        out.append(Step(caption, drawing([parent], "reference", [(parent, "q")])))
    all_three = ", ".join(f"df/d{name} = {num(grads[name])}" for name in "xyz")
    done = f"One backward pass gave all three: {all_three}."
    return [*out, Step(done, drawing(["x", "y", "z"], "reference"))]


def convolution_steps(x: np.ndarray, w: np.ndarray) -> list[Step]:
    """A convolution layer with stride 1 on small integers: a step for every filter at every stop of its window.

    A caption adds up the products under the window; with several channels, the sum of each channel.

    Args:
        x: (H, W), or (C, H, W) with channels.
        w: (k, k), or (C_out, C, k, k): one kernel for each channel in each filter.

    Raises:
        ValueError: shapes that don't belong together, or a kernel that doesn't fit.
        TypeError: anything but integers.
    """
    x, w = np.asarray(x), np.asarray(w)
    if x.dtype.kind not in "iu" or w.dtype.kind not in "iu":
        raise TypeError(f"x and w must hold integers, got dtypes {x.dtype} and {w.dtype}")
    if (x.ndim, w.ndim) == (2, 2):
        x, w = x[None], w[None, None]
    if (x.ndim, w.ndim) != (3, 4) or w.shape[1] != len(x) or any(np.greater(w.shape[2:], x.shape[1:])):
        raise ValueError(f"w must be (C_out, C, k, k) for x (C, H, W) and fit, got {w.shape} for {x.shape}")

    def beside(blocks: np.ndarray) -> np.ndarray:
        """Channels next to one another, an empty column between them."""
        padded = [np.pad(block.astype(object), ((0, 0), (0, 1)), constant_values="") for block in blocks]
        return np.hstack(padded)[:, :-1]

    def signed(term: object) -> str:
        return f"({term})" if str(term).startswith("-") else str(term)

    (channels, height, width), (kh, kw) = x.shape, w.shape[2:]
    out = []
    for number, kernels in enumerate(w, 1):
        y = np.full((height - kh + 1, width - kw + 1), "·", dtype=object)
        for i, j in np.ndindex(y.shape):
            window = x[:, i : i + kh, j : j + kw]
            y[i, j] = int((window * kernels).sum())
            pairs = zip(window.flat, kernels.flat, strict=True)
            terms = [f"{signed(a)}·{signed(b)}" for a, b in pairs]
            if channels > 1:
                terms = [signed(term) for term in (window * kernels).sum(axis=(1, 2)).tolist()]
            lit = {(i + u, (width + 1) * c + j + v): "ours" for c, u, v in np.ndindex(window.shape)}
            name = f"filter {number}" if len(w) > 1 else "weights"
            rows = [
                table(beside(x), highlight=lit, label="input"),
                table(beside(kernels), label=name),
                table(y, highlight={(i, j): "reference"}, label="output"),
            ]
            out.append(Step(f"{' + '.join(terms)} = {y[i, j]}".replace("-", "−"), rows))
    return out
