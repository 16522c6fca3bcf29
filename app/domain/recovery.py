"""What an earlier run left in the recovery folder: work that was neither saved nor given up."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.clip_facts import ClipError
from app.domain.live_copy import LiveCopy, delete_database, home_of, lock_path
from app.domain.locks import take
from app.domain.project_read import Stored
from app.domain.project_save import plain_errors
from app.domain.project_schema import SUFFIX, ProjectError, open_own, reading
from app.domain.project_values import clip_of

log = logging.getLogger(__name__)

GIVEN_UP = "given up"  # the folder of what was closed without saving
KEPT = 10  # of those


@dataclass(frozen=True, slots=True)
class Recoverable:
    """Work that can be taken up again. `damaged` says why it cannot, mostly nothing."""

    path: Path
    name: str  # of the project or, where it was never saved, of its clip
    when: float  # seconds since 1970, of the last edit
    home: Path | None = None
    layers: int = 0
    keyframes: int = 0
    picture: bytes = field(default=b"", repr=False)
    damaged: str = ""


def recoverable(folder: Path) -> list[Recoverable]:
    """The work in `folder` that no running program has open, the latest first.

    What was saved or is empty is deleted on the way. What cannot be read is listed as damaged.
    """
    found = []
    for path in _live_copies(folder):
        lock = take(lock_path(path))
        if lock is None:
            continue  # another window's
        try:
            work = _looked_at_safely(path)
            if work is None:
                delete_database(path)
            else:
                found.append(work)
        finally:
            lock.release()
    _sweep(folder)
    return sorted(found, key=lambda work: -work.when)


def given_up(folder: Path) -> list[Recoverable]:
    """What was closed without saving, the latest first."""
    return recoverable(folder / GIVEN_UP)


def recover(path: Path) -> tuple[LiveCopy, Stored]:
    """Take up the work at `path`; what was given up is work again. Raises ProjectError."""
    lock = take(lock_path(path))
    if lock is None:
        raise ProjectError("This work is open in another window of Rotocel already.")
    try:
        if path.parent.name != GIVEN_UP:
            return LiveCopy.adopt(path, lock)
    except BaseException:
        lock.release()
        raise
    try:
        with plain_errors(path):
            path = path.replace(path.parent.parent / path.name)
    finally:
        lock.release()
    return recover(path)


def give_up(path: Path) -> None:
    """Put the work at `path`, which nobody has open, among what was closed without saving.

    Only the latest of that is kept. Raises ProjectError.
    """
    lock = take(lock_path(path))
    if lock is None:
        raise ProjectError("This work is open in another window of Rotocel.")
    folder = path.parent if path.parent.name == GIVEN_UP else path.parent / GIVEN_UP
    try:
        with suppress(sqlite3.Error), closing(open_own(path)) as db:  # a damaged one goes as it is
            db.execute("PRAGMA journal_mode = DELETE")  # one file, which can be moved
        folder.mkdir(exist_ok=True)
        for suffix in ("-wal", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.replace(folder / part.name)
    except OSError as e:
        raise ProjectError(f"{path} cannot be put away ({e}); it is still there.") from e
    finally:
        lock.release()
    for old in sorted(_live_copies(folder), key=_when, reverse=True)[KEPT:]:
        lock = take(lock_path(old))
        if lock is not None:
            delete_database(old)
            lock.release()


def picture_in(path: Path) -> bytes:
    """The small picture that a project file carries, empty where it has none or is damaged."""
    try:
        with reading(path) as db:
            row = db.execute("SELECT value FROM fact WHERE name = 'picture'").fetchone()
    except (OSError, sqlite3.Error):
        return b""
    return row[0] if row and isinstance(row[0], bytes) else b""


def _sweep(folder: Path) -> None:
    """Delete the locks of programs that ended before they kept anything."""
    with suppress(OSError):
        for path in [path for path in folder.iterdir() if path.suffix == ".lock"]:
            lock = None if path.with_suffix(SUFFIX).exists() else take(path)
            if lock is not None:
                lock.release()


def _live_copies(folder: Path) -> Iterator[Path]:
    with suppress(OSError):  # no folder, no work
        yield from [path for path in folder.iterdir() if path.suffix == SUFFIX]


def _when(path: Path) -> float:
    """When the database at `path` was last written, as far as the disk knows."""
    times = [0.0]
    for name in (path, path.with_name(f"{path.name}-wal")):
        with suppress(OSError):
            times.append(name.stat().st_mtime)
    return max(times)


def _looked_at_safely(path: Path) -> Recoverable | None:
    written = _when(path)  # before it is opened, which makes a new log beside it
    try:
        return _looked_at(path, written)
    except Exception as error:  # noqa: BLE001 - one bad copy must not keep the program from starting
        log.warning("a live copy cannot be read: %s", error)
        return Recoverable(path, path.stem[:8], written, damaged=str(error))


def _looked_at(path: Path, written: float) -> Recoverable | None:
    """What is in the live copy at `path`; None where nothing would be lost with it."""
    with closing(open_own(path)) as db:
        if not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            return None  # its program ended before anything was in it
        facts = dict(db.execute("SELECT name, value FROM fact"))
        if facts.get("unsaved") == "" or not (facts or _count(db, "layer")):
            return None
        (home, _), picture = home_of(db), facts.get("picture")
        return Recoverable(
            path,
            home.stem if home else _clip_name(facts.get("clip")),
            _edited(facts.get("edited"), written),
            home,
            _count(db, "layer"),
            _count(db, "prompt"),
            picture if isinstance(picture, bytes) else b"",
        )


def _edited(noted: object, written: float) -> float:
    """When the work was edited last; earlier versions did not note it."""
    with suppress(ValueError):
        return float(noted) if isinstance(noted, str) else written
    return written


def _count(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def _clip_name(text: object) -> str:
    with suppress(ValueError, KeyError, ClipError):
        return clip_of(text)[0].name
    return "Untitled"
