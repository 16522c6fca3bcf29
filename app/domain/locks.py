"""Locks that the system lets go of when a program dies, whatever way."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)

EVERYBODY = 0o666  # several users share a folder of projects


class Lock:
    """The right to write something, held from `take` until `release`."""

    def __init__(self, path: Path, lock: FileLock | None) -> None:
        self.path, self._lock = path, lock

    def release(self) -> None:
        """Let go; twice is as good as once."""
        lock, self._lock = self._lock, None
        if lock is not None:
            with suppress(OSError):  # Windows does not let go of the name of an open file
                self.path.unlink(missing_ok=True)
            with suppress(OSError):  # the disk is gone, and the lock with it
                lock.release()


def take(path: Path) -> Lock | None:
    """The lock whose file is `path`; None while another program, or another window, has it.

    Where the folder cannot be written nobody can lock, nor write: the right is given freely.
    """
    lock = FileLock(path, timeout=0, mode=EVERYBODY, thread_local=False, fallback_to_soft=False)
    try:
        if not path.parent.is_dir():  # filelock would make it
            return Lock(path, None)
        lock.acquire()
    except Timeout:
        return None
    except PermissionError as error:
        if _is_there(path):  # somebody else's, who may not let us open it
            return None
        log.info("no lock is kept: %s", error)
        return Lock(path, None)
    except (OSError, NotImplementedError) as error:
        log.info("no lock is kept: %s", error)
        return Lock(path, None)
    return Lock(path, lock)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
