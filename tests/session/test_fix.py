"""Fixes carried outward, one frame at a time, to the next keyframe; a propagation that pauses."""

from __future__ import annotations

from dataclasses import replace as changed

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.mask import Mask
from app.reports import Message
from app.session import Session
from app.settled import ENOUGH, Settled, overlap
from tests.fakes import SPEED, TrackingDiscModel
from tests.session.conftest import FIRST, HOLE, LAST
from tests.session.test_propagation import (
    READABLE,
    X,
    click,
    end,
    hold,
    keyed,
    model,
    only,
    run,
)

__all__ = ["keyed", "model"]  # fixtures
SIZE = (160, 90)


def mask(across: int, shape: tuple[int, int] = (9, 16)) -> Mask:
    """A mask whose first columns are inside."""
    logits = np.full(shape, -8, np.float16)
    logits[:, :across] = 8
    return Mask.pack(logits, window=(0, 0, 160, 90), prompt=None, model="disc", score=1.0)


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        (mask(8), mask(4), 0.5),
        (mask(0), mask(0), 1.0),
        (mask(0), mask(4), 0.0),
        (mask(8), mask(16, (18, 32)), 1.0),  # the same at another resolution
        (mask(8), changed(mask(8), data=b"damaged"), 0.0),
    ],
)
def test_the_overlap_of_two_masks(a: Mask, b: Mask, found: float) -> None:
    assert overlap(a, b, SIZE) == pytest.approx(found, abs=0.02)


def test_it_is_over_after_some_masks_in_a_row_that_are_as_before() -> None:
    settled = Settled({frame: mask(8) for frame in range(20)}, SIZE)
    same = [settled.same(frame, mask(8 if frame in {2, 3, 5, 6, 7} else 4)) for frame in range(7)]
    assert same == [False, False, True, True, False, True, True]
    assert not settled.same(30, mask(8)), "there was none"
    assert [settled.same(frame, mask(8)) for frame in range(ENOUGH)] == [True] * ENOUGH
    assert settled.over is True
    settled.begin()
    assert not settled.over, "the other way"


def test_the_history_and_a_message_name_what_a_fix_changed(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    keyed.edit("In, out", lambda p: edits.set_in_out(p, FrameRange(FIRST, HOLE - 1)))
    run(keyed, qtbot)
    layer = only(keyed).id
    wrong = only(keyed).masks[HOLE - 1]
    keyed.edit("Wrong", lambda p: edits.set_masks(p, {layer: {1003: wrong, 1004: wrong}}))
    click(keyed, qtbot, 1005, X + 4 * SPEED)
    said: list[Message] = []
    keyed.message_sent.connect(said.append)
    keyed.propagate_fix()
    end(keyed, qtbot)
    assert keyed.history.labels()[-1] == "Carry a fix: Layer 1, 1003-1004"
    assert said[-1].text == "The fix changed frames 1003 to 1004."
    keyed.propagate_fix()
    end(keyed, qtbot)
    assert said[-1].text == "The fix changes no other frame."


def test_nothing_is_said_of_what_a_cancelled_fix_would_have_changed(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    keyed.edit("In, out", lambda p: edits.set_in_out(p, FrameRange(FIRST, HOLE - 1)))
    run(keyed, qtbot)
    click(keyed, qtbot, 1005, X)
    said: list[Message] = []
    keyed.message_sent.connect(said.append)
    model.tracking.clear()
    keyed.propagate_fix()
    keyed.cancel_propagation()
    end(keyed, qtbot)
    assert said == []


def test_a_fix_that_changes_nothing_is_carried_nowhere(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    keyed.edit("In, out", lambda p: edits.set_in_out(p, FrameRange(FIRST, HOLE - 1)))
    run(keyed, qtbot)
    before = dict(only(keyed).masks)
    click(keyed, qtbot, 1005, X + 4 * SPEED)  # where the disc is anyway
    model.tracked.clear()
    keyed.propagate_fix()
    end(keyed, qtbot)
    after = dict(only(keyed).masks)
    assert {f for f in after if after[f] is not before.get(f)} == {1005}
    assert len(model.tracked) < 2 * (ENOUGH + 1) + 1
    assert [x for x in keyed.history.labels() if x.startswith("Propagate")] == [
        f"Propagate Layer 1, {FIRST + 1}-{HOLE - 1}"
    ], "no empty step"


def test_a_fix_goes_as_far_as_the_keyframes_on_both_sides(keyed: Session, qtbot: QtBot) -> None:
    click(keyed, qtbot, 1006, X + 5 * SPEED)
    keyed.seek(FIRST)
    run(keyed, qtbot)
    before = dict(only(keyed).masks)
    click(keyed, qtbot, 1003, 90.0)  # far off
    keyed.propagate_fix()
    end(keyed, qtbot)
    after = only(keyed).masks
    assert {f for f in READABLE if after[f] is not before[f]} == {1002, 1003, 1004, 1005}
    keyed.undo()
    undone = only(keyed).masks
    assert {f for f in READABLE if undone[f] is not before[f]} == {1003}, "one step"


def test_each_way_of_a_fix_ends_for_itself(session: Session, qtbot: QtBot) -> None:
    """Forward nothing changes; backward the second frame does."""
    click(session, qtbot, LAST, 100.0)
    run(session, qtbot, "backward")
    masks, layer = only(session).masks, only(session).id
    session.edit("Wrong", lambda p: edits.set_masks(p, {layer: {FIRST: masks[LAST - 1]}}))
    click(session, qtbot, 1003, 100.0 - (1006 - 1003) * SPEED)  # where the disc is anyway
    before = only(session).masks
    session.propagate_fix()
    end(session, qtbot)
    after = only(session).masks
    changed_ones = {f for f in READABLE if after[f] is not before[f]}
    assert changed_ones == {FIRST, FIRST + 1}  # up to the one that is other


def test_without_a_fix_it_says_what_to_do(keyed: Session, qtbot: QtBot) -> None:
    said: list[Message] = []
    keyed.message_sent.connect(said.append)
    keyed.seek(FIRST + 2)
    keyed.propagate_fix()
    assert not keyed.propagating
    assert said[-1].text.startswith("There is no fix on this frame")


def test_a_fix_outside_in_and_out_is_refused(keyed: Session) -> None:
    keyed.edit("In, out", lambda p: edits.set_in_out(p, FrameRange(1004, 1006)))
    assert keyed.propagation_obstacle(extent="fix") == (
        f"The fix on frame {FIRST} lies outside in and out."
    )
    keyed.clear_in_out()
    assert not keyed.propagation_obstacle(extent="fix")


def test_a_fix_is_carried_on_one_layer_at_a_time(keyed: Session, qtbot: QtBot) -> None:
    keyed.add_layer()
    click(keyed, qtbot, FIRST, 90.0)
    before = keyed.project
    keyed.propagate("both", "fix", every_layer=True)
    assert "one layer at a time" in keyed.propagation_obstacle(extent="fix", every_layer=True)
    assert not keyed.propagating
    assert keyed.project is before


def test_one_frame_at_a_time_each_way(keyed: Session, qtbot: QtBot) -> None:
    for count in range(1, 4):
        keyed.propagate_one(1)
        end(keyed, qtbot)
        assert keyed.playhead == FIRST + count
        assert sorted(only(keyed).masks) == READABLE[: count + 1]
    click(keyed, qtbot, LAST, 100.0)
    keyed.propagate_one(-1)
    end(keyed, qtbot)
    assert LAST - 1 in only(keyed).masks
    keyed.seek(LAST)
    keyed.propagate_one(1)
    assert not keyed.propagating
    assert keyed.playhead == LAST


@pytest.mark.parametrize(
    ("playhead", "step", "why"),
    [
        (1004, 1, "There is no mask on frame 1004 to go on from"),
        (FIRST + 1, -1, f"Frame {FIRST} is a keyframe or locked, and keeps its own mask."),
        (FIRST, -1, "There are no frames to go to within in and out."),
    ],
)
def test_where_one_frame_cannot_be_reached_it_stays_and_says_why(
    keyed: Session, qtbot: QtBot, playhead: int, step: int, why: str
) -> None:
    keyed.propagate_one(1)
    end(keyed, qtbot)
    keyed.seek(playhead)
    said: list[Message] = []
    keyed.message_sent.connect(said.append)
    keyed.propagate_one(step)
    assert not keyed.propagating
    assert keyed.playhead == playhead
    assert said[-1].text.startswith(why)


def test_while_another_one_runs_one_frame_does_not_move_the_playhead(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    keyed.propagate_one(1)
    assert keyed.playhead == FIRST
    model.tracking.set()
    end(keyed, qtbot)


@pytest.mark.parametrize(
    ("direction", "start", "frames"),
    [("forward", FIRST, range(FIRST, 1009)), ("backward", 1009, range(FIRST, 1010))],
)
def test_as_far_as_the_next_keyframe(
    keyed: Session, qtbot: QtBot, direction: str, start: int, frames: range
) -> None:
    click(keyed, qtbot, 1009, 80.0)
    keyed.seek(start)
    keyed.propagate(direction, "keyframe")  # type: ignore[arg-type]
    end(keyed, qtbot)
    assert set(only(keyed).masks) == (set(frames) & set(READABLE)) | {1009}


def test_a_pause_holds_it_and_cancelling_it_then_ends_it(
    keyed: Session, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 3)
    keyed.pause_propagation()
    model.let(1)  # the frame that is under way
    qtbot.wait(200)
    model.tracking.set()
    count = len(model.tracked)
    qtbot.wait(200)
    assert len(model.tracked) == count <= 4
    assert keyed.propagator.activity().startswith("propagation paused")
    keyed.pause_propagation()
    end(keyed, qtbot)
    assert sorted(only(keyed).masks) == READABLE
    keyed.undo()
    model.tracking.clear()
    keyed.propagate("forward")
    hold(model, qtbot, keyed, 2)
    keyed.pause_propagation()
    keyed.cancel_propagation()
    end(keyed, qtbot)
    assert sorted(only(keyed).masks) == READABLE[:2]
