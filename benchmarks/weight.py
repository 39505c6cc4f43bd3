"""What exercises, predictions and progress add to a page: script and style, gzipped."""

from __future__ import annotations

import gzip
from pathlib import Path

MOST = 6_000  # bytes that exercises and predictions may add to a page that has both
EXERCISES, PREDICTIONS = ("exercises.js", "exercises.css"), ("ask.js", "ask.css")
PROGRESS = ("progress.js", "progress_page.js")


def sizes(site: Path) -> dict[str, int]:
    """Bytes of each file as a compressing server sends it."""
    names = (*EXERCISES, *PREDICTIONS, *PROGRESS)
    return {name: len(gzip.compress((site / "_static" / name).read_bytes(), 6, mtime=0)) for name in names}


def line(site: Path) -> str:
    size = sizes(site)

    def kb(names: tuple[str, ...]) -> str:
        return f"{sum(size[name] for name in names) / 1000:.1f} kB"

    return (
        f"Script and style, gzipped: of the exercises that a page checks {kb(EXERCISES)} and of predictions "
        f"{kb(PREDICTIONS)}, on pages that have them and on no other; of the reader's progress {kb(PROGRESS[:1])} on "
        f"every page, and {kb(PROGRESS[1:])} more on its own."
    )
