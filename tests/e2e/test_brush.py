"""Painting in the real window, by its own keys and mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.ui.main_window import MainWindow
from tests.session.conftest import FIRST
from tests.ui.mouse import drag

CONTROL = Qt.KeyboardModifier.ControlModifier


def test_a_frame_is_painted_undone_and_painted_again(
    open_window: Callable[[Path | None], MainWindow], plate: Path, qtbot: QtBot
) -> None:
    window = open_window(plate)
    viewer, session = window.viewer, window.session
    qtbot.waitUntil(lambda: viewer.is_current, timeout=20_000)
    viewer.setFocus()
    QTest.keyClick(viewer, Qt.Key.Key_B)
    assert window.actions_table["tool.brush"].isChecked()
    start, end = (viewer.view.to_widget(x, 45).toTuple() for x in (40, 120))
    drag(viewer, start, end)
    (layer,) = session.project.layers
    assert layer.locks == {FIRST}
    assert "Unlock" in window.actions_table["track.lock"].text().replace("&", "")
    qtbot.waitUntil(lambda: session.matte(layer.id, FIRST) is not None, timeout=10_000)
    QTest.keyClick(viewer, Qt.Key.Key_Z, CONTROL)
    assert not session.project.layers
    for _ in range(3):
        QTest.keyClick(viewer, Qt.Key.Key_Q)
    drag(viewer, start, end)
    (thinner,) = session.project.layers
    assert thinner.masks[FIRST] != layer.masks[FIRST]
