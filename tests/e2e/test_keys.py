from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.ui.main_window import MainWindow

Open = Callable[[Path | None], MainWindow]
Key = Qt.Key


@pytest.fixture
def window(open_window: Open, plate: Path, qtbot: QtBot) -> MainWindow:
    window = open_window(plate)
    qtbot.waitUntil(lambda: window.viewer.is_current, timeout=20000)
    return window


def focus(widget: QWidget) -> None:
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    assert widget.hasFocus()


def test_tab_on_the_canvas_puts_the_panels_away(window: MainWindow) -> None:
    focus(window.viewer)
    QTest.keyClick(window.viewer, Key.Key_Tab)
    assert not window.panels.isVisible()
    QTest.keyClick(window.viewer, Key.Key_Tab)
    assert window.panels.isVisible()


def test_tab_elsewhere_wanders_and_leaves_the_panels(window: MainWindow) -> None:
    focus(window.transport.field)
    QTest.keyClick(window.transport.field, Key.Key_Tab)
    assert not window.transport.field.hasFocus()
    assert window.panels.isVisible()


def test_backtab_reaches_every_area_from_the_canvas(window: MainWindow) -> None:
    focus(window.viewer)
    seen: set[QWidget | None] = set()
    for _ in range(80):
        here = QApplication.focusWidget()
        assert here is not None
        QTest.keyClick(here, Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
        if window.viewer.hasFocus():
            break
        seen.add(QApplication.focusWidget())
    assert window.viewer.hasFocus(), "the way round does not end"
    wanted = {window.tools.first, window.modes.first, window.modes.tint}
    assert wanted | {window.layers.list, window.transport.field, window.timeline} <= seen


def test_space_presses_the_focused_button_and_does_not_play(window: MainWindow) -> None:
    focus(window.modes.first)
    QTest.keyClick(window.modes.first, Key.Key_Space)
    assert window.viewer.mode == "picture"
    assert window.session.rate == 0


def test_arrows_move_the_focused_slider_and_not_the_playhead(window: MainWindow) -> None:
    frame, before = window.session.playhead, window.viewer.tint
    focus(window.modes.tint)
    QTest.keyClick(window.modes.tint, Key.Key_Right)
    assert window.viewer.tint > before
    assert window.session.playhead == frame


def test_escape_gives_the_keyboard_back_to_the_canvas(window: MainWindow) -> None:
    focus(window.layers.list)
    QTest.keyClick(window.layers.list, Key.Key_Escape)
    assert window.viewer.hasFocus()


def test_f6_goes_round_the_areas_and_back(window: MainWindow) -> None:
    window.messages.clear()
    focus(window.viewer)
    seen = []
    for _ in range(7):
        here = QApplication.focusWidget()
        assert here is not None
        QTest.keyClick(here, Key.Key_F6)
        seen.append(QApplication.focusWidget())
        if window.viewer.hasFocus():
            break
    assert seen == [
        window.tools.first,
        window.modes.first,
        window.layers.list,
        window.transport.field,
        window.timeline,
        window.viewer,
    ]


def test_the_mouse_takes_the_keyboard_to_the_canvas_but_not_from_a_name(
    window: MainWindow,
) -> None:
    def enter() -> None:
        at = QPointF(50, 50)
        event = QEnterEvent(at, at, window.viewer.mapToGlobal(at))
        assert event.type() == QEvent.Type.Enter
        QApplication.sendEvent(window.viewer, event)

    focus(window.layers.list)
    enter()
    assert window.viewer.hasFocus()
    focus(window.transport.field)
    enter()
    assert window.transport.field.hasFocus()


def test_f2_shows_the_name_it_lets_be_typed(window: MainWindow) -> None:
    window.session.add_layer()
    focus(window.viewer)
    window.actions_table["view.review"].trigger()
    window.actions_table["view.panels"].trigger()
    assert not window.panels.isVisible()
    QTest.keyClick(window.viewer, Key.Key_F2)
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    assert field.isVisible()
    QTest.keyClicks(field, "Fox")
    QTest.keyClick(field, Key.Key_Return)
    assert window.session.project.layers[0].name == "Fox"


def test_the_layer_menu_edits_the_selected_layer(window: MainWindow) -> None:
    session = window.session
    first = session.add_layer()
    assert first is not None
    session.add_layer()
    session.select_layer(first)
    window.actions_table["layer.locked"].trigger()
    assert session.project.layer(first).locked
    place = session.project.layers.index(session.project.layer(first))
    window.actions_table["layer.up" if place else "layer.down"].trigger()
    assert session.project.layers.index(session.project.layer(first)) != place
    window.actions_table["layer.delete"].trigger()
    assert first not in {layer.id for layer in session.project.layers}
