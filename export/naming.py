"""File names from layer names: safe on every system, readable by every compositor."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePath

MAX_BYTES = 80  # of a name in UTF-8; it stands twice in a path, and Windows ends at 260

FORBIDDEN = '<>:"/\\|?*'
PATTERNS = "#%@$[]"  # compositors read these in a file name as frame padding or as a script
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)", re.I)
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


def safe_name(name: str) -> str:
    """`name` made fit for a folder or file; never empty, at most MAX_BYTES of UTF-8.

    Letters of every script stay. Separators, unprintable characters and those a compositor takes
    for a frame pattern become `_`; dots and spaces at the ends go; names that Windows keeps for
    itself get a `_` in front.
    """
    name = unicodedata.normalize("NFC", name)
    name = "".join("_" if _is_unsafe(character) else character for character in name)
    name = name.strip(". \u3000\u00a0") or "layer"
    if RESERVED.match(name):
        name = f"_{name}"
    return _cut(name, MAX_BYTES)


def distinct_names(names: Iterable[str]) -> list[str]:
    """A safe name for each of `names`, in order, no two alike even where case is ignored."""
    taken: set[str] = set()
    result = []
    for name in map(safe_name, names):
        unique, number = name, 1
        while identity(unique) in taken:
            number += 1
            unique = f"{_cut(name, MAX_BYTES - len(f'_{number}'))}_{number}"
        taken.add(identity(unique))
        result.append(unique)
    return result


def identity(name: str) -> str:
    """What two names share where a file system takes them for one (case, composed letters)."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def frame_number(frame: int) -> str:
    """`frame` with at least four places, the minus sign being one of them, as %04d prints it."""
    return f"{frame:04}"


def matte_path(name: str, frame: int, suffix: str) -> PurePath:
    """The place of a matte under the output folder: name/name.0001.png for a safe `name`."""
    return PurePath(name, f"{name}.{frame_number(frame)}{suffix}")


def frame_path(folder: PurePath, frame: int, suffix: str) -> PurePath:
    """The place of a matte that is named by its frame alone: 00001.png, as data sets have it."""
    return folder / f"{frame:05}{suffix}"


def _is_unsafe(character: str) -> bool:
    return character in FORBIDDEN + PATTERNS or unicodedata.category(character) in UNPRINTABLE


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode(errors="ignore").rstrip(". \u3000\u00a0")
