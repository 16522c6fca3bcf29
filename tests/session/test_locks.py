"""Locked and absent frames under prompts and propagation: they stay, and they say what is sure."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.clip import Clip, Interpretation, open_clip
from app.domain.mask import Mask
from app.domain.project import Layer, Point, Project
from app.layer_keys import keys_of
from app.propagate import EmbeddingSource, Propagated, archives_of, propagate
from app.propagation import obstacle, planned
from app.reports import Message
from app.session import Session
from models.base import ModelError
from models.ort import Cancel
from models.tracking import KeyMask, tracker_of
from tests.fakes import SPEED, TrackingDiscModel
from tests.session.conftest import FIRST, HOLE, LAST
from tests.session.test_propagation import X, centre, click, end, hold, only, run

FRAMES = range(FIRST, LAST + 1)


@pytest.fixture
def model() -> TrackingDiscModel:
    """A model that follows a disc."""
    return TrackingDiscModel()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Twelve grey frames without a gap."""
    folder = tmp_path_factory.mktemp("plate")
    for frame in FRAMES:
        cv2.imwrite(str(folder / f"plate.{frame}.png"), np.full((90, 160, 3), 99, np.uint8))
    return open_clip(folder, Interpretation())


def disc(x: float) -> Mask:
    """A mask of a disc about (x, 45)."""
    rows, columns = np.mgrid[0:90, 0:160]
    logits = (20 - np.hypot(columns + 0.5 - x, rows + 0.5 - 45)).astype(np.float16)
    return Mask.pack(logits, window=(0, 0, 160, 90), prompt=None, model="", score=1.0)


def propagated(project: Project, playhead: int, direction: str) -> Project:
    """The project after a propagation of all its layers, as session and command line do it."""
    model = TrackingDiscModel()
    plan = planned(project, project.layers, playhead, direction)  # type: ignore[arg-type]
    tracker, cancel = tracker_of(model), Cancel()
    assert tracker is not None
    came: dict[str, dict[int, Mask]] = {}
    with closing(EmbeddingSource(plan.clip, model, cancel, None)) as source:
        archives = archives_of(plan, project, model.info, None)
        for answer in propagate(plan, tracker, model, source, archives, cancel):
            if isinstance(answer, Propagated):  # keys too: no edit relies on their absence
                came.setdefault(answer.layer_id, {})[answer.frame] = answer.mask
    return edits.set_masks(project, came)


frame_sets = st.sets(st.sampled_from(FRAMES), max_size=5)


@settings(max_examples=40, deadline=None)
@given(
    frame_sets, frame_sets, frame_sets, st.sampled_from(FRAMES),
    st.lists(st.sampled_from(["forward", "backward", "both"]), min_size=1, max_size=2),
)  # fmt: skip
def test_locked_frames_are_byte_identical_after_every_propagation(
    clip: Clip,
    clicked: set[int],
    imported: set[int],
    absent: set[int],
    playhead: int,
    directions: list[str],
) -> None:
    project = edits.add_layer(Project(clip))
    layer = project.layers[0].id
    for frame in clicked:
        project = edits.add_point(project, layer, frame, Point(X, 45))
    project = edits.import_masks(project, layer, {frame: disc(90) for frame in imported})
    project = edits.mark_absent(project, layer, absent)
    before = project.layers[0]
    for direction in directions:
        project = propagated(project, playhead, direction)
    after = project.layers[0]
    assert after.locks == before.locks == imported | absent
    assert after.prompts == before.prompts
    for frame in after.locks:
        assert after.masks[frame].data == before.masks[frame].data
        assert after.masks[frame] is before.masks[frame]
    assert not after.masks.keys() & after.prompts.keys()  # they wait for their own answers
    if not (imported or clicked - absent):
        assert after is before  # there was nothing to start from


def locked(session: Session, frames: range | list[int]) -> Layer:
    layer = only(session).id
    session.edit("Lock", lambda p: edits.lock_frames(p, layer, frames, locked=True))
    return only(session)


def test_a_locked_mask_is_where_tracking_goes_on_from(session: Session, qtbot: QtBot) -> None:
    click(session, qtbot, FIRST, X)
    layer = only(session).id
    session.edit("Import", lambda p: edits.import_masks(p, layer, {1004: disc(100)}))
    session.seek(FIRST)
    run(session, qtbot)
    assert centre(session, 1003) == pytest.approx(X + 2 * SPEED, abs=3)
    assert centre(session, 1005) == pytest.approx(100 + SPEED, abs=3)
    session.seek(1005)
    session.undo()
    session.seek(1005)
    run(session, qtbot)  # starts at the lock, which is nearer than the click
    assert sorted(only(session).masks) == [FIRST, 1004, 1005, 1006, *range(HOLE + 1, LAST + 1)]


def test_only_clicked_masks_have_a_score(session: Session, qtbot: QtBot) -> None:
    click(session, qtbot, FIRST, X)
    assert session.status().score is not None
    run(session, qtbot)
    session.seek(FIRST + 1)
    assert session.status().score is None


def test_where_the_object_is_absent_it_stays_so(session: Session, qtbot: QtBot) -> None:
    click(session, qtbot, FIRST, X)
    layer = only(session).id
    session.edit("Absent", lambda p: edits.mark_absent(p, layer, range(1004, 1007)))
    session.seek(FIRST)
    run(session, qtbot)
    assert [f for f in FRAMES if only(session).is_absent(f)] == [1004, 1005, 1006]
    assert centre(session, 1005) is None
    assert centre(session, 1008) is None  # the disc does not come back by itself
    assert centre(session, 1003) is not None


def test_absent_frames_alone_are_nothing_to_start_from(clip: Clip) -> None:
    project = edits.add_layer(Project(clip))
    layer = project.layers[0].id
    project = edits.mark_absent(project, layer, [1003])
    model = TrackingDiscModel()
    assert obstacle(project, project.layers, model) == (
        "The object is marked absent on every keyframe; click it on a frame where it is."
    )
    assert not planned(project, project.layers, 1003, "both").keys
    clicked = edits.add_point(project, layer, 1004, Point(5, 5))
    assert obstacle(clicked, clicked.layers, model) == ""
    imported = edits.import_masks(project, layer, {1004: disc(40)})
    assert obstacle(imported, imported.layers, model) == ""


def test_a_lock_on_a_prompted_frame_gives_the_mask(clip: Clip) -> None:
    project = edits.add_layer(Project(clip))
    layer = project.layers[0].id
    project = edits.add_point(project, layer, 1002, Point(5, 5))
    answer = replace(disc(70), prompt=project.layers[0].prompts[1002])
    project = edits.answers_setter({(layer, 1002): answer})(project)
    assert isinstance(keys_of(project.layers[0], clip)[1002], tuple)
    project = edits.lock_frames(project, layer, [1002], locked=True)
    key = keys_of(project.layers[0], clip)[1002]
    assert isinstance(key, KeyMask)
    assert key.inside.shape == (90, 160)
    assert np.nonzero(key.inside)[1].mean() == pytest.approx(69.5, abs=0.5)


def test_locks_where_the_clip_has_no_frame_are_no_keys(clip: Clip) -> None:
    gappy = replace(clip, missing=frozenset({1005}))
    project = edits.add_layer(Project(gappy))
    layer = project.layers[0].id
    masks = dict.fromkeys((1004, 1005, 5000), disc(40))
    project = edits.import_masks(project, layer, masks)
    assert list(keys_of(project.layers[0], gappy)) == [1004]


def test_a_damaged_locked_mask_is_a_sentence_that_names_it(clip: Clip) -> None:
    project = edits.add_layer(Project(clip), "Rabbit")
    broken = replace(disc(40), data=disc(40).data[:60])
    project = edits.import_masks(project, project.layers[0].id, {1004: broken})
    with pytest.raises(ModelError, match=r"locked mask of Rabbit on frame 1004 is damaged; go to"):
        propagated(project, 1004, "forward")


@pytest.mark.parametrize(
    "deed",
    [
        lambda s: s.add_point(90, 45, include=True),
        lambda s: s.set_box(1, 1, 50, 50),
        lambda s: s.move_point(0, 5, 5),
        lambda s: s.delete_point(0),
        lambda s: s.clear_prompt(),
        lambda s: s.cycle_proposal(),
    ],
)
def test_a_prompt_on_a_locked_frame_is_refused_in_a_sentence(
    session: Session, qtbot: QtBot, deed: Callable[[Session], None]
) -> None:
    click(session, qtbot, FIRST, X)
    locked(session, [FIRST])
    said: list[Message] = []
    session.message_sent.connect(said.append)
    before = session.project
    deed(session)
    sentence = "Frame 1001 of Layer 1 is locked; unlock the frame to change it."
    assert said == [Message("info", sentence)]  # which goes by itself
    assert session.project is before


def test_a_frame_locked_while_masks_come_keeps_the_one_it_has(
    session: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    click(session, qtbot, FIRST, X)
    run(session, qtbot)
    layer = only(session).id
    session.edit("Change", lambda p: edits.set_masks(p, {layer: {1005: disc(20)}}))
    session.seek(FIRST)
    model.tracking.clear()
    session.propagate("forward")
    hold(model, qtbot, session, 2)
    kept = locked(session, [1005]).masks[1005]
    model.tracking.set()
    end(session, qtbot)
    assert only(session).masks[1005] is kept
    session.undo()
    assert only(session).masks[1005].data != kept.data  # below the lock, the run had its way


def test_undo_of_a_lock_goes_to_its_frame(session: Session, qtbot: QtBot) -> None:
    click(session, qtbot, 1003, X)
    locked(session, [1003])
    session.seek(1010)
    session.undo()
    assert session.playhead == 1003
    assert not only(session).locks


def test_locks_are_saved_and_come_back(session: Session, qtbot: QtBot, tmp_path: Path) -> None:
    click(session, qtbot, FIRST, X)
    locked(session, [FIRST])
    home = tmp_path / "shot.roto"
    with qtbot.waitSignal(session.files.save_ended, timeout=10_000):
        session.files.save(home)
    made = only(session)
    session.close_project()
    session.open(home)
    qtbot.waitUntil(lambda: bool(session.project.layers), timeout=10_000)
    qtbot.waitUntil(lambda: session.clip is not None and not session.clip.offline, timeout=10_000)
    assert only(session) == made
