"""``make serve``: show the built site on this machine, http://localhost:8000 or ``PORT=…``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Server(ThreadingHTTPServer):
    allow_reuse_address = sys.platform != "win32"  # there it would share the port with another server


def main() -> int:
    parser = argparse.ArgumentParser(prog="make serve", description=__doc__.splitlines()[0])
    parser.add_argument("port", nargs="?", default="8000")
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="the folder to show")
    options = parser.parse_args()
    if not options.port.isdecimal() or not 0 < int(options.port) < 65536:
        print(f"PORT must be a number from 1 to 65535, got {options.port}", file=sys.stderr)
        return 1
    handler = partial(SimpleHTTPRequestHandler, directory=str(options.site))
    try:
        server = Server(("127.0.0.1", int(options.port)), handler)
    except OSError as error:
        reason = error.strerror or error
        print(
            f"Port {options.port} can't be used ({reason}): another server may be running, this book's perhaps. "
            f"Take another: make serve PORT={int(options.port) % 65535 + 1}",
            file=sys.stderr,
        )
        return 1
    with server:
        print(f"http://localhost:{options.port}/  (Ctrl+C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
