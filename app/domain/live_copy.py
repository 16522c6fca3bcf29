"""The live copy: the open project in a database of the recovery folder, where no edit is lost.

It is always a database of our own making: a stranger's file is read into values, never copied.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeAlias

from app.domain.locks import Lock, take
from app.domain.project import Project
from app.domain.project_read import Stored, read_database
from app.domain.project_save import plain_errors, save_copy
from app.domain.project_schema import (
    SUFFIX,
    VERSION,
    ProjectError,
    create,
    make_durable,
    migrate,
    open_own,
    transaction,
)
from app.domain.project_write import View, write_changes, write_clip, write_fact, write_view

log = logging.getLogger(__name__)

Stamp: TypeAlias = tuple[int, ...] | None

PRIVATE = 0o700


class LiveCopy:
    """Keeps the project of one window. Used by one thread at a time; the file comes with `keep`."""

    def __init__(self, folder: Path, home: Path | None = None) -> None:
        self.path = folder / f"{uuid.uuid4().hex}{SUFFIX}"
        self.home = home  # the artist's file, None while there is none
        self.stamp: Stamp = None  # of `home` as it was when it was read or saved last
        self.kept: Project | None = None  # the value the database holds
        self.clean = False  # whether it is noted as saved
        self.refused: Project | None = None  # the value that could not be kept
        self.pictured = float("-inf")  # when the picture for recovery was made
        self._db: sqlite3.Connection | None = None
        self._lock: Lock | None = None

    @classmethod
    def adopt(cls, path: Path, lock: Lock) -> tuple[LiveCopy, Stored]:
        """The live copy that a program that ended left at `path`, and what it holds.

        Raises ProjectError; the file stays where it is then.
        """
        live = cls(path.parent)
        live.path, live._lock = path, lock
        db = None
        try:
            db = open_own(path)
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            _check_version(version)
            stored = read_database(db, version, path.name)
            migrate(db, version)
            make_durable(db)
        except (sqlite3.Error, OSError, ValueError, KeyError) as e:
            if db is not None:
                db.close()
            raise ProjectError(
                f"The work cannot be recovered ({e}); rescue it with `rotocel dump {path}`."
            ) from e
        live._db, live.kept = db, stored.project
        live.home, live.stamp = home_of(db)
        return live, stored

    def keep(self, project: Project, view: View, *, clean: bool = False) -> None:
        """Put `project` on the disk: what differs from `kept`. `clean`: it is what `home` holds.

        Raises ProjectError; `kept` is still what the database holds then.
        """
        try:
            self._keep(self._opened(), project, view, clean=clean)
        except (sqlite3.Error, OSError) as e:
            raise ProjectError(
                f"Edits cannot be kept safe in {self.path.parent} ({e}); save the project soon, "
                "and free space or mend that folder."
            ) from e

    def save(self, project: Project, view: View, home: Path) -> str:
        """Keep `project`, and make the file at `home` a copy of it; see `save_copy`.

        Works also where the recovery folder does not. Raises ProjectError.
        """
        try:
            self.keep(project, view)
            self._note_place(home)
        except ProjectError:
            log.warning("saved past the recovery folder", exc_info=True)
            note = _save_directly(project, view, home)
        else:
            assert self._db is not None
            try:
                note = save_copy(self._db, home)
            except BaseException:
                with suppress(ProjectError):
                    self._note_place(self.home)
                raise
        self.home, self.stamp = home, stamp_of(home)
        with suppress(ProjectError):  # then it is offered once too often
            self.keep(project, view, clean=True)
        return note

    def close(self) -> None:
        """Let go of the file; it stays, to be found by the next start."""
        db, self._db = self._db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.close()
        self.kept = None
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def delete(self) -> None:
        """Close it, and delete the file: all it held is saved, or nothing was in it."""
        self.close()
        delete_database(self.path)

    def _keep(self, db: sqlite3.Connection, project: Project, view: View, *, clean: bool) -> None:
        with transaction(db):
            write_changes(db, self.kept, project, self.home)
            if _is_edited(self.kept, project):
                write_fact(db, "edited", repr(time.time()))
            write_view(db, view)
            write_fact(db, "unsaved", "" if clean else "1")
            noted = json.dumps([str(self.home), self.stamp]) if self.home else None
            write_fact(db, "home", noted)
        self.kept, self.clean, self.refused = project, clean, None

    def _note_place(self, home: Path | None) -> None:
        """Note the clip's path relative to `home`."""
        assert self._db is not None
        assert self.kept is not None
        with plain_errors(self.path), transaction(self._db):
            write_clip(self._db, self.kept, home)

    def _opened(self) -> sqlite3.Connection:
        if self._db is not None and not self.path.exists():
            log.warning("the live copy was deleted by somebody; a new one is made")
            self.close()
        if self._db is None:
            self.path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            self._lock = self._lock or take(lock_path(self.path))
            db = create(str(self.path))
            try:
                make_durable(db)
            except sqlite3.Error:
                db.close()
                raise
            self._db, self.kept = db, None
        return self._db


def _is_edited(before: Project | None, after: Project) -> bool:
    """Whether the artist's work differs; found footage is none of it."""
    if before is None:
        return True
    return before.layers is not after.layers or before.in_out != after.in_out


def _save_directly(project: Project, view: View, home: Path) -> str:
    with closing(create(":memory:")) as db:
        write_changes(db, None, project, home)
        write_view(db, view)
        return save_copy(db, home)


def home_of(db: sqlite3.Connection) -> tuple[Path | None, Stamp]:
    """The artist's file that a live copy belongs to, and its stamp as the work knew it.

    Raises sqlite3.Error, ValueError.
    """
    row = db.execute("SELECT value FROM fact WHERE name = 'home'").fetchone()
    if row is None:
        return None, None
    home, stamp = json.loads(row[0])
    return Path(home), None if stamp is None else tuple(stamp)


def stamp_of(home: Path) -> Stamp:
    """What changes when another program writes `home`; None where there is no such file."""
    try:
        facts = home.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _check_version(version: int) -> None:
    if version > VERSION:
        raise ValueError("it is of a newer Rotocel; use that one")


def lock_path(path: Path) -> Path:
    """The lock of the live copy at `path`."""
    return path.with_suffix(".lock")


def delete_database(path: Path) -> None:
    """Delete a database and what SQLite keeps beside it; what cannot be deleted stays."""
    for suffix in ("-journal", "-wal", "-shm", ""):
        with suppress(OSError):
            os.unlink(f"{path}{suffix}")  # noqa: PTH108 - a suffix is no part of a path
