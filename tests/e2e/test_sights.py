"""Onion skin, the mask before, the difference and previews in the real window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.ui import hold
from app.ui.main_window import MainWindow
from tests.e2e.test_window import click, key, show_first_frame, wait_for_matte
from tests.session.conftest import FIRST

LONG = 20000
Open = Callable[[Path | None], MainWindow]


@pytest.fixture
def window(open_window: Open, plate: Path, qtbot: QtBot) -> MainWindow:
    """The window on the second frame, with an answered click on it and on the first."""
    window = open_window(plate)
    show_first_frame(window, qtbot)
    click(window, 40, 45)
    wait_for_matte(window, qtbot)
    key(window, "Right")
    qtbot.waitUntil(lambda: window.viewer.is_current, timeout=LONG)
    click(window, 110, 45)
    wait_for_matte(window, qtbot, FIRST + 1)
    QTest.mouseMove(window.viewer, QPoint(2, 2))
    return window


def seen(window: MainWindow) -> QImage:
    return window.viewer.grab().toImage()


def settled(window: MainWindow, qtbot: QtBot, unlike: QImage) -> QImage:
    """The canvas once it looks otherwise."""
    qtbot.waitUntil(lambda: seen(window) != unlike, timeout=LONG)
    return seen(window)


def brightness(image: QImage, window: MainWindow, x: float, y: float) -> int:
    place = window.viewer.view.to_widget(x, y) * image.devicePixelRatio()
    return image.pixelColor(place.toPoint()).lightness()


def test_g_shows_the_onion_skin_of_the_frame_before(window: MainWindow, qtbot: QtBot) -> None:
    plain = seen(window)
    key(window, "G")
    assert window.actions_table["view.onion"].isChecked()
    onion = settled(window, qtbot, plain)
    left = range(17, 24)  # the disc of the frame before begins at 20
    assert any(brightness(onion, window, x, 45) != brightness(plain, window, x, 45) for x in left)
    assert brightness(onion, window, 40, 45) == brightness(plain, window, 40, 45)
    key(window, "G")
    assert seen(window) == plain


def test_x_shows_the_mask_before_and_a_note(window: MainWindow, qtbot: QtBot) -> None:
    key(window, "A")
    click(window, 60, 45)
    wait_for_matte(window, qtbot, FIRST + 1)
    now = seen(window)
    assert brightness(now, window, 60, 58) == 255
    key(window, "X")
    before = settled(window, qtbot, now)
    assert brightness(before, window, 60, 58) == 0
    assert brightness(before, window, 110, 58) == 255
    key(window, "X")
    assert seen(window) == now


def test_x_can_be_held(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = window.viewer.comparison
    window.viewer.setFocus()
    monkeypatch.setattr(hold, "LONG", 0.05)
    for held, stays in ((0, True), (0, False), (100, False)):
        QTest.keyPress(window.viewer, Qt.Key.Key_X)
        down = comparison.before_shown
        QTest.qWait(held)
        QTest.keyRelease(window.viewer, Qt.Key.Key_X)
        assert comparison.before_shown is stays
        if held:
            assert down


def test_where_there_was_no_mask_the_canvas_says_so(window: MainWindow) -> None:
    key(window, "X")
    scene = window.viewer._scene
    assert scene is not None
    assert scene.note == "No earlier mask of Layer 1 on this frame"


def test_d_shows_what_a_click_added(window: MainWindow, qtbot: QtBot) -> None:
    click(window, 60, 45)
    wait_for_matte(window, qtbot, FIRST + 1)
    key(window, "D")
    assert window.actions_table["view.difference"].isChecked()
    qtbot.waitUntil(lambda: bool(window.viewer._scene and window.viewer._scene.before))
    image = seen(window)

    def hue(x: float) -> tuple[int, int]:
        place = window.viewer.view.to_widget(x, 50) * image.devicePixelRatio()
        colour = image.pixelColor(place.toPoint())
        return colour.hue(), colour.saturation()

    assert hue(60)[0] == pytest.approx(164, abs=8)  # what a click adds
    assert hue(110)[0] == pytest.approx(202, abs=8)  # the layer's own, faint
    assert hue(60)[1] > hue(110)[1]
    key(window, "D")
    assert window.viewer.mode == "overlay"


def test_shift_previews_a_click_and_leaves_no_trace(window: MainWindow, qtbot: QtBot) -> None:
    session, viewer = window.session, window.viewer
    qtbot.waitUntil(lambda: session.playhead in session.embedded_frames(), timeout=LONG)
    plain, steps, project = seen(window), session.history.labels(), session.project
    QTest.mouseMove(viewer, viewer.view.to_widget(60, 45).toPoint())
    QTest.keyPress(viewer, Qt.Key.Key_Shift)
    qtbot.waitUntil(lambda: session.sights.preview() is not None, timeout=LONG)
    shown = settled(window, qtbot, plain)
    assert any(
        brightness(shown, window, x, 45) != brightness(plain, window, x, 45) for x in range(37, 44)
    )
    assert session.project is project
    assert session.history.labels() == steps
    QTest.keyRelease(viewer, Qt.Key.Key_Shift)
    assert seen(window) == plain
