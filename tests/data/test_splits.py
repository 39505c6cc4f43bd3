from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.data import split

SHARES = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(lambda w: [x / sum(w) for x in w])
SEEDS = st.integers(0, 2**32 - 1)


def parts_or_none(data, shares, seed, **kwargs):
    """The parts, or None where one would be empty, which `split` refuses."""
    try:
        return split(data, shares, seed, **kwargs)
    except ValueError as error:
        assert "empty" in str(error)
        return None


@settings(deadline=None)
@given(st.integers(1, 300), SHARES, SEEDS)
def test_every_item_is_in_exactly_one_part_of_the_right_size(n, shares, seed):
    if (parts := parts_or_none(n, shares, seed)) is None:
        return
    assert sorted(torch.cat(parts).tolist()) == list(range(n))
    for part, share in zip(parts, shares, strict=True):
        assert part.dtype == torch.int64
        assert abs(len(part) - share * n) <= 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=4, max_size=200), SHARES, SEEDS)
def test_stratified_parts_hold_each_class_within_one_item(labels, shares, seed):
    if (parts := parts_or_none(labels, shares, seed)) is None:
        return
    assert sorted(torch.cat(parts).tolist()) == list(range(len(labels)))
    y = np.array(labels)
    for c in set(labels):
        for part, share in zip(parts, shares, strict=True):
            assert abs((y[part.numpy()] == c).sum() - share * (y == c).sum()) <= 1 + 1e-9


def test_stratified_totals_stay_near_their_shares():
    # A hundred classes of five at 0.9 : 0.1: always rounding the same way would test on a fifth or on none.
    labels = np.repeat(np.arange(100), 5)
    for seed in range(20):
        assert abs(len(split(labels, (0.9, 0.1), seed)[1]) - 50) <= 1


@pytest.mark.parametrize("data", [40, [0, 1] * 20])
def test_each_item_is_equally_likely_to_be_held_out(data):
    held = np.zeros(40)
    for seed in range(600):
        held[split(data, (0.75, 0.25), seed)[1].numpy()] += 1
    expected = 600 * 0.25
    # Sampling ten of forty without replacement; chi-square with 39 degrees has 99.99 % below 83.
    assert ((held - expected) ** 2 / (expected * 0.75)).sum() < 83


def test_order_within_a_part_is_shuffled():
    order = split(1000, (0.5, 0.5))[0]
    assert abs(np.corrcoef(order.numpy(), np.arange(500))[0, 1]) < 0.2


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_same_seed_same_parts(seed):
    a, b = split(50, (0.6, 0.4), seed), split(50, (0.6, 0.4), seed)
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_the_stream_of_numbers_is_the_one_published():
    assert split(10, (0.5, 0.5), seed=0)[0].tolist() == [2, 8, 0, 7, 4]


def test_stratify_can_be_switched_off():
    labels = [0] * 50 + [1] * 50
    held = [split(labels, (0.5, 0.5), s, stratify=False)[0] for s in range(20)]
    assert len({int((h < 50).sum()) for h in held}) > 1


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((10, (0.5, 0.4)), ValueError, "fractions: got (0.5, 0.4)"),
        ((10, (1.2, -0.2)), ValueError, "fractions"),
        ((10, "half"), TypeError, "fractions: got 'half'"),
        ((3, (0.9, 0.1)), ValueError, "leaves part 1 empty"),
        ((0, (1.0,)), ValueError, "data: got 0"),
        (([], (1.0,)), ValueError, "data: got labels of shape (0,)"),
        ((torch.zeros(3, 2), (1.0,)), ValueError, "data: got labels of shape (3, 2)"),
        ((10, (0.5, 0.5), -1), ValueError, "seed: got -1"),
        ((10, (0.5, 0.5), 0, True), ValueError, "stratify: got True"),
    ],
)
def test_bad_input_is_named(arguments, error, words):
    with pytest.raises(error) as caught:
        split(*arguments)
    assert words in str(caught.value)
