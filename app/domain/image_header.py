"""The size an image file claims, read from its header without decoding anything."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import BinaryIO

PNG = b"\x89PNG\r\n\x1a\n"
TIFF_WIDTH, TIFF_HEIGHT = 256, 257
NOT_FRAMES = (0xC4, 0xC8, 0xCC)  # JPEG markers among the start-of-frame ones that are none
BARE = (0x01, *range(0xD0, 0xD9))  # JPEG markers without a length


class HeaderError(Exception):
    """The bytes are no image header of a known kind."""


def image_size(data: bytes) -> tuple[int, int]:
    """Width and height as the header of a PNG, JPEG or TIFF says. Raises HeaderError."""
    try:
        if data.startswith(PNG):
            return _png(data)
        if data.startswith(b"\xff\xd8"):
            return _jpeg(BytesIO(data))
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


def _jpeg(file: BinaryIO) -> tuple[int, int]:
    """From the start-of-frame segment of ITU-T T.81, B.2.2."""
    file.seek(2)
    while True:
        while file.read(1)[0] != 0xFF:
            pass
        marker = 0xFF
        while marker == 0xFF:
            marker = file.read(1)[0]
        if 0xC0 <= marker <= 0xCF and marker not in NOT_FRAMES:
            _, _, height, width = struct.unpack(">HBHH", file.read(7))
            return width, height
        if marker not in BARE:
            (length,) = struct.unpack(">H", file.read(2))
            file.seek(length - 2, 1)


def _tiff(data: bytes) -> tuple[int, int]:
    """From the first directory, as in TIFF 6.0 section 2 and its 64-bit sequel BigTIFF."""
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in (data[2], data[3])
    (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
    first, step = (start + 8, 20) if big else (start + 2, 12)
    found: dict[int, int] = {}
    for entry in range(first, min(first + count * step, len(data)), step):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (TIFF_WIDTH, TIFF_HEIGHT):
            form = {3: "H", 4: "I", 16: "Q"}[kind]
            (found[tag],) = struct.unpack_from(order + form, data, entry + (12 if big else 8))
    return found[TIFF_WIDTH], found[TIFF_HEIGHT]
