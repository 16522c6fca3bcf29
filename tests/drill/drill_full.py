"""A disk that fills up at every point of an edit, a save, an export, an embedding.

Then there is one sentence that names the folder and says what to do, the older file is as it was,
the work in memory goes on, and all is well once space is free.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np

from app.domain import recovery
from app.domain.live_copy import LiveCopy, stamp_of
from app.domain.project import Project
from app.domain.project_read import read_database
from app.domain.project_schema import VERSION, ProjectError
from app.domain.project_write import View
from app.project_jobs import Keeping, NotSaved, Saved, SaveProject
from export.base import ExportError
from export.report import Report
from tests.drill.child import Heard, Say, run
from tests.drill.drill_edit import name_of, recovered
from tests.drill.drill_embeddings import FRAMES, PLAYHEAD, SHAPE, SLOTS, made, opened
from tests.drill.drill_export import check_mattes, expected, present, steps
from tests.drill.drill_save import name_in, read
from tests.drill.full_disk import MB, Disk, small_disk
from tests.drill.projects import edit_at_random, new_history
from tests.drill.rounds import Lost, Outcome, Torn

LEVELS = 40
Case = Callable[[Disk, Path, int, Say], None]


def full_rounds(levels: int, folder: Path) -> Outcome:
    """Each case with the disk filled up to so many levels, each in a child that may crash."""
    outcome, started = Outcome("full"), time.monotonic()
    try:
        with small_disk(folder / "disk") as disk:
            for case, most in CASES.items():
                for level in range(levels):
                    left = most * level // max(1, levels - 1)
                    _one(disk, folder / "other", case, left, outcome)
    except PermissionError as error:
        outcome.skipped = str(error)
    outcome.seconds = time.monotonic() - started
    return outcome


def _one(disk: Disk, other: Path, case: Case, left: int, outcome: Outcome) -> None:
    other.mkdir()
    heard = run(lambda say: case(disk, other, left, say))
    outcome.rounds += 1
    outcome.faults += "full" in heard.begun
    outcome.acknowledged += len(heard.done)
    if heard.error:
        kinds = {"Lost": Lost, "Torn": Torn}
        kind = kinds.get(heard.error.split(":")[0], RuntimeError)
        outcome.found(kind(heard.error), f"{case.__name__} with {left} bytes left")
    disk.free()
    for path in disk.folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(other)


def edits(disk: Disk, other: Path, left: int, say: Say) -> None:
    """The recovery folder is on the full disk."""
    folder = disk.folder / "recovery"
    live, history = LiveCopy(folder), new_history()
    if left % 2:  # in the other rounds not even the first edit is kept before
        live.keep(history.present, View(0))
    disk.fill(left)
    for number in range(1, 30):
        project = edit_at_random(history, Random(number))
        before = live.kept
        try:
            live.keep(project, View(number))
        except ProjectError as error:
            say.begin("full")
            _check_sentence(str(error), folder, "free space")
            assert live.kept is before
            _check_kept(live)
            break
        say.done(name_of(number, project))
    disk.free()
    project = edit_at_random(history, Random(99))
    live.keep(project, View(99))
    _check_recovered(live, name_of(99, project))


def save(disk: Disk, other: Path, left: int, say: Say) -> None:
    """The artist's file is on the full disk."""
    _save(disk, disk.folder, other / "recovery", left, say)


def save_past(disk: Disk, other: Path, left: int, say: Say) -> None:
    """The recovery folder is on the full disk: saving works all the same."""
    home, live = other / "shot.roto", LiveCopy(disk.folder / "recovery")
    history = new_history()
    if left % 2:
        live.keep(history.present, View(1))
    project = edit_at_random(history, Random(left))
    disk.fill(left)
    answer = _saved(live, project, 2, home)
    assert isinstance(answer, Saved), answer
    if name_in(read(home)) != name_of(2, project):
        raise Lost("what was saved")
    if live.kept is not project:
        say.begin("full")
    say.done("saved")
    disk.free()
    project = edit_at_random(history, Random(99))
    live.keep(project, View(99))
    assert live.home == home
    _check_recovered(live, name_of(99, project))


def save_both(disk: Disk, other: Path, left: int, say: Say) -> None:
    """The artist's file and the recovery folder are on one full disk."""
    _save(disk, disk.folder, disk.folder / "recovery", left, say)


def export(disk: Disk, other: Path, left: int, say: Say) -> None:
    """The mattes go to the full disk; once there is space a resume completes them."""
    out = disk.folder / "out"
    disk.fill(left)
    done = []
    try:
        for step in steps(present(), out, "refuse"):
            if not isinstance(step, Report):
                done.append(step.path.name)
                say.done(step.path.name)
    except ExportError as error:
        say.begin("full")
        _check_sentence(str(error), disk.folder, "free some space")
    parts = [path.name for path in out.rglob("*.part")]
    assert not parts, parts
    check_mattes(out, Heard(done=done))
    disk.free()
    *_, report = steps(present(), out, "resume")
    assert isinstance(report, Report)
    assert report.complete
    assert report.kept == len(done)
    check_mattes(out, Heard(done=sorted(expected(present()))))


def embeddings(disk: Disk, other: Path, left: int, say: Say) -> None:
    """The cache is on the full disk: the store goes on in memory and says so once."""
    disk.fill(left)
    store = opened(disk.folder)
    for frame in range(FRAMES):
        store.put(frame, made(frame, 0))
        found = store.get(frame)
        assert found is not None
        assert np.array_equal(found[0], made(frame, 0)[0])
    if store.disk_error is not None:
        say.begin("full")
        assert "cannot be kept on disk" in store.disk_error
    store.close()
    store = opened(disk.folder)
    for frame in store.frames():
        found = store.get(frame)
        if found is not None and not np.array_equal(found[0], made(frame, 0)[0]):
            raise Torn(f"frame {frame}")
    store.close()
    disk.free()
    store = opened(disk.folder)
    store.put(PLAYHEAD, made(PLAYHEAD, 1))
    assert store.disk_error is None
    store.close()
    with closing(opened(disk.folder)) as store:
        found = store.get(PLAYHEAD)
        if found is None or not np.array_equal(found[0], made(PLAYHEAD, 1)[0]):
            raise Lost("what was put once space was free")


def _save(disk: Disk, folder: Path, recovery_folder: Path, left: int, say: Say) -> None:
    home, live, history = folder / "shot.roto", LiveCopy(recovery_folder), new_history()
    for number in range(-left % 3):  # none, one or two files before
        assert isinstance(
            _saved(live, edit_at_random(history, Random(number)), number, home), Saved
        )
    before = home.read_bytes() if home.exists() else None
    project = edit_at_random(history, Random(left))
    disk.fill(left)
    answer = _saved(live, project, 98, home)
    names = {path.name for path in folder.iterdir()}
    assert names <= {"filler", "shot.roto", "shot.backups", "recovery", ".shot.roto.lock"}, names
    if isinstance(answer, NotSaved):
        say.begin("full")
        _check_sentence(answer.sentence, folder, "free some space")
        if (home.read_bytes() if home.exists() else None) != before:
            raise Torn("the older file was touched")
    else:
        say.done("saved")
        if name_in(read(home)) != name_of(98, project):
            raise Lost("what was saved")
    disk.free()
    project = edit_at_random(history, Random(99))
    assert isinstance(_saved(live, project, 99, home), Saved)
    if name_in(read(home)) != name_of(99, project):
        raise Lost("what was saved once space was free")
    project = edit_at_random(history, Random(100))
    live.keep(project, View(100))
    _check_recovered(live, name_of(100, project))


def _saved(live: LiveCopy, project: Project, number: int, home: Path) -> Saved | NotSaved:
    """Save as the program does; the lock is let go of."""
    keeping = Keeping(live, project, number, None, None, clean=False)
    answer = SaveProject(keeping, home, None, stamp_of(home))()
    if isinstance(answer, Saved) and answer.lock is not None:
        answer.lock.release()
    return answer


def _check_sentence(sentence: str, folder: Path, what_to_do: str) -> None:
    assert str(folder) in sentence, sentence
    assert what_to_do in sentence, sentence
    assert sentence.endswith("."), sentence
    assert "\n" not in sentence, sentence


def _check_kept(live: LiveCopy) -> None:
    """The database on the full disk holds the last value that was kept, and is whole."""
    if live.kept is None or live._db is None:
        return
    stored = read_database(live._db, VERSION, live.path.name)
    if name_of(0, stored.project) != name_of(0, live.kept):
        raise Lost("an edit that was kept before the disk was full")


def _check_recovered(live: LiveCopy, name: str) -> None:
    live.close()
    (work,) = recovery.recoverable(live.path.parent)
    live, _, found = recovered(work.path)
    if found != name:
        raise Lost(f"{found} is recovered, not {name}")
    live.delete()


CASES: dict[Case, int] = {
    edits: 5 * MB,
    save: MB,
    save_past: 3 * MB,
    save_both: 3 * MB,
    export: 150_000,
    embeddings: SLOTS * int(np.prod(SHAPE)) * 2 + 8192,
}
