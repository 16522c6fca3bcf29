"""Inputs made from seeds: the same index and seed give the same input on every machine."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.fuzz import protobuf

LONGEST = 1 << 16
NUMBERS: tuple[int, ...] = (0, 1, -1, 2, 7, 8, 127, 128, 255, 256, 4096, 65535, 65536)
NUMBERS += (2**31 - 1, 2**31, 2**32 - 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1, -(2**31), -(2**63))
TEXTS: tuple[str, ...] = ("", " ", "..", "../x", "/etc/passwd", "a\nb", "\0", "\ud800", "\u202e")
TEXTS += ("C:\\x", "con", "location", "*/_ORT_MEM_ADDR_/*", "####", "%099999d", "$F9", "9" * 40)
VALUES: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"": 0}, 1.5, 1e308, *NUMBERS, *TEXTS)
RAW = (b"1e999", b"-1e999", b"NaN", b"-Infinity", b"9" * 5000, b"[" * 5000, b'{"a":' * 5000)

Change = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def input_of(name: str, seeds: Sequence[bytes], seed: int, index: int) -> bytes:
    """Input number `index` of the target `name`; the seeds themselves come first."""
    if index < len(seeds):
        return seeds[index]
    chance = random.Random(f"{name}:{seed}:{index}")
    data = chance.choice(seeds)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        data = chance.choice(_changes(data))(chance, data, seeds)[:LONGEST]
    return data


def _changes(data: bytes) -> Sequence[Change]:
    """Ways to change `data`, those that know its structure more often."""
    if data.startswith(b"{"):
        return (*BYTES, *[_json] * 12)
    if data.startswith(b"\x08"):  # the version, the first field of every ONNX model
        return (*BYTES, *[protobuf.changed] * 24)
    return BYTES


def _flip(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    changed = bytearray(data or b"\0")
    for _flips in range(chance.choice((1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:end] if chance.random() < 0.3 else data[:start] + data[end:]


def _repeat(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:start] + data[start:end] * chance.choice((2, 3, 40)) + data[end:]


def _splice(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = chance.choice(seeds)
    (start, end), (first, last) = _span(chance, data), _span(chance, other)
    return data[:start] + other[first:last] + data[end:]


def _number(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, _end = _span(chance, data)
    size = chance.choice((1, 2, 4, 8))
    number = chance.choice(NUMBERS) % (1 << (8 * size))
    order: Any = chance.choice(("little", "big"))
    return data[:start] + number.to_bytes(size, order) + data[start + size :]


def _text(chance: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    text = chance.choice((*TEXTS, *map(str, NUMBERS))).encode(errors="surrogatepass")
    return data[:start] + text + data[chance.choice((start, end)) :]


BYTES: tuple[Change, ...] = (_flip, _cut, _repeat, _splice, _number, _text)


def _span(chance: random.Random, data: bytes) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.choice((1, 2, 4, 16, 64)))


def _json(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """`data` with one of its values replaced, removed, doubled or buried."""
    try:
        root = json.loads(data)
        places = list(_places(root))
    except (ValueError, RecursionError):
        return _flip(chance, data, seeds)
    if not places:
        return data
    holder, key = chance.choice(places)
    kind = chance.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = [holder[key]]
    elif kind == 2 and isinstance(holder, dict):
        holder[chance.choice(TEXTS)] = holder[key]
    elif kind == 3:
        other, at = chance.choice(places)
        holder[key] = json.loads(json.dumps(other[at]))
    else:
        holder[key] = chance.choice(VALUES)
    text = json.dumps(root).encode()
    if kind == 4:  # what no Python value gives
        text = text.replace(json.dumps(holder[key]).encode(), chance.choice(RAW), 1)
    return text


def _places(root: Any) -> list[tuple[Any, Any]]:
    """Every holder and key in `root`."""
    found, waiting = [], [root]
    while waiting:
        holder = waiting.pop()
        keys = holder if isinstance(holder, dict) else range(len(holder))
        found += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys if isinstance(holder[key], (dict, list))]
    return found
