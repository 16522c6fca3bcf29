"""Where a layer stood on a frame as bytes, for an archive."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from models.flow_course import Place, Stand

HEAD = struct.Struct("<4sb?6iHH")  # kind, step, whether it is heeded, place, rows, columns
KIND = b"rfl1"


def record_of(stand: Stand, step: int) -> bytes:
    """`stand`, exactly but for its evidence, as reached in steps of `step`."""
    head = HEAD.pack(KIND, step, stand.heeded, *stand.place, *stand.logits.shape)
    return head + zlib.compress(stand.logits.astype("<f2").tobytes(), 1)


def stand_of(record: bytes, step: int, shape: tuple[int, int]) -> Stand | None:
    """What `record` holds; None where it is no such record, of another way or another shape."""
    if len(record) < HEAD.size:
        return None
    kind, way, heeded, *place, rows, columns = HEAD.unpack_from(record)
    if (kind, way, (rows, columns)) != (KIND, step, shape):
        return None
    size = 2 * rows * columns
    opened = zlib.decompressobj()
    try:
        pixels = opened.decompress(record[HEAD.size :], size + 1)
    except zlib.error:
        return None
    if len(pixels) != size:
        return None
    logits = np.frombuffer(pixels, "<f2").astype(np.float16).reshape(shape)
    return Stand(logits, heeded, Place(*place)) if np.isfinite(logits).all() else None
