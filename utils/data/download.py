"""Fetch a file once: announced, resumed, checked, and put in place whole or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
import urllib.error
import urllib.request
import warnings
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 1 << 20


class DataNotice(UserWarning):
    """The set asked for isn't here; a smaller one is used instead."""


class DownloadError(OSError):
    """A file could not be fetched, or is not what it should be. The message says which, and what to do."""


@dataclass(frozen=True)
class Remote:
    """A file to fetch."""

    urls: tuple[str, ...]  # tried in turn
    size: int  # bytes, roughly where only roughly known: shown to the reader
    digest: str  # "md5:…" or "sha256:…"; MD5 where that is all its authors publish

    @property
    def filename(self) -> str:
        return self.urls[0].rsplit("/", 1)[-1]


def data_folder() -> Path:
    """Where fetched files live: ``$BOOK_DATA``, else a folder of ours in the user's cache."""
    if folder := os.environ.get("BOOK_DATA"):
        return Path(folder)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "deep-learning-notebooks"


def may_download(download: bool | None) -> bool:
    """Whether the caller asked for a download: the argument, or ``BOOK_DOWNLOAD=1`` where it is None."""
    if download is None:
        return os.environ.get("BOOK_DOWNLOAD", "") not in ("", "0")
    return bool(download)


def matches(path: Path, digest: str) -> bool:
    """Whether the file at ``path`` has the digest ``"kind:hex"``."""
    kind, expected = digest.split(":")
    hasher = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest() == expected


def fetch(remote: Remote, folder: Path, timeout: float = 30) -> Path:
    """The file in ``folder``, fetched if it isn't there yet.

    Bytes gather in a ``.part`` file; an interrupted download goes on from there. Only a file whose digest is
    right gets its name, by one `os.replace`, so a reader never sees half of one.

    Raises DownloadError naming the file and the reason.
    """
    target = folder / remote.filename
    if target.exists():
        if matches(target, remote.digest):
            return target
        print(f"{target} is damaged; fetching it again", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    failures = []
    for url in remote.urls:
        print(f"Fetching {url} ({remote.size / 1e6:.0f} MB) to {folder}", file=sys.stderr)
        try:
            _receive(url, part, timeout)
        except (OSError, urllib.error.URLError, ValueError) as error:
            failures.append(f"{url}: {error}")
            continue
        if matches(part, remote.digest):
            os.replace(part, target)
            return target
        part.unlink()  # going on from wrong bytes could never come right
        failures.append(f"{url}: its {remote.digest.split(':')[0]} is wrong, so it was thrown away")
    kept = (
        f"; {part.stat().st_size} bytes are kept and the next try goes on from there" if part.exists() else ""
    )
    raise DownloadError(f"could not fetch {remote.filename}: {'; '.join(failures)}{kept}")


def _receive(url: str, part: Path, timeout: float) -> None:
    """Append what is missing to ``part``; start over where the server can't go on from the middle."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing; the digest will tell
            return
        raise
    with response, part.open("ab" if response.status == 206 else "wb") as file:
        expected = response.headers.get("Content-Length")
        got = 0
        while block := response.read(_BLOCK):
            file.write(block)
            got += len(block)
        if expected is not None and got != int(expected):
            raise DownloadError(f"the connection closed after {got} of {expected} bytes")


_noticed: set[str] = set()


def notice(key: str, message: str) -> None:
    """Warn with ``message``, once a session for each ``key``."""
    if key not in _noticed:
        _noticed.add(key)
        warnings.warn(message, DataNotice, stacklevel=4)
