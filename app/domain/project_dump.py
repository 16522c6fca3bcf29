"""What can still be read of a project file, however damaged: for rescue, and to compare two files.

Nothing is judged here: values come as they stand in the file. Tables are read from both ends, and
row by row in between, so that damage costs the rows it lies on and no others.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

from app.domain.project_read import HEADER, MAGIC
from app.domain.project_schema import ProjectError, guard, reading

Row: TypeAlias = dict[str, Any]

ROWID = ("rowid",)
KEYS = {
    "fact": ("name",),
    "layer": ("id",),
    "prompt": ("layer", "frame"),
    "mask": ROWID,
    "lock": ("layer", "frame"),
}
LOCKS_SINCE = 2  # versions before have no such table, and miss nothing by it
LONGEST_COPY = 16 << 30
MISSES = 1000  # rows in a row that cannot be read, until a hole is given up


@dataclass
class Dump:
    """The content of a project file. `faults` says in words what could not be read."""

    version: int = 0
    facts: Row = field(default_factory=dict)
    layers: list[Row] = field(default_factory=list)
    masks: dict[str, list[Row]] = field(default_factory=dict)  # by layer id; `data` is the PNG
    prompts: dict[str, list[Row]] = field(default_factory=dict)  # by layer id
    locks: dict[str, list[Row]] = field(default_factory=dict)  # by layer id
    faults: list[str] = field(default_factory=list)


def dump(path: Path) -> Dump:
    """All that can be read of the project file or live copy at `path`. Raises ProjectError."""
    found = Dump()
    try:
        with _opened(path) as db:
            db.text_factory = _text
            with suppress(sqlite3.Error):
                found.version = int(db.execute("PRAGMA user_version").fetchone()[0])
            facts = _rows(db, "fact", found.faults)
            found.facts = {str(row.get("name")): _parsed(row.get("value")) for row in facts}
            found.layers = sorted(_rows(db, "layer", found.faults), key=_place)
            kinds = [("prompt", found.prompts), ("mask", found.masks), ("lock", found.locks)]
            for name, kept in kinds[:2] if 0 < found.version < LOCKS_SINCE else kinds:
                for row in _rows(db, name, found.faults):
                    kept.setdefault(str(row.get("layer")), []).append(row)
    except OSError as e:
        raise ProjectError(f"{path} cannot be read ({e.strerror}); check the name.") from e
    except sqlite3.Error as e:
        raise ProjectError(f"Nothing can be read of {path.name} ({e}); use a backup.") from e
    if not (found.facts or found.layers or found.prompts or found.masks or found.locks):
        why = found.faults[0] if found.faults else "it is empty"
        raise ProjectError(f"Nothing can be read of {path.name} ({why}); use a backup.")
    return found


def as_values(found: Dump) -> Row:
    """The dump as JSON holds it, in an order that does not depend on how it was written."""
    ids = [str(layer.get("id")) for layer in found.layers]
    tables = (found.prompts, found.masks, found.locks)
    lost = sorted({layer_id for table in tables for layer_id in table} - set(ids))
    layers = [*found.layers, *({"id": layer_id, "name": f"lost {layer_id}"} for layer_id in lost)]
    return {
        "version": found.version,
        **{name: value for name, value in sorted(found.facts.items()) if name != "picture"},
        "layers": [
            {
                **{key: _shown(value) for key, value in layer.items()},
                "prompts": [
                    {"frame": _shown(row.get("frame")), **_steps(row.get("steps"))}
                    for row in _by_frame(found.prompts.get(str(layer.get("id")), []))
                ],
                "masks": [
                    _mask_values(row)
                    for row in _by_frame(found.masks.get(str(layer.get("id")), []))
                ],
                "locks": [
                    _shown(row.get("frame"))
                    for row in _by_frame(found.locks.get(str(layer.get("id")), []))
                ],
            }
            for layer in layers
        ],
        "faults": found.faults,
    }


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The database at `path`; of a live copy also what is still in its log beside it.

    SQLite reads nothing of a file that was cut off: a copy as long as it was is read instead.
    """
    log = path.with_name(f"{path.name}-wal")
    lacking = _full_size(path) - path.stat().st_size
    if not log.is_file() and lacking <= 0:
        with reading(path) as db:
            yield db
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.roto"
        shutil.copyfile(path, copy)
        if lacking > 0:
            os.truncate(copy, copy.stat().st_size + lacking)
        if log.is_file():
            shutil.copyfile(log, copy.with_name("copy.roto-wal"))
        db = sqlite3.connect(copy, isolation_level=None)
        try:
            guard(db)
            yield db
        finally:
            db.close()


def _full_size(path: Path) -> int:
    """How long the header says the database is. Raises ProjectError for what is none."""
    if not path.exists():
        raise ProjectError(f"{path} is not there; check the name, or choose another file.")
    if not path.is_file():
        raise ProjectError(f"{path.name} is not a file; choose a .roto file.")
    with path.open("rb") as file:
        head = file.read(HEADER)
    if len(head) < HEADER or not head.startswith(MAGIC):
        raise ProjectError(f"{path.name} is not a Rotocel project; choose a .roto file.")
    page = int.from_bytes(head[16:18], "big")
    size = (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    return size if size < LONGEST_COPY else 0


def _rows(db: sqlite3.Connection, table: str, faults: list[str]) -> list[Row]:
    """The rows of a table that can be read, in the order of its key."""
    found: dict[tuple[Any, ...], Row] = {}
    keys = KEYS[table]
    what = f"SELECT {'rowid, ' if keys == ROWID else ''}* FROM {table}"  # noqa: S608 - our names
    for way in ("ASC", "DESC"):
        order = ", ".join(f"{key} {way}" for key in keys)
        error = _read(db, f"{what} ORDER BY {order}", keys, found)
        if not error:
            break
        if way == "ASC":
            faults.append(f"table {table}: {error}")
        if error.startswith("no such"):
            break  # what is not there cannot be read from the other end
    else:
        if keys == ROWID:
            _read_between(db, f"{what} WHERE rowid = ?", found)
    return [found[key] for key in sorted(found, key=_sortable)]


def _read(
    db: sqlite3.Connection,
    query: str,
    keys: Sequence[str],
    found: dict[tuple[Any, ...], Row],
    values: tuple[int, ...] = (),
) -> str:
    """Add the rows up to the first that cannot be read; returns why it cannot."""
    try:
        cursor = db.execute(query, values)
        names = [column[0] for column in cursor.description]
        for read in cursor:
            row = dict(zip(names, read, strict=True))
            found[tuple(row.get(key) for key in keys)] = row
    except (sqlite3.Error, UnicodeError) as e:
        return str(e)
    return ""


def _read_between(db: sqlite3.Connection, query: str, found: dict[tuple[Any, ...], Row]) -> None:
    """Add the rows that can be read one by one where those from both ends leave a hole."""
    known = sorted(key[0] for key in found)
    for before, after in pairwise([0, *known, (known or [0])[-1] + MISSES]):
        misses = 0
        for rowid in range(before + 1, after):
            _read(db, query, ROWID, found, (rowid,))
            misses = 0 if (rowid,) in found else misses + 1
            if misses > MISSES:
                break


def _sortable(key: tuple[Any, ...]) -> tuple[tuple[str, Any], ...]:
    return tuple((str(type(part)), part) for part in key)


def _text(data: bytes) -> str:
    """A text as far as it is one."""
    return data.decode(errors="replace")


def _mask_values(row: Row) -> Row:
    data = row.get("data")
    data = data if isinstance(data, bytes) else b""
    return {
        **{key: _shown(row.get(key)) for key in ("frame", "model", "score")},
        **{key: _shown(row[key]) for key in ("empty", "doubt", "reason") if key in row},
        "window": [_shown(row.get(edge)) for edge in ("x0", "y0", "x1", "y1")],
        "prompt": _parsed(row.get("prompt")),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _by_frame(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: _sortable((row.get("frame"),)))


def _place(row: Row) -> tuple[tuple[str, Any], ...]:
    return _sortable((row.get("place"),))


def _steps(value: object) -> Row:
    steps = _parsed(value)
    return steps if isinstance(steps, dict) else {"steps": steps}


def _parsed(value: object) -> object:
    """The JSON in a text; a text that is none as it stands."""
    with suppress(ValueError, RecursionError):
        if isinstance(value, str):
            return json.loads(value)
    return _shown(value)


def _shown(value: object) -> object:
    """A value as JSON can hold it: bytes by their length."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else value
