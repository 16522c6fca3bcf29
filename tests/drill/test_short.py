"""The drills run, find nothing in a few rounds, and do find what is there to be found."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.domain import live_copy, project_save
from app.domain.record_file import RecordFile
from export import whole_file
from tests.drill.__main__ import KILLS
from tests.drill.drill_full import full_rounds
from tests.drill.rounds import kill_rounds

ROUNDS = {"edit": 20, "save": 15, "export": 15, "embeddings": 20, "program": 2}
MANY = 60  # rounds in which a planted fault must show
SEED = 7


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", KILLS)
def test_nothing_is_lost_or_torn_in_a_few_rounds(name: str, tmp_path: Path) -> None:
    outcome = kill_rounds(KILLS[name][0], range(ROUNDS[name]), SEED, tmp_path)
    assert outcome.clean, outcome.finds
    assert outcome.faults == outcome.rounds == ROUNDS[name]
    assert outcome.acknowledged > outcome.rounds
    assert outcome.hits["in"] > 0 or name == "program"


@pytest.mark.timeout(300)
def test_a_full_disk_loses_and_tears_nothing(tmp_path: Path) -> None:
    outcome = full_rounds(8, tmp_path)
    if outcome.skipped:
        pytest.skip(f"no small disk can be mounted: {outcome.skipped}")
    assert outcome.clean, outcome.finds
    assert outcome.faults > 10


@contextmanager
def _no_transaction(_db: sqlite3.Connection) -> Iterator[None]:
    yield


def test_edits_outside_a_transaction_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_copy, "transaction", _no_transaction)
    outcome = kill_rounds(KILLS["edit"][0], range(MANY), SEED, tmp_path)
    assert outcome.torn + outcome.lost > 0


def test_a_save_straight_into_the_file_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        project_save, "beside", lambda home, *_, **__: home.with_name("." + home.name)
    )
    monkeypatch.setattr(project_save, "_copy", _straight)
    outcome = kill_rounds(KILLS["save"][0], range(MANY), SEED, tmp_path)
    assert outcome.torn + outcome.lost > 0


def _straight(db: sqlite3.Connection, part: Path) -> None:
    home = part.with_name(part.name.removeprefix("."))
    home.unlink(missing_ok=True)
    db.execute("VACUUM INTO ?", (str(home),))
    os.link(home, part)


def test_mattes_under_their_own_names_from_the_start_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_file, "part_path", lambda path: path)
    outcome = kill_rounds(KILLS["export"][0], range(MANY), SEED, tmp_path)
    assert outcome.torn + outcome.lost + outcome.other > 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # left open
def test_records_that_are_not_checked_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that is not taken back before its record is overwritten, and believed."""
    write = RecordFile._write_entry

    def keep(self: RecordFile, slot: int, frame: int, crc: int, *, valid: int) -> None:
        if valid:
            write(self, slot, frame, crc, valid=valid)

    monkeypatch.setattr(RecordFile, "_write_entry", keep)
    monkeypatch.setattr("app.domain.record_file._checksum", lambda *_: 0)
    outcome = kill_rounds(KILLS["embeddings"][0], range(MANY), SEED, tmp_path)
    assert outcome.torn + outcome.lost + outcome.other > 0
