"""Faults planted on purpose: a drill that does not find them proves nothing.

`python -m tests.drill edit --plant no-transaction` must end with exit code 1.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain import live_copy, project_save, record_file
from app.domain.record_file import RecordFile
from export import whole_file


@contextmanager
def _no_transaction(_db: sqlite3.Connection) -> Iterator[None]:
    yield


def edits_outside_a_transaction() -> None:
    """An edit is several writes."""
    setattr(live_copy, "transaction", _no_transaction)  # noqa: B010 - a name it only imports


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


PLANTED: dict[str, tuple[str, Callable[[], None]]] = {  # name -> the drill that finds it
    "no-transaction": ("edit", edits_outside_a_transaction),
    "no-rename": ("save", saves_straight_into_the_file),
    "no-part": ("export", mattes_under_their_own_names),
    "no-check": ("embeddings", records_that_are_believed),
}
