"""Where a layer stood on a frame as bytes, for an archive."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from models.evidence import Evidence
from models.flow_course import Place, Stand

HEAD = struct.Struct("<4sb?6iHH")  # kind, step, whether it is heeded, place, rows, columns
SEEN = struct.Struct("<?7f?")  # whether there is evidence, its numbers, whether the mask is drawn
KIND = b"rfl2"
NUMBERS = ("score", "agreement", "flow", "likeness", "covered", "area", "both")  # of evidence


def record_of(stand: Stand, step: int) -> bytes:
    """`stand`, its evidence rounded to float32, as reached in steps of `step`."""
    head = HEAD.pack(KIND, step, stand.heeded, *stand.place, *stand.logits.shape)
    told = stand.evidence
    numbers = [getattr(told, name) for name in NUMBERS] if told else [0.0] * len(NUMBERS)
    seen = SEEN.pack(told is not None, *numbers, bool(told and told.drawn))
    return head + seen + zlib.compress(stand.logits.astype("<f2").tobytes(), 1)


def stand_of(record: bytes, step: int, shape: tuple[int, int]) -> Stand | None:
    """What `record` holds; None where it is no such record, of another way or another shape."""
    start = HEAD.size + SEEN.size
    if len(record) < start:
        return None
    kind, way, heeded, *place, rows, columns = HEAD.unpack_from(record)
    if (kind, way, (rows, columns)) != (KIND, step, shape):
        return None
    size = 2 * rows * columns
    opened = zlib.decompressobj()
    try:
        pixels = opened.decompress(record[start:], size + 1)
    except zlib.error:
        return None
    if len(pixels) != size:
        return None
    logits = np.frombuffer(pixels, "<f2").astype(np.float16).reshape(shape)
    known, *numbers, drawn = SEEN.unpack_from(record, HEAD.size)
    if not np.isfinite(logits).all() or not np.isfinite(numbers).all():
        return None
    evidence = Evidence(**dict(zip(NUMBERS, numbers, strict=True)), drawn=drawn) if known else None
    return Stand(logits, heeded, Place(*place), evidence)
