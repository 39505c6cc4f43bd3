"""The system's Firefox, headless, driven by what it speaks itself: WebDriver BiDi (W3C) over a WebSocket.

Playwright has a Firefox of its own, which has to be downloaded; the one that Debian or a desktop has needs no driver.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c"}
KEYS |= {"ArrowLeft": "\ue012", "ArrowRight": "\ue014", "ArrowDown": "\ue015"}
# It asks for nothing but the pages: no updates, no portal check, no start page.
PREFERENCES = {
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.active-protocols": 1,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
EVENTS = ["log.entryAdded", "network.beforeRequestSent", "network.responseCompleted", "network.fetchError"]


def find_firefox() -> str | None:
    names = (os.environ.get("FIREFOX"), "firefox-esr", "firefox")
    return next((path for name in names if name and (path := shutil.which(name))), None)


class Firefox:
    """One window. ``faults`` collects what must not happen on a page: as `site_tools.Watch` does in Chromium."""

    def __init__(self, program: str, profile: Path, **preferences: Any):
        import websocket

        lines = [
            f"user_pref({json.dumps(key)}, {json.dumps(value)});\n"
            for key, value in (PREFERENCES | preferences).items()
        ]
        profile.mkdir(parents=True, exist_ok=True)
        (profile / "user.js").write_text("".join(lines), "utf8")
        log = profile / "firefox.log"
        command = [
            program,
            "--headless",
            "--no-remote",
            "--profile",
            str(profile),
            "--remote-debugging-port=0",
        ]
        home = os.environ | {"HOME": str(profile)}  # nothing of this machine's reader
        self.process = subprocess.Popen(command, env=home, stdout=subprocess.DEVNULL, stderr=log.open("wb"))
        self.origin, self.faults, self.last = "", [], 0
        try:
            address = self._address(log)
            self.socket = websocket.create_connection(f"{address}/session", timeout=30, suppress_origin=True)
            self.send("session.new", capabilities={})
            self.context = self.send("browsingContext.getTree")["contexts"][0]["context"]
            self.send("session.subscribe", events=EVENTS)
        except BaseException:
            self.close()
            raise

    def _address(self, log: Path) -> str:
        for _ in range(600):
            match = re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text("utf8", "replace"))
            if match:
                return match[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"Firefox didn't start:\n{log.read_text('utf8', 'replace')[-2000:]}")

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command's result; events that come before it are noted."""
        self.last += 1
        self.socket.send(json.dumps({"id": self.last, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message["type"] == "event":
                self._note(message["method"], message["params"])
            elif message.get("id") == self.last:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
                return message["result"]

    def _note(self, event: str, p: dict[str, Any]) -> None:
        if event == "log.entryAdded":
            if p["level"] in ("error", "warn"):
                self.faults.append(f"console: {p['text']}")
            return
        address = p["request"]["url"]
        if address.endswith("/favicon.ico"):
            return  # the window asks for it, not the page, when it brings a page back that has an icon of its own
        if event == "network.beforeRequestSent" and not address.startswith(
            (self.origin, "data:", "blob:", "about:")
        ):
            self.faults.append(f"left the site: {address}")
        if event == "network.responseCompleted" and p["response"]["status"] >= 400:
            self.faults.append(f"{p['response']['status']}: {address}")
        if event == "network.fetchError" and "ABORTED" not in p["errorText"]:
            self.faults.append(f"failed: {address} {p['errorText']}")

    def open(self, address: str) -> None:
        self.send("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def back(self) -> None:
        self.send("browsingContext.traverseHistory", context=self.context, delta=-1)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression (awaited) on the page, through JSON."""
        answer = self.send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self.context},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    def wait_for(self, expression: str, seconds: float = 15) -> Any:
        until = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < until, f"Firefox waited in vain for {expression}"
            time.sleep(0.05)
        return value

    def press(self, *keys: str) -> None:
        actions = []
        for key in keys:
            actions += [{"type": kind, "value": KEYS.get(key, key)} for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.send("input.performActions", context=self.context, actions=[source])

    def viewport(self, width: int, height: int) -> None:
        size = {"width": width, "height": height}
        self.send("browsingContext.setViewport", context=self.context, viewport=size)

    def sheets(self, width: float, height: float) -> int:
        """How many sheets of so many centimeters the page takes on paper."""
        size = {"width": width, "height": height}
        pdf = b64decode(self.send("browsingContext.print", context=self.context, page=size)["data"])
        parts = [pdf]
        for start in re.finditer(rb"stream\r?\n", pdf):  # the pages are listed in packed parts
            with contextlib.suppress(zlib.error):
                parts.append(zlib.decompressobj().decompress(pdf[start.end() :]))
        return sum(len(re.findall(rb"/Type\s*/Page\b", part)) for part in parts)
