"""A toggle whose key is held, and the same letter typed for something else."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.ui import hold
from app.ui.hold import Hold

X, ALT = Qt.Key.Key_X, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
    return window


@pytest.fixture
def action(window: QWidget, monkeypatch: pytest.MonkeyPatch) -> QAction:
    """A toggle on X, of which any press is a long one; Alt+X runs something else."""
    monkeypatch.setattr(hold, "LONG", 0.0)
    action, other = QAction(window), QAction(window)
    action.setCheckable(True)
    action.setShortcut("X")
    other.setShortcut("Alt+X")
    window.addActions([action, other])
    Hold(action, window)
    return action


def test_a_key_that_is_held_is_on_for_as_long(window: QWidget, action: QAction) -> None:
    for _ in range(2):
        QTest.keyPress(window, X)
        assert action.isChecked()
        QTest.keyRelease(window, X)
        assert not action.isChecked()


def test_the_letter_with_alt_leaves_it_alone(window: QWidget, action: QAction) -> None:
    QTest.keyClick(window, X)
    QTest.keyClick(window, X, ALT)
    assert not action.isChecked()


def test_the_letter_typed_in_a_field_leaves_it_alone(
    window: QWidget, action: QAction, qtbot: QtBot
) -> None:
    QTest.keyClick(window, X)
    field = QLineEdit(window)
    field.show()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    QTest.keyClick(field, X)
    assert field.text() == "x"
    assert not action.isChecked()


def test_what_the_menu_switched_on_no_key_switches_off(window: QWidget, action: QAction) -> None:
    action.trigger()
    QTest.keyClick(window, X, ALT)
    assert action.isChecked()


def test_a_window_that_is_left_lets_go(window: QWidget, action: QAction, qtbot: QtBot) -> None:
    QTest.keyPress(window, X)
    other = QWidget()
    qtbot.addWidget(other)
    with qtbot.waitActive(other):
        other.show()
        other.activateWindow()
    assert not action.isChecked()
