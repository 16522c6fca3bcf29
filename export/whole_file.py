"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from export.base import Alpha, ExportError, MatteWriter

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
BLOCKED = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR}


def part_path(path: Path) -> Path:
    """The name under which the file at `path` is written until it is whole: `.name.part`."""
    return path.with_name(f".{path.name}.part")


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Gives the path to write to; what is there at the end takes the name `path` at once.

    It is put on the disk (fsync) before; whatever goes wrong leaves `path` as it was and nothing
    beside it. Raises ExportError for every OSError.
    """
    part = part_path(path)
    try:
        with plain_errors(path):
            yield part
            with part.open("r+b") as file:
                os.fsync(file.fileno())
            part.replace(path)
    finally:
        with contextlib.suppress(OSError):  # the disk may be gone, which is already being told
            part.unlink(missing_ok=True)


def write_whole(writer: MatteWriter, path: Path, alpha: Alpha) -> int:
    """Write `alpha` to `path` as a whole or not at all; returns the size of the file in bytes.

    The file is read back and compared before it takes its name. Raises ExportError.
    """
    with whole(path) as part:
        writer.write(part, alpha)
        if not np.array_equal(writer.read(part), writer.rounded(alpha)):
            raise ExportError(
                f"{path} did not read back as it was written; check the disk it is on."
            )
        return part.stat().st_size


@contextlib.contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Raises ExportError, a sentence about `path`, for every OSError inside."""
    try:
        yield
    except OSError as e:
        raise ExportError(_sentence(path, e)) from e


def _sentence(path: Path, error: OSError) -> str:
    if error.errno in FULL:
        return (
            f"The disk with {path.parent} is full; free some space and export again with resume,"
            " the finished mattes are kept."
        )
    if error.errno in FORBIDDEN:
        return (
            f"{path} may not be written; close what has it open, change the permissions of its"
            " folder or choose another one."
        )
    if error.errno in BLOCKED:
        return f"{path} cannot be made: a file stands where a folder is needed; move it away."
    return (
        f"{path} could not be written ({error.strerror}); choose another folder, or check the disk"
        " and try again."
    )
