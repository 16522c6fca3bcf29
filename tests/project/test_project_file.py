"""The project file: what goes in comes out, and writing what changed is writing all of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import edits, project_schema
from app.domain.live_copy import LiveCopy, lock_path
from app.domain.locks import take
from app.domain.project import Project
from app.domain.project_read import read_database, read_project
from app.domain.project_schema import APPLICATION_ID, MIGRATIONS, VERSION, create, transaction
from app.domain.project_values import clip_of, clip_text, prompt_of, prompt_text
from app.domain.project_write import View, write_changes, write_view
from tests.project.values import clips, plain_project, projects, prompts, renamed

DATA = Path(__file__).parents[1] / "data" / "projects"
HOME = Path("/work/shot/shot.roto")
slow = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def stored(db: sqlite3.Connection) -> Project:
    return read_database(db, VERSION, "shot.roto").project


@given(prompts)
def test_a_prompt_comes_back_as_it_was(prompt: object) -> None:
    assert prompt_of(prompt_text(prompt)) == prompt  # type: ignore[arg-type]


@given(clips())
def test_a_clip_comes_back_offline(clip: object) -> None:
    assert clip_of(clip_text(clip, "../x")) == (clip, "../x")  # type: ignore[arg-type]


@slow
@given(projects())
def test_a_project_comes_back_as_it_was(project: Project) -> None:
    with closing(create(":memory:")) as db:
        write_changes(db, None, project, HOME)
        assert stored(db) == project


@slow
@given(st.lists(projects(), min_size=2, max_size=4), st.data())
def test_writing_what_changed_is_writing_all_of_it(
    values: list[Project], data: st.DataObject
) -> None:
    """Also back and forth, as undo goes, and with parts shared, as edits share them."""
    mixed = [_shared(a, b) for a, b in pairwise(values)]
    way = data.draw(st.lists(st.sampled_from([*values, *mixed]), min_size=1, max_size=6))
    with closing(create(":memory:")) as db:
        before: Project | None = None
        for project in way:
            write_changes(db, before, project, HOME)
            assert stored(db) == project
            before = project


def _shared(a: Project, b: Project) -> Project:
    """A project with the clip and the top layer of `a`, and what `b` has below."""
    top = a.layers[:1]
    below = tuple(layer for layer in b.layers if layer.id not in {x.id for x in top})
    return Project(a.clip, (*top, *below))


def test_an_edit_writes_what_it_changed_and_no_more(tmp_path: Path) -> None:
    """Counted in rows: a name is one layer, whatever hangs on it."""
    project = plain_project(layers=3, keyframes=20)
    with closing(create(":memory:")) as db:
        write_changes(db, None, project, HOME)
        before = db.total_changes
        write_changes(db, project, renamed(project, "Fox"), HOME)
        assert db.total_changes - before == 1
        write_changes(db, renamed(project, "Fox"), project, HOME)


def test_the_place_of_the_footage_is_noted_relative_to_the_project(tmp_path: Path) -> None:
    live, home = LiveCopy(tmp_path / "recovery"), tmp_path / "a" / "shot.roto"
    home.parent.mkdir()
    live.save(plain_project(), View(), home)
    live.delete()
    there = read_project(home)
    assert there.relative is not None
    assert (home.parent / there.relative).resolve() == Path("/footage/rabbit.mp4")


def test_where_the_artist_was_is_kept_with_it(tmp_path: Path) -> None:
    with closing(create(":memory:")) as db:
        write_changes(db, None, plain_project(), HOME)
        write_view(db, View(1017, "b", b"jpeg"))
        assert read_database(db, VERSION, "x").view == View(1017, "b", b"jpeg")


def test_saved_files_say_what_they_are(tmp_path: Path) -> None:
    home = tmp_path / "shot.roto"
    live = LiveCopy(tmp_path / "recovery")
    live.save(plain_project(), View(), home)
    live.delete()
    head = home.read_bytes()[:100]
    assert int.from_bytes(head[68:72], "big") == APPLICATION_ID
    assert int.from_bytes(head[60:64], "big") == VERSION
    assert head[18:20] == b"\1\1"  # no WAL: it can lie on a network share
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recovery", "shot.roto"]


def test_a_file_of_every_version_is_stored_and_opens() -> None:
    versions = {int(path.stem.removeprefix("version_")): path for path in DATA.glob("*.roto")}
    assert sorted(versions) == list(range(1, VERSION + 1))
    assert sorted(MIGRATIONS) == list(range(1, VERSION))
    for version, path in versions.items():
        there = read_project(path)
        assert there.version == version
        assert there.warnings == ()
        assert [layer.name for layer in there.project.layers] == ["Rabbit", "Grass"]
        assert there.project.layers[0].keyframes == [1001, 1005]
        assert there.project.layers[0].masks[1001].logits().shape == (16, 16)
        assert not there.project.layers[0].is_stale(1001)
        assert there.project.in_out is not None


def test_what_came_with_each_version_is_in_its_file() -> None:
    (rabbit, _), (locked, _) = (
        read_project(DATA / f"version_{n}.roto").project.layers for n in (1, 2)
    )
    assert rabbit.locks == frozenset()
    assert locked.locks == {1001, 1004}
    assert [frame for frame in locked.masks if locked.is_absent(frame)] == [1004]
    assert (rabbit.masks[1003].doubt, rabbit.masks[1003].reason) == (0, "")
    assert (locked.masks[1003].doubt, locked.masks[1003].reason) == (0.75, "jump")


def test_a_live_copy_of_an_older_version_takes_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "old.roto"
    path.write_bytes((DATA / "version_1.roto").read_bytes())
    lock = take(lock_path(path))
    assert lock is not None
    live, there = LiveCopy.adopt(path, lock)
    locked = edits.lock_frames(there.project, there.project.layers[0].id, [1003], locked=True)
    live.keep(locked, View())
    live.close()
    with closing(sqlite3.connect(path)) as db:
        assert stored(db) == locked


def test_an_older_file_is_brought_forward_step_by_step_and_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two steps that no release has: a column that gets another name, a flag that turns."""
    now = VERSION
    path = tmp_path / "old.roto"
    with closing(create(str(path))) as db, transaction(db):
        write_changes(db, None, plain_project(), HOME)
        db.execute("ALTER TABLE layer RENAME COLUMN name TO title")
        db.execute("UPDATE layer SET shown = 0")
    before = path.read_bytes()
    steps = {
        now: lambda db: db.execute("ALTER TABLE layer RENAME COLUMN title TO name"),
        now + 1: lambda db: db.execute("UPDATE layer SET shown = 1 - shown"),
    }
    for name in ("app.domain.project_read", "app.domain.project_schema"):
        monkeypatch.setattr(f"{name}.VERSION", now + 2)
    monkeypatch.setattr(project_schema.brought_forward, "__defaults__", (steps, now + 2))
    there = read_project(path)
    assert there.version == now
    assert [layer.name for layer in there.project.layers] == ["Layer 1", "Layer 2"]
    assert all(layer.shown for layer in there.project.layers)
    assert path.read_bytes() == before


def test_a_newer_file_is_read_as_far_as_it_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "new.roto"
    with closing(create(str(path))) as db:
        with transaction(db):
            write_changes(db, None, plain_project(), HOME)
            db.execute("CREATE TABLE shape (layer TEXT, points TEXT)")
            db.execute("ALTER TABLE layer ADD COLUMN mood TEXT DEFAULT 'fine'")
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    there = read_project(path)
    assert there.version == VERSION + 1
    assert there.project == plain_project()
