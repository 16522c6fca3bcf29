"""The brush in a real session: one step a stroke, a lock that propagation holds on to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.mask import upsample
from app.domain.matte import binary
from app.domain.stroke import Stroke
from app.reports import Message
from app.session import Session
from tests.fakes import SPEED, DiscModel
from tests.session.conftest import FIRST
from tests.session.test_propagation import LONG, X, centre, click, model, only, run

__all__ = ["model"]  # a fixture


@pytest.fixture
def said(session: Session) -> list[Message]:
    """What the message bar was sent."""
    found: list[Message] = []
    session.message_sent.connect(found.append)
    return found


def begun(
    session: Session, *way: tuple[float, float], wide: float = 30, include: bool = True
) -> Stroke:
    """A stroke that is being drawn, so many pixels across."""
    stroke = session.painter.begin(wide, include=include)
    assert stroke is not None
    for place in way:
        stroke.go_to(*place)
    return stroke


def paint(session: Session, *way: tuple[float, float], include: bool = True) -> Stroke:
    """A stroke of 30 pixels across."""
    stroke = begun(session, *way, include=include)
    session.painter.finish(stroke)
    return stroke


def test_a_stroke_makes_a_layer_and_a_locked_mask_in_one_step(session: Session) -> None:
    before = session.project
    paint(session, (40, 45), (100, 45))
    layer = only(session)
    assert session.selected == layer.id
    assert layer.locks == layer.masks.keys() == {FIRST}
    assert not layer.prompts
    inside = binary(layer, FIRST, (160, 90))
    assert inside is not None
    assert inside[45, 30]
    assert not inside[45, 20]
    assert session.history.labels()[1:] == [f"Paint, frame {FIRST}"]
    session.undo()
    assert session.project == before
    session.redo()
    assert session.project.layers == (layer,)


def test_a_stroke_over_clicks_keeps_their_mask_and_takes_their_place(
    session: Session, qtbot: QtBot
) -> None:
    click(session, qtbot, FIRST, X)
    click(session, qtbot, 1003, X)
    clicked = only(session)
    paint(session, (120, 45))
    layer = only(session)
    assert layer.prompts.keys() == {FIRST}
    assert layer.locks == {1003}
    assert layer.masks[FIRST] is clicked.masks[FIRST]
    old, new = (upsample(x.masks[1003], (160, 90)) > 0 for x in (clicked, layer))
    assert new[45, 120]
    assert (old == new)[:, :100].all()
    session.undo()
    assert only(session) == clicked
    assert not session.is_pending(clicked.id, 1003)


def test_a_locked_frame_can_be_painted_on_and_undo_goes_there(session: Session) -> None:
    paint(session, (40, 45), (100, 45))
    first = only(session)
    paint(session, (70, 20), (70, 70), include=False)
    assert only(session).locks == {FIRST}
    inside = binary(only(session), FIRST, (160, 90))
    assert inside is not None
    assert not inside[45, 70]
    assert inside[45, 40]
    assert session.history.labels()[-1] == f"Erase, frame {FIRST}"
    session.seek(1010)
    session.undo()
    assert session.playhead == FIRST
    assert only(session) == first


def test_what_all_is_erased_from_is_absent(session: Session) -> None:
    paint(session, (40, 45))
    paint(session, (40, 45), include=False)
    assert only(session).is_absent(FIRST)


def test_a_stroke_that_changes_nothing_is_no_step(session: Session) -> None:
    paint(session, (40, 45))
    before = session.project
    paint(session, (40, 45))
    assert session.project is before


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda p, x: edits.set_locked(p, x, locked=True),
            "Layer 1 is locked; unlock it to change it.",
        ),
        (
            lambda p, x: edits.set_shown(p, x, shown=False),
            "Layer 1 is hidden; show it to paint on it.",
        ),
    ],
)
def test_a_locked_or_hidden_layer_refuses_in_a_sentence(
    session: Session, said: list[Message], change: Callable[..., object], text: str
) -> None:
    layer = session.add_layer()
    session.edit("Change", lambda p: change(p, layer))  # type: ignore[arg-type, return-value]
    assert session.painter.begin(30, include=True) is None
    assert said == [Message("info", text)]


def test_there_is_nothing_to_erase_where_nothing_is(session: Session, said: list[Message]) -> None:
    assert session.painter.begin(30, include=False) is None
    assert [m.text for m in said] == ["Paint the object first; then take away what is too much."]


def test_a_mask_on_its_way_is_waited_for(
    session: Session, qtbot: QtBot, said: list[Message], model: DiscModel
) -> None:
    qtbot.waitUntil(lambda: FIRST in session.embedded_frames(), timeout=LONG)
    model.decoding.clear()
    session.add_point(X, 45, include=True)
    assert session.painter.begin(30, include=True) is None
    assert [message.text for message in said] == [
        "The mask of this frame is still on its way; paint when it is there, or clear the clicks."
    ]
    model.decoding.set()
    qtbot.waitUntil(lambda: FIRST in only(session).masks, timeout=LONG)
    assert session.painter.begin(30, include=True) is not None


def test_a_stroke_stops_playing(session: Session) -> None:
    session.toggle_play()
    assert session.rate
    assert session.painter.begin(30, include=True) is not None
    assert not session.rate


def test_an_export_gives_back_what_was_painted(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    paint(session, (40.3, 45.8), (100.1, 52.6))
    stroke = paint(session, (70.5, 10), (66, 80), include=False)
    ids = [layer.id for layer in session.project.layers]
    with qtbot.waitSignal(session.export_finished, timeout=20_000):
        session.export(tmp_path / "out", ids, FrameRange(FIRST, FIRST), "refuse")
    (path,) = (tmp_path / "out").rglob("*.png")
    written = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert written is not None
    assert 0 < (written % 255 > 0).sum() < 500  # soft at the edge only
    assert np.abs(written.astype(int) - stroke.matte).max() <= 1
    qtbot.waitUntil(lambda: session.matte(ids[0], FIRST) is not None, timeout=LONG)
    shown = session.matte(ids[0], FIRST)
    assert shown is not None
    assert np.abs(shown.astype(int) - written).max() <= 1


def test_a_propagation_goes_out_from_a_painted_frame_and_leaves_it(
    session: Session, qtbot: QtBot
) -> None:
    session.seek(1003)
    paint(session, (X, 45))
    mask = only(session).masks[1003]
    run(session, qtbot, "both")
    layer = only(session)
    assert layer.masks[1003] is mask
    assert layer.locks == {1003}
    assert centre(session, 1004) == pytest.approx(X + SPEED, abs=3)
    assert centre(session, 1001) == pytest.approx(X - 2 * SPEED, abs=3)


def test_a_painted_mask_on_the_way_is_where_a_propagation_goes_on_from(
    session: Session, qtbot: QtBot
) -> None:
    click(session, qtbot, FIRST, X)
    run(session, qtbot)
    session.seek(1004)
    paint(session, (100, 45))
    paint(session, (40, 10), (40, 80), (66, 80), (66, 10), include=False)  # the disc that came
    session.seek(FIRST)
    run(session, qtbot)
    assert only(session).locks == {1004}
    assert centre(session, 1003) == pytest.approx(X + 2 * SPEED, abs=3)
    assert centre(session, 1005) == pytest.approx(100 + SPEED, abs=3)


def test_a_painted_mask_is_saved_and_comes_back(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    paint(session, (40, 45))
    made = only(session)
    with qtbot.waitSignal(session.files.save_ended, timeout=10_000):
        session.files.save(tmp_path / "shot.roto")
    session.close_project()
    session.open(tmp_path / "shot.roto")
    qtbot.waitUntil(lambda: bool(session.project.layers), timeout=10_000)
    qtbot.waitUntil(lambda: session.clip is not None and not session.clip.offline, timeout=10_000)
    assert only(session) == made


def test_a_mask_that_became_another_meanwhile_is_not_painted_over(
    session: Session, said: list[Message]
) -> None:
    paint(session, (40, 45))
    stroke = begun(session, (100, 45))
    session.undo()
    undone = session.project
    session.painter.finish(stroke)
    assert session.project is undone
    assert session.history.can_redo
    assert said[-1].text == "This mask became another while you painted; paint it again."


@pytest.mark.parametrize("place", [(-40, 45), (X, 45)])
def test_a_stroke_that_covers_nothing_new_leaves_clicks_and_locks_alone(
    session: Session, qtbot: QtBot, place: tuple[float, float]
) -> None:
    click(session, qtbot, FIRST, X)
    before = session.project
    session.painter.finish(begun(session, place, wide=4))
    assert session.project is before


def test_a_layer_locked_in_the_middle_of_a_stroke_stays_as_it_is(
    session: Session, said: list[Message]
) -> None:
    paint(session, (40, 45))
    stroke = begun(session, (100, 45))
    layer = only(session)
    session.edit("Lock", lambda project: edits.set_locked(project, layer.id, locked=True))
    locked = session.project
    session.painter.finish(stroke)
    assert session.project is locked
    assert "is locked" in said[-1].text
