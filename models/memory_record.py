"""What is remembered of a frame as bytes, for an archive."""

from __future__ import annotations

import struct

import numpy as np

from models.memory_bank import Remembered, is_finite
from models.tracking_rules import TrackingRules

HEAD = struct.Struct("<4sf")  # the kind of record, the presence
KIND = b"rmb1"


def record_of(remembered: Remembered) -> bytes:
    """`remembered`, exactly: its presence, pointer and tokens."""
    head = HEAD.pack(KIND, remembered.presence)
    return (
        head
        + remembered.pointer.astype("<f4").tobytes()
        + remembered.tokens.astype("<u2").tobytes()
    )


def remembered_of(record: bytes, rules: TrackingRules, width: int) -> Remembered | None:
    """What `record` holds; None where it is not of this kind and of a model of this shape."""
    split = HEAD.size + 4 * width
    if len(record) != split + 2 * rules.tokens * rules.channels:
        return None
    kind, presence = HEAD.unpack_from(record)
    pointer = np.frombuffer(record[HEAD.size : split], "<f4").astype(np.float32)
    if kind != KIND or not np.isfinite([presence, *pointer]).all():
        return None
    tokens = np.frombuffer(record[split:], "<u2").astype(np.uint16)
    if not is_finite(tokens):
        return None
    return Remembered(tokens.reshape(rules.tokens, rules.channels), pointer, presence)
