from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QMenu, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app import paths
from app.ui.main_window import MainWindow
from app.ui.report_dialog import ReportDialog
from tests.fakes import DiscModel
from tests.session.conftest import FIRST, HOLE

LONG = 20000
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton

Open = Callable[[Path | None], MainWindow]


def show_first_frame(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.viewer.is_current, timeout=LONG)


def click(window: MainWindow, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
    """A real click on the canvas, at a place given in clip pixels."""
    place = window.viewer.view.to_widget(x, y)
    QTest.mouseClick(window.viewer, button, pos=QPoint(round(place.x()), round(place.y())))


def wait_for_matte(window: MainWindow, qtbot: QtBot, frame: int = FIRST) -> None:
    session = window.session

    def is_there() -> bool:
        layer = session.selected
        return (
            layer is not None
            and session.matte(layer, frame) is not None
            and not session.is_pending(layer, frame)
        )

    qtbot.waitUntil(is_there, timeout=LONG)


def value(window: MainWindow, x: int, y: int, frame: int = FIRST) -> int:
    assert window.session.selected is not None
    matte = window.session.matte(window.session.selected, frame)
    assert matte is not None
    return int(matte[y, x])


def key(window: MainWindow, keys: str) -> None:
    QTest.keySequence(window.viewer, keys)


def test_a_newcomer_sees_one_sentence_and_two_buttons(open_window: Open) -> None:
    window = open_window(None)
    buttons = [b for b in window.viewer.findChildren(QPushButton) if b.isVisible()]
    assert len(buttons) == 2
    assert not window.timeline.isVisible()
    assert not window.panels.isVisible()


def test_open_click_undo_scrub_export_and_read_the_files(
    open_window: Open, plate: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    click(window, 80, 45)
    wait_for_matte(window, qtbot)
    assert value(window, 80, 45) == 255
    click(window, 70, 45, RIGHT)
    wait_for_matte(window, qtbot)
    assert value(window, 70, 45) == 0
    key(window, "Ctrl+Z")
    wait_for_matte(window, qtbot)
    assert value(window, 70, 45) == 255
    key(window, "Ctrl+Shift+Z")
    assert value(window, 70, 45) == 0
    key(window, "Right")
    assert window.session.playhead == FIRST + 1
    qtbot.waitUntil(lambda: window.viewer.is_current, timeout=LONG)
    click(window, 40, 45)
    wait_for_matte(window, qtbot, FIRST + 1)
    key(window, "Up")
    assert window.session.playhead == FIRST
    key(window, "Ctrl+E")
    dialog = window._export_dialog
    assert dialog is not None
    dialog.folder.setText(str(tmp_path / "out"))
    with qtbot.waitSignal(window.session.export_finished, timeout=LONG):
        QTest.mouseClick(dialog.start, LEFT)
    files = sorted((tmp_path / "out" / "Layer 1").glob("*.png"))
    assert [path.name for path in files[:2]] == ["Layer 1.1001.png", "Layer 1.1002.png"]
    assert len(files) == 11
    first, second = (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in files[:2])
    assert first is not None
    assert second is not None
    assert (first[45, 95], first[45, 70]) == (255, 0)
    assert (second[45, 40], second[45, 120]) == (255, 0)
    dialog.close()


def test_the_picture_and_its_matte_lie_on_the_same_pixels(
    open_window: Open, plate: Path, qtbot: QtBot
) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    click(window, 80, 45)
    wait_for_matte(window, qtbot)
    key(window, "A")
    image = window.viewer.grab().toImage()
    ratio = image.devicePixelRatio()

    def grey(x: float, y: float) -> int:
        place = window.viewer.view.to_widget(x, y)
        return image.pixelColor(int(place.x() * ratio), int(place.y() * ratio)).green()

    assert grey(80.5, 50.5) > 200
    assert grey(80 + 24.5, 45.5) < 60
    assert grey(80 + 14.5, 45.5) > 200


def test_a_gap_is_marked_and_takes_no_click(open_window: Open, plate: Path, qtbot: QtBot) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    window.session.seek(HOLE)
    click(window, 80, 45)
    assert window.session.project.layers == ()


def test_bad_input_is_one_sentence_in_the_bar_and_changes_nothing(
    open_window: Open, plate: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    wrong = tmp_path / "holiday.mp4"
    wrong.write_text("text")
    with qtbot.waitSignal(window.session.message_sent, timeout=LONG):
        window.viewer.files_dropped.emit(wrong)
    assert window.messages.isVisible()
    assert "holiday.mp4" in window.messages.text.text()
    assert window.session.clip is not None
    QTest.mouseClick(window.messages.close_button, LEFT)
    assert "holiday.mp4" not in window.messages.text.text()
    QTest.mouseClick(window.messages.close_button, LEFT)  # the warning of the hole
    assert not window.messages.isVisible()


def test_playing_and_stopping_by_key(open_window: Open, plate: Path, qtbot: QtBot) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    key(window, "L")
    qtbot.waitUntil(lambda: window.session.playhead > FIRST + 1, timeout=LONG)
    key(window, "K")
    assert window.session.rate == 0


def test_quitting_with_prompts_asks_once(
    open_window: Open, plate: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    click(window, 80, 45)
    asked: list[str] = []

    def answer(box: QMessageBox) -> int:
        asked.append(box.text())
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "exec", answer)
    assert not window.close()
    assert len(asked) == 1
    assert window.isVisible()


def test_recent_clips_are_remembered(open_window: Open, plate: Path, qtbot: QtBot) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    assert any("plate" in name for name in window._store.settings.recent)


def test_every_control_has_an_accessible_name(open_window: Open, plate: Path, qtbot: QtBot) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    click(window, 80, 45)
    nameless = [
        widget
        for widget in window.findChildren(QAbstractButton)
        if widget.isVisible() and not (widget.accessibleName() or widget.text())
    ]
    assert nameless == []


def test_every_action_stands_in_a_menu(open_window: Open) -> None:
    window = open_window(None)
    in_menus = {
        action.objectName()
        for menu in window.menuBar().findChildren(QMenu)
        for action in menu.actions()
    }
    assert set(window.actions_table) <= in_menus


def test_tab_puts_the_panels_away(open_window: Open, plate: Path, qtbot: QtBot) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    assert isinstance(window.panels, QWidget)
    window.actions_table["view.panels"].trigger()
    assert not window.panels.isVisible()
    window.actions_table["view.panels"].trigger()
    assert window.panels.isVisible()


def test_a_slow_model_never_blocks_the_window(
    open_window: Open, plate: Path, qtbot: QtBot, model: DiscModel
) -> None:
    model.encoding.clear()
    window = open_window(plate)
    show_first_frame(window, qtbot)
    click(window, 80, 45)
    layer = window.session.selected
    assert layer is not None
    assert window.session.is_pending(layer, FIRST)
    key(window, "Right")
    assert window.session.playhead == FIRST + 1
    model.encoding.set()
    qtbot.waitUntil(lambda: not window.session.is_pending(layer, FIRST), timeout=LONG)


def test_a_crash_of_the_last_run_is_said_once_and_outlives_the_opening_of_a_clip(
    open_window: Open, plate: Path, qtbot: QtBot
) -> None:
    paths.user_logs().mkdir(parents=True)
    (paths.user_logs() / "crash.log").write_text("Fatal Python error: Segmentation fault\n")
    window = open_window(plate)
    show_first_frame(window, qtbot)
    window.messages.dismiss()  # the warning of the hole
    assert window.messages.isVisible()
    assert "stopped unexpectedly last time" in window.messages.text.text()
    window.messages.dismiss()
    assert not window.messages.isVisible()
    assert not open_window(None).messages.isVisible()


def test_the_help_menu_makes_a_report(open_window: Open, plate: Path, qtbot: QtBot) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    window.actions_table["help.report"].trigger()
    dialog = window.findChild(ReportDialog)
    assert dialog is not None
    assert dialog.isVisible()
    assert "ONNX Runtime" in dialog.view.toPlainText()
    assert str(plate) not in dialog.view.toPlainText()
    dialog.close()
