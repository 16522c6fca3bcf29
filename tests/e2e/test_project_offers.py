"""What the window offers above the canvas: work to recover, missing footage, backups."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app import paths
from app.domain.project import Project
from app.domain.project_read import read_project
from app.domain.project_schema import VERSION, open_own
from app.domain.recovery import Recoverable
from app.ui.file_offers import recovery_offers
from app.ui.main_window import MainWindow
from app.ui.offer_row import ROW_HEIGHT
from tests.e2e.test_projects import Artist, artist, save, wait_for_title, window
from tests.e2e.test_window import LEFT, LONG, Open, click, key, show_first_frame, wait_for_matte
from tests.session.conftest import FIRST
from tests.session.test_files import crashed, wait_until_kept

__all__ = ["artist", "window"]

Crash = Callable[[], MainWindow]
Button = QMessageBox.StandardButton


@pytest.fixture
def start_again(
    window: MainWindow,
    open_window: Open,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Crash:
    """Starts the program again as if the first window had crashed; then again and again."""

    def start() -> MainWindow:
        folder = tmp_path / "after the crash"
        if not folder.exists():
            wait_until_kept(window.session, qtbot)
            crashed(window.session, tmp_path)
            monkeypatch.setattr(paths, "user_recovery", lambda: folder)
        return open_window(None)

    return start


@pytest.fixture
def without_footage(
    window: MainWindow, artist: Artist, open_window: Open, qtbot: QtBot, plate: Path
) -> MainWindow:
    """A window with a saved project whose plate was moved into the folder "elsewhere"."""
    save(window, qtbot)
    window.close()
    plate.rename(plate.with_name("elsewhere"))
    second = open_window(artist.name)
    qtbot.waitUntil(second.offers.isVisible, timeout=LONG)
    return second


def press(window: MainWindow, text: str, row: int = 0) -> None:
    """A real click on a button of a row, or on one below the rows."""
    rows = list(window.offers.list.rows.values())
    below = (window.offers.more, window.offers.later)
    buttons = (*(rows[row].buttons() if rows else ()), *below)
    (button,) = [b for b in buttons if b.isVisible() and b.text() == text]
    QTest.mouseClick(button, LEFT)


def grey(window: MainWindow, x: float, y: float) -> int:
    """What the canvas shows at a place of the clip."""
    image = window.viewer.grab().toImage()
    place = window.viewer.view.to_widget(x, y) * image.devicePixelRatio()
    return image.pixelColor(place.toPoint()).green()


def points(project: Project) -> int:
    return len(project.layers[0].prompts[FIRST].points)


def test_after_a_crash_the_work_is_offered_and_taken_up(start_again: Crash, qtbot: QtBot) -> None:
    second = start_again()
    assert second.offers.shown == "recover"
    assert second.focusWidget() is second.viewer  # it takes no key from the artist
    press(second, "Recover")
    wait_for_title(second, qtbot, "plate")
    show_first_frame(second, qtbot)
    assert not second.offers.isVisible()
    assert second.isWindowModified()
    wait_for_matte(second, qtbot)


def test_discarding_asks_first_and_can_be_taken_back(start_again: Crash, qtbot: QtBot) -> None:
    second = start_again()
    press(second, "Discard")
    assert len(second.session.files.recoverable()) == 1
    qtbot.wait(50)
    press(second, "Really discard?")
    assert not second.offers.isVisible()
    assert second.session.files.recoverable() == []
    assert not start_again().offers.isVisible()
    second.actions_table["file.recover"].trigger()
    press(second, "Recover")
    wait_for_title(second, qtbot, "plate")
    show_first_frame(second, qtbot)


def test_discarding_from_the_menu_shows_what_is_left_there(
    start_again: Crash, qtbot: QtBot
) -> None:
    second = start_again()
    second.actions_table["file.recover"].trigger()
    press(second, "Discard")
    qtbot.wait(50)
    press(second, "Really discard?")
    assert second.offers.isVisible()
    assert second.offers.sentence.accessibleName() == "Work that was not saved:"
    (row,) = second.offers.list.rows.values()
    assert [b.text() for b in row.buttons() if b.isVisible()] == ["Recover"]


def test_not_now_offers_it_at_the_next_start(start_again: Crash) -> None:
    second = start_again()
    press(second, "Not now")
    assert not second.offers.isVisible()
    assert start_again().offers.isVisible()


def test_cancelling_leaves_the_offer_as_it_is(
    start_again: Crash, qtbot: QtBot, plate: Path, artist: Artist
) -> None:
    second = start_again()
    second.viewer.files_dropped.emit(plate)
    show_first_frame(second, qtbot)
    click(second, 30, 30)
    wait_for_matte(second, qtbot)
    before = second.session.project
    press(second, "Recover")
    assert len(artist.asked) == 1
    assert second.offers.isVisible()
    assert second.session.project is before
    artist.answer = Button.Save
    press(second, "Recover")
    qtbot.waitUntil(lambda: not second.offers.isVisible(), timeout=LONG)
    qtbot.waitUntil(lambda: second.session.files.home is None, timeout=LONG)
    show_first_frame(second, qtbot)
    assert len(artist.asked) == 2
    assert points(read_project(artist.name).project) == 1


def test_work_that_became_damaged_is_told(start_again: Crash, qtbot: QtBot, tmp_path: Path) -> None:
    second = start_again()
    for path in (tmp_path / "after the crash").iterdir():
        path.write_bytes(b"not a project")
    press(second, "Recover")
    qtbot.waitUntil(second.messages.isVisible, timeout=LONG)
    assert second.session.clip is None


def test_f6_reaches_the_offer_and_return_takes_it(start_again: Crash, qtbot: QtBot) -> None:
    second = start_again()
    key(second, "F6")
    while second.focusWidget() is not second.offers.first:
        QTest.keySequence(second.focusWidget(), "F6")
    QTest.keyClick(second.focusWidget(), Qt.Key.Key_Tab)
    QTest.keyClick(second.focusWidget(), Qt.Key.Key_Return)
    wait_for_title(second, qtbot, "plate")
    assert second.focusWidget() is second.viewer
    show_first_frame(second, qtbot)


def test_missing_footage_is_offered_and_linked(without_footage: MainWindow, qtbot: QtBot) -> None:
    second = without_footage
    assert second.offers.shown == "footage"
    assert second.windowTitle() == "shot.roto[*] - Rotocel"
    press(second, "Use")
    show_first_frame(second, qtbot)
    assert not second.offers.isVisible()
    assert second.isWindowModified()
    wait_for_matte(second, qtbot)


def test_mattes_are_seen_while_the_footage_is_missing(
    without_footage: MainWindow, qtbot: QtBot
) -> None:
    second = without_footage
    wait_for_matte(second, qtbot)
    key(second, "A")
    assert grey(second, 80, 50) == 255
    assert grey(second, 30, 50) == 0
    before = second.session.project
    click(second, 30, 50)  # there is no picture to click on
    assert second.session.project is before
    key(second, "M")
    assert grey(second, 80, 50) < 100


def test_another_project_takes_the_question_about_footage_away(
    without_footage: MainWindow, plate: Path, qtbot: QtBot
) -> None:
    without_footage.viewer.files_dropped.emit(plate.with_name("elsewhere"))
    show_first_frame(without_footage, qtbot)
    assert not without_footage.offers.isVisible()


def test_footage_that_does_not_fit_keeps_the_question(
    without_footage: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "elsewhere")
    press(without_footage, "Use")
    qtbot.waitUntil(without_footage.messages.isVisible, timeout=LONG)
    assert without_footage.offers.isVisible()


def test_a_backup_is_opened_and_replaces_nothing(
    window: MainWindow, qtbot: QtBot, artist: Artist
) -> None:
    save(window, qtbot)
    window.actions_table["file.backups"].trigger()
    assert list(window.offers.list.rows) == []
    click(window, 30, 30)
    wait_for_matte(window, qtbot)
    save(window, qtbot)
    assert len(window.offers.list.rows) == 1  # the list follows the saves
    press(window, "Open")
    qtbot.waitUntil(window.isWindowModified, timeout=LONG)
    assert points(window.session.project) == 1
    assert points(read_project(artist.name).project) == 2
    assert not window.offers.isVisible()
    assert window.windowTitle() == "shot.roto[*] - Rotocel"
    assert artist.asked == []


def test_what_the_artist_asks_for_is_shown_before_what_is_offered(
    window: MainWindow, qtbot: QtBot
) -> None:
    save(window, qtbot)
    window.offers.show_offers(recovery_offers([], [], at_start=True))
    window.actions_table["file.backups"].trigger()
    assert window.offers.shown == "backups"
    press(window, "Close")
    assert window.offers.shown == "recover"


def test_a_newer_project_asks_for_no_name_it_cannot_use(
    window: MainWindow, open_window: Open, qtbot: QtBot, artist: Artist
) -> None:
    save(window, qtbot)
    db = open_own(artist.name)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    second = open_window(artist.name)
    show_first_frame(second, qtbot)
    key(second, "Ctrl+S")
    assert artist.named == 1
    assert "newer Rotocel" in second.messages.text.text()


def test_a_read_only_window_says_so_and_changes_nothing(
    window: MainWindow, open_window: Open, qtbot: QtBot, artist: Artist, tmp_path: Path
) -> None:
    save(window, qtbot)
    second = open_window(artist.name)
    show_first_frame(second, qtbot)
    assert second.windowTitle() == "shot.roto[*] - read-only - Rotocel"
    before = second.session.project
    click(second, 30, 30)
    for name in ("layer.shown", "layer.solo", "layer.locked", "layer.new", "layer.delete"):
        action = second.actions_table[name]
        was = action.isChecked()
        action.trigger()
        assert action.isChecked() == was, name
    row = second.layers.list.itemWidget(second.layers.list.item(0))
    for button in (row.eye, row.solo, row.lock):  # type: ignore[attr-defined]
        was = button.isChecked()
        QTest.mouseClick(button, LEFT)
        assert button.isChecked() == was
    assert second.session.project is before
    assert not second.isWindowModified()
    artist.name = tmp_path / "copy.roto"
    save(second, qtbot)  # asks for a name
    assert second.windowTitle() == "copy.roto[*] - Rotocel"
    click(second, 30, 30)
    assert second.session.project is not before
    assert artist.named == 2


def test_a_low_window_keeps_room_for_the_canvas(
    window: MainWindow, qtbot: QtBot, artist: Artist
) -> None:
    for x in range(4):
        click(window, 30 + 30 * x, 30)
        save(window, qtbot)
    window.actions_table["file.backups"].trigger()
    rows = window.offers.list
    window.resize(1440, 900)
    qtbot.waitUntil(lambda: rows.height() == 3 * ROW_HEIGHT)
    window.resize(1024, 700)
    qtbot.waitUntil(lambda: rows.height() == 2 * ROW_HEIGHT)
    assert artist.named == 1


def test_what_is_damaged_is_not_called_safe(tmp_path: Path) -> None:
    safe, torn = Recoverable(tmp_path, "a", 0.0), Recoverable(tmp_path / "b", "b", 0.0, damaged="x")
    assert "Nothing is lost" in recovery_offers([safe], [], at_start=True).sentence
    assert "Nothing is lost" not in recovery_offers([safe, torn], [], at_start=True).sentence


def test_what_is_damaged_stands_below_what_can_be_taken_up(tmp_path: Path) -> None:
    safe, torn = Recoverable(tmp_path, "a", 0.0), Recoverable(tmp_path / "b", "b", 9.0, damaged="x")
    rows = recovery_offers([torn, safe], [], at_start=True).rows
    assert [row.usable for row in rows] == [True, False]
