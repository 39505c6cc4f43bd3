"""`make serve` shows the site, and says in one line what is wrong with a port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def command(port: object, site: Path) -> list[str]:
    return [sys.executable, "-m", "tools.serve", str(port), "--site", str(site)]


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_the_site_is_shown_until_it_is_ended(tmp_path, port):
    (tmp_path / "index.html").write_text("the book")
    with subprocess.Popen(
        command(port, tmp_path),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Where the tests run in the background of a shell, they and their children ignore Ctrl+C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as run:
        assert run.stdout.readline().decode().startswith(f"http://localhost:{port}/")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.read() == b"the book"
        os.kill(run.pid, signal.SIGINT)
        assert run.wait(10) == 0
        assert b"Traceback" not in run.stderr.read()


def test_a_port_in_use_is_told_in_one_line(tmp_path, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = subprocess.run(command(port, tmp_path), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Port {port} can't be used (Address already in use)")
    assert line.endswith(f"make serve PORT={port + 1}")


@pytest.mark.parametrize("bad", ["0", "65536", "8000x", "²"])
def test_a_port_that_is_none_is_told(tmp_path, bad):
    done = subprocess.run(command(bad, tmp_path), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == f"PORT must be a number from 1 to 65535, got {bad}\n"


def test_make_serve_uses_it():
    rule = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nserve:")[2].partition("\n\n")[0]
    assert "-m tools.serve $(PORT) --site $(SITE)" in rule
