"""Batches: every example once, shuffles uniform, the same data as a plain loop would pick."""

import itertools
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset, TensorDataset

from utils.training import Batches, batches, make_batches

N = 4
SEEDS = 24 * 120


def orders(seed: int = 11, passes: int = SEEDS) -> Counter:
    """How often each of the 24 orders of 4 examples came."""
    data = Batches(torch.arange(N), batch_size=2, seed=seed)
    return Counter(tuple(int(i) for (b,) in data for i in b) for _ in range(passes))


def chi_square(counts: Counter, cells: int) -> float:
    expected = sum(counts.values()) / cells
    return sum((counts[c] - expected) ** 2 / expected for c in itertools.permutations(range(N)))


# 23 degrees of freedom: a uniform shuffle is above 49.7 with one seed in a thousand (these seeds are fixed).
LIMIT = 49.7


def test_all_permutations_come_equally_often():
    counts = orders()
    assert set(counts) == set(itertools.permutations(range(N)))
    assert chi_square(counts, 24) < LIMIT


def test_the_first_pass_is_uniform_over_seeds():
    counts = Counter(
        tuple(int(i) for (b,) in Batches(torch.arange(N), seed=s) for i in b) for s in range(SEEDS)
    )
    assert chi_square(counts, 24) < LIMIT


def test_the_statistic_finds_a_broken_shuffle(monkeypatch):
    """The naive swap with any position (Knuth's example) has 256 equally likely paths to 24 orders."""

    def naive(n, generator):
        order = torch.arange(n)
        for i in range(n):
            j = int(torch.randint(n, (), generator=generator))
            order[[i, j]] = order[[j, i]]
        return order

    monkeypatch.setattr(torch, "randperm", naive)
    assert chi_square(orders(), 24) > LIMIT


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 70),
    size=st.integers(1, 80),
    shuffle=st.booleans(),
    world=st.integers(1, 4),
    gather=st.sampled_from([1, 100, 2**22]),
)
def test_every_example_once_with_its_label(n, size, shuffle, world, gather):
    was, batches.GATHER_BYTES = batches.GATHER_BYTES, gather
    try:
        X = torch.arange(n, dtype=torch.float32)[:, None] * torch.ones(3)
        parts = [
            list(Batches(X, torch.arange(n), batch_size=size, shuffle=shuffle, seed=1).sharded(r, world))
            for r in range(world)
        ]
    finally:
        batches.GATHER_BYTES = was
    steps = -(-n // (size * world))
    assert [len(p) for p in parts] == [steps] * world
    assert sorted(int(i) for part in parts for _, y in part for i in y) == list(range(n))
    assert all(torch.equal(x[:, 0], y.float()) for part in parts for x, y in part)
    whole = list(Batches(X, torch.arange(n), batch_size=size * world, shuffle=shuffle, seed=1))
    for step in range(steps):  # together the processes see one process's batch
        assert torch.equal(torch.cat([part[step][1] for part in parts]), whole[step][1])
        assert max(len(p[step][1]) for p in parts) - min(len(p[step][1]) for p in parts) <= 1


def test_same_batches_as_a_plain_loop():
    X, y = torch.randn(50, 3), torch.arange(50)
    order = torch.randperm(50, generator=torch.Generator().manual_seed(4))
    for i, (a, b) in zip(range(0, 50, 16), Batches(X, y, batch_size=16, seed=4), strict=True):
        assert torch.equal(a, X[order[i : i + 16]])
        assert torch.equal(b, y[order[i : i + 16]])


def test_drop_last_and_length():
    data = Batches(torch.arange(10), batch_size=4, drop_last=True)
    assert [len(b) for (b,) in data] == [4, 4]
    assert len(data) == 2
    with pytest.raises(ValueError, match="batch_size: 11 with drop_last"):
        Batches(torch.arange(10), batch_size=11, drop_last=True)


def test_passes_differ_and_the_state_brings_one_back():
    data = Batches(torch.arange(100), batch_size=100, seed=0)
    state = data.state_dict()
    (first,), (second,) = next(iter(data)), next(iter(data))
    assert not torch.equal(first, second)
    data.load_state_dict(state)
    assert torch.equal(next(iter(data))[0], first)


def test_the_global_seed_decides_without_one():
    def first():
        torch.manual_seed(9)
        return next(iter(Batches(torch.arange(50))))[0]

    assert torch.equal(first(), first())


def test_measuring_draws_no_random_number():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    list(Batches(torch.arange(5), shuffle=False))
    assert torch.equal(torch.rand(1), expected)


def test_augment_runs_on_each_batch():
    X, y = torch.zeros(10, 2), torch.arange(10)
    seen = list(Batches(X, y, batch_size=4, augment=lambda X, y: (X + 1, y), shuffle=False))
    assert all((x == 1).all() for x, _ in seen)
    assert torch.equal(torch.cat([y for _, y in seen]), y)
    assert (X == 0).all()


def test_batches_of_a_shuffle_are_copies():
    X = torch.zeros(8, 2)
    for (x,) in Batches(X, batch_size=3, seed=0):
        x.add_(1)
    assert (X == 0).all()


class Files(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        return torch.full((2,), float(i)), i


def test_the_rule():
    """Tensors are indexed here; what must be read one by one goes to a DataLoader."""
    X, y = torch.zeros(6, 2), torch.arange(6)
    assert isinstance(make_batches((X, y)), Batches)
    assert isinstance(make_batches(TensorDataset(X, y)), Batches)
    assert isinstance(make_batches(Files()), DataLoader)
    loader = DataLoader(Files())
    assert make_batches(loader) is loader
    with pytest.raises(TypeError, match="data: came as int"):
        make_batches(3)


@pytest.mark.parametrize(
    "tensors, options, error, message",
    [
        ((torch.zeros(3, 2), torch.zeros(4)), {}, ValueError, "X of data of 3, y of data of 4"),
        ((torch.zeros(0, 2), torch.zeros(0)), {}, ValueError, r"data: empty, X has shape \(0, 2\)"),
        ((), {}, ValueError, "no tensors came"),
        ((torch.zeros(3).numpy(),), {}, TypeError, "came as ndarray; expected a tensor: torch.from_numpy"),
        ((torch.zeros(3), [1, 2, 3]), {}, TypeError, "y of data: came as list"),
        ((torch.tensor(3.0),), {}, ValueError, "came as a scalar"),
        ((torch.zeros(3),), {"batch_size": 0}, ValueError, "batch_size: came as 0; expected at least 1"),
        ((torch.zeros(3),), {"batch_size": 2.0}, TypeError, r"batch_size: came as 2.0 \(float\)"),
    ],
)
def test_bad_input_is_named(tensors, options, error, message):
    with pytest.raises(error, match=message):
        Batches(*tensors, **options)
