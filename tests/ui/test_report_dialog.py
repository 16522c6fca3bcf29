from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.report_bundle import Bundle, Part, ReportError
from app.ui.report_dialog import ReportDialog

BUNDLE = Bundle((Part("system", "rotocel 1"), Part("rotocel.log", "the roof fell in\n" * 50)))


class Disk:
    """Keeps what is saved; full where it is told to be."""

    def __init__(self) -> None:
        self.saved: dict[Path, Bundle] = {}
        self.full = False

    def save(self, bundle: Bundle, path: Path) -> None:
        if self.full:
            raise ReportError(f"{path} cannot be written (the disk is full).")
        self.saved[path] = bundle


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def dialog(qtbot: QtBot, disk: Disk) -> ReportDialog:
    dialog = ReportDialog(BUNDLE, disk.save)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    return dialog


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Path:
    path = Path("/somewhere/report.zip")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    return path


def test_the_whole_report_can_be_read_and_not_changed(dialog: ReportDialog) -> None:
    assert dialog.view.toPlainText() == BUNDLE.text
    assert dialog.view.isReadOnly()
    letters = dialog.view.fontMetrics()
    assert letters.horizontalAdvance("i") == letters.horizontalAdvance("W")


def test_what_is_typed_comes_first_and_goes_again(qtbot: QtBot, dialog: ReportDialog) -> None:
    qtbot.keyClicks(dialog.words, "I dragged a point")
    assert dialog.view.toPlainText() == BUNDLE.told("I dragged a point").text
    dialog.words.setPlainText("\N{RABBIT FACE} fell\nover")
    assert dialog.view.toPlainText() == BUNDLE.told("\N{RABBIT FACE} fell\nover").text
    dialog.words.clear()
    assert dialog.view.toPlainText() == BUNDLE.text


def test_it_is_saved_with_the_words(dialog: ReportDialog, disk: Disk, chosen: Path) -> None:
    dialog.words.setPlainText("It stopped")
    dialog.save.click()
    assert disk.saved == {chosen: BUNDLE.told("It stopped")}
    assert str(chosen) in dialog.sentence.text()


def test_a_full_disk_is_said_and_the_report_stays(
    dialog: ReportDialog, disk: Disk, chosen: Path
) -> None:
    disk.full = True
    dialog.save.click()
    assert dialog.sentence.text() == f"{chosen} cannot be written (the disk is full)."
    assert dialog.isVisible()


def test_no_file_chosen_saves_nothing(
    dialog: ReportDialog, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    dialog.save.click()
    assert disk.saved == {}


def test_it_can_be_copied(dialog: ReportDialog) -> None:
    dialog.words.setPlainText("It stopped")
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == BUNDLE.told("It stopped").text


def test_the_keyboard_reaches_everything(qtbot: QtBot, dialog: ReportDialog) -> None:
    order = [dialog.words, dialog.view, dialog.save, dialog.copy, dialog.close_button]
    assert dialog.focusWidget() is order[0]
    for widget in order[1:]:
        qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        assert dialog.focusWidget() is widget
    qtbot.keyClick(dialog.copy, Qt.Key.Key_Space)
    assert QGuiApplication.clipboard().text() == BUNDLE.text
    qtbot.keyClick(dialog.view, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_everything_has_a_name(dialog: ReportDialog) -> None:
    for widget in (dialog.words, dialog.view, dialog.sentence):
        assert widget.accessibleName()
    for button in (dialog.save, dialog.copy, dialog.close_button):
        assert button.text()
