"""Where a layer stood on a frame as bytes, for an archive, and how it came there."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

import numpy as np

from models.evidence import Evidence
from models.flow_course import Place, Stand

HEAD = struct.Struct("<4si16sH")  # kind, key, digest, how many keyframes were heard
BODY = struct.Struct("<?6iHH?7f?")  # whether it is heeded, place, rows, columns; of the evidence:
# whether there is any, its numbers, whether the mask is drawn
KIND = b"rfl3"
NUMBERS = ("score", "agreement", "flow", "likeness", "covered", "area", "both")  # of evidence
KEYFRAME = struct.Struct("<i")


class Origin(NamedTuple):
    """The keyframe that a stand comes from, and all that were looked at on the way.

    `digest`, 16 bytes, is that of what those said.
    """

    key: int
    heard: frozenset[int]
    digest: bytes


def record_of(stand: Stand, origin: Origin) -> bytes:
    """`stand`, its evidence rounded to float32, and where it comes from."""
    heard = sorted(origin.heard)
    head = HEAD.pack(KIND, origin.key, origin.digest, len(heard))
    told = stand.evidence
    numbers = [getattr(told, name) for name in NUMBERS] if told else [0.0] * len(NUMBERS)
    evidence = (told is not None, *numbers, bool(told and told.drawn))
    body = BODY.pack(stand.heeded, *stand.place, *stand.logits.shape, *evidence)
    pixels = zlib.compress(stand.logits.astype("<f2").tobytes(), 1)
    return head + b"".join(map(KEYFRAME.pack, heard)) + body + pixels


def origin_of(record: bytes) -> Origin | None:
    """Where the stand of `record` comes from; None where it is no such record."""
    if len(record) < HEAD.size:
        return None
    kind, key, digest, count = HEAD.unpack_from(record)
    heard = record[HEAD.size : HEAD.size + count * KEYFRAME.size]
    if kind != KIND or len(heard) < count * KEYFRAME.size:
        return None
    return Origin(key, frozenset(frame for (frame,) in KEYFRAME.iter_unpack(heard)), digest)


def stand_of(record: bytes, shape: tuple[int, int]) -> Stand | None:
    """The stand that `record`, which has an origin, holds; None where it is damaged.

    So is one whose mask is not of `shape` (rows, columns).
    """
    body = HEAD.size + HEAD.unpack_from(record)[-1] * KEYFRAME.size
    if len(record) < body + BODY.size:
        return None
    heeded, *rest = BODY.unpack_from(record, body)
    place, (rows, columns), (known, *numbers, drawn) = rest[:6], rest[6:8], rest[8:]
    pixels = _opened(record[body + BODY.size :], 2 * rows * columns)
    if (rows, columns) != shape or pixels is None:
        return None
    logits = np.frombuffer(pixels, "<f2").astype(np.float16).reshape(shape)
    if not np.isfinite(logits).all() or not np.isfinite(numbers).all():
        return None
    evidence = Evidence(**dict(zip(NUMBERS, numbers, strict=True)), drawn=drawn) if known else None
    return Stand(logits, heeded, Place(*place), evidence)


def _opened(packed: bytes, size: int) -> bytes | None:
    """The `size` bytes that were packed, None where it is anything else."""
    opened = zlib.decompressobj()
    try:
        pixels = opened.decompress(packed, size + 1)
    except zlib.error:
        return None
    return pixels if len(pixels) == size else None
