from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow, QToolButton
from pytestqt.qtbot import QtBot

from app.domain.project import Project
from app.ui.actions import Actions
from app.ui.mode_bar import ModeBar
from app.ui.viewer import Viewer
from tests.ui.fake_session import FakeSession, as_session, make_clip


def test_the_bar_tells_the_zoom_only_while_a_clip_is_open(qtbot: QtBot) -> None:
    session = FakeSession(Project(make_clip()))
    window = QMainWindow()
    qtbot.addWidget(window)
    viewer = Viewer(as_session(session), window)
    bar = ModeBar(viewer, Actions(window), window)
    viewer.show_actual_size()
    assert bar.zoom.text() == "100 %"
    viewer.zoom_in()
    assert bar.zoom.text() == "200 %"
    session.close_project()
    assert not bar.zoom.text()


def test_every_mode_has_a_button_that_shows_it(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    viewer = Viewer(as_session(FakeSession(Project(make_clip()))), window)
    actions = Actions(window)
    bar = ModeBar(viewer, actions, window)
    for mode in ("outline", "matte", "cutout", "picture", "overlay"):
        actions[f"view.{mode}"].triggered.connect(lambda _, mode=mode: viewer.toggle_mode(mode))
        (button,) = [
            button
            for button in bar.findChildren(QToolButton)
            if button.defaultAction() is actions[f"view.{mode}"]
        ]
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert viewer.mode == mode


def test_the_slider_sets_the_strength_of_the_overlay_and_rests_in_other_modes(
    qtbot: QtBot,
) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    viewer = Viewer(as_session(FakeSession(Project(make_clip()))), window)
    bar = ModeBar(viewer, Actions(window), window)
    bar.tint.setValue(80)
    assert viewer.tint == 0.8
    viewer.toggle_mode("matte")
    assert not bar.tint.isEnabled()
    viewer.toggle_mode("overlay")
    assert bar.tint.isEnabled()
