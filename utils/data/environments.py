"""Environments for reinforcement learning, by one name each."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from utils.data.packages import missing

if TYPE_CHECKING:
    import gymnasium

# our name -> gymnasium's id
_GYMNASIUM = {
    "cartpole": "CartPole-v1",
    "frozen_lake": "FrozenLake-v1",
    "cliff_walking": "CliffWalking-v1",
    "taxi": "Taxi-v4",
}
_MINATAR = {
    "asterix": "MinAtar/Asterix-v1",
    "breakout": "MinAtar/Breakout-v1",
    "freeway": "MinAtar/Freeway-v1",
    "seaquest": "MinAtar/Seaquest-v1",
    "space_invaders": "MinAtar/SpaceInvaders-v1",
}


def environment_names() -> list[str]:
    """Every name that `environment` takes."""
    return [*_GYMNASIUM, *_MINATAR]


def environment(name: str, *, seed: int = 0, **options: object) -> gymnasium.Env:
    """A Gymnasium environment, reset and with its action space seeded.

    Names: ``cartpole``, ``frozen_lake``, ``cliff_walking``, ``taxi`` (Gymnasium, MIT), and MinAtar's five
    small Atari-like games ``asterix``, ``breakout``, ``freeway``, ``seaquest``, ``space_invaders``
    (GPL-3.0), whose observations are (10, 10, C) booleans.

    Args:
        name: one of `environment_names`.
        seed: for the first reset and for ``env.action_space.sample()``; later calls of ``env.reset()`` go on
            from there.
        **options: passed to ``gymnasium.make``, such as ``is_slippery=False``.

    Returns:
        The environment; ``env.reset()`` gives ``(observation, info)``, ``env.step(action)`` gives
        ``(observation, reward, terminated, truncated, info)``.

    Raises:
        ValueError: an unknown name.
        ImportError: gymnasium or minatar is not installed (the extra ``data``).
    """
    if name not in environment_names():
        raise ValueError(f"name must be one of {', '.join(environment_names())}, got {name!r}")
    for module in ("gymnasium", "minatar") if name in _MINATAR else ("gymnasium",):
        if find_spec(module) is None:
            raise missing(module, f"environment({name!r})")
    import gymnasium

    if name in _MINATAR:
        import minatar.gym

        # Registering twice would warn.
        if _MINATAR[name] not in gymnasium.registry:
            minatar.gym.register_envs()
    env = gymnasium.make({**_GYMNASIUM, **_MINATAR}[name], **options)
    env.reset(seed=seed)
    env.action_space.seed(seed)
    return env
