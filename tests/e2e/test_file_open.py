"""What macOS does when a file is opened with the program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.main_window import MainWindow
from app.window import Opener

Open = Callable[[Path | None], MainWindow]


def test_a_file_the_system_names_is_opened(open_window: Open, plate: Path, qtbot: QtBot) -> None:
    window = open_window(None)
    app, opener = QApplication.instance(), Opener(window)
    assert app is not None
    app.installEventFilter(opener)
    QApplication.sendEvent(app, QFileOpenEvent(str(plate)))
    app.removeEventFilter(opener)
    qtbot.waitUntil(lambda: window.session.clip is not None)
    assert window.session.clip is not None
    assert window.session.clip.path.parent == plate
