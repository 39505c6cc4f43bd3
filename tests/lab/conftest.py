"""A real JupyterLab on a folder of its own, and a Chromium that opens notebooks in it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "site"))

from site_tools import CHROMIUM_FLAGS, find_chromium, unavailable  # noqa: E402

PATIENCE = 90  # seconds for a server, a kernel or a first import of torch on a busy machine
# What JupyterLab itself says in the console, whatever notebook is open.
NOISE = (
    "/api/contents/",  # it looks for a checkpoint folder that a new notebook has not
    "/api/me",
    "/lsp/",  # no language server is installed
    "Could not find a matching language server",
)
SETTINGS = {
    # No news from the network, no question whether to fetch some.
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}


class Lab:
    """A running server: where it listens, which folder it shows, and pages opened in it."""

    def __init__(self, browser, address: str, token: str, folder: Path):
        self.browser, self.address, self.token, self.folder = browser, address, token, folder
        self.contexts: list = []

    def open(self, notebook: str, theme: str = "JupyterLab Light", **options):
        """A page with ``notebook`` open and not run, and the list that its console errors are written to."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 1000}, **options)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        errors: list[str] = []

        def said(message) -> None:
            text = f"{message.text} ({message.location.get('url', '')})"
            if message.type == "error" and not any(noise in text for noise in NOISE):
                errors.append(text)

        page.on("console", said)
        page.on("pageerror", lambda error: errors.append(f"page error: {error}"))
        page.goto(f"{self.address}/lab/tree/{notebook}?token={self.token}&reset")
        page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.content?.widgets")
        page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.ready")
        if page.evaluate("document.body.dataset.jpThemeName") != theme:
            page.evaluate("(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
            page.wait_for_function("(theme) => document.body.dataset.jpThemeName === theme", arg=theme)
        page.evaluate("() => { jupyterapp.shell.collapseLeft(); jupyterapp.shell.collapseRight(); }")
        return page, errors

    def run_all(self, page) -> None:
        """Run every cell, and wait until the kernel is through."""
        page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def chromium():
    path = find_chromium()
    if path is None:
        unavailable("no Chromium on this machine: install chromium or google-chrome, or set CHROMIUM")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(chromium, tmp_path_factory):
    """JupyterLab with nothing of this machine's: settings, workspaces, kernels' files lie in a temporary folder."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: pip install '.[lab]'")
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    folder.mkdir()
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    port, token = _free_port(), secrets.token_hex(16)
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = {
        **os.environ,
        **{name: str(home / place) for name, place in places.items()},
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "OMP_NUM_THREADS": "1",
    }
    log = home / "server.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
                *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"),
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.extension_manager=readonly",
            ],
            cwd=home,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{address}/api/status?token={token}", server, log)
        lab = Lab(chromium, address, token, folder)
        yield lab
        for context in lab.contexts:
            context.close()
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
        shutil.rmtree(home / "runtime", ignore_errors=True)


def _wait(url: str, server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}", pytrace=False)
