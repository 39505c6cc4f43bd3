"""Helpers of the data tests."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest


def needs(module: str) -> None:
    """Skip, naming the package, where an optional one is absent; on CI, which has them all, fail."""
    if find_spec(module) is None:
        from utils.data.packages import PACKAGES

        message = f"optional package {PACKAGES[module][0]} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{message}, and CI installs every extra")
        pytest.skip(message)


@pytest.fixture(name="needs")
def needs_fixture():
    return needs


@pytest.fixture
def no_network(monkeypatch):
    """Any attempt to open a connection fails the test."""
    import socket

    def refuse(*args, **kwargs):
        raise AssertionError(f"a loader opened a connection: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
