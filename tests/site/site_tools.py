"""What the site's tests share: finding a Chromium, serving a folder, watching a page."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",  # CI containers run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# A desktop's line by Lighthouse's settings: milliseconds for an answer, bytes a second.
DESKTOP_LINE = {"latency": 40, "downloadThroughput": 10_240_000 / 8, "uploadThroughput": 10_240_000 / 8}


def slow_down(page, line: dict[str, float], processor: float = 1, cache: bool = True) -> None:
    """Let a page come over ``line`` to a processor ``processor`` times slower, with or without Chromium's cache."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": not cache})
    session.send("Network.emulateNetworkConditions", {"offline": False, **line})
    session.send("Emulation.setCPUThrottlingRate", {"rate": processor})


def unavailable(what: str) -> None:
    """A missing part is named; on CI it fails, elsewhere the tests that need it are skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def built_site() -> Path:
    """Where the site under test lies."""
    return Path(os.environ.get("BOOK_SITE", ROOT / "_build" / "html"))


def find_chromium() -> str | None:
    names = (
        os.environ.get("CHROMIUM"),
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
    return next((path for name in names if name and (path := shutil.which(name))), None)


class Quiet(http.server.SimpleHTTPRequestHandler):
    # The system's table may lack it, and a module of another type is refused.
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def log_message(self, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args: object) -> None:
        """A browser that moves on cuts its connections; nothing to report."""


def serve(folder: Path, handler: type[Quiet] = Quiet) -> tuple[http.server.ThreadingHTTPServer, str]:
    server = Server(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/"


class Watch:
    """Collects what must not happen while a page is used."""

    def __init__(self, page, origin: str):
        self.faults: list[str] = []
        page.on(
            "console", lambda m: m.type in ("error", "warning") and self.faults.append(f"console: {m.text}")
        )
        page.on("pageerror", lambda e: self.faults.append(f"page error: {e}"))
        # A request that the next page's opening cuts short is no fault.
        page.on(
            "requestfailed",
            lambda r: "ABORTED" in r.failure or self.faults.append(f"failed: {r.url} {r.failure}"),
        )
        page.on("response", lambda r: r.status >= 400 and self.faults.append(f"{r.status}: {r.url}"))

        def seen(request) -> None:
            if not request.url.startswith((origin, "data:", "blob:")):
                self.faults.append(f"left the site: {request.url}")

        page.on("request", seen)


def site_pages(folder: Path) -> list[str]:
    """Every page of the site but the front door, which only redirects."""
    found = [p.relative_to(folder).as_posix() for p in folder.rglob("*.html")]
    return sorted(p for p in found if p != "index.html" and not p.startswith(("_static/", "_sources/")))
