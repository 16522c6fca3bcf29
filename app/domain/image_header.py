"""The size an image file claims, read from its header without decoding anything."""

from __future__ import annotations

import re
import struct

PNG = b"\x89PNG\r\n\x1a\n"
TIFF_WIDTH, TIFF_HEIGHT = 256, 257
NOT_FRAMES = (0xC4, 0xC8, 0xCC)  # JPEG markers among the start-of-frame ones that are none
MARKER = re.compile(rb"\xff[^\xff]")
MOST_SEGMENTS = MOST_ENTRIES = 65_536  # more are there to keep the reader busy
BARE = (0x01, *range(0xD0, 0xD9))  # JPEG markers without a length


class HeaderError(Exception):
    """The bytes are no image header of a known kind."""


def image_size(data: bytes) -> tuple[int, int]:
    """Width and height as the header of a PNG, JPEG or TIFF says. Raises HeaderError."""
    try:
        if data.startswith(PNG):
            return _png(data)
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            return _tiff(data)
    except (struct.error, IndexError, KeyError, OverflowError) as e:
        raise HeaderError("the header is cut off") from e
    raise HeaderError("not a PNG, JPEG or TIFF file")


def _png(data: bytes) -> tuple[int, int]:
    kind, width, height = struct.unpack_from(">4sII", data, 12)
    if kind != b"IHDR":
        raise HeaderError("no IHDR")
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    """From the start-of-frame segment of ITU-T T.81, B.2.2."""
    place = 2
    for _ in range(MOST_SEGMENTS):
        found = MARKER.search(data, place)
        if not found:
            raise HeaderError("the header is cut off")
        marker, place = data[found.end() - 1], found.end()
        if 0xC0 <= marker <= 0xCF and marker not in NOT_FRAMES:
            _, _, height, width = struct.unpack_from(">HBHH", data, place)
            return width, height
        if marker not in BARE:
            place += struct.unpack_from(">H", data, place)[0]
    raise HeaderError("its header has no end")


def _tiff(data: bytes) -> tuple[int, int]:
    """From the first directory, as in TIFF 6.0 section 2 and its 64-bit sequel BigTIFF."""
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in (data[2], data[3])
    (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
    count = min(count, MOST_ENTRIES)
    first, step = (start + 8, 20) if big else (start + 2, 12)
    found: dict[int, int] = {}
    for entry in range(first, min(first + count * step, len(data)), step):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (TIFF_WIDTH, TIFF_HEIGHT):
            form = {3: "H", 4: "I", 16: "Q"}[kind]
            (found[tag],) = struct.unpack_from(order + form, data, entry + (12 if big else 8))
    return found[TIFF_WIDTH], found[TIFF_HEIGHT]
