"""Propagation by its keys in the real window, and what the timeline shows of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.domain.live_copy import LiveCopy
from app.domain.project_read import read_project
from app.ui.main_window import MainWindow
from app.ui.timeline_scene import MIDDLE
from tests.e2e.test_window import click, key, show_first_frame, wait_for_matte
from tests.fakes import DiscModel, TrackingDiscModel
from tests.session.conftest import FIRST, HOLE, LAST

LONG = 20000
Open = Callable[[Path | None], MainWindow]


@pytest.fixture
def model() -> TrackingDiscModel:
    """A model that follows a disc."""
    return TrackingDiscModel()


@pytest.fixture
def window(open_window: Open, plate: Path, qtbot: QtBot) -> MainWindow:
    """The window with a click on the first frame, answered."""
    window = open_window(plate)
    show_first_frame(window, qtbot)
    click(window, 40, 45)
    wait_for_matte(window, qtbot)
    return window


def filled(window: MainWindow) -> set[int]:
    """The frames whose place in the layer's row of the timeline has the layer's colour."""
    timeline = window.timeline
    scene = timeline.scene()
    assert scene is not None
    image: QImage = timeline.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    y = round((scene.row_top(0) + MIDDLE + 4) * ratio)
    hue = scene.rows[0].colour.hue()  # the frame under the playhead is lighter; all else is grey
    frames = range(FIRST, LAST + 1)
    at = {frame: round(scene.scale.centre_of(frame) * ratio) + 9 for frame in frames}
    seen = {frame: image.pixelColor(x, y) for frame, x in at.items()}
    return {
        frame
        for frame, colour in seen.items()
        if colour.saturation() > 60 and abs(colour.hue() - hue) < 10
    }


def test_f_fills_the_timeline_and_undo_empties_it(window: MainWindow, qtbot: QtBot) -> None:
    assert filled(window) == {FIRST}
    key(window, "F")
    assert window.session.propagating
    qtbot.waitUntil(lambda: not window.session.propagating, timeout=LONG)
    assert filled(window) == set(range(FIRST, LAST + 1)) - {HOLE}
    key(window, "Ctrl+Z")
    assert filled(window) == {FIRST}


def test_shift_f_and_ctrl_t_go_the_other_ways(window: MainWindow, qtbot: QtBot) -> None:
    session = window.session
    key(window, "Ctrl+Z")
    session.seek(FIRST + 3)
    qtbot.waitUntil(lambda: window.viewer.is_current, timeout=LONG)
    click(window, 60, 45)
    wait_for_matte(window, qtbot, FIRST + 3)
    key(window, "Shift+F")
    qtbot.waitUntil(lambda: not session.propagating, timeout=LONG)
    assert filled(window) == set(range(FIRST, FIRST + 4))
    key(window, "Ctrl+T")
    qtbot.waitUntil(lambda: not session.propagating, timeout=LONG)
    assert filled(window) == set(range(FIRST, LAST + 1)) - {HOLE}


def test_while_it_runs_the_window_works_and_a_button_ends_it(
    window: MainWindow, qtbot: QtBot, model: TrackingDiscModel
) -> None:
    session, status = window.session, window.status
    assert not status.cancel.isVisible()
    model.tracking.clear()
    key(window, "F")
    model.let(4)
    qtbot.waitUntil(lambda: filled(window) == set(range(FIRST, FIRST + 4)), timeout=LONG)
    assert status.cancel.isVisible()
    assert f"propagating {FIRST + 3} (7 left" in status.activity.whole
    assert not window.actions_table["track.forward"].isEnabled()
    assert window.actions_table["track.cancel"].isEnabled()
    key(window, "Right")
    qtbot.waitUntil(lambda: window.viewer.is_current, timeout=LONG)
    layer = session.selected
    assert layer is not None
    qtbot.waitUntil(lambda: session.matte(layer, FIRST + 1) is not None, timeout=LONG)
    session.seek(LAST - 1)
    qtbot.waitUntil(lambda: window.viewer.is_current, timeout=LONG)
    click(window, 100, 45)
    wait_for_matte(window, qtbot, LAST - 1)
    QTest.mouseClick(status.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not session.propagating, timeout=LONG)
    assert not status.cancel.isVisible()
    assert filled(window) == {*range(FIRST, FIRST + 4), LAST - 1}


class TestSingleImages:
    @pytest.fixture
    def model(self) -> DiscModel:
        return DiscModel()

    def test_the_actions_are_disabled_and_say_why(self, window: MainWindow) -> None:
        action = window.actions_table["track.forward"]
        assert not action.isEnabled()
        assert "install a SAM 2.1 model" in action.toolTip()
        key(window, "F")
        assert window.messages.isVisible()
        assert window.messages.text.text().startswith("Disc sees single images only")


def test_without_a_keyframe_f_says_what_to_do(open_window: Open, plate: Path, qtbot: QtBot) -> None:
    window = open_window(plate)
    show_first_frame(window, qtbot)
    key(window, "F")
    assert "no keyframe" in window.messages.text.text()
    click(window, 40, 45)
    wait_for_matte(window, qtbot)
    assert window.actions_table["track.forward"].isEnabled()
    assert "keyframe to start" not in window.actions_table["track.forward"].toolTip()


@pytest.mark.parametrize("answer", ["Save", "Cancel"])
def test_leaving_asks_ends_it_and_saves_once(
    window: MainWindow,
    qtbot: QtBot,
    model: TrackingDiscModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
) -> None:
    session, home = window.session, tmp_path / "shot.roto"
    with qtbot.waitSignal(session.files.save_ended, timeout=LONG):
        session.files.save(home)
    model.tracking.clear()
    key(window, "F")
    model.let(4)
    qtbot.waitUntil(lambda: len(session.project.layers[0].masks) == 4, timeout=LONG)
    asked: list[str] = []
    saves: list[object] = []

    def leave(box: QMessageBox) -> int:
        asked.append(box.text())
        return QMessageBox.StandardButton[answer]

    monkeypatch.setattr(QMessageBox, "exec", leave)
    monkeypatch.setattr(LiveCopy, "save", slowed(LiveCopy.save, model, saves))
    window.close()
    assert len(asked) == 1
    assert "A propagation is under way" in asked[0]
    assert session.propagating is (answer == "Cancel")
    if answer == "Save":
        qtbot.waitUntil(window.isHidden, timeout=LONG)
        assert len(saves) == 1
        assert len(read_project(home).project.layers[0].masks) == 4


def test_leaving_a_saved_project_asks_while_it_runs(
    window: MainWindow, qtbot: QtBot, model: TrackingDiscModel, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    session = window.session
    model.tracking.clear()
    key(window, "F")
    with qtbot.waitSignal(session.files.save_ended, timeout=LONG):
        session.files.save(tmp_path / "shot.roto")
    assert not session.files.is_modified
    monkeypatch.setattr(QMessageBox, "exec", lambda _box: QMessageBox.StandardButton.Cancel)
    assert not window.close()
    assert session.propagating


def slowed(
    save: Callable[..., str], model: TrackingDiscModel, saves: list[object]
) -> Callable[..., str]:
    """Saves during which another mask comes, if any still may."""

    def slow(*words: object) -> str:
        saves.append(words)
        model.let(1)
        time.sleep(0.3)
        return save(*words)

    return slow
