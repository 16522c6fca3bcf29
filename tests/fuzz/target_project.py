"""Project files: any bytes, and any values, types and tables in a sound database.

What begins with a brace describes a database: its schema, facts by name, rows by table, statements
run before and at the end. What holds an object is stored as JSON, a text `x'...'` as those bytes.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from app.domain import project_schema
from app.domain.mask import MaskError, upsample
from app.domain.project import Project
from app.domain.project_dump import as_values, dump
from app.domain.project_read import COLUMNS, Stored, read_database, read_project
from app.domain.project_schema import APPLICATION_ID, SCHEMA, VERSION, ProjectError, create
from app.domain.project_values import clip_text, prompt_text
from app.domain.project_write import write_changes
from tests.clip.test_hostile_files import png
from tests.fuzz.mutate import LONGEST
from tests.fuzz.target import Defect, refusal
from tests.project.values import plain_project

SMALL = 700 * 400  # pixels of a clip whose mattes are made too
HEX = re.compile(r"x'((?:[0-9a-fA-F]{2})*)'")
TABLES = {"layer": 7, "prompt": 3, "mask": 13, "lock": 2}

_room = tempfile.TemporaryDirectory(prefix="rotocel-fuzz-", ignore_cleanup_errors=True)
FILE = Path(_room.name) / "shot.roto"


def fuzz(data: bytes) -> str | None:
    """Read it, use what was read as the program does, and write it anew."""
    FILE.write_bytes(described(data) if data.startswith(b"{") else data)
    with suppress(ProjectError):
        json.dumps(as_values(dump(FILE)))
    return refusal(lambda: _use(read_project(FILE)), ProjectError, [FILE.name])


def described(data: bytes) -> bytes:
    """The database that a description stands for; an empty one where it stands for none."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    with closing(db):
        db.execute("PRAGMA page_size = 512")
        try:
            _build(db, json.loads(data))
        except (ValueError, RecursionError, TypeError, AttributeError, sqlite3.Error):
            _run(db, "CREATE TABLE fact (name)")
        return db.serialize()


def _build(db: sqlite3.Connection, description: dict[str, Any]) -> None:
    _run(db, f"PRAGMA application_id = {APPLICATION_ID}")
    _run(db, f"PRAGMA user_version = {VERSION}")
    for statement in description.get("before", []):
        _run(db, str(statement))
    db.executescript(description.get("schema", SCHEMA))
    for name, value in description.get("facts", {}).items():
        _run(db, "INSERT INTO fact VALUES (?, ?)", name, value)
    for table, count in TABLES.items():
        for row in description.get(table, []):
            marks = ", ".join("?" * count)
            _run(db, f"INSERT INTO {table} VALUES ({marks})", *(list(row) + [None] * count)[:count])
    _run(db, "PRAGMA writable_schema = ON")
    for statement in description.get("run", []):
        _run(db, str(statement))


def _run(db: sqlite3.Connection, statement: str, *values: Any) -> None:
    with suppress(sqlite3.Error, sqlite3.Warning, UnicodeError, OverflowError):
        db.execute(statement, [_stored(value) for value in values])


def _stored(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    found = HEX.fullmatch(value) if isinstance(value, str) else None
    return bytes.fromhex(found[1]) if found else value


def _use(stored: Stored) -> None:
    project = stored.project
    with closing(create(":memory:")) as db:
        write_changes(db, None, project, None)
        if read_database(db, VERSION, FILE.name).project != project:
            raise Defect("it does not come back as it was read")
    size = project.clip.size if project.clip else (0, 0)
    for layer in project.layers:
        for mask in layer.masks.values():
            with suppress(MaskError):
                logits = mask.logits()
                if not np.isfinite(logits).all():
                    raise Defect("a mask that is no number")
                if size[0] * size[1] < SMALL and upsample(mask, size).shape != size[::-1]:
                    raise Defect("a matte of another size than the clip")


def _locked(project: Project) -> Project:
    """The project with the first keyframe of each layer locked."""
    layers = tuple(replace(x, locks=frozenset(x.keyframes[:1])) for x in project.layers)
    return replace(project, layers=layers)


def _description(project: Project) -> dict[str, Any]:
    clip = project.clip
    assert clip is not None
    return {
        "facts": {
            "clip": json.loads(clip_text(clip, "../rabbit.mp4")),
            "in_out": [1001, 1040],
            "view": {"playhead": 1005, "selected": project.layers[0].id},
            "picture": "x'ffd8'",
        },
        "layer": [
            [x.id, place, x.name, x.colour, x.shown, x.solo, x.locked]
            for place, x in enumerate(project.layers)
        ],
        "prompt": [
            [x.id, frame, json.loads(prompt_text(prompt))]
            for x in project.layers
            for frame, prompt in x.prompts.items()
        ],
        "mask": [
            [
                *(x.id, frame, json.loads(prompt_text(mask.prompt)) if mask.prompt else None),
                *(mask.model, mask.score, *mask.window, f"x'{mask.data.hex()}'"),
                *(mask.empty, mask.doubt, mask.reason),
            ]
            for x in project.layers
            for frame, mask in x.masks.items()
        ],
        "lock": [[x.id, frame] for x in project.layers for frame in sorted(x.locks)],
        "run": [],
    }


HOURS = f"'{'a' * 5000}' LIKE '{'%a' * 2000}%b'"  # within one step of SQLite's machine
ENDLESS = (
    "CREATE VIEW prompt AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
    "SELECT 'a' AS layer, n AS frame, '{}' AS steps FROM c"
)
MANY = (
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 1500) "
    "INSERT INTO layer SELECT 'x' || n, n, 'n', 0, 1, 0, 0 FROM c"
)
ATTACKS = (
    "CREATE VIEW v AS SELECT * FROM layer",
    "CREATE TRIGGER t AFTER INSERT ON layer BEGIN DELETE FROM mask; END",
    "CREATE VIRTUAL TABLE f USING fts5(x)",
    "CREATE INDEX i ON layer (upper(name))",
    "DROP TABLE mask",
    "ALTER TABLE mask DROP COLUMN score",
    "ALTER TABLE layer ADD COLUMN extra DEFAULT 'x'",
    "CREATE TABLE more (x)",
    "DROP TABLE prompt; ",
    ENDLESS,
    "ALTER TABLE layer ADD COLUMN big AS (zeroblob(1000000000))",
    f"CREATE TABLE t (x CHECK ({HOURS}))",
    f"CREATE TABLE t (x, y AS ({HOURS}) NOT NULL)",
    "INSERT INTO t VALUES (1)",
    "CREATE UNIQUE INDEX i ON mask (data)",
    "CREATE INDEX i ON mask (layer) WHERE randomblob(30000000) > score",
    "INSERT INTO layer SELECT id || place, place, name, colour, 1, 0, 0 FROM layer",
    MANY,
    "ANALYZE",
    f"PRAGMA user_version = {VERSION + 1}",
    "PRAGMA user_version = 1",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 2147483647",
    "PRAGMA application_id = 7",
    "UPDATE layer SET name = CAST(x'ff00fe' AS TEXT)",
    "UPDATE layer SET id = CAST(x'ff' AS TEXT)",
    "UPDATE mask SET x1 = 9e999, y1 = -9e999",
    "UPDATE mask SET x1 = 1e-300, y1 = 1e300",
    "UPDATE mask SET data = zeroblob(9000000) WHERE rowid = 1",
    "UPDATE mask SET frame = 9223372036854775807",
    "UPDATE prompt SET steps = x'7b7d'",
    "UPDATE fact SET value = zeroblob(100)",
    "DELETE FROM fact",
    "INSERT INTO lock SELECT layer, 'x' || frame FROM mask",
    "INSERT INTO lock SELECT layer, frame + n FROM mask, (SELECT 0 n UNION SELECT 7)",
    "UPDATE mask SET empty = 7, doubt = 9e999, reason = hex(zeroblob(90))",
    "UPDATE mask SET reason = CAST(x'ff' AS TEXT), doubt = -1",
    "UPDATE sqlite_schema SET sql = replace(sql, 'TEXT', 'BLOB')",
    "UPDATE sqlite_schema SET rootpage = 3",
    "UPDATE sqlite_schema SET type = 'view'",
    "UPDATE sqlite_schema SET sql = replace(sql, 'TABLE', '/**/VIRTUAL TABLE t USING fts3 --')",
    "UPDATE sqlite_schema SET sql = replace(sql, 'PRIMARY KEY (layer, frame)', 'x')",
    "UPDATE sqlite_schema SET sql = replace(sql, 'id TEXT', 'id INT COLLATE NOCASE')",
    "UPDATE sqlite_schema SET name = char(27, 10, 8238), tbl_name = 'x'",
    "UPDATE sqlite_schema SET sql = x'00'",
    "UPDATE sqlite_schema SET rootpage = 9 - rootpage WHERE type = 'index'",
)
BEFORE = (
    "PRAGMA encoding = 'UTF-16le'",
    "PRAGMA auto_vacuum = INCREMENTAL",
    "PRAGMA page_size = 65536",
    "PRAGMA page_size = 1024",
)
UNTYPED = "".join(f"CREATE TABLE {name} ({', '.join(COLUMNS[name])});" for name in COLUMNS)


def _seeds() -> tuple[bytes, ...]:
    page, project_schema.PAGE = project_schema.PAGE, 512
    try:
        with closing(create(":memory:")) as db:
            write_changes(db, None, _locked(plain_project(2, 2)), Path("/work/shot.roto"))
            raw = db.serialize()
    finally:
        project_schema.PAGE = page
    plain = _description(_locked(plain_project(2, 2)))
    described_ones = [plain, *({**plain, "run": [attack]} for attack in ATTACKS)]
    described_ones += [{**plain, "before": [wish]} for wish in BEFORE]
    described_ones += [{**plain, "schema": UNTYPED, "run": list(two)} for two in pairwise(ATTACKS)]
    for data in (png(40_000, 40_000), png(2048, 2048, 16), png(16, 16), b""):
        masks = [[*row[:9], f"x'{data[:60_000].hex()}'", *row[10:]] for row in plain["mask"][:1]]
        described_ones.append({**plain, "mask": masks})
    for frames in ([0, 10**12], [5, 1], [-(10**12), -(10**12)], [0, 9_999_999]):
        clip = {**plain["facts"]["clip"], "frames": frames, "missing": [frames]}
        described_ones.append({**plain, "facts": {**plain["facts"], "clip": clip}})
    texts = [json.dumps(one).encode() for one in described_ones]
    files = (described(text) for text in texts[::8])
    return (raw, *texts, *_headers(raw), *(file for file in files if len(file) <= LONGEST))


def _headers(raw: bytes) -> Iterator[bytes]:
    """Files that say they have a log, bytes reserved on each page, or pages of another size."""
    for place, value in ((18, b"\2\2"), (20, b"\x40"), (16, b"\x10\0"), (16, b"\3\xe8")):
        yield raw[:place] + value + raw[place + len(value) :]


SEEDS = _seeds()
