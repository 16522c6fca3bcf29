"""Faults planted on purpose: a drill that does not find them proves nothing.

`python -m tests.drill edit --plant no-transaction` must end with exit code 1.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.domain import live_copy, project_save, record_file
from app.domain.live_copy import LiveCopy
from app.domain.project import Project
from app.domain.project_write import View
from app.domain.record_file import RecordFile
from export import sequence as export_sequence
from export import whole_file
from export.base import Alpha, MatteWriter
from export.png import Png8


@contextmanager
def _no_transaction(_db: sqlite3.Connection) -> Iterator[None]:
    yield


def edits_outside_a_transaction() -> None:
    """An edit is several writes."""
    setattr(live_copy, "transaction", _no_transaction)  # noqa: B010 - a name it only imports


@contextmanager
def _late(db: sqlite3.Connection) -> Iterator[None]:
    if db.in_transaction:
        db.execute("COMMIT")
    db.execute("BEGIN IMMEDIATE")
    yield


def edits_acknowledged_before_they_are_kept() -> None:
    """An edit is committed with the next one."""
    setattr(live_copy, "transaction", _late)  # noqa: B010


def edits_acknowledged_and_forgotten() -> None:
    """All edits but the first of a window stay in memory."""
    keep = LiveCopy.keep

    def pretend(self: LiveCopy, project: Project, view: View, *, clean: bool = False) -> None:
        if self.kept is None:
            keep(self, project, view, clean=clean)
        self.kept, self.clean = project, clean

    LiveCopy.keep = pretend  # type: ignore[method-assign]


def saves_straight_into_the_file() -> None:
    """The file is written under its own name."""

    def straight(db: sqlite3.Connection, part: Path) -> None:
        home = part.with_name(part.name.removeprefix(".").removesuffix(".part"))
        home.unlink(missing_ok=True)
        db.execute("VACUUM INTO ?", (str(home),))
        os.link(home, part)

    project_save._copy = straight


def mattes_under_their_own_names() -> None:
    """A matte is written under its own name."""
    whole_file.part_path = lambda path: path


def records_that_are_believed() -> None:
    """An entry is written before its record, in place, and the record is not checked."""

    def put(self: RecordFile, frame: int, payload: bytes, cost: Callable[[int], float]) -> None:
        with self._lock:
            if frame not in self._entries and not self._free:
                self._forget(max(self._entries, key=cost))
            slot = self._entries[frame][0] if frame in self._entries else self._free.pop()
            self._entries[frame] = (slot, 0)
            self._write_entry(slot, frame, 0, valid=1)
            half = len(payload) // 2
            for start, part in ((0, payload[:half]), (half, payload[half:])):
                time.sleep(0.001)  # a slow disk
                self._file.seek(self._offset(slot) + start)
                self._file.write(part)

    RecordFile.put = put  # type: ignore[method-assign]
    setattr(record_file, "_checksum", lambda *_: 0)  # noqa: B010


def mattes_that_hide_a_full_disk() -> None:
    """A matte that does not fit is cut off, and no word of it."""
    write = Png8.write

    def cut(self: Png8, path: Path, alpha: Alpha) -> None:
        with suppress(OSError):
            write(self, path, alpha)

    Png8.write = cut  # type: ignore[method-assign]
    setattr(export_sequence, "write_whole", _unchecked)  # noqa: B010


def _unchecked(writer: MatteWriter, path: Path, alpha: Alpha) -> int:
    with whole_file.whole(path) as part:
        writer.write(part, alpha)
        return part.stat().st_size


PLANTED: dict[str, tuple[str, Callable[[], None]]] = {  # name -> the drill that finds it
    "no-transaction": ("edit", edits_outside_a_transaction),
    "late-commit": ("edit", edits_acknowledged_before_they_are_kept),
    "no-keep": ("program", edits_acknowledged_and_forgotten),
    "no-rename": ("save", saves_straight_into_the_file),
    "no-part": ("export", mattes_under_their_own_names),
    "cut-off": ("full", mattes_that_hide_a_full_disk),
    "no-check": ("embeddings", records_that_are_believed),
}
