"""The disk that models are put on: room asked for before, errors told in a sentence."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from models.base import ModelError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
LOCKLESS = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK}
SPARE = 16 << 20  # bytes that are left free


@contextmanager
def plain_errors(path: Path, when_full: str = "") -> Iterator[None]:
    """Raises ModelError, a sentence about `path`, for every OSError inside.

    `when_full` is a sentence more where the disk is full.
    """
    try:
        yield
    except OSError as e:
        raise ModelError(_sentence(path, e, when_full)) from e


def _sentence(path: Path, error: OSError, when_full: str) -> str:
    if error.errno in FULL:
        full = f"The disk with {path.parent} is full; free some space and do this again."
        return f"{full} {when_full}".rstrip()
    if error.errno in FORBIDDEN:
        return f"{path} may not be written; change the permissions of its folder."
    return f"{path} cannot be written ({error.strerror or error}); check the disk it is on."


def check_room(folder: Path, wanted: int, name: str) -> None:
    """Nothing, where `wanted` bytes fit on the disk of `folder`. Raises ModelError, OSError."""
    free = shutil.disk_usage(folder).free
    if free < wanted + SPARE:
        raise ModelError(
            f"{name} needs {amount(wanted)} of space, but the disk with {folder} has "
            f"{amount(free)} free; free some space and do this again."
        )


def put_on_disk(path: Path) -> None:
    """See to it that what was written to `path` outlasts a power cut. Raises OSError."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Put a rename itself on the disk, where a folder can be opened for that (not on Windows)."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def take_lock(path: Path, patience: float = 0.0) -> FileLock | None:
    """The lock `path`, taken; None where another program has it after `patience` seconds too.

    Its file is never deleted: two programs could have one each then. Raises OSError. On a disk that
    knows no locks it is given as if nobody else were.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(
        path, patience, thread_local=False, fallback_to_soft=False, preserve_lock_file=True
    )
    try:
        lock.acquire()
    except Timeout:
        return None
    except NotImplementedError:
        return lock
    except OSError as e:
        if e.errno not in LOCKLESS:
            raise
    return lock


@contextmanager
def alone(path: Path, sentence: str) -> Iterator[None]:
    """Holds the lock `path`. Raises ModelError with `sentence` while another program has it."""
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as e:
        raise ModelError(sentence) from e
    try:
        yield
    finally:
        with suppress(OSError):  # Windows does not let go of the name of an open file
            path.unlink(missing_ok=True)
        lock.release()


def amount(count: int) -> str:
    """A number of bytes as people read it: 149 MiB."""
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << power:
            value = count / (1 << power)
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{count} bytes"
