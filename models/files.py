"""Files of a pack: ordinary ones, inside its folder, of a bounded size."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from models.base import ModelError


def read_file(path: Path, most: int, remedy: str = "install the model again") -> bytes:
    """The bytes of `path`, at most `most` of them. Raises ModelError naming it and `remedy`.

    Pipes and devices, which may never end, are refused, and so is a link that leaves the folder.
    """
    if ordinary_size(path, remedy) > most:
        raise ModelError(
            f"{path} is larger than {_size(most)}, more than such a file may have; {remedy}."
        )
    try:
        return path.read_bytes()
    except OSError as e:
        raise ModelError(f"{path} cannot be read ({e.strerror}); {remedy}.") from e
    except MemoryError as e:
        raise ModelError(f"{path} does not fit in memory; close other programs.") from e


def ordinary_size(path: Path, remedy: str = "install the model again") -> int:
    """The bytes of `path`, an ordinary file in its own folder. Raises ModelError naming it."""
    try:
        if os.path.realpath(path.parent) != os.path.dirname(os.path.realpath(path)):  # noqa: PTH120
            raise ModelError(f"{path} is a link out of its folder; put the file itself there.")
        facts = path.stat()
    except OSError as e:
        raise ModelError(f"{path} cannot be read ({e.strerror}); {remedy}.") from e
    if not stat.S_ISREG(facts.st_mode):
        raise ModelError(f"{path} is not an ordinary file; {remedy}.")
    return facts.st_size


def _size(count: int) -> str:
    return f"{count >> 30} GiB" if count >= 1 << 30 else f"{count >> 20} MiB"
