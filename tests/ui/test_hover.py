from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.project import Point, Project
from app.ui.hover import REST
from app.ui.viewer import Viewer
from tests.ui.fake_session import FakeSession, as_session, make_clip, make_layer

FRAME = 1001
NONE, SHIFT, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
PRESS, RELEASE = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
LONG = 5 * REST


@pytest.fixture
def session() -> FakeSession:
    session = FakeSession(Project(make_clip(), (make_layer("Rabbit"),)))
    session.select_layer("rabbit")
    picture = np.full((360, 640, 3), 100, np.uint8)
    picture.flags.writeable = False
    session.answers.pictures[FRAME] = picture
    return session


@pytest.fixture
def viewer(qtbot: QtBot, session: FakeSession) -> Viewer:
    viewer = Viewer(as_session(session))
    qtbot.addWidget(viewer)
    viewer.resize(900, 500)
    with qtbot.waitExposed(viewer):
        viewer.show()
    viewer.setFocus()
    viewer.set_view(viewer.view.zoomed(1.0))
    return viewer


def move(
    viewer: Viewer, x: float, y: float, modifiers: Qt.KeyboardModifier = SHIFT,
    held: Qt.MouseButton = Qt.MouseButton.NoButton,
) -> None:  # fmt: skip
    at: QPointF = viewer.view.to_widget(x, y)
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, at, viewer.mapToGlobal(at), none, held, modifiers)
    QApplication.sendEvent(viewer, event)


def key(viewer: Viewer, kind: QEvent.Type, code: Qt.Key, told: Qt.KeyboardModifier) -> None:
    QApplication.sendEvent(viewer, QKeyEvent(kind, code, told))


def asked(session: FakeSession) -> list[Point]:
    return [point for point in session.sights.hovered if point is not None]


def test_a_mouse_that_rests_asks_once_and_a_move_takes_it_back(
    qtbot: QtBot, viewer: Viewer, session: FakeSession
) -> None:
    for x in (100.5, 110.5, 120.5):
        move(viewer, x, 80.5)
        QTest.qWait(REST // 3)
    assert asked(session) == []
    qtbot.waitUntil(lambda: asked(session) == [Point(120.5, 80.5)], timeout=LONG)
    move(viewer, 130.5, 80.5)
    assert session.sights.hovered[-1] is None


def test_without_shift_nothing_is_asked(viewer: Viewer, session: FakeSession) -> None:
    move(viewer, 100.5, 80.5, NONE)
    move(viewer, 100.5, 80.5, ALT)
    QTest.qWait(2 * REST)
    assert asked(session) == []


@pytest.mark.parametrize("told", [NONE, SHIFT])  # platforms differ
def test_shift_over_a_mouse_that_rests_asks_and_letting_go_ends_it(
    qtbot: QtBot, viewer: Viewer, session: FakeSession, told: Qt.KeyboardModifier
) -> None:
    move(viewer, 100.5, 80.5, NONE)
    key(viewer, PRESS, Qt.Key.Key_Shift, told)
    qtbot.waitUntil(lambda: asked(session) == [Point(100.5, 80.5)], timeout=LONG)
    key(viewer, RELEASE, Qt.Key.Key_Shift, told)
    assert session.sights.hovered[-1] is None


def test_with_alt_it_excludes(qtbot: QtBot, viewer: Viewer, session: FakeSession) -> None:
    move(viewer, 100.5, 80.5)
    qtbot.waitUntil(lambda: asked(session) == [Point(100.5, 80.5)], timeout=LONG)
    key(viewer, PRESS, Qt.Key.Key_Alt, SHIFT)
    excluding = Point(100.5, 80.5, include=False)
    qtbot.waitUntil(lambda: asked(session)[1:] == [excluding], timeout=LONG)


def test_a_press_ends_it_and_asks_only_after_the_next_move(
    qtbot: QtBot, viewer: Viewer, session: FakeSession
) -> None:
    move(viewer, 100.5, 80.5)
    qtbot.waitUntil(lambda: len(asked(session)) == 1, timeout=LONG)
    at = viewer.view.to_widget(100.5, 80.5).toPoint()
    QTest.mouseClick(viewer, Qt.MouseButton.LeftButton, SHIFT, at)
    assert session.sights.hovered[-1] is None
    assert len(session.called("add_point")) == 1
    QTest.qWait(2 * REST)
    assert len(asked(session)) == 1


@pytest.mark.parametrize("tool", ["select", "box"])
def test_other_tools_have_none(viewer: Viewer, session: FakeSession, tool: str) -> None:
    viewer.set_tool(tool)
    move(viewer, 100.5, 80.5)
    QTest.qWait(2 * REST)
    assert asked(session) == []


@pytest.mark.parametrize("place", [(-5.0, 10.0), (650.0, 10.0)])
def test_beside_the_picture_there_is_none(
    viewer: Viewer, session: FakeSession, place: tuple[float, float]
) -> None:
    move(viewer, *place)
    QTest.qWait(2 * REST)
    assert asked(session) == []


def test_a_drag_has_none(viewer: Viewer, session: FakeSession) -> None:
    move(viewer, 100.5, 80.5, SHIFT, Qt.MouseButton.MiddleButton)
    QTest.qWait(2 * REST)
    assert asked(session) == []


def test_what_is_at_hand_is_painted(viewer: Viewer, session: FakeSession) -> None:
    plain = viewer.grab().toImage()
    square = np.array([(100, 80), (200, 80), (200, 160), (100, 160)], np.float32)
    session.sights.previewed = (square,)
    assert viewer.grab().toImage() != plain
