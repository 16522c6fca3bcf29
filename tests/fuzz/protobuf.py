"""Changes to the fields of a protobuf message of any kind, which leave it well formed."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
NUMBERS = (0, 1, 2, 3, 7, 8, 10, 16, 127, 128, 2**31 - 1, 2**31, 2**40, 2**63 - 1, 2**64 - 1)
TEXTS = (b"", b"image", b"iou", b"location", b"*/_ORT_MEM_ADDR_/*", b"com.microsoft", b"x" * 200)
OPERATORS = (
    b"Add Reshape Slice Gather Conv MatMul Resize Tile Expand Loop If Scan ConstantOfShape Concat "
    b"Transpose Pad TopK NonZero OneHot GatherND ScatterND Einsum Cast Range Split Where Identity "
    b"Attention LayerNormalization QLinearConv DequantizeLinear LSTM Unsqueeze CumSum Compress "
    b"MaxUnpool RoiAlign NonMaxSuppression GridSample DFT StringConcat SequenceAt Optional Upsample"
).split()
DEEPEST = 8


class NotOneError(ValueError):
    """The bytes are no protobuf message."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its number, its kind on the wire, and its value as bytes or a number."""

    number: int
    kind: int
    value: bytes | int


def changed(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """`data` with one of its fields, at any depth, changed; as it is where it is no message."""
    try:
        return written(_changed(chance, read(data), DEEPEST))
    except NotOneError:
        return data


def read(data: bytes) -> list[Field]:
    """The fields of a message. Raises NotOneError."""
    fields, place = [], 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, kind = tag >> 3, tag & 7
        value: bytes | int
        if not number:
            raise NotOneError
        if kind == VARINT:
            value, place = _varint(data, place)
        elif kind in (BYTES, FIXED32, FIXED64):
            size = {FIXED32: 4, FIXED64: 8}.get(kind)
            if size is None:
                size, place = _varint(data, place)
            value, place = data[place : place + size], place + size
        else:
            raise NotOneError
        if place > len(data):
            raise NotOneError
        fields.append(Field(number, kind, value))
    return fields


def written(fields: Sequence[Field]) -> bytes:
    """The message of these fields."""
    parts = []
    for field in fields:
        parts.append(_number(field.number << 3 | field.kind))
        if isinstance(field.value, int):
            parts.append(_number(field.value))
        else:
            parts += [_number(len(field.value))] * (field.kind == BYTES) + [field.value]
    return b"".join(parts)


def _changed(chance: random.Random, fields: list[Field], depth: int) -> list[Field]:
    if not fields:
        return fields
    at = chance.randrange(len(fields))
    inner = _inner(fields[at]) if depth and chance.random() < 0.85 else None
    if inner:
        value = written(_changed(chance, inner, depth - 1))
        return [*fields[:at], replace(fields[at], value=value), *fields[at + 1 :]]
    kind = chance.randrange(8)
    if kind == 0:
        return fields[:at] + fields[at + 1 :]
    if kind == 1:
        return [*fields, *[fields[at]] * chance.choice((1, 1, 50))]
    if kind == 2:
        return [*fields[:at], replace(fields[at], number=chance.randint(1, 20)), *fields[at + 1 :]]
    if kind == 3:
        other = chance.choice(fields)
        return [*fields[:at], replace(fields[at], number=other.number), *fields[at:]]
    return [*fields[:at], _other_value(chance, fields, at), *fields[at + 1 :]]


def _other_value(chance: random.Random, fields: list[Field], at: int) -> Field:
    field = fields[at]
    if isinstance(field.value, int):
        near = field.value + chance.choice((-1, 1))
        return replace(field, value=chance.choice((near % 2**64, *NUMBERS)))
    if field.kind == FIXED32:
        return replace(field, value=struct.pack("<f", chance.choice((0, -1, 1e38, float("nan")))))
    alike = [f.value for f in fields if f.kind == field.kind and isinstance(f.value, bytes)]
    values = [chance.choice(alike), chance.choice(TEXTS), chance.choice(OPERATORS)]
    values.append(field.value[: chance.randint(0, len(field.value))])
    values.append(_number(chance.choice(NUMBERS)))
    values.append(struct.pack("<q", chance.choice(NUMBERS[:-1])) * max(1, len(field.value) // 8))
    value = chance.choice(values)
    return replace(field, value=value[:8].ljust(8, b"\0") if field.kind == FIXED64 else value)


def _inner(field: Field) -> list[Field] | None:
    """The fields of a field that may be a message itself."""
    if not isinstance(field.value, bytes) or field.kind != BYTES:
        return None
    try:
        return read(field.value)
    except NotOneError:
        return None


def _varint(data: bytes, place: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            break
        byte, place = data[place], place + 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number % 2**64, place
    raise NotOneError


def _number(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])
