"""Project files whose tables, indexes and pictures were made to keep a reader busy."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app.domain.mask import MaskError, checked_shape, checked_window
from app.domain.project_dump import dump
from app.domain.project_read import read_database, read_project
from app.domain.project_schema import SCHEMA, VERSION, ProjectError, reading
from app.domain.project_values import MOST_MISSING, clip_of, prompt_of
from app.domain.recovery import picture_in
from app.footage_jobs import same_footage
from tests.fuzz.target_project import HOURS, SEEDS, described
from tests.project.values import plain_clip, plain_project

PLAIN: dict[str, Any] = json.loads(SEEDS[1])
SOON = 5.0  # seconds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shot.roto"


@contextmanager
def altered(path: Path, **changes: Any) -> Iterator[sqlite3.Connection]:
    """A database to make worse, and then whatever became of it as the file at `path`."""
    path.write_bytes(described(json.dumps(PLAIN | changes).encode()))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        yield db


def refused(path: Path, match: str) -> None:
    started = time.monotonic()
    with pytest.raises(ProjectError, match=match) as caught:
        read_project(path)
    text = str(caught.value)
    assert path.name in text
    assert text.splitlines() == [text]
    assert time.monotonic() - started < SOON


@pytest.mark.parametrize(
    "statement",
    [
        f"CREATE TABLE t (x CHECK ({HOURS}))",
        f"CREATE TABLE t (x, y AS ({HOURS}) NOT NULL)",
        f"CREATE TABLE t (x, y GENERATED ALWAYS/**/AS({HOURS}) VIRTUAL)",
        f"CREATE VIEW t AS SELECT {HOURS}",
        "CREATE TABLE t (x)",  # made a virtual one that does not begin like one
    ],
)
def test_no_reader_computes_what_a_table_asks_for(path: Path, statement: str) -> None:
    """Neither opening it, nor looking at its picture, nor rescuing what is in it."""
    with altered(path) as db:
        db.execute(statement)
        if statement.endswith("(x)"):
            sql = f"CREATE/*{' ' * 40}*/VIRTUAL TABLE t USING fts3(x)"
            db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 't'", (sql,))
        elif "CHECK" in statement:
            db.execute("PRAGMA ignore_check_constraints = ON")
            db.execute("INSERT INTO t VALUES (1)")
    refused(path, "'t' in it is no plain table")
    assert picture_in(path) == b""
    with pytest.raises(ProjectError, match="no plain table"):
        dump(path)


def test_a_table_with_thousands_of_constraints_is_refused_at_once(path: Path) -> None:
    with altered(path) as db:
        many = "".join(f", UNIQUE (data, x0, x1, score, frame, c{n})" for n in range(800))
        columns = "".join(f", c{n}" for n in range(800))
        sql = f"CREATE TABLE t (data, x0, x1, score, frame{columns}{many})"
        db.execute("CREATE TABLE t (x)")
        db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 't'", (sql,))
    refused(path, "malformed|too big")


def test_one_row_that_an_index_names_many_times_is_read_once(path: Path) -> None:
    """An index is only believed by whoever uses it: a made-up one would fill the memory."""
    with altered(path) as db:
        db.execute("CREATE TABLE decoy (layer, frame, PRIMARY KEY (layer, frame))")
        layer = PLAIN["layer"][0][0]
        rows = [(row, layer, frame) for row, frame in enumerate(range(3000), 1)]
        db.executemany("INSERT INTO decoy (rowid, layer, frame) VALUES (?, ?, ?)", rows)
        roots = dict(db.execute("SELECT name, rootpage FROM sqlite_schema WHERE type = 'index'"))
        change = "UPDATE sqlite_schema SET rootpage = ? WHERE name = ?"
        db.execute(change, (roots["sqlite_autoindex_decoy_1"], "sqlite_autoindex_mask_1"))
        db.execute(change, (roots["sqlite_autoindex_mask_1"], "sqlite_autoindex_decoy_1"))
    there = read_project(path)
    assert [sorted(layer.masks) for layer in there.project.layers] == [[1001, 1002]] * 2


@pytest.mark.parametrize("kind", ["layer TEXT COLLATE NOCASE", "layer INTEGER"])
def test_layers_that_only_the_file_calls_alike_do_not_share_their_masks(
    path: Path, kind: str
) -> None:
    """A thousand layers that each get every mask would be a thousand times the file."""
    ids = ("a", "A") if "NOCASE" in kind else ("1", "01")
    schema = SCHEMA.replace("layer TEXT", kind)
    layers = [[each, place, "n", 0, 1, 0, 0] for place, each in enumerate(ids)]
    masks = [[ids[0], *PLAIN["mask"][0][1:]]]
    with altered(path, schema=schema, layer=layers, mask=masks, prompt=[]):
        pass
    there = read_project(path)
    assert sum(len(layer.masks) for layer in there.project.layers) <= 1


def test_two_layers_with_one_id_are_refused(path: Path) -> None:
    with altered(path) as db:
        db.execute("CREATE TABLE two AS SELECT * FROM layer UNION ALL SELECT * FROM layer")
        db.execute("DROP TABLE layer")
        db.execute("ALTER TABLE two RENAME TO layer")
    refused(path, "two layers with one id")


@pytest.mark.parametrize(
    "missing",
    [
        [[1001, 1000 + MOST_MISSING // 2]] * MOST_MISSING,  # hours, one after the other
        [[1005, 1006], [1001, 1002]],
        [[1001, 1002], [1002, 1003]],
        [[1000, 1001]],
        [[1001, 1001 + MOST_MISSING]],
    ],
)
def test_missing_frames_come_in_order_and_once(missing: list[list[int]]) -> None:
    facts = PLAIN["facts"]["clip"] | {"frames": [1001, 900_000], "missing": missing}
    started = time.monotonic()
    with pytest.raises(ValueError, match="missing frames"):
        clip_of(json.dumps(facts))
    assert time.monotonic() - started < SOON


@pytest.mark.parametrize("depth", [100, 400, 900, 5000])
def test_a_nested_value_is_a_value_error_at_any_depth(depth: int) -> None:
    """What can be parsed may still be too deep to be printed."""
    nested = "[" * depth + "]" * depth
    for text in (f'{{"points": [[{nested}, 2, true, 0]]}}', f'{{"box": [1, 1, 2, 2, {nested}]}}'):
        with pytest.raises(ValueError, match=r"number|brackets"):
            prompt_of(text)


def test_a_number_beyond_all_floats_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="the number"):
        prompt_of(f'{{"points": [[{"9" * 400}, 2, true, 0]]}}')


def test_a_text_of_many_empty_lists_is_not_parsed() -> None:
    text = '{"x": [' + "[]," * (10 << 20) + "0]}"
    tracemalloc.start()
    with pytest.raises(ValueError, match="characters"):
        prompt_of(text)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("suffix", [".tiff", ".jpg"])
def test_a_mask_is_a_png_and_no_other_picture(suffix: str) -> None:
    data = cv2.imencode(suffix, np.zeros((4, 4), np.uint8 if suffix == ".jpg" else np.uint16))[1]
    with pytest.raises(MaskError, match="no PNG"):
        checked_shape(data.tobytes())


def test_a_mask_of_one_pixel_is_not_grown_to_gigabytes() -> None:
    """The window may be twice the clip; a coarse mask would be grown to all of it."""
    with pytest.raises(MaskError, match="coarser"):
        checked_window((0.0, 0.0, 32_768.0, 32_768.0), (16_384, 1), (1, 1))
    assert checked_window((0.0, 0.0, 16_384.0, 16_384.0), (16_384, 8_000), (256, 256))
    assert checked_window((0.0, 0.0, 16_384.0, 16_384.0), (8_000, 16_384), (256, 256))
    assert checked_window((0.0, 0.0, 640.0, 640.0), (640, 360), (1, 1))


def test_a_message_of_sqlite_cannot_reach_the_terminal(path: Path) -> None:
    with altered(path) as db:
        db.execute('CREATE TABLE "\x1b[2J\u2028" (x)')
        db.execute("UPDATE sqlite_schema SET sql = 'nonsense' WHERE name LIKE '%2J%'")
    refused(path, "damaged")
    with pytest.raises(ProjectError) as caught:
        read_project(path)
    assert str(caught.value).isprintable()


def test_a_table_whose_name_is_no_text_is_refused_by_every_reader(path: Path) -> None:
    with altered(path) as db:
        db.execute("UPDATE sqlite_schema SET name = CAST(x'ff' AS TEXT), sql = 'nonsense'")
    refused(path, "no text")
    assert picture_in(path) == b""
    with pytest.raises(ProjectError, match="no text"):
        dump(path)


def test_a_pipe_as_a_backup_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    assert picture_in(path) == b""


@pytest.mark.parametrize(
    "place",
    ["{}/pipe", "{}/pipe.png", "/dev/zero", "/dev/stdin", "{}/" + "../" * 900, "{}/" + "ä" * 250],
)
def test_footage_that_is_no_file_is_told_of_and_not_waited_for(tmp_path: Path, place: str) -> None:
    for name in ("pipe", "pipe.png"):
        os.mkfifo(tmp_path / name)
    project = replace(plain_project(), clip=plain_clip(Path(place.format(tmp_path))))
    started = time.monotonic()
    found, reason = same_footage(project, None, tmp_path / "shot.roto")
    assert found is None
    assert reason.splitlines() == [reason]
    assert time.monotonic() - started < SOON


def test_a_file_that_is_replaced_while_it_is_read_is_read_to_its_end(path: Path) -> None:
    with altered(path):
        pass
    with reading(path) as db:
        before = db.execute("SELECT count(*) FROM mask").fetchone()
        other = path.with_name("other")
        other.write_bytes(bytes(5000))
        other.replace(path)
        assert db.execute("SELECT count(*) FROM mask WHERE length(data)").fetchone() == before
    refused(path, "is not a Rotocel project")


def test_a_file_that_is_overwritten_while_it_is_read_is_damaged_at_worst(path: Path) -> None:
    with altered(path):
        pass
    for kept in (100, 1024, 3000):
        whole = path.read_bytes()
        with reading(path) as db, path.open("r+b") as file:
            file.truncate(kept)
            file.write(b"\xff" * len(whole))
            with pytest.raises((sqlite3.Error, ValueError)):
                read_database(db, VERSION, path.name)
        path.write_bytes(whole)
