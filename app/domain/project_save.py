"""Saving: a project database becomes the artist's file, whole or not at all."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from app.domain.backups import beside, keep_backup, prune
from app.domain.project_read import read_database
from app.domain.project_schema import VERSION, ProjectError, is_too_long, open_own, reading

log = logging.getLogger(__name__)

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SMALL = 64 << 20  # bytes of a file that is read back wholly; of a larger one, rows are counted
LIVE_FACTS = ("home", "unsaved", "edited")


def save_copy(db: sqlite3.Connection, home: Path) -> str:
    """Make the file at `home` a compact copy of `db`, by one rename once it is on the disk.

    The file that was there becomes a backup. Returns what the artist should know, mostly nothing.
    Raises ProjectError: the file at `home` is as it was then.
    """
    target = Path(os.path.realpath(home))  # a link keeps pointing where it points
    part = beside(target, ".", ".part")
    try:
        with plain_errors(home):
            if target.exists() and not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, "it is read-only")
            part.unlink(missing_ok=True)  # left by a save that was killed
            _copy(db, part)
            _check(db, part)
            _put_on_disk(part)
            if target.exists():
                shutil.copymode(target, part)
            note = _backed_up(target)
            part.replace(target)
            _sync_folder(target.parent)
            prune(target)
    finally:
        with suppress(OSError):  # the disk may be gone, which is already being told
            part.unlink(missing_ok=True)
    return note


@contextmanager
def plain_errors(home: Path) -> Iterator[None]:
    """Raises ProjectError, a sentence about `home`, for what a disk or SQLite refuses inside."""
    try:
        yield
    except PermissionError as e:
        raise ProjectError(
            f"{home} may not be written; save the project under another name or in another folder."
        ) from e
    except OSError as e:
        raise ProjectError(_sentence(home, e.errno in FULL, e.strerror or str(e))) from e
    except UnicodeError as e:
        raise ProjectError(f"{str(home)!r} is no name a project can have; choose another.") from e
    except sqlite3.Error as e:
        full = (
            e.sqlite_errorcode == sqlite3.SQLITE_FULL if hasattr(e, "sqlite_errorcode") else False
        )
        raise ProjectError(_sentence(home, full, str(e))) from e


def _sentence(home: Path, full: bool, why: str) -> str:
    if full:
        return (
            f"The disk with {home.parent} is full; free some space and save again, or save in "
            "another folder."
        )
    return f"{home} could not be written ({why}); check the folder and save again."


def _copy(db: sqlite3.Connection, part: Path) -> None:
    """A compact copy of `db` at `part`, without what tells a stranger of this machine."""
    if is_too_long(part):
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
            db.backup(copy)
            _forget_live_facts(copy)
            copy.execute("VACUUM")
            part.write_bytes(copy.serialize())
        return
    db.execute("VACUUM INTO ?", (str(part),))
    with closing(open_own(part)) as copy:
        copy.execute("PRAGMA journal_mode = OFF")  # the copy is thrown away if this fails
        copy.execute("PRAGMA secure_delete = ON")
        _forget_live_facts(copy)


def _forget_live_facts(copy: sqlite3.Connection) -> None:
    copy.executemany("DELETE FROM fact WHERE name = ?", ((name,) for name in LIVE_FACTS))


def _check(db: sqlite3.Connection, part: Path) -> None:
    """Read back what was written."""
    with reading(part) as copy:
        if copy.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise OSError(errno.EIO, "it did not read back as it was written")
        if part.stat().st_size < SMALL:
            _read_as_later(copy, part)
        for table in ("layer", "prompt", "mask", "lock"):
            count = f"SELECT count(*) FROM {table}"  # noqa: S608 - our own names
            if copy.execute(count).fetchone() != db.execute(count).fetchone():
                raise OSError(errno.EIO, "it did not read back as it was written")


def _read_as_later(copy: sqlite3.Connection, part: Path) -> None:
    """Read it as it will be opened: what cannot be read must not take the place of what can."""
    try:
        warnings = read_database(copy, VERSION, part.name).warnings
    except (ValueError, KeyError) as e:
        raise OSError(errno.EIO, f"it could not be opened again: {e}") from e
    if warnings:
        raise OSError(errno.EIO, f"it could not be opened again: {warnings[0]}")


def _put_on_disk(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Put the rename itself on the disk, where a folder can be opened for that (not on Windows)."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _backed_up(target: Path) -> str:
    try:
        keep_backup(target)
    except OSError as error:
        log.warning("no backup was kept: %s", error)
        return f"Saved, but without a backup of the file before ({error.strerror})."
    return ""
