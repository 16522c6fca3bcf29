"""Projects in the window: naming and saving them, and what is asked before one is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app.batch import Batch
from app.domain.live_copy import LiveCopy
from app.domain.project_read import read_project
from app.ui.file_commands import FileCommands
from app.ui.main_window import MainWindow
from tests.e2e.test_window import LEFT, LONG, click, key, show_first_frame, wait_for_matte
from tests.fakes import DiscModel
from tests.session.conftest import FIRST

Open = Callable[[Path | None], MainWindow]
Button = QMessageBox.StandardButton


class Artist:
    """Answers what the window asks, and counts how often it asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self.answer, self.name = Button.Cancel, home
        self.asked: list[str] = []
        self.told = ""  # below the question asked last
        self.named = 0

        def answer(box: QMessageBox) -> int:
            self.asked.append(box.text())
            self.told = box.informativeText()
            return self.answer

        monkeypatch.setattr(QMessageBox, "exec", answer)
        monkeypatch.setattr(FileCommands, "_asked_name", lambda _files: self._name())

    def _name(self) -> Path:
        self.named += 1
        return self.name


@pytest.fixture
def artist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Artist:
    """Someone who saves as shot.roto and cancels every question, until told otherwise."""
    return Artist(monkeypatch, tmp_path / "shot.roto")


@pytest.fixture
def window(open_window: Open, plate: Path, qtbot: QtBot, artist: Artist) -> MainWindow:
    """A window with one click on the plate, not saved."""
    del artist
    window = open_window(plate)
    show_first_frame(window, qtbot)
    click(window, 80, 45)
    wait_for_matte(window, qtbot)
    return window


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Saves wait for it."""
    gate, save = Event(), LiveCopy.save

    def slow(*words: object) -> str:
        assert gate.wait(20)
        return save(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(LiveCopy, "save", slow)
    return gate


def save(window: MainWindow, qtbot: QtBot, keys: str = "Ctrl+S") -> None:
    with qtbot.waitSignal(window.session.files.save_ended, timeout=LONG) as ended:
        key(window, keys)
    assert ended.args == [True]


def refuse_to_save(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LiveCopy, "save", full)


def second_clip(tmp_path: Path, plate: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    for path in plate.iterdir():
        (folder / path.name.replace("plate", "other")).write_bytes(path.read_bytes())
    return folder


def wait_for_title(window: MainWindow, qtbot: QtBot, start: str) -> None:
    qtbot.waitUntil(lambda: window.windowTitle().startswith(start), timeout=LONG)


def enabled(window: MainWindow, *names: str) -> list[bool]:
    return [window.actions_table[f"file.{name}"].isEnabled() for name in names]


def test_the_first_save_asks_for_a_name_and_the_next_does_not(
    window: MainWindow, qtbot: QtBot, artist: Artist
) -> None:
    assert window.windowTitle() == "plate[*] - Rotocel"
    assert window.isWindowModified()
    save(window, qtbot)
    assert window.windowTitle() == "shot.roto[*] - Rotocel"
    assert not window.isWindowModified()
    click(window, 30, 30)
    wait_for_matte(window, qtbot)
    assert window.isWindowModified()
    save(window, qtbot)
    assert artist.named == 1
    assert not window.isWindowModified()
    assert len(read_project(artist.name).project.layers[0].prompts[FIRST].points) == 2


def test_save_as_goes_on_under_the_new_name(
    window: MainWindow, qtbot: QtBot, artist: Artist, tmp_path: Path
) -> None:
    save(window, qtbot)
    artist.name = tmp_path / "copy.roto"
    save(window, qtbot, "Ctrl+Shift+S")
    assert window.windowTitle() == "copy.roto[*] - Rotocel"
    assert artist.named == 2
    assert window._store.settings.recent[0] == str(tmp_path / "copy.roto")


def test_nothing_is_asked_when_nothing_changed(
    open_window: Open, plate: Path, qtbot: QtBot, artist: Artist, tmp_path: Path
) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    window.viewer.files_dropped.emit(second_clip(tmp_path, plate))
    wait_for_title(window, qtbot, "other")
    key(window, "Ctrl+W")
    assert window.session.clip is None
    assert window.windowTitle() == "Rotocel[*]"
    assert window.close()
    assert artist.asked == []


def test_a_saved_project_is_closed_without_a_question(
    window: MainWindow, qtbot: QtBot, artist: Artist
) -> None:
    save(window, qtbot)
    assert window.close()
    assert artist.asked == []


def test_closing_saves_first_and_then_really_closes(
    window: MainWindow, qtbot: QtBot, artist: Artist
) -> None:
    artist.answer = Button.Save
    key(window, "Ctrl+Q")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=LONG)
    assert artist.asked == ["Save the changes to plate?"]
    assert len(read_project(artist.name).project.layers) == 1
    assert window.session.files.recoverable() == []
    assert window.session.files.given_up() == []


def test_the_real_box_takes_real_clicks(
    open_window: Open, plate: Path, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileCommands, "_asked_name", lambda _files: tmp_path / "shot.roto")
    window = open_window(plate)
    show_first_frame(window, qtbot)
    click(window, 80, 45)
    wait_for_matte(window, qtbot)

    def press(button: Button) -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        QTest.mouseClick(box.button(button), LEFT)

    QTimer.singleShot(200, lambda: press(Button.Cancel))
    assert not window.close()
    QTimer.singleShot(200, lambda: press(Button.Save))
    assert not window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=LONG)
    assert (tmp_path / "shot.roto").exists()


def test_closing_without_saving_keeps_the_work_for_a_while(
    window: MainWindow, artist: Artist
) -> None:
    artist.answer = Button.Discard
    assert window.close()
    assert len(artist.asked) == 1
    assert window.session.files.recoverable() == []
    (work,) = window.session.files.given_up()
    assert work.keyframes == 1


def test_cancel_stays(window: MainWindow, artist: Artist) -> None:
    before = window.session.project
    assert not window.close()
    assert len(artist.asked) == 1
    assert window.isVisible()
    assert window.session.project is before
    assert window.isWindowModified()


@pytest.mark.parametrize("answer", [Button.Save, Button.Discard, Button.Cancel])
def test_a_dropped_clip_asks_once(
    window: MainWindow, qtbot: QtBot, artist: Artist, tmp_path: Path, plate: Path, answer: Button
) -> None:
    other = second_clip(tmp_path, plate)
    artist.answer = answer
    window.viewer.files_dropped.emit(other)
    if answer == Button.Cancel:
        qtbot.wait(100)
        assert window.windowTitle() == "plate[*] - Rotocel"
    else:
        wait_for_title(window, qtbot, "other")
        assert not window.isWindowModified()
        qtbot.waitUntil(lambda: not window.session.files.leaving, timeout=LONG)
    assert len(artist.asked) == 1
    assert artist.name.exists() == (answer == Button.Save)
    assert len(window.session.files.given_up()) == (answer == Button.Discard)


def test_leaving_stops_the_export_that_was_asked_about(
    window: MainWindow, qtbot: QtBot, artist: Artist
) -> None:
    save(window, qtbot)
    batch = Batch(lambda: (_ for _ in ()))
    window.session._batch = batch
    states = []
    for artist.answer in (Button.Cancel, Button.Discard):
        key(window, "Ctrl+W")
        states.append((window.session.clip is None, batch.cancelled))
    assert states == [(False, False), (True, True)]
    assert artist.asked == ["An export is under way and would stop."] * 2


def test_saving_and_stopping_an_export_is_one_question(
    window: MainWindow, qtbot: QtBot, artist: Artist
) -> None:
    batch = Batch(lambda: (_ for _ in ()))
    window.session._batch = batch
    artist.answer = Button.Save
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=LONG)
    assert len(artist.asked) == 1
    assert batch.cancelled
    assert artist.name.exists()


def test_saving_what_is_saved_pushes_out_no_backup(
    window: MainWindow, qtbot: QtBot, artist: Artist
) -> None:
    for _ in range(3):
        save(window, qtbot)
    assert window.session.files.backups() == []
    artist.name.unlink()
    save(window, qtbot)
    assert artist.name.exists()


def test_a_clip_that_cannot_be_opened_loses_nothing(
    window: MainWindow, qtbot: QtBot, artist: Artist, tmp_path: Path
) -> None:
    wrong = tmp_path / "holiday.mp4"
    wrong.write_text("text")
    artist.answer = Button.Discard
    with qtbot.waitSignal(window.session.message_sent, timeout=LONG):
        window.viewer.files_dropped.emit(wrong)
    assert window.isWindowModified()
    artist.answer = Button.Cancel
    assert not window.close()
    assert len(artist.asked) == 2


def test_a_save_that_fails_keeps_the_window_open(
    window: MainWindow, qtbot: QtBot, artist: Artist, monkeypatch: pytest.MonkeyPatch
) -> None:
    artist.answer = Button.Save
    with monkeypatch.context() as broken:
        refuse_to_save(broken)
        with qtbot.waitSignal(window.session.files.save_ended, timeout=LONG) as ended:
            window.close()
    assert ended.args == [False]
    assert window.isVisible()
    assert window.isWindowModified()
    assert "No space left" in window.messages.text.text()
    save(window, qtbot)  # whoever saves later wants to go on working
    qtbot.wait(100)
    assert window.isVisible()


def test_closing_while_a_save_runs_waits_for_it_and_asks_nothing(
    window: MainWindow, qtbot: QtBot, artist: Artist, gate: Event
) -> None:
    key(window, "Ctrl+S")
    assert not window.close()
    assert window.isVisible()
    gate.set()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=LONG)
    assert artist.asked == []
    assert artist.name.exists()


def test_what_is_done_while_a_save_runs_is_asked_about(
    window: MainWindow, qtbot: QtBot, artist: Artist, gate: Event
) -> None:
    key(window, "Ctrl+S")
    click(window, 30, 30)
    assert not window.close()
    gate.set()
    qtbot.waitUntil(lambda: len(artist.asked) == 1, timeout=LONG)
    assert window.isVisible()


def test_saving_again_while_a_save_runs_saves_what_was_done_since(
    window: MainWindow, qtbot: QtBot, artist: Artist, gate: Event
) -> None:
    key(window, "Ctrl+S")
    click(window, 30, 30)
    wait_for_matte(window, qtbot)
    key(window, "Ctrl+S")
    gate.set()
    qtbot.waitUntil(lambda: not window.isWindowModified(), timeout=LONG)
    assert artist.named == 1
    assert len(read_project(artist.name).project.layers[0].prompts[FIRST].points) == 2


def test_an_answer_that_comes_while_it_is_saved_is_no_second_question(
    window: MainWindow, qtbot: QtBot, artist: Artist, gate: Event, model: DiscModel
) -> None:
    model.decoding.clear()
    click(window, 30, 30)
    artist.answer = Button.Save
    assert not window.close()
    model.decoding.set()
    wait_for_matte(window, qtbot)
    gate.set()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=LONG)
    assert len(artist.asked) == 1


def test_file_actions_follow_what_is_open(
    open_window: Open, plate: Path, qtbot: QtBot, artist: Artist
) -> None:
    names = ("save", "save_as", "backups", "footage", "close", "export", "recover")
    window = open_window(None)
    assert enabled(window, *names) == [False] * 6 + [True]
    window.viewer.files_dropped.emit(plate)
    show_first_frame(window, qtbot)
    assert enabled(window, *names) == [True, True, False, True, True, False, True]
    click(window, 80, 45)
    wait_for_matte(window, qtbot)
    save(window, qtbot)
    assert enabled(window, *names) == [True] * 7
    key(window, "Ctrl+W")
    assert enabled(window, *names) == [False] * 6 + [True]
    assert artist.asked == []


def test_a_dropped_project_opens_where_it_was_left_also_when_it_is_open_already(
    window: MainWindow, qtbot: QtBot, artist: Artist
) -> None:
    save(window, qtbot)
    click(window, 30, 30)
    artist.answer = Button.Discard
    with qtbot.waitSignal(window.session.began, timeout=LONG):
        window.viewer.files_dropped.emit(artist.name)
    show_first_frame(window, qtbot)
    assert len(artist.asked) == 1
    assert window.windowTitle() == "shot.roto[*] - Rotocel"
    assert not window.isWindowModified()
    assert len(window.session.project.layers[0].prompts[FIRST].points) == 1
    click(window, 30, 30)
    wait_for_matte(window, qtbot)
    assert window.isWindowModified()  # it may be changed: the window has its lock still


def test_where_edits_cannot_be_kept_nobody_is_told_that_they_can_be_recovered(
    window: MainWindow, artist: Artist, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.close()
    assert "can be found under File > Recover work" in artist.told

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LiveCopy, "_keep", full)
    click(window, 60, 30)
    qtbot.waitUntil(lambda: not window.session.files.keeps, timeout=LONG)
    window.close()
    assert artist.told == "Edits cannot be kept safe here: what you do not save now is lost."
