"""What the site needs to know of an image without an imaging library: its type, and whether it is whole."""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from xml.etree import ElementTree

SUFFIXES = {
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/avif": "avif",
}
DATA_URI = re.compile(r"^data:([\w/+.-]+)((?:;[\w=.-]+)*),(.*)$", re.S)


def _png_is_whole(data: bytes) -> bool:
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        body, crc = data[at + 4 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        if len(crc) != 4 or zlib.crc32(body) != struct.unpack(">I", crc)[0]:
            return False
        if body[:4] == b"IEND":
            return True
        at += 12 + length
    return False


def sniff(data: bytes) -> str | None:
    """The image type that ``data`` holds, or None if it is no image or a broken one."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png" if _png_is_whole(data) else None
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg" if b"\xff\xd9" in data[-64:] else None
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif" if data.rstrip(b"\0").endswith(b";") else None
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp" if len(data) >= struct.unpack("<I", data[4:8])[0] + 8 else None
    if data[4:12] == b"ftypavif":
        return "image/avif"
    try:
        return "image/svg+xml" if ElementTree.fromstring(data).tag.rpartition("}")[2] == "svg" else None
    except ElementTree.ParseError:
        return None


def decode(uri: str) -> tuple[str, bytes]:
    """The type and the bytes of a data URI.

    Raises:
        ValueError: with a sentence that says what is wrong with it.
    """
    match = DATA_URI.match(uri)
    if not match:
        raise ValueError("an image whose data: address has no type")
    mime, parameters, text = match.groups()
    if mime not in SUFFIXES:
        raise ValueError(f"an image of the type {mime}, which the site doesn't know")
    if ";base64" not in parameters:
        raise ValueError("an image that isn't stored in base64")
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("an image whose base64 is broken") from None
    if sniff(data) != mime:
        raise ValueError(f"an image that can't be read as {mime}")
    return mime, data
