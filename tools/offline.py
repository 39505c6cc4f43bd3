"""The site in one zip, to read from a folder or a stick: ``make offline``.

Opened as a file, a page has its text, formulas, figures and links; browsers load no modules from files, so widgets
stay pictures and the search is off. ``python read.py``, in the zip, serves the folder on this machine alone and
opens it: then everything is alive, with no network.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "deep-learning-notebooks"
DATE = (1980, 1, 1, 0, 0, 0)  # the same site gives the same zip

READ = '''\
"""Opens the book: python read.py. Serves this folder to this machine alone, until Ctrl+C."""

import functools
import http.server
import pathlib
import sys
import webbrowser


class Pages(http.server.SimpleHTTPRequestHandler):
    # Some systems name another type for modules, and a browser then refuses them.
    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *args):
        pass


folder = str(pathlib.Path(__file__).resolve().parent / "site")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages, directory=folder))
address = f"http://127.0.0.1:{server.server_port}/"
print(f"The book is at {address} (Ctrl+C ends it)", flush=True)
if "--no-browser" not in sys.argv:
    webbrowser.open(address)
try:
    server.serve_forever()
except KeyboardInterrupt:
    pass
'''

README = """\
Deep Learning, Run and Verified: the whole book, for reading without a network.

Best:  python read.py      (Python 3; on Windows: py read.py)
       serves the book to this machine alone and opens it; widgets and search are alive.

Else:  open site/index.html in a browser. Text, formulas, figures and links are there;
       widgets are pictures and the search is off, since browsers load no modules from files.
"""


def pack(site: Path, target: Path) -> Path:
    """Write the zip.

    Raises:
        FileNotFoundError: ``site`` has no built book.
    """
    if not (site / "index.html").is_file():
        raise FileNotFoundError(f"{site} has no index.html: run 'make book' first")
    texts = {"read.py": READ.encode(), "README.txt": README.encode()}
    files = {f"site/{path.relative_to(site).as_posix()}": path for path in site.rglob("*") if path.is_file()}
    partial = target.with_suffix(".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted([*texts, *files]):
            info = zipfile.ZipInfo(f"{NAME}/{name}", DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, texts[name] if name in texts else files[name].read_bytes())
    partial.replace(target)
    return target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="the built site")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / f"{NAME}.zip")
    options = parser.parse_args()
    try:
        target = pack(options.site, options.out)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{target}: {target.stat().st_size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
