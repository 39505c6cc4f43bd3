"""Environments: each name runs, seeds repeat, bad names are named."""

import importlib.util

import numpy as np
import pytest

from utils.data import environment, environment_names
from utils.data import environments as module


@pytest.fixture(autouse=True)
def packages(needs):
    needs("gymnasium")
    needs("minatar")


def episode(name: str, seed: int, steps: int = 60) -> list:
    env = environment(name, seed=seed)
    seen = []
    for _ in range(steps):
        observation, reward, terminated, truncated, _ = env.step(env.action_space.sample())
        seen.append((np.asarray(observation).tolist(), float(reward)))
        if terminated or truncated:
            seen.append(np.asarray(env.reset()[0]).tolist())
    return seen


@pytest.mark.parametrize("name", environment_names())
def test_a_seed_repeats_an_episode_and_another_does_not(name):
    assert episode(name, 1) == episode(name, 1)
    assert episode(name, 1) != episode(name, 2)


def test_options_reach_gymnasium():
    env = environment("frozen_lake", is_slippery=False)
    env.reset(seed=0)
    assert env.step(1)[0] == 4  # down, without slipping: one row further


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="name must be one of cartpole, .*got 'pong'"):
        environment("pong")


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setattr(
        module, "find_spec", lambda name: None if name == "minatar" else importlib.util.find_spec(name)
    )
    with pytest.raises(ImportError, match="minatar.*extra 'data'"):
        environment("breakout")
