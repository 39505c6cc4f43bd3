"""Fetch a file once: announced, resumed, checked, and put in place whole or not at all."""

from __future__ import annotations

import glob
import hashlib
import http.client
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_BLOCK = 1 << 20
_ABANDONED = 600  # seconds without a byte, far beyond any timeout


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
    """Where fetched files live: ``$BOOK_DATA``, else a folder of ours in the user's cache.

    Raises DownloadError where the user has no home folder and neither ``BOOK_DATA`` nor ``XDG_CACHE_HOME`` is set.
    """
    try:
        if folder := os.environ.get("BOOK_DATA"):
            return Path(folder).expanduser()
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError as error:
        raise DownloadError(
            f"no home folder to keep data in ({error}); BOOK_DATA can name a folder"
        ) from error
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
    right gets its name, by one `os.replace`, so a reader never sees half of one. Two processes that fetch the
    same file at once gather in a ``.part`` file each.

    Raises DownloadError naming the file and the reason.
    """
    target = folder / remote.filename
    try:
        if target.exists():
            if matches(target, remote.digest):
                return target
            print(f"{target} is damaged; fetching it again", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        with _own_part(target) as part:
            return _gather(remote, target, part, timeout)
    except DownloadError:
        raise
    except OSError as error:  # the folder can't be made, is read-only, or the disk is full
        raise DownloadError(
            f"could not fetch {remote.filename} to {folder}: {error}; BOOK_DATA can name another folder"
        ) from error


def _gather(remote: Remote, target: Path, part: Path, timeout: float) -> Path:
    """Try each address in turn; the bytes that one sent serve the next."""
    failures = []
    for url in remote.urls:
        print(f"Fetching {url} ({remote.size / 1e6:.0f} MB) to {target.parent}", file=sys.stderr)
        try:
            _receive(url, part, timeout)
        except (OSError, http.client.HTTPException, ValueError) as error:
            failures.append(f"{url}: {str(error) or type(error).__name__}")
            continue
        if matches(part, remote.digest):
            os.replace(part, target)
            return target
        part.unlink()  # going on from wrong bytes could never come right
        failures.append(f"{url}: its {remote.digest.split(':')[0]} is wrong, so it was thrown away")
    have = part.stat().st_size if part.exists() else 0
    kept = f"; {have} bytes are kept and the next try goes on from there" if have else ""
    raise DownloadError(f"could not fetch {remote.filename}: {'; '.join(failures)}{kept}")


@contextmanager
def _own_part(target: Path) -> Iterator[Path]:
    """A file that this call alone gathers bytes in; it begins with what an earlier try has left.

    A rename gives what is left to one taker only. A ``.part`` file under a name of its own belongs to a process
    that runs, unless nothing was added for longer than any of them waits.
    """
    shared = target.with_name(target.name + ".part")
    own = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    for left in [shared, *target.parent.glob(f"{glob.escape(target.name)}.*.part")]:
        with suppress(OSError):  # not there, or another process was quicker
            if left == shared or time.time() - left.stat().st_mtime > _ABANDONED:
                os.rename(left, own)
                break
    try:
        yield own
    finally:
        if own.exists():
            os.replace(own, shared)


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
        try:
            while block := response.read(_BLOCK):
                got += file.write(block)
        except http.client.IncompleteRead as error:
            got += file.write(error.partial)
            raise DownloadError(f"the connection closed after {got} bytes") from error
        if expected is not None and got != int(expected):
            raise DownloadError(f"the connection closed after {got} of {expected} bytes")


_noticed: set[str] = set()


def notice(key: str, message: str) -> None:
    """Warn with ``message``, once a session for each ``key``."""
    if key not in _noticed:
        _noticed.add(key)
        warnings.warn(message, DataNotice, stacklevel=4)
