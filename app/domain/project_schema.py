"""The project file: a SQLite database. Its tables, its versions, and how it is opened.

| table | a row is |
|---|---|
| `fact` | one thing about the whole project: `clip`, `in_out`, `view`, `picture` (an image) ... |
| `layer` | a layer; `place` 0 is the top of the panel |
| `prompt` | the prompt of a layer on a frame, as JSON |
| `mask` | the mask of a layer on a frame: a 16-bit grey PNG and what belongs to it |
| `lock` | a frame of a layer whose mask is held for right |

The file says which version of this it has in `user_version`. An older one is brought forward in
memory by MIGRATIONS when it is read; a newer one is read as far as it is understood.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TypeAlias
from urllib.parse import quote

from app.domain.clip_facts import shown

APPLICATION_ID = 0x526F746F  # "Roto"
VERSION = 2
SUFFIX = ".roto"
PAGE = 65536  # ten masks on a page: a smaller one leaves a fifth empty and doubles the saving
LONGEST_VALUE = 32 << 20  # bytes of one text or image
LONGEST_SQL = 10_000  # of a table; SQLite itself would read megabytes, for minutes
COMPUTES = re.compile(r"\b(AS|CHECK)\b", re.IGNORECASE)  # words that no table of ours may have
LONGEST_PATH = 490  # bytes; SQLite takes 512, its own endings included
PATIENCE = 60.0  # seconds one reading of a file may take, besides what its size explains
SLOWEST = 1 << 20  # bytes a second of a disk that is still waited for
STEPS = 20_000  # of SQLite's machine between two looks at the clock

SCHEMA = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE layer (
    id TEXT PRIMARY KEY, place INTEGER NOT NULL, name TEXT NOT NULL, colour INTEGER NOT NULL,
    shown INTEGER NOT NULL, solo INTEGER NOT NULL, locked INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE prompt (
    layer TEXT NOT NULL, frame INTEGER NOT NULL, steps TEXT NOT NULL, PRIMARY KEY (layer, frame)
) WITHOUT ROWID;
CREATE TABLE mask (
    layer TEXT NOT NULL, frame INTEGER NOT NULL,
    prompt TEXT, model TEXT NOT NULL, score REAL NOT NULL,
    x0 REAL NOT NULL, y0 REAL NOT NULL, x1 REAL NOT NULL, y1 REAL NOT NULL,
    data BLOB NOT NULL, empty INTEGER NOT NULL DEFAULT 0,
    doubt REAL NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', PRIMARY KEY (layer, frame)
);
CREATE TABLE lock (
    layer TEXT NOT NULL, frame INTEGER NOT NULL, PRIMARY KEY (layer, frame)
) WITHOUT ROWID;
"""


def _locks_and_doubt(db: sqlite3.Connection) -> None:
    """Version 2: locked frames, and of each mask whether it is empty and how doubtful it is."""
    db.execute(
        "CREATE TABLE lock (layer TEXT NOT NULL, frame INTEGER NOT NULL,"
        " PRIMARY KEY (layer, frame)) WITHOUT ROWID"
    )
    for column in (
        "empty INTEGER NOT NULL DEFAULT 0",
        "doubt REAL NOT NULL DEFAULT 0",
        "reason TEXT NOT NULL DEFAULT ''",
    ):
        db.execute(f"ALTER TABLE mask ADD COLUMN {column}")


# What brings a file of version N to N + 1. A stored file of each version stands in tests/data.
Migration: TypeAlias = Callable[[sqlite3.Connection], None]
MIGRATIONS: Mapping[int, Migration] = {1: _locks_and_doubt}


class ProjectError(Exception):
    """A project cannot be read or kept; the text, one line, is fit to show the artist.

    What no line can show (a line break in the name of a file) stands as `?` in it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(shown(text))


def create(place: str) -> sqlite3.Connection:
    """A new project database at `place`, a path or ":memory:". Raises sqlite3.Error."""
    db = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    db.execute(f"PRAGMA page_size = {PAGE}")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {VERSION}")
    db.executescript(f"BEGIN; {SCHEMA} COMMIT;")
    return db


def open_own(path: Path) -> sqlite3.Connection:
    """The database at `path`, one of ours, to write on. Raises sqlite3.Error."""
    uri = f"file:{quote(os.fsencode(path))}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def is_too_long(path: Path) -> bool:
    """Whether SQLite would refuse to open the path, whatever the system says of it."""
    return len(os.fsencode(path.absolute())) > LONGEST_PATH


def make_durable(db: sqlite3.Connection) -> None:
    """Let every transaction be on the disk when it ends. Raises sqlite3.Error."""
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = OFF")  # what is saved is a copy without deleted rows
    db.execute("PRAGMA journal_size_limit = 67108864")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The database at `path`, perhaps from a stranger, to read only; nothing is written beside it.

    Raises sqlite3.Error and OSError.
    """
    if path.exists() and not path.is_file():  # whoever opens a pipe waits for its other end
        raise OSError(errno.EINVAL, "it is no file")
    with path.open("rb"):  # the system's own words for a file that may not be read
        pass
    uri = f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"
    place, is_uri = (":memory:", False) if is_too_long(path) else (uri, True)
    db = sqlite3.connect(place, uri=is_uri, isolation_level=None)
    try:
        if is_too_long(path):
            db.deserialize(path.read_bytes())
        db.execute("PRAGMA query_only = ON")
        guard(db, PATIENCE + path.stat().st_size / SLOWEST)
        yield db
    finally:
        db.close()


def guard(db: sqlite3.Connection, patience: float = PATIENCE) -> None:
    """Let nothing in a stranger's file run, fill the memory or hang. Raises sqlite3.Error.

    After `patience` seconds every query ends in an error.
    """
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    db.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, LONGEST_SQL)
    db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA cell_size_check = ON")
    until = monotonic() + patience
    db.set_progress_handler(lambda: monotonic() > until, STEPS)
    try:
        _check_schema(db)
    except UnicodeDecodeError as e:  # in the words of SQLite, which name what it trips over
        raise sqlite3.DatabaseError("its tables have names that are no text") from e


def _check_schema(db: sqlite3.Connection) -> None:
    """Only plain tables: nothing that computes when it is read, as views and checks do.

    The clock is not looked at within one step of SQLite's machine, and one LIKE may take hours.
    """
    for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_schema"):
        if kind == "index" and sql is None:
            continue
        plain = isinstance(sql, str) and sql.startswith("CREATE TABLE ")
        if not plain or COMPUTES.search(sql):
            raise sqlite3.DatabaseError(f"{str(name)[:40]!r} in it is no plain table")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of what is done inside, or nothing. Raises sqlite3.Error."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def migrate(
    db: sqlite3.Connection,
    version: int,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    target: int = VERSION,
) -> None:
    """Bring a database of our own from an older `version` to `target`, step by step.

    Raises sqlite3.Error, and KeyError for a version that no step leads on from.
    """
    for step in range(version, target):
        with transaction(db):
            migrations[step](db)
            db.execute(f"PRAGMA user_version = {step + 1}")


def brought_forward(
    db: sqlite3.Connection,
    version: int,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    target: int = VERSION,
) -> sqlite3.Connection:
    """A copy of an older database in memory, brought to `target`; see `migrate`."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        db.backup(copy)
        guard(copy)
        migrate(copy, version, migrations, target)
    except BaseException:
        copy.close()
        raise
    return copy
