"""Whatever is propagated, however, and wherever it is cancelled: what holds afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from random import Random

import pytest
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.project import Point, Project
from app.domain.project_read import read_database
from app.domain.project_schema import VERSION
from app.session import Session
from tests.fakes import TrackingDiscModel
from tests.session.conftest import FIRST, LAST
from tests.session.test_locks import disc
from tests.session.test_propagation import LONG, model

__all__ = ["model"]  # a fixture

FRAMES = range(FIRST, LAST + 1)
DISCS = [disc(x) for x in (30, 60, 90)]
SURE = ("prompt", "lock", "prompt, lock", "absent")
DRAWS = 10  # of each kind

KINDS: dict[str, Callable[[Session], None]] = {
    "forward": lambda s: s.propagate("forward"),
    "backward": lambda s: s.propagate("backward"),
    "both": lambda s: s.propagate("both"),
    "to the next keyframe": lambda s: s.propagate("forward", "keyframe"),
    "to the previous keyframe": lambda s: s.propagate("backward", "keyframe"),
    "one on": lambda s: s.propagate_one(1),
    "one back": lambda s: s.propagate_one(-1),
    "fix": lambda s: s.propagate_fix(),
    "every layer": lambda s: s.propagate_all(),
    "every layer to its next keyframe": lambda s: s.propagate_all("forward", "keyframe"),
}


@dataclass(frozen=True)
class Case:
    """A project, and what is done with it."""

    layers: list[list[str]]  # what is on each frame of each layer
    in_out: FrameRange | None
    playhead: int
    kind: str
    cancel: int | None  # after so many answers


def drawn(random: Random, kind: str) -> Case:
    """A case of this kind, in most of which there is something to do."""
    marks = ["", "", "", "mask", "mask", "mask", *SURE]
    layers = [random.choices(marks, k=len(FRAMES)) for _ in range(random.randint(1, 2))]
    first, last = sorted(random.choices(FRAMES, k=2))
    in_out = random.choice([None, None, FrameRange(first, last)])
    good = {"fix": [*SURE], "one on": ["mask", *SURE], "one back": ["mask", *SURE]}.get(kind, marks)
    there = [f for f, mark in zip(FRAMES, layers[-1], strict=True) if mark in good]
    playhead = random.choice(there or FRAMES)
    return Case(layers, in_out, playhead, kind, random.choice([None, random.randint(0, 8)]))


def project_of(case: Case, session: Session) -> Project:
    """The project of a case, every prompt answered."""
    project = edits.set_in_out(Project(session.clip), case.in_out)
    for marks in case.layers:
        project = edits.add_layer(project)
        layer = project.layers[0].id
        for frame, mark in zip(FRAMES, marks, strict=True):
            project = marked(project, layer, frame, mark)
    return project


def marked(project: Project, layer: str, frame: int, mark: str) -> Project:
    mask = replace(DISCS[frame % len(DISCS)], doubt=0.7, reason="jump")
    if mark == "mask":
        return edits.set_masks(project, {layer: {frame: mask}})
    if mark == "absent":
        return edits.mark_absent(project, layer, [frame])
    if "prompt" in mark:
        project = edits.add_point(project, layer, frame, Point(50, 45))
        prompt = project.layer(layer).prompts[frame]
        answer = {(layer, frame): replace(mask, prompt=prompt)}
        project = edits.answers_setter(answer)(project)
    elif mark:
        project = edits.set_masks(project, {layer: {frame: mask}})
    return edits.lock_frames(project, layer, [frame], locked=True) if "lock" in mark else project


def carry_out(case: Case, session: Session, qtbot: QtBot, model: TrackingDiscModel) -> None:
    """Propagate as the case says, to the end or to where it is cancelled."""
    if case.cancel is not None:
        model.shut()
        if case.cancel:
            model.let(case.cancel)
    come = len(model.tracked) + (case.cancel or 0)
    KINDS[case.kind](session)
    if session.propagating and case.cancel is not None:
        qtbot.waitUntil(lambda: not session.propagating or len(model.tracked) >= come, timeout=LONG)
        session.cancel_propagation()
    qtbot.waitUntil(lambda: not session.propagating, timeout=LONG)
    model.tracking.set()


def check_masks(before: Project, after: Project) -> None:
    """Locks and prompts keep the very masks they had, and so does all outside in/out."""
    assert replace(after, layers=before.layers) == before
    work = before.work_range
    assert work is not None
    for old, new in zip(before.layers, after.layers, strict=True):
        assert replace(new, masks=old.masks) == old
        kept = {*old.locks, *old.prompts, *(frame for frame in FRAMES if frame not in work)}
        for frame in kept:
            assert new.masks.get(frame) is old.masks.get(frame)
        assert old.masks.keys() <= new.masks.keys() <= set(FRAMES)


def check_history(before: Project, labels: list[str], session: Session) -> None:
    """What came is one step: undone, the project before is there again; redone, what came."""
    after = session.project
    if after is before:
        assert session.history.labels() == labels
        return
    assert session.history.labels()[:-1] == labels
    session.undo()
    assert session.project is before
    session.redo()
    assert session.project is after


def check_live_copy(session: Session, qtbot: QtBot) -> None:
    """What an artist would be offered after a crash now is the project."""
    keeping = session.files.keeping
    assert keeping is not None
    live, project = keeping.live, session.project
    qtbot.waitUntil(lambda: live.kept is project, timeout=LONG)
    with closing(sqlite3.connect(f"file:{live.path}?mode=ro", uri=True)) as db:
        stored = read_database(db, VERSION, live.path.name).project
    assert (stored.layers, stored.in_out) == (project.layers, project.in_out)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_propagated_what_is_sure_stays_and_it_is_one_step(
    session: Session, qtbot: QtBot, model: TrackingDiscModel, kind: str
) -> None:
    """Draws by hand: those of hypothesis are too much alike for so few."""
    random = Random(kind)
    changed = 0
    for _ in range(DRAWS):
        case = drawn(random, kind)
        session.start_with(project_of(case, session))
        session.seek(case.playhead)
        before, labels = session.project, session.history.labels()
        carry_out(case, session, qtbot, model)
        check_masks(before, session.project)
        if case.cancel is not None:
            check_live_copy(session, qtbot)
        check_history(before, labels, session)
        changed += session.project is not before
    assert changed >= DRAWS // 5, "else it says little"
