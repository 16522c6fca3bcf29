"""What model.json may say. It comes from strangers, so every value is checked before it is used."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from models.tracking_rules import TrackingRules

FORMAT = 1
SIZES = range(64, 4097, 64)
TASKS = frozenset({"point", "box", "track"})
MOST_PROPOSALS = 16
MOST_FILES = 64
LONGEST_TEXT = 100
LARGEST_VERSION = 1_000_000
MOST_SHAPES, MOST_DIMENSIONS = 8, 6
MOST_TOKENS = 65_536  # of a remembered frame
MOST_MEMORY = 64 << 20  # bytes of such a frame in float32; of SAM 2's 1 MiB
MOST_BANK = 1 << 30  # bytes of all that is remembered of a layer; of SAM 2's 15 MiB
MOST_EMBEDDING = 64 << 20  # bytes in float16; the bundled model's has 2 MiB

# Names stand in paths, settings and projects: plain characters, never a dot at an end.
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
SHA256 = re.compile(r"[0-9a-f]{64}")


class DescriptionError(ValueError):
    """The description is wrong; the text says which key, and what it should be."""


@dataclass(frozen=True, slots=True)
class Description:
    """A valid model.json."""

    id: str
    label: str
    family: str
    licence: str
    size: int
    preprocess: tuple[str, int]  # mode and version
    embedding_shapes: tuple[tuple[int, ...], ...]
    proposals: int
    supports: frozenset[str]
    files: Mapping[str, str]
    tracking: TrackingRules | None  # None: the model sees single images only


def parse(data: bytes) -> Description:
    """The description in `data`. Raises DescriptionError."""
    entries = _entries(_json(data), "it")
    if entries.get("format") != FORMAT or type(entries["format"]) is not int:
        raise DescriptionError(f"its format is not {FORMAT}, the one this version reads")
    return Description(
        id=_name(_key(entries, "id"), "id"),
        label=_text(_key(entries, "label"), "label"),
        family=_name(_key(entries, "family"), "family"),
        licence=_text(_key(entries, "licence"), "licence"),
        size=_whole(_key(entries, "size"), "size", SIZES),
        preprocess=_preprocess(_key(entries, "preprocess")),
        embedding_shapes=_shapes(_key(entries, "embedding_shapes")),
        proposals=_whole(_key(entries, "proposals"), "proposals", range(MOST_PROPOSALS + 1)),
        supports=_supports(_key(entries, "supports")),
        files=_files(_key(entries, "files")),
        tracking=_tracking(entries.get("tracking")),
    )


def _json(data: bytes) -> object:
    try:
        return json.loads(data.decode(), object_pairs_hook=once)
    except DescriptionError:
        raise
    except (ValueError, RecursionError) as e:
        raise DescriptionError("it is not JSON in UTF-8") from e


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once: two readers must not see two models."""
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise DescriptionError("a key stands in it twice")
    return entries


def _entries(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise DescriptionError(f"{what} is not an object with keys")
    return value


def _items(value: object, what: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise DescriptionError(f"{what} is not a list")
    return value


def _key(entries: Mapping[str, object], key: str) -> object:
    if key not in entries:
        raise DescriptionError(f"{key} is missing")
    return entries[key]


def _whole(value: object, what: str, allowed: range) -> int:
    if type(value) is not int or value not in allowed:  # True is no number here
        step = f", a multiple of {allowed.step}" if allowed.step > 1 else ""
        raise DescriptionError(
            f"{what} is not a whole number from {allowed[0]} to {allowed[-1]}{step}"
        )
    return value


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise DescriptionError(f"{what} is not a line of text")
    if len(value) > LONGEST_TEXT:
        raise DescriptionError(f"{what} is longer than {LONGEST_TEXT} characters")
    return value


def _name(value: object, what: str) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise DescriptionError(
            f"{what} is not a name of at most {LONGEST_TEXT} letters a-z, digits, dots, _ and -"
        )
    return value


def _preprocess(value: object) -> tuple[str, int]:
    entries = _entries(value, "preprocess")
    if set(entries) != {"mode", "version"}:
        raise DescriptionError("preprocess has other keys than mode and version")
    mode = _name(entries["mode"], "the mode of preprocess")
    return mode, _whole(entries["version"], "the version of preprocess", range(LARGEST_VERSION + 1))


def _shapes(value: object) -> tuple[tuple[int, ...], ...]:
    lists = _items(value, "embedding_shapes")
    if not 1 <= len(lists) <= MOST_SHAPES:
        raise DescriptionError(f"embedding_shapes does not hold 1 to {MOST_SHAPES} shapes")
    shapes = tuple(_shape(_items(item, "a shape of embedding_shapes")) for item in lists)
    if 2 * sum(map(math.prod, shapes)) > MOST_EMBEDDING:
        raise DescriptionError(
            f"embedding_shapes make an embedding of more than {MOST_EMBEDDING >> 20} MiB"
        )
    return shapes


def _shape(sides: Sequence[object]) -> tuple[int, ...]:
    if not 1 <= len(sides) <= MOST_DIMENSIONS:
        raise DescriptionError(f"a shape of embedding_shapes has not 1 to {MOST_DIMENSIONS} sides")
    return tuple(_whole(side, "a side of embedding_shapes", range(1, 65_537)) for side in sides)


def _supports(value: object) -> frozenset[str]:
    found = _items(value, "supports")
    if any(not isinstance(task, str) or task not in TASKS for task in found):
        raise DescriptionError(f"supports names more than {', '.join(sorted(TASKS))}")
    return frozenset(str(task) for task in found)


def _files(value: object) -> Mapping[str, str]:
    entries = _entries(value, "files")
    if len(entries) > MOST_FILES:
        raise DescriptionError(f"files names more than {MOST_FILES} files")
    return {_name(name, "an entry of files"): _sha256(value) for name, value in entries.items()}


def _tracking(value: object) -> TrackingRules | None:
    if value is None:
        return None
    entries = _entries(value, "tracking")
    known = {field.name for field in fields(TrackingRules)}
    if set(entries) != known:
        raise DescriptionError(f"tracking has other keys than {', '.join(sorted(known))}")

    def whole(key: str, most: int, least: int = 1) -> int:
        return _whole(entries[key], f"{key} of tracking", range(least, most + 1))

    def yes(key: str) -> bool:
        return _yes(entries[key], f"{key} of tracking")

    rules = TrackingRules(
        tokens=whole("tokens", MOST_TOKENS),
        channels=whole("channels", 1024),
        memories=whole("memories", 64, 2),
        pointers=whole("pointers", 256),
        signed_time=yes("signed_time"),
        past_pointers=yes("past_pointers"),
        hard_keys=yes("hard_keys"),
        several_masks=_pair(entries["several_masks"], "several_masks of tracking"),
        several_while_tracking=yes("several_while_tracking"),
        stability=_shares(entries["stability"], "stability of tracking"),
    )
    _check_memory(rules)
    return rules


def _check_memory(rules: TrackingRules) -> None:
    memory = 4 * rules.tokens * rules.channels  # in float32, as it is looked at
    if memory > MOST_MEMORY:
        raise DescriptionError(
            f"tokens and channels of tracking make a memory of more than {MOST_MEMORY >> 20} MiB"
        )
    kept = max(rules.memories, rules.pointers)  # in half as many bytes, as long as pointers are
    if memory * rules.memories + memory // 2 * kept > MOST_BANK:
        raise DescriptionError(
            "tokens, channels, memories and pointers of tracking make a bank of more than "
            f"{MOST_BANK >> 30} GiB"
        )


def _yes(value: object, what: str) -> bool:
    if not isinstance(value, bool):
        raise DescriptionError(f"{what} is not true or false")
    return value


def _pair(value: object, what: str) -> tuple[int, int]:
    items = _items(value, what)
    if len(items) != 2:
        raise DescriptionError(f"{what} does not hold two numbers")
    first, second = (_whole(item, what, range(1001)) for item in items)
    return first, second


def _shares(value: object, what: str) -> tuple[float, float]:
    items = _items(value, what)
    if len(items) != 2 or any(type(item) not in {int, float} for item in items):
        raise DescriptionError(f"{what} does not hold two numbers")
    first, second = (float(str(item)) for item in items)
    if not 0 <= first <= 1000 or not 0 <= second <= 1:
        raise DescriptionError(f"{what} is not a logit from 0 to 1000 and a share from 0 to 1")
    return first, second


def _sha256(value: object) -> str:
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        raise DescriptionError("an entry of files is not a sha256 in 64 small hexadecimal digits")
    return value
