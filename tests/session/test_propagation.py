"""Propagation in a real session, with a disc that moves: what comes, what stays, what is undone."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.project import Layer
from app.domain.project_read import read_project
from app.reports import ExportSummary, Message
from app.session import Session
from app.settings import Settings
from models.base import Cancelled, CancelToken, Embedding, ModelError, Rgb8
from models.ort import Cancel
from tests.fakes import SPEED, DiscModel, TrackingDiscModel
from tests.session.conftest import FIRST, HOLE, LAST

LONG = 10000
X, Y = 40.0, 45.0
READABLE = [frame for frame in range(FIRST, LAST + 1) if frame != HOLE]


@pytest.fixture
def model() -> TrackingDiscModel:
    """A model that follows a disc."""
    return TrackingDiscModel()


@pytest.fixture
def keyed(session: Session, qtbot: QtBot) -> Session:
    """A session with one click on the first frame, answered."""
    click(session, qtbot, FIRST, X)
    return session


def click(session: Session, qtbot: QtBot, frame: int, x: float) -> None:
    session.seek(frame)
    session.add_point(x, Y, include=True)
    layer = session.selected
    assert layer is not None
    qtbot.waitUntil(lambda: not session.is_pending(layer, frame), timeout=LONG)


def only(session: Session) -> Layer:
    (layer,) = session.project.layers
    return layer


def run(session: Session, qtbot: QtBot, direction: str = "forward", **how: bool) -> None:
    session.propagate(direction, **how)  # type: ignore[arg-type]
    assert session.propagating
    end(session, qtbot)


def end(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not session.propagating, timeout=LONG)


def centre(session: Session, frame: int, layer: Layer | None = None) -> float | None:
    """The middle of the mask on a frame, in clip pixels from the left; None where it is empty."""
    mask = (layer or only(session)).masks[frame]
    inside = mask.logits() > 0
    if not inside.any():
        return None
    return float((np.nonzero(inside)[1].mean() + 0.5) * 160 / 64)


def hold(model: TrackingDiscModel, qtbot: QtBot, session: Session, answers: int) -> None:
    """Let so many more answers through; wait until they are in the project."""
    wanted = len(model.tracked) + answers
    model.let(answers)
    qtbot.waitUntil(lambda: len(model.tracked) == wanted, timeout=LONG)
    frame = model.tracked[-1][1]
    qtbot.waitUntil(lambda: frame in only(session).masks, timeout=LONG)


def test_masks_come_frame_by_frame_and_are_one_step(keyed: Session, qtbot: QtBot) -> None:
    before = keyed.project
    key_mask = only(keyed).masks[FIRST]
    run(keyed, qtbot)
    layer = only(keyed)
    assert sorted(layer.masks) == READABLE
    assert layer.masks[FIRST] is key_mask
    assert all(layer.masks[frame].prompt is None for frame in READABLE[1:])
    for frame in READABLE[1:6]:
        assert centre(keyed, frame) == pytest.approx(X + SPEED * (frame - FIRST), abs=3)
    assert keyed.history.labels()[-1] == f"Propagate Layer 1, {FIRST + 1}-{LAST}"
    keyed.undo()
    assert keyed.project == before
    keyed.redo()
    assert sorted(only(keyed).masks) == READABLE


def test_encoding_ahead_rests_and_the_time_left_is_told(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gap, which costs no time, is told first and counts for nothing."""
    now = [1000.0]
    monkeypatch.setattr("app.propagator.time.monotonic", lambda: now[0])
    model.tracking.clear()
    keyed.propagate("forward")
    assert keyed._crew._wanted.ahead is False
    for _ in range(3):
        now[0] += 10
        hold(model, qtbot, keyed, 1)
    assert keyed.propagator.activity() == "propagating 1003 (8 left, 1:20)"
    model.tracking.set()
    end(keyed, qtbot)
    assert keyed._crew._wanted.ahead is True


def test_while_it_looks_ahead_that_is_told(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    """Nothing comes meanwhile that would have the status told again."""
    model.tracking.clear()
    model.looks_at = 1010
    keyed.propagate("forward")
    told: list[str] = []
    keyed.propagator.changed.connect(lambda: told.append(keyed.propagator.activity()))
    qtbot.waitUntil(lambda: "propagating, looking at 1010 (11 left)" in told, timeout=LONG)
    keyed.cancel_propagation()
    end(keyed, qtbot)


def test_where_taking_masks_takes_long_they_are_taken_less_often(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr("app.propagator.time.perf_counter", lambda: next(clock) / 10)
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 2)
    qtbot.waitUntil(lambda: keyed.propagator._taking.interval() == 1000, timeout=LONG)
    keyed.cancel_propagation()
    end(keyed, qtbot)


def test_a_layer_that_is_lost_gets_no_masks_and_is_said_at_once(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    said: list[Message] = []
    keyed.message_sent.connect(said.append)
    model.loses = READABLE[3]
    model.tracking.clear()
    keyed.propagate("forward")
    model.let(4)
    lost = f"Lost sight of Layer 1 on frame {READABLE[3]}; click it where it is seen again."
    qtbot.waitUntil(lambda: lost in [m.text for m in said], timeout=LONG)
    assert keyed.propagating
    model.tracking.set()
    end(keyed, qtbot)
    assert sorted(only(keyed).masks) == READABLE[:3]
    assert len([m for m in said if "Lost" in m.text]) == 1


def test_where_it_is_lost_masks_of_before_are_named(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    click(keyed, qtbot, 1010, X)
    keyed.seek(FIRST)
    run(keyed, qtbot)
    said: list[Message] = []
    keyed.message_sent.connect(said.append)
    model.loses = 1005
    run(keyed, qtbot)
    assert [m.text.split(". ")[1] for m in said if "Lost" in m.text] == [
        "It keeps its masks of before on 1005 to 1006, 1008 to 1009.",
        "It keeps its masks of before on 1011 to 1012.",
    ]


def test_a_layer_that_is_lost_again_as_another_begins_is_said_once(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    keyed.add_layer()
    click(keyed, qtbot, 1009, X)
    said: list[Message] = []
    keyed.message_sent.connect(said.append)
    model.loses = 1006
    run(keyed, qtbot, every_layer=True)
    lost = [m.text for m in said if "Lost" in m.text]
    assert [text[: text.index(";")] for text in lost] == [
        "Lost sight of Layer 1 on frame 1006",
        "Lost sight of Layer 2 on frame 1010",
    ]


def test_a_gap_is_left_out_and_said(keyed: Session, qtbot: QtBot) -> None:
    said: list[Message] = []
    keyed.message_sent.connect(said.append)
    run(keyed, qtbot)
    assert [m.text for m in said] == [f"Frames that cannot be read were left out: {HOLE}."]


def test_a_frame_that_turns_out_to_be_unreadable_is_passed_over(
    make_session: Callable[..., Session], plate: Path, qtbot: QtBot
) -> None:
    session = make_session(Settings(encode_ahead=False))
    with qtbot.waitSignal(session.clip_changed, timeout=LONG):
        session.open(plate)
    click(session, qtbot, FIRST, X)
    path = plate / f"plate.{FIRST + 3}.png"
    path.write_bytes(path.read_bytes()[:60])
    caches = session.caches
    assert caches is not None
    caches.frames.clear()
    run(session, qtbot)
    found = set(only(session).masks)
    assert FIRST + 3 not in found
    assert set(READABLE) - {FIRST + 3} == found


@pytest.mark.parametrize(
    ("direction", "frames"),
    [
        ("forward", [*range(1004, 1007), *range(1008, 1011)]),
        ("backward", range(1002, 1005)),
        ("both", [*range(1002, 1007), *range(1008, 1011)]),
    ],
)
def test_it_goes_from_the_keyframe_to_the_end_of_in_out(
    session: Session, qtbot: QtBot, direction: str, frames: list[int]
) -> None:
    click(session, qtbot, 1004, X)
    session.edit("In", lambda p: edits.set_in_out(p, FrameRange(1002, 1010)))
    run(session, qtbot, direction)
    assert sorted(only(session).masks) == list(frames)
    if direction != "forward":
        assert centre(session, 1002) == pytest.approx(X - 2 * SPEED, abs=3)


def test_it_starts_at_the_keyframe_before_the_playhead(session: Session, qtbot: QtBot) -> None:
    click(session, qtbot, 1003, X)
    click(session, qtbot, 1009, X)
    session.seek(1005)
    run(session, qtbot)
    assert sorted(only(session).masks) == [f for f in READABLE if f >= 1003]
    session.undo()
    session.seek(1005)
    run(session, qtbot, "backward")
    assert sorted(only(session).masks) == [f for f in READABLE if f <= 1009]


def test_keyframes_are_never_overwritten(session: Session, qtbot: QtBot) -> None:
    click(session, qtbot, FIRST, X)
    click(session, qtbot, 1004, 100)
    session.seek(FIRST)
    kept = only(session).masks[1004]
    run(session, qtbot)
    assert only(session).masks[1004] is kept
    assert centre(session, 1005) == pytest.approx(100 + SPEED, abs=3)


def test_every_layer_at_once_from_its_own_keyframe(
    session: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    click(session, qtbot, FIRST, X)
    session.add_layer()
    click(session, qtbot, 1004, 80)
    session.add_layer()
    click(session, qtbot, 1002, 60)
    locked = session.selected
    assert locked is not None
    session.edit("Lock", lambda p: edits.set_locked(p, locked, locked=True))
    session.add_layer()
    qtbot.waitUntil(lambda: len(session.embedded_frames()) == len(READABLE), timeout=LONG)
    encoded = len(model.encoded)
    session.seek(1006)
    run(session, qtbot, every_layer=True)
    empty, third, second, first = session.project.layers
    assert sorted(first.masks) == READABLE
    assert sorted(second.masks) == [f for f in READABLE if f >= 1004]
    assert list(third.masks) == [1002]
    assert not empty.masks
    assert len(model.encoded) == encoded  # what the window has encoded is used
    begun = {layer: min(f for x, f in model.tracked if x == layer) for layer, _ in model.tracked}
    assert begun == {first.id: FIRST, second.id: 1004}  # nothing is guessed before
    assert centre(session, 1005, first) == pytest.approx(X + 4 * SPEED, abs=3)


@pytest.mark.parametrize(
    ("direction", "extent", "far", "near"),
    [
        ("backward", "end", [*range(1001, 1007), 1008], [*range(1001, 1004), 1009]),
        ("forward", "keyframe", [*range(1008, 1013)], [*range(1003, 1007), *range(1008, 1010)]),
    ],
)
def test_every_layer_goes_its_own_way(
    session: Session, qtbot: QtBot, direction: str, extent: str, far: list[int], near: list[int]
) -> None:
    click(session, qtbot, 1008, X)
    session.add_layer()
    click(session, qtbot, 1009, X)
    click(session, qtbot, 1003, X)
    session.propagate_all(direction, extent)  # type: ignore[arg-type]
    end(session, qtbot)
    layers = session.project.layers
    assert [sorted(layer.masks) for layer in layers] == [near, far]


def test_each_frame_is_encoded_once_for_all_layers(
    make_session: Callable[..., Session], plate: Path, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    session = make_session(Settings(encode_ahead=False))
    with qtbot.waitSignal(session.clip_changed, timeout=LONG):
        session.open(plate)
    click(session, qtbot, FIRST, X)
    session.add_layer()
    click(session, qtbot, FIRST, 80)
    run(session, qtbot, every_layer=True)
    assert sorted(model.encoded) == sorted(10 * (f - FIRST + 1) for f in READABLE)
    assert session.embedded_frames() == set(READABLE)  # a click on them is answered at once


def test_the_window_stays_usable_and_masks_show_as_they_come(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 3)
    qtbot.waitUntil(lambda: 1002 in only(keyed).masks, timeout=LONG)
    keyed.seek(1002)
    layer = only(keyed).id
    qtbot.waitUntil(lambda: keyed.matte(layer, 1002) is not None, timeout=LONG)
    assert "propagating" in keyed.status().activity
    assert keyed.propagating
    click(keyed, qtbot, 1009, 100)  # answered while the propagation waits
    model.tracking.set()
    end(keyed, qtbot)
    assert only(keyed).masks[1009].prompt is not None
    assert sorted(only(keyed).masks) == READABLE


def test_thumbnails_are_made_meanwhile(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 1)
    for frame in (1003, 1004, 1005):
        keyed.thumbnail(frame)
    qtbot.wait(50)
    hold(model, qtbot, keyed, 5)
    qtbot.waitUntil(lambda: keyed.thumbnail(1003) is not None, timeout=LONG)
    qtbot.waitUntil(lambda: keyed.thumbnail(1004) is not None, timeout=LONG)
    model.tracking.set()
    end(keyed, qtbot)


def test_what_the_artist_does_meanwhile_is_undone_first(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 2)
    click(keyed, qtbot, 1009, 100)
    model.tracking.set()
    end(keyed, qtbot)
    assert keyed.history.labels()[-1] == "Include point, frame 1009"
    keyed.undo()
    assert only(keyed).masks[1009].prompt is None  # the frame's propagated mask
    assert sorted(only(keyed).masks) == READABLE
    keyed.undo()
    assert list(only(keyed).masks) == [FIRST]


def test_undo_while_it_runs_takes_it_back_and_ends_it(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 3)
    qtbot.waitUntil(lambda: 1002 in only(keyed).masks, timeout=LONG)
    keyed.undo()
    assert not keyed.propagating
    assert list(only(keyed).masks) == [FIRST]
    model.tracking.set()
    qtbot.wait(200)
    assert list(only(keyed).masks) == [FIRST]
    keyed.propagate("forward")  # and again
    end(keyed, qtbot)
    assert sorted(only(keyed).masks) == READABLE


def test_undo_of_an_edit_on_top_lets_it_go_on(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 2)
    click(keyed, qtbot, 1009, 100)
    keyed.undo()
    assert keyed.propagating
    model.tracking.set()
    end(keyed, qtbot)
    assert sorted(only(keyed).masks) == READABLE
    assert only(keyed).masks[1009].prompt is None
    keyed.redo()
    assert only(keyed).masks[1009].prompt is not None


def test_cancel_keeps_what_came_as_one_step(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 3)
    keyed.cancel_propagation()
    end(keyed, qtbot)
    found = sorted(only(keyed).masks)
    assert found[:3] == [1001, 1002, 1003]
    assert found != READABLE
    keyed.undo()
    assert list(only(keyed).masks) == [FIRST]


def test_cancelled_before_anything_came_it_leaves_no_step(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    labels = keyed.history.labels()
    model.tracking.clear()
    keyed.propagate("forward")
    assert len(keyed.history.labels()) == len(labels) + 1
    keyed.cancel_propagation()
    end(keyed, qtbot)
    assert keyed.history.labels() == labels


def test_an_encode_under_way_is_cancelled_too(
    make_session: Callable[..., Session], plate: Path, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    session = make_session(Settings(encode_ahead=False))
    with qtbot.waitSignal(session.clip_changed, timeout=LONG):
        session.open(plate)
    click(session, qtbot, FIRST, X)
    begun = threading.Event()

    def endless(rgb: Rgb8, cancel: CancelToken | None = None) -> Embedding:
        begun.set()
        while not (isinstance(cancel, Cancel) and cancel.fired):
            time.sleep(0.001)
        raise Cancelled

    model.encode = endless  # type: ignore[method-assign]
    session.propagate("forward")
    qtbot.waitUntil(begun.is_set, timeout=LONG)
    session.cancel_propagation()
    end(session, qtbot)


def test_a_layer_deleted_meanwhile_drops_the_answers(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 2)
    keyed.delete_layer(only(keyed).id)
    model.tracking.set()
    end(keyed, qtbot)
    assert keyed.project.layers == ()
    keyed.undo()
    assert 1002 in only(keyed).masks


def test_a_layer_locked_meanwhile_gets_nothing_more_and_the_run_ends(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 2)
    qtbot.waitUntil(lambda: 1002 in only(keyed).masks, timeout=LONG)
    layer = only(keyed).id
    keyed.edit("Lock", lambda p: edits.set_locked(p, layer, locked=True))
    before = dict(only(keyed).masks)
    tracked = len(model.tracked)
    model.let(1)
    end(keyed, qtbot)  # the gate is closed: it ends because nobody takes what comes
    assert only(keyed).masks == before
    assert len(model.tracked) <= tracked + 1
    keyed.undo()
    assert set(only(keyed).masks) == {frame for _, frame in model.tracked}


def test_a_lock_between_leaves_no_hole_when_it_is_undone(
    session: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    click(session, qtbot, FIRST, X)
    session.add_layer()
    click(session, qtbot, FIRST, 90.0)
    locked = session.selected
    assert locked is not None
    model.tracking.clear()
    session.propagate_all()
    model.let(4)
    qtbot.waitUntil(lambda: 1002 in session.project.layer(locked).masks, timeout=LONG)
    session.edit("Lock", lambda p: edits.set_locked(p, locked, locked=True))
    model.tracking.set()
    end(session, qtbot)
    assert sorted(session.project.layer(locked).masks) == [FIRST, 1002]
    session.undo()
    assert sorted(session.project.layer(locked).masks) == READABLE


def test_an_answer_that_comes_late_leaves_no_step_of_its_own(
    session: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    """The click is propagated before it is answered; then nothing comes."""
    session.seek(FIRST)
    model.decoding.clear()
    session.add_point(X, Y, include=True)
    model.tracking.clear()
    session.propagate("forward")
    model.decoding.set()
    layer = session.selected
    assert layer is not None
    qtbot.waitUntil(lambda: not session.is_pending(layer, FIRST), timeout=LONG)
    told: list[list[str]] = []
    session.history_changed.connect(lambda: told.append(session.history.labels()))
    session.cancel_propagation()
    end(session, qtbot)
    assert [label for label in session.history.labels() if "Propagate" in label] == []
    assert told[-1] == session.history.labels()
    session.undo()
    session.redo()
    assert not session.is_pending(layer, FIRST)  # the click's own step has its answer


def test_a_step_that_goes_away_with_the_model_is_told(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    told: list[list[str]] = []
    keyed.history_changed.connect(lambda: told.append(keyed.history.labels()))
    model.tracking.clear()
    keyed.propagate("forward")
    keyed.use_model(DiscModel())
    assert told[-1] == keyed.history.labels()


def test_a_drag_meanwhile_stays_one_step(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    steps = len(keyed.history.labels())
    keyed.seek(FIRST)
    for count in range(4):
        keyed.move_point(0, X + count, Y)
        hold(model, qtbot, keyed, 1)
        qtbot.wait(120)
    keyed.finish_drag()
    assert len(keyed.history.labels()) == steps + 1
    model.tracking.set()
    end(keyed, qtbot)
    assert sorted(only(keyed).masks) == READABLE


def test_another_model_ends_it_and_what_came_stays(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 3)
    keyed.use_model(DiscModel())
    assert not keyed.propagating
    assert sorted(only(keyed).masks) == [1001, 1002, 1003]
    assert "single images" in keyed.propagation_obstacle()
    keyed.use_model(model)
    model.tracking.set()
    keyed.seek(FIRST)
    run(keyed, qtbot)
    assert sorted(only(keyed).masks) == READABLE


def test_closing_the_project_ends_it_and_keeps_what_came(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel, tmp_path: Path
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 1)
    keyed.propagator._taking.setInterval(60_000)  # as where taking them takes long
    wanted = len(model.tracked) + 3
    model.let(3)
    qtbot.waitUntil(lambda: len(model.tracked) == wanted, timeout=LONG)
    qtbot.wait(100)
    keyed.close_project()
    assert not keyed.propagating
    (work,) = (tmp_path / "recovery").glob("*.roto")

    def kept() -> bool:
        layers = read_project(work).project.layers
        return bool(layers) and len(layers[0].masks) == 4

    qtbot.waitUntil(kept, timeout=LONG)
    model.tracking.set()
    qtbot.wait(200)
    assert keyed.project.layers == ()


def test_quitting_keeps_what_came(
    keyed: Session,
    qtbot: QtBot,
    model: TrackingDiscModel,
    tmp_path: Path,
) -> None:
    home = tmp_path / "shot.roto"
    with qtbot.waitSignal(keyed.files.save_ended, timeout=LONG):
        keyed.files.save(home)
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 4)
    with qtbot.waitSignal(keyed.files.save_ended, timeout=LONG) as saved:
        keyed.files.save(home)
    assert saved.args == [True]
    assert keyed.propagating
    model.let(1)
    qtbot.waitUntil(lambda: len(model.tracked) == 5, timeout=LONG)
    keyed.shutdown()
    stored = read_project(home).project
    assert sorted(stored.layers[0].masks) == [1001, 1002, 1003, 1004]


def test_masks_that_came_are_on_the_disk_while_it_runs(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel, tmp_path: Path
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 4)
    layer = only(keyed)

    def kept() -> bool:
        (live,) = (tmp_path / "recovery").glob("*.roto")
        with closing(sqlite3.connect(f"file:{live}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT frame, prompt, data FROM mask").fetchall()
        return {frame: data for frame, prompt, data in rows if prompt is None} == {
            frame: mask.data for frame, mask in layer.masks.items() if mask.prompt is None
        }

    qtbot.waitUntil(kept, timeout=LONG)
    assert keyed.propagating
    model.tracking.set()
    end(keyed, qtbot)


def test_an_error_of_the_model_is_a_sentence_and_what_came_stays(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    said: list[Message] = []
    keyed.message_sent.connect(said.append)
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 2)

    def fail(*_args: object) -> None:
        raise ModelError("memattn.onnx gives values that are no numbers; get the model anew.")

    model.decode = fail  # type: ignore[method-assign,assignment]
    model.tracking.set()
    end(keyed, qtbot)
    assert said[-1].level == "error"
    assert "no numbers" in said[-1].text
    assert 1002 in only(keyed).masks


def test_what_stands_in_the_way_is_said(
    session: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    assert "no keyframe" in session.propagation_obstacle()
    click(session, qtbot, LAST, X)
    assert session.propagation_obstacle() == ""
    said: list[Message] = []
    session.message_sent.connect(said.append)
    labels = session.history.labels()
    session.propagate("forward")
    assert "no frames" in said[-1].text
    assert session.history.labels() == labels
    layer = only(session).id
    session.edit("Lock", lambda p: edits.set_locked(p, layer, locked=True))
    session.propagate("forward")
    assert "locked" in said[-1].text
    session.undo()
    session.edit("In", lambda p: edits.set_in_out(p, FrameRange(1001, 1003)))
    session.propagate("forward")
    assert "no frames" in said[-1].text
    assert not session.propagating


def test_export_and_propagation_take_turns(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel, tmp_path: Path
) -> None:
    told: list[ExportSummary] = []
    keyed.export_finished.connect(told.append)
    model.tracking.clear()
    keyed.propagate("forward")
    keyed.export(tmp_path / "out", [only(keyed).id], FrameRange(FIRST, LAST), "refuse")
    assert "propagated" in told[0].sentences[0]
    assert not keyed.exporting
    model.tracking.set()
    end(keyed, qtbot)
    keyed.export(tmp_path / "out", [only(keyed).id], FrameRange(FIRST, LAST), "refuse")
    assert "exported" in keyed.propagation_obstacle()
    qtbot.waitUntil(lambda: not keyed.exporting, timeout=LONG)
    mattes = sorted((tmp_path / "out" / "Layer 1").glob("*.png"))
    assert len(mattes) == len(READABLE)
    last = cv2.imread(str(mattes[-1]), cv2.IMREAD_UNCHANGED)
    assert last is not None
    assert last.any()


class TestSingleImages:
    @pytest.fixture
    def model(self) -> DiscModel:
        return DiscModel()

    def test_a_model_of_single_images_says_so(self, session: Session, qtbot: QtBot) -> None:
        click(session, qtbot, FIRST, X)
        reason = session.propagation_obstacle()
        assert reason.startswith("Disc sees single images only; install a SAM 2.1 model")


def test_propagated_masks_are_saved_and_read_and_the_archive_goes_on(
    make_session: Callable[..., Session],
    plate: Path,
    qtbot: QtBot,
    model: TrackingDiscModel,
    tmp_path: Path,
) -> None:
    """A fix after reopening: the tracker goes on from the frame before, as if never closed."""
    home = tmp_path / "shot.roto"
    first = make_session()
    with qtbot.waitSignal(first.clip_changed, timeout=LONG):
        first.open(plate)
    click(first, qtbot, FIRST, X)
    run(first, qtbot)
    made = only(first)
    with qtbot.waitSignal(first.files.save_ended, timeout=LONG):
        first.files.save(home)
    first.shutdown()
    second = make_session()
    second.open(home)
    qtbot.waitUntil(lambda: bool(second.project.layers), timeout=LONG)
    assert only(second) == made
    qtbot.waitUntil(lambda: second.clip is not None and not second.clip.offline, timeout=LONG)
    second.edit("In", lambda p: edits.set_in_out(p, FrameRange(1005, LAST)))
    model.tracked.clear()
    run(second, qtbot)
    assert {frame for _, frame in model.tracked} == {f for f in READABLE if f >= 1005}
    assert centre(second, 1005) == pytest.approx(X + 4 * SPEED, abs=3)  # from what it remembers
    other = only(second).masks[1003]
    layer = only(second).id
    second.edit("Other mask", lambda p: edits.set_masks(p, {layer: {1004: other}}))
    run(second, qtbot)
    assert centre(second, 1005) == pytest.approx(X, abs=3)  # that memory is of another mask
