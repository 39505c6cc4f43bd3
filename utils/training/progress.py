"""A progress bar for the person who waits, and nothing for the file that is kept.

The rule: a bar is drawn only where somebody can be watching.

- ``BOOK_PROGRESS=1`` or ``0`` settles it; ``CI`` in the environment means nobody watches.
- In a notebook: if the front-end lets code ask for input. JupyterLab, Colab and VS Code do; programs that run
  notebooks to store or test their outputs (nbclient, nbconvert, papermill, nbval) don't, as nobody could
  answer.
- Elsewhere: if the error stream is a terminal.

A bar is wiped when it ends. So nothing of it is ever stored by a build, and a reader's own notebook keeps at
most one empty output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def kernel() -> Any:
    """The IPython kernel that runs this code, or None in a plain program."""
    ipython = sys.modules.get("IPython")  # never imported for this question
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None)


def somebody_watches() -> bool:
    """Apply the rule above."""
    forced = os.environ.get("BOOK_PROGRESS", "")
    if forced in ("0", "1"):
        return forced == "1"
    if os.environ.get("CI"):
        return False
    running = kernel()
    if running is not None:
        return bool(getattr(running, "_allow_stdin", False))
    return bool(sys.stderr is not None and sys.stderr.isatty())


class Cell:
    """A notebook output that is overwritten in place: what tqdm writes to instead of a stream."""

    def __init__(self) -> None:
        from IPython.display import display

        self.handle = display({"text/plain": ""}, raw=True, display_id=True)

    def write(self, text: str) -> None:
        text = text.strip("\r\n")
        if text:
            self.handle.update({"text/plain": text.rstrip()}, raw=True)

    def flush(self) -> None:
        pass

    def clear(self) -> None:
        self.handle.update({}, raw=True)


class Progress:
    """A bar of ``total`` steps: ``step()`` moves it, ``note("loss 0.3")`` adds text, ``close()`` wipes it.

    ``show=None`` follows the rule above. Also a context manager. When it isn't shown it does nothing.
    """

    def __init__(self, total: int | None = None, label: str = "", *, show: bool | None = None) -> None:
        self.shown = somebody_watches() if show is None else show
        self._bar: Any = None
        self._cell: Cell | None = None
        if self.shown:
            from tqdm import tqdm

            self._cell = Cell() if kernel() is not None else None
            self._bar = tqdm(total=total, desc=label, leave=False, file=self._cell or sys.stderr, ncols=80)

    def step(self, n: int = 1) -> None:
        if self._bar is not None:
            self._bar.update(n)

    def note(self, text: str) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        if self._cell is not None:
            self._cell.clear()
            self._cell = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def track(items: Iterable[T], label: str = "", *, show: bool | None = None) -> Iterator[T]:
    """Go through ``items`` under a progress bar: ``for epoch in track(range(100)): ...``."""
    total = len(items) if hasattr(items, "__len__") else None
    with Progress(total, label, show=show) as bar:
        for item in items:
            yield item
            bar.step()
