"""The brush on the canvas: its mouse, keys and circle, and what is seen while it paints."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QColor, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.matte import binary
from app.domain.project import Project
from app.ui import theme
from app.ui.actions import Actions
from app.ui.brush import LARGEST, SIZE
from app.ui.viewer import Viewer
from tests.ui.fake_session import FakeSession, make_clip
from tests.ui.mouse import drag, move, press, release, wheel
from tests.ui.test_viewer import (
    ALT,
    FRAME,
    PICTURE,
    RIGHT,
    colour,
    make_session,
    make_viewer,
    on,
)

LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
GREY = QColor(100, 100, 100)


def make_brush(qtbot: QtBot, session: FakeSession, zoom: float | None = 1.0) -> Viewer:
    viewer = make_viewer(qtbot, session, zoom)
    viewer.set_tool("brush")
    return viewer


def covers(session: FakeSession, x: int, y: int) -> bool:
    layer = session.selected_layer
    assert layer is not None
    inside = binary(layer, FRAME, (640, 360))
    return inside is not None and bool(inside[y, x])


def tinted(viewer: Viewer, x: float, y: float) -> bool:
    """Whether the layer's colour covers the picture there."""
    return colour(viewer, x, y).blue() > 110


@pytest.mark.parametrize("zoom", [0.5, 1.0, 8.0])
def test_a_drag_paints_what_is_under_it(qtbot: QtBot, zoom: float) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session, zoom)
    drag(viewer, on(viewer, 310, 180), on(viewer, 330, 180))
    half = int(SIZE / 2)
    assert [covers(session, x, 180) for x in (310 - half - 1, 310 - half)] == [False, True]
    assert [covers(session, x, 180) for x in (330 + half - 1, 330 + half)] == [True, False]
    assert [covers(session, 320, y) for y in (159, 160, 199, 200)] == [False, True, True, False]
    layer = session.selected_layer
    assert layer is not None
    assert layer.locks == {FRAME}
    assert [label for label, _ in session.called("edit")] == [f"Paint, frame {FRAME}"]


def test_a_dot_is_round_on_the_screen_where_pixels_are_wide(qtbot: QtBot) -> None:
    session = FakeSession(Project(replace(make_clip(), pixel_aspect=Fraction(2))))
    session.answers.pictures[FRAME] = PICTURE
    viewer = make_brush(qtbot, session, 0.5)
    drag(viewer, on(viewer, 300, 180), on(viewer, 300, 180))
    session.select_layer(session.project.layers[0].id)
    half = int(SIZE / 2)
    assert [covers(session, 300, y) for y in (180 - half - 1, 180 - half)] == [False, True]
    assert [covers(session, x, 180) for x in (300 - half // 2 - 1, 300 - half // 2)] == [
        False,
        True,
    ]


@pytest.mark.parametrize("way", ["right", "alt"])
def test_a_right_drag_and_one_with_alt_take_away(qtbot: QtBot, way: str) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session)
    drag(viewer, on(viewer, 200, 180), on(viewer, 400, 180))
    if way == "right":
        drag(viewer, on(viewer, 300, 150), on(viewer, 300, 220), RIGHT)
    else:
        at = viewer.view.to_widget(300, 180).toPoint()
        QTest.mouseClick(viewer, LEFT, ALT, at)
    assert not covers(session, 300, 180)
    assert covers(session, 240, 180)
    assert [label for label, _ in session.called("edit")][1:] == [f"Erase, frame {FRAME}"]


def test_the_other_button_does_not_end_a_stroke(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session)
    press(viewer, *on(viewer, 100, 100))
    press(viewer, *on(viewer, 100, 100), RIGHT)
    release(viewer, *on(viewer, 100, 100), RIGHT)
    move(viewer, *on(viewer, 200, 100))
    release(viewer, *on(viewer, 200, 100))
    assert covers(session, 150, 100)
    assert len(session.called("edit")) == 1


def test_without_a_layer_one_is_made(qtbot: QtBot) -> None:
    session = FakeSession(Project(make_clip()))
    session.answers.pictures[FRAME] = PICTURE
    viewer = make_brush(qtbot, session)
    press(viewer, *on(viewer, 100, 100))
    move(viewer, *on(viewer, 150, 100))
    assert tinted(viewer, 110, 90)
    assert not session.project.layers
    release(viewer, *on(viewer, 150, 100))
    (layer,) = session.project.layers
    assert layer.locks == {FRAME}


@pytest.mark.parametrize("mode", ["overlay", "picture", "difference"])
def test_a_stroke_is_seen_while_it_is_drawn_and_until_its_own_matte_is_made(
    qtbot: QtBot, mode: str
) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session)
    if mode != "overlay":
        viewer.toggle_mode(mode)
    press(viewer, *on(viewer, 100, 100))
    assert tinted(viewer, 110, 90)
    move(viewer, *on(viewer, 200, 100))
    assert tinted(viewer, 150, 90)
    assert not session.history.can_undo
    release(viewer, *on(viewer, 200, 100))
    assert tinted(viewer, 150, 90)
    session.answers.mattes["rabbit", FRAME] = np.zeros((360, 640), np.uint8)
    session.mask_changed.emit("rabbit", FRAME)
    assert not tinted(viewer, 150, 90)


def test_what_is_taken_away_is_seen_to_go(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session)
    drag(viewer, on(viewer, 100, 100), on(viewer, 200, 100))
    press(viewer, *on(viewer, 150, 100), RIGHT)
    assert colour(viewer, 160, 90) == GREY
    assert tinted(viewer, 110, 90)


def test_undo_takes_a_stroke_off_the_picture_at_once(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session)
    drag(viewer, on(viewer, 100, 100), on(viewer, 200, 100))
    assert tinted(viewer, 150, 90)
    session.undo()
    assert colour(viewer, 150, 90) == GREY


def test_escape_gives_a_stroke_up(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session)
    press(viewer, *on(viewer, 100, 100))
    move(viewer, *on(viewer, 200, 100))
    QTest.keyClick(viewer, Qt.Key.Key_Escape)
    assert colour(viewer, 150, 90) == GREY
    move(viewer, *on(viewer, 250, 100))
    release(viewer, *on(viewer, 250, 100))
    assert not session.called("edit")
    assert colour(viewer, 150, 90) == GREY


def test_a_stroke_is_given_up_when_the_frame_changes(qtbot: QtBot) -> None:
    session = make_session()
    session.answers.pictures[1002] = PICTURE
    viewer = make_brush(qtbot, session)
    press(viewer, *on(viewer, 100, 100))
    session.seek(1002)
    release(viewer, *on(viewer, 200, 100))
    assert not session.called("edit")
    assert not tinted(viewer, 110, 90)


def test_a_stroke_may_begin_beside_the_picture_where_the_circle_touches_it(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session)
    drag(viewer, on(viewer, 100, -SIZE), on(viewer, 200, -SIZE))
    assert not session.called("edit")
    drag(viewer, on(viewer, 100, -5), on(viewer, 200, -5))
    assert covers(session, 150, 14)
    assert not covers(session, 150, 15)


def test_a_locked_layer_is_not_painted_on(qtbot: QtBot) -> None:
    session = make_session()
    locked = tuple(replace(layer, locked=True) for layer in session.project.layers)
    session.edit("Lock", lambda p: replace(p, layers=locked))
    viewer = make_brush(qtbot, session)
    drag(viewer, on(viewer, 100, 100), on(viewer, 200, 100))
    assert session.called("say") == [("info", "Rabbit is locked; unlock it to change it.")]
    assert len(session.called("edit")) == 1


# --- the circle


def circle(viewer: Viewer, x: float, y: float) -> tuple[int, int]:
    """How far from the left and the right of (x, y) the canvas is not plain, in logical pixels."""
    move(viewer, *on(viewer, x, y), NO_BUTTON)
    image = viewer.grab().toImage()
    ratio = image.devicePixelRatio()
    at = viewer.view.to_widget(x, y)
    row, plain = int(at.y() * ratio), (GREY, theme.CANVAS)
    marked = [n for n in range(image.width()) if image.pixelColor(n, row) not in plain]
    return round(at.x() - min(marked) / ratio), round((max(marked) + 1) / ratio - at.x())


@pytest.mark.parametrize("zoom", [0.5, 1.0, 8.0])
def test_the_circle_is_as_large_as_what_it_paints(qtbot: QtBot, zoom: float) -> None:
    viewer = make_brush(qtbot, make_session(), zoom)
    across = SIZE / 2 * zoom / viewer.devicePixelRatioF()
    left, right = circle(viewer, 320, 180)
    assert left == right == pytest.approx(across + 1.5, abs=2)


def test_the_cursor_is_the_circle_over_the_picture_alone(qtbot: QtBot) -> None:
    viewer = make_brush(qtbot, make_session())
    move(viewer, *on(viewer, 320, 180), NO_BUTTON)
    assert viewer.cursor().shape() == Qt.CursorShape.BlankCursor
    move(viewer, *on(viewer, -SIZE, 180), NO_BUTTON)
    assert viewer.cursor().shape() == Qt.CursorShape.ArrowCursor
    plain = viewer.grab().toImage()
    move(viewer, *on(viewer, 320, 180), NO_BUTTON)
    assert viewer.grab().toImage() != plain
    QApplication.sendEvent(viewer, QEvent(QEvent.Type.Leave))
    assert viewer.grab().toImage() == plain


def test_the_sign_in_the_circle_tells_what_a_press_would_do(qtbot: QtBot) -> None:
    viewer = make_brush(qtbot, make_session())
    move(viewer, *on(viewer, 320, 180), NO_BUTTON)
    plus = viewer.grab().toImage()
    QTest.keyPress(viewer, Qt.Key.Key_Alt, ALT)
    minus = viewer.grab().toImage()
    assert plus != minus
    QTest.keyRelease(viewer, Qt.Key.Key_Alt)
    assert viewer.grab().toImage() == plus


def test_the_circle_follows_the_zoom(qtbot: QtBot) -> None:
    viewer = make_brush(qtbot, make_session())
    wheel(viewer, *on(viewer, 320, 180), 5)
    assert viewer.zoom > 2
    across = SIZE / 2 * viewer.view.down
    assert circle(viewer, 320, 180) == pytest.approx((across + 1.5, across + 1.5), abs=2)


# --- its size


def test_the_size_changes_and_is_kept(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session)
    for _ in range(4):
        viewer.resize_brush(1)
    large = viewer.brush.size
    assert large > 1.5 * SIZE
    viewer.set_tool("point")
    viewer.set_tool("brush")
    session.set_project(session.project)
    assert viewer.brush.size == large
    for _ in range(60):
        viewer.resize_brush(-1)
    assert viewer.brush.size == 2
    for _ in range(60):
        viewer.resize_brush(1)
    assert viewer.brush.size == LARGEST


def test_the_size_of_a_stroke_stays_while_it_is_drawn(qtbot: QtBot) -> None:
    viewer = make_brush(qtbot, make_session())
    press(viewer, *on(viewer, 100, 100))
    viewer.resize_brush(1)
    assert viewer.brush.size == SIZE


def test_on_a_large_clip_the_brush_is_no_finer_than_masks_are(qtbot: QtBot) -> None:
    session = FakeSession(Project(make_clip(size=(8192, 4096))))
    viewer = make_brush(qtbot, session, None)
    for _ in range(60):
        viewer.resize_brush(-1)
    assert viewer.brush.size == 8


def test_its_keys(qtbot: QtBot) -> None:
    viewer = make_viewer(qtbot, make_session())
    actions = Actions(viewer)
    for name in ("tool.brush", "tool.smaller", "tool.larger"):
        row = actions.row(name)
        call = partial(getattr(viewer, row.call.split(".")[1]), *row.args)
        actions[name].triggered.connect(lambda _on, call=call: call())
    viewer.activateWindow()
    qtbot.waitUntil(viewer.hasFocus)
    QTest.keyClick(viewer, Qt.Key.Key_B)
    assert viewer.tool == "brush"
    QTest.keyClick(viewer, Qt.Key.Key_W)
    assert viewer.brush.size == 46
    QTest.keyClick(viewer, Qt.Key.Key_Q)
    QTest.keyClick(viewer, Qt.Key.Key_Q)
    assert viewer.brush.size == 35


def test_a_button_that_went_up_over_another_window_paints_no_more(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session)
    press(viewer, *on(viewer, 310, 180))
    move(viewer, *on(viewer, 330, 180))
    move(viewer, *on(viewer, 500, 300), NO_BUTTON)
    assert not tinted(viewer, 508, 308)  # beside the sign in the circle
    release(viewer, *on(viewer, 500, 300))
    assert not session.called("edit")


def test_space_in_the_middle_of_a_stroke_does_not_play(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_brush(qtbot, session)
    action = QAction(viewer, shortcut=QKeySequence("Space"))
    action.triggered.connect(session.toggle_play)
    viewer.addAction(action)
    press(viewer, *on(viewer, 310, 180))
    QTest.keyClick(viewer, Qt.Key.Key_Space)
    assert not session.called("toggle_play")
    release(viewer, *on(viewer, 310, 180))
    assert [label for label, _ in session.called("edit")] == [f"Paint, frame {FRAME}"]
