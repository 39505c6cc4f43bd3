"""The mathematics of `attention_view`, and how its numbers travel to the page.

Weights are stored as base64. Where all of them fit in 60 kB, each has two bytes: w ≈ n / 65535, off by at most
8e-6. Else one byte holds the square root, w ≈ (n / 255)², off by at most 0.004 √w: small weights keep their
size. Queries and keys are 32-bit floats. The module reads and computes the same (`kit/tokens.mjs`).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

MASKS = ("none", "causal", "past")
_FINE = 60_000  # bytes of weights up to which each gets two bytes


def allowed_keys(mask: str | np.ndarray, n_queries: int, n_keys: int) -> np.ndarray:
    """Boolean (T_q, T_k): which keys each query may look at.

    "none" allows all, "causal" keys up to the query's own place, "past" keys before it; an array is taken as is.
    """
    if not isinstance(mask, str):
        return np.asarray(mask, dtype=bool)
    if mask not in MASKS:
        raise ValueError(f"mask must be one of {', '.join(MASKS)} or a boolean array, got {mask!r}")
    i, j = np.arange(n_queries)[:, None], np.arange(n_keys)
    return np.ones((n_queries, n_keys), bool) if mask == "none" else j <= i if mask == "causal" else j < i


def attention_weights(
    q: np.ndarray, k: np.ndarray, temperature: float = 1.0, mask: str | np.ndarray = "none"
) -> np.ndarray:
    """softmax(q kᵀ / √d / temperature) over the allowed keys.

    Args:
        q: queries, (…, T_q, d).
        k: keys, (…, T_k, d).
        temperature: above 0; under 1 sharpens, over 1 flattens.
        mask: see `allowed_keys`.

    Returns:
        Weights (…, T_q, T_k). A query with no allowed key gets a row of zeros (torch's softmax gives NaN there).
    """
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]) / temperature
    allowed = np.broadcast_to(allowed_keys(mask, q.shape[-2], k.shape[-2]), scores.shape)
    top = np.max(scores, -1, keepdims=True, where=allowed, initial=-np.inf)
    e = np.where(allowed, np.exp(np.where(allowed, scores - np.where(np.isfinite(top), top, 0), 0)), 0)
    total = e.sum(-1, keepdims=True)
    return np.divide(e, total, out=np.zeros_like(e), where=total > 0)


def base64_text(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def pack_weights(weights: np.ndarray) -> dict[str, Any]:
    """Weights in [0, 1] as ``{"bits", "data"}``; see the top of this file."""
    if 2 * weights.size <= _FINE:
        return {"bits": 16, "data": base64_text(np.rint(weights * 65535).astype("<u2"))}
    return {"bits": 8, "data": base64_text(np.rint(np.sqrt(weights) * 255).astype(np.uint8))}


def unpack_weights(packed: dict[str, Any], shape: Sequence[int]) -> np.ndarray:
    """What the page reads back."""
    raw = base64.b64decode(packed["data"])
    if packed["bits"] == 16:
        return np.frombuffer(raw, "<u2").reshape(shape) / 65535
    return (np.frombuffer(raw, np.uint8).reshape(shape) / 255.0) ** 2


def unpack_floats(text: str, shape: Sequence[int]) -> np.ndarray:
    """Queries or keys as the page reads them, float64."""
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape).astype(float)
