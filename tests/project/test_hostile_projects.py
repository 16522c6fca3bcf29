"""Project files from strangers: nothing in them runs, hangs, fills the memory or reaches out."""

from __future__ import annotations

import copy
import json
import os
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.clip_facts import ClipError
from app.domain.footage_places import locate
from app.domain.mask import MaskError
from app.domain.project_read import COLUMNS, read_project
from app.domain.project_schema import ProjectError
from app.domain.project_values import clip_of, in_out_of, prompt_of, view_of
from tests.clip.test_hostile_files import png
from tests.fuzz.target_project import ENDLESS, SEEDS, UNTYPED, described

PLAIN: dict[str, Any] = json.loads(SEEDS[1])
FILL = (
    "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 99) "
    "INSERT INTO fake SELECT n, 1 FROM c"
)
SWAP = (  # the table takes the place of the index
    "UPDATE sqlite_schema SET rootpage = (SELECT sum(rootpage) FROM sqlite_schema "
    "WHERE name IN ('fake', 'sqlite_autoindex_layer_1')) - rootpage "
    "WHERE name IN ('fake', 'sqlite_autoindex_layer_1')"
)


def project(tmp_path: Path, **changes: Any) -> Path:
    """A file of the plain description with these parts replaced."""
    path = tmp_path / "shot.roto"
    path.write_bytes(described(json.dumps(copy.deepcopy(PLAIN) | changes).encode()))
    return path


def clip(**changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = PLAIN["facts"]
    return facts | {"clip": facts["clip"] | changes}


def refused(path: Path, match: str) -> None:
    with pytest.raises(ProjectError, match=match) as caught:
        read_project(path)
    text = str(caught.value)
    assert path.name in text
    assert text.splitlines() == [text]


def test_the_plain_description_is_a_sound_project(tmp_path: Path) -> None:
    there = read_project(project(tmp_path))
    assert there.warnings == ()
    assert len(there.project.layers) == 2


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("CREATE VIEW v AS SELECT * FROM layer", "'v' in it is no plain"),
        (
            "CREATE TRIGGER t AFTER INSERT ON layer BEGIN DELETE FROM mask; END",
            "'t' in it is no plain",
        ),
        ("CREATE VIRTUAL TABLE f USING fts5(x)", "'f' in it is no plain"),
        ("CREATE INDEX i ON layer (upper(name))", "'i' in it is no plain"),
        ("ALTER TABLE layer ADD COLUMN big AS (zeroblob(1000000000))", "'layer' in it is no plain"),
        ("DROP TABLE mask", "no complete table mask"),
        ("ALTER TABLE mask DROP COLUMN score", "no complete table mask"),
        ("DROP TABLE lock", "no complete table lock"),
        ("PRAGMA user_version = 0", "no version"),
        ("PRAGMA application_id = 7", "database of another program"),
        ("DELETE FROM fact", "layers without a clip"),
        ("UPDATE layer SET name = CAST(x'ff' AS TEXT)", "without a name"),
        ("UPDATE layer SET colour = 'red'", "a layer|colour|number"),
        ("UPDATE layer SET shown = 7", "number from 0 to 1"),
        ("UPDATE layer SET name = ''", "without a name"),
        ("UPDATE fact SET value = 7 WHERE name = 'clip'", "the clip holds"),
        ("UPDATE fact SET value = '[9' WHERE name = 'in_out'", "the in/out range"),
    ],
)
def test_what_no_rotocel_writes_is_refused(tmp_path: Path, statement: str, match: str) -> None:
    refused(project(tmp_path, run=[statement]), match)


def test_a_view_without_an_end_is_not_read(tmp_path: Path) -> None:
    started = time.monotonic()
    refused(project(tmp_path, run=["DROP TABLE prompt", ENDLESS]), "'prompt' in it is no plain")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"frames": [0, 10**12]}, "frames 0 to"),
        ({"frames": [5, 1]}, "frames 5 to 1"),
        ({"frames": [1, 2, 3]}, "no list"),
        ({"size": [40_000, 40_000]}, "too large"),
        ({"size": [0, 7]}, "number"),
        ({"missing": [[1001, 1000 + 10_000_000]]}, "missing|frames"),
        ({"fps": "1/0"}, "division"),
        ({"fps": "9" * 30}, "ratio"),
        ({"kind": "pipe"}, "one of"),
        ({"path": "x" * 5000}, "text of"),
        ({"path": "a\0b"}, "text of"),
        ({"name": None}, "text of"),
        ({"fingerprint": {}}, "lacks"),
        ({"interpretation": {"first_frame": 1.5}}, "number"),
    ],
)
def test_a_clip_that_cannot_be_is_refused(
    tmp_path: Path, changes: dict[str, Any], match: str
) -> None:
    refused(project(tmp_path, facts=clip(**changes)), match)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"path": ' + "9" * 5000 + "}"])
def test_json_that_never_ends_is_refused(tmp_path: Path, text: str) -> None:
    refused(project(tmp_path, facts=PLAIN["facts"] | {"clip": text}), "the clip holds")


def mask_row(**changes: Any) -> list[Any]:
    return list((dict(zip(COLUMNS["mask"], PLAIN["mask"][0], strict=True)) | changes).values())


@pytest.mark.parametrize(
    "changes",
    [
        {"x1": 1e300},
        {"x1": -5},
        {"x0": 0.5},
        {"y0": 100_000},
        {"y1": 1e-9},
        {"frame": "first"},
        {"frame": 2**62},
        {"score": "good"},
        {"empty": 7},
        {"doubt": "some"},
        {"reason": "x'00'"},
        {"reason": "x" * 5000},
        {"model": "x'00'"},
        {"prompt": "{}"},
        {"prompt": {"points": [[1, 2, 3, 4]]}},
        {"prompt": {"points": [["a", 2, True, 0]]}},
        {"prompt": {"points": [[1e9, 2, True, 0]]}},
        {"prompt": {"points": [[1, 2, True, 9]]}},
        {"prompt": {"box": [5, 5, 1, 1, 0]}},
        {"data": "text"},
        {"data": "x''"},
        {"data": f"x'{png(40_000, 40_000)[:4000].hex()}'"},
    ],
)
def test_a_mask_that_makes_no_sense_is_left_out_and_told_of(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    there = read_project(project(tmp_path, mask=[mask_row(**changes), *PLAIN["mask"][1:]]))
    assert there.warnings == (
        "shot.roto is damaged: 1 mask could not be read; one of its backups may have more.",
    )
    assert sum(len(layer.masks) for layer in there.project.layers) == 3
    assert sum(len(layer.prompts) for layer in there.project.layers) == 4
    assert [len(layer.locks) for layer in there.project.layers] == [0, 1]  # it went with the mask


def test_a_doubt_beyond_its_ends_is_taken_to_the_nearer_one(tmp_path: Path) -> None:
    rows = [mask_row(doubt=-5), mask_row(frame=1002, doubt=1e5)]
    there = read_project(project(tmp_path, mask=rows))
    assert [mask.doubt for mask in there.project.layers[0].masks.values()] == [0, 1]


@pytest.mark.parametrize("frame", ["first", 1.5, 2**62, None])
def test_a_lock_that_makes_no_sense_is_left_out_and_told_of(tmp_path: Path, frame: object) -> None:
    layer = PLAIN["lock"][0][0]
    locks = [[layer, frame], [layer, 1002], [layer, 1050], ["nobody", 1001]]
    there = read_project(project(tmp_path, schema=UNTYPED, lock=locks))
    assert there.warnings == (
        "shot.roto is damaged: 1 lock could not be read; one of its backups may have more.",
    )
    assert there.project.layers[0].locks == {1002}  # there is no mask to lock on 1050


def test_a_mask_that_is_another_picture_is_found_when_it_is_used(tmp_path: Path) -> None:
    data = f"x'{png(16, 16).hex()}'"
    there = read_project(project(tmp_path, mask=[mask_row(data=data)]))
    (mask,) = there.project.layers[0].masks.values()
    with pytest.raises(MaskError, match="damaged"):
        mask.logits()


def test_a_value_that_claims_a_gigabyte_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = project(tmp_path, run=["UPDATE mask SET data = zeroblob(40000000)"])
    tracemalloc.start()
    refused(path, "too big")
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_newer_version_is_read_and_one_beyond_reason_too(tmp_path: Path) -> None:
    path = project(tmp_path, run=["PRAGMA user_version = 2147483647"])
    assert read_project(path).version == 2**31 - 1


def test_where_the_artist_was_is_not_worth_a_refusal(tmp_path: Path) -> None:
    facts = PLAIN["facts"] | {"view": "nonsense", "picture": 7}
    there = read_project(project(tmp_path, facts=facts))
    assert there.view.playhead == 0
    assert there.view.picture == b""


@pytest.mark.parametrize("data", [b"", b"text", b"SQLite format 3\0", b"SQLite format 3\0" * 20])
def test_what_is_no_database_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "shot.roto"
    path.write_bytes(data)
    refused(path, "is not a Rotocel project|another program")


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "nothing", "device"])
def test_what_is_no_file_is_refused_and_waited_for_by_nobody(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "shot.roto"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    refused(path, "is not a file|is not there|cannot be read")


def test_a_log_that_lies_beside_a_file_is_not_believed(tmp_path: Path) -> None:
    path = project(tmp_path)
    beside = path.with_name("shot.roto-wal")
    beside.write_bytes(b"\x37\x7f\x06\x82" + bytes(4096))
    assert len(read_project(path).project.layers) == 2
    assert beside.exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shot.roto", "shot.roto-wal"]


@pytest.mark.parametrize("path", ["//server/share/x.mov", "\\\\server\\share\\x.mov", "file://x/y"])
def test_footage_on_a_strangers_server_is_not_looked_for(tmp_path: Path, path: str) -> None:
    there = read_project(project(tmp_path, facts=clip(path=path, relative=path)))
    assert there.project.clip is not None
    assert list(locate(str(there.project.clip.path), there.relative, tmp_path)) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=20,
)
texts = st.text() | json_values.map(json.dumps)


@given(texts | st.none() | st.binary() | st.integers())
def test_readers_of_json_raise_nothing_else(text: object) -> None:
    for reader in (clip_of, prompt_of, view_of, in_out_of):
        with suppress(ValueError, KeyError, ClipError):
            reader(text)


@given(st.sampled_from(sorted(PLAIN["facts"]["clip"])), json_values)
def test_one_wrong_value_in_a_clip_is_refused_or_taken(name: str, value: object) -> None:
    with suppress(ValueError, KeyError, ClipError):
        clip_of(json.dumps(PLAIN["facts"]["clip"] | {name: value}))


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE mask SET model = CAST(x'ff' AS TEXT) WHERE rowid = 1", "1 mask"),
        ("UPDATE mask SET prompt = CAST(x'ff' AS TEXT) WHERE rowid = 1", "1 mask"),
        ("UPDATE prompt SET steps = CAST(x'ff' AS TEXT) WHERE frame = 1001", "2 prompts"),
    ],
)
def test_a_text_that_is_none_costs_its_own_row_alone(
    tmp_path: Path, statement: str, what: str
) -> None:
    there = read_project(project(tmp_path, run=[statement]))
    assert len(there.project.layers) == 2
    (warning,) = there.warnings
    assert what in warning


def test_a_made_up_index_does_not_multiply_a_layer(tmp_path: Path) -> None:
    """One layer with a name of a megabyte, and an index that names it a hundred times."""
    plain = "id TEXT, place INTEGER UNIQUE, name TEXT, colour, shown, solo, locked"
    path = project(
        tmp_path,
        layer=[],
        run=[
            "DROP TABLE layer",
            f"CREATE TABLE layer ({plain})",
            "INSERT INTO layer VALUES ('a', 0, hex(zeroblob(500000)), 1, 1, 0, 0)",
            "CREATE TABLE fake (place INTEGER, r INTEGER, PRIMARY KEY (place, r)) WITHOUT ROWID",
            FILL,
            "PRAGMA writable_schema = ON",
            SWAP,
        ],
    )
    tracemalloc.start()
    refused(path, "without a name")
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
