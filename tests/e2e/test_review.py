"""Reviewing by its keys in the real window, and what the timeline shows of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.domain.project_read import read_project
from app.ui import theme
from app.ui.main_window import MainWindow
from app.ui.timeline_scene import ROW
from models.base import CancelToken, Embedding, Logits, Prediction, Step
from tests.e2e.test_propagation import LONG
from tests.e2e.test_window import click, key, show_first_frame, wait_for_matte
from tests.fakes import TrackingDiscModel
from tests.session.conftest import FIRST, HOLE, LAST

Open = Callable[[Path | None], MainWindow]


class UnsureModel(TrackingDiscModel):
    """Follows the disc, and is sure of it but at the end of the clip."""

    unsure = range(LAST - 2, LAST + 1)

    def decode(
        self,
        embedding: Embedding,
        steps: Sequence[Step],
        prior: Logits | None = None,
        cancel: CancelToken | None = None,
    ) -> Prediction:
        """A disc, with a score that tells."""
        answer = super().decode(embedding, steps, prior, cancel)
        frame = self.tracked[-1][1] if self.tracked else FIRST
        return replace(answer, score=0.2 if frame in self.unsure else 0.98)


@pytest.fixture
def model() -> UnsureModel:
    """A model that follows a disc and is unsure at the end."""
    return UnsureModel()


@pytest.fixture
def window(open_window: Open, plate: Path, qtbot: QtBot) -> MainWindow:
    """The window with a disc propagated from the first frame."""
    window = open_window(plate)
    show_first_frame(window, qtbot)
    click(window, 40, 45)
    wait_for_matte(window, qtbot)
    assert not window.actions_table["track.next_suspect"].isEnabled()
    key(window, "F")
    qtbot.waitUntil(lambda: not window.session.propagating, timeout=LONG)
    return window


def amber(window: MainWindow) -> set[int]:
    """The frames below whose place in the layer's row of the timeline there is an amber tick."""
    scene = window.timeline.scene()
    assert scene is not None
    image = window.timeline.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    y = round((scene.row_top(0) + ROW - 3) * ratio)
    found = set()
    for frame in range(FIRST, LAST + 1):
        colour = image.pixelColor(round(scene.scale.centre_of(frame) * ratio) + 9, y)
        if abs(colour.hue() - theme.WARNING.hue()) < 10 and colour.saturation() > 60:
            found.add(frame)
    return found


def test_n_goes_from_suspect_to_suspect_and_y_takes_them_from_the_list(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    session, suspects = window.session, {one.frame for one in window.session.suspects()}
    assert suspects
    assert suspects <= set(range(FIRST + 1, LAST + 1)) - {HOLE}
    assert LAST in suspects
    assert amber(window) == suspects
    assert not window.actions_table["track.approve"].isEnabled()
    key(window, "N")
    assert session.playhead == min(suspects)
    key(window, "Shift+N")
    assert session.playhead == LAST
    layer = session.selected
    assert layer is not None
    qtbot.waitUntil(lambda: session.matte(layer, LAST) is not None, timeout=LONG)
    session.approve()
    assert session.matte(layer, LAST) is not None, "nothing blinks"
    key(window, "Ctrl+Z")
    key(window, "Y")
    assert amber(window) == suspects - {LAST}
    assert not window.actions_table["track.approve"].isEnabled()
    key(window, "Y")
    assert "not suspect" in window.messages.text.text()
    with qtbot.waitSignal(session.files.save_ended, timeout=LONG):
        session.files.save(tmp_path / "shot.roto")
    masks = read_project(tmp_path / "shot.roto").project.layers[0].masks
    assert {f for f, mask in masks.items() if mask.doubt >= 0.5} == suspects - {LAST}
    key(window, "Ctrl+Z")
    assert amber(window) == suspects


def test_a_prompt_settles_a_suspect_frame(window: MainWindow, qtbot: QtBot) -> None:
    session = window.session
    session.seek(LAST)
    qtbot.waitUntil(lambda: window.viewer.is_current, timeout=LONG)
    click(window, 84, 45)
    wait_for_matte(window, qtbot, LAST)
    assert LAST not in {one.frame for one in session.suspects()}


def test_the_list_leads_to_the_frame_and_the_layout_stays(window: MainWindow, qtbot: QtBot) -> None:
    session, panel = window.session, window.review
    key(window, "Ctrl+Shift+R")
    qtbot.waitUntil(panel.isVisible)
    before = window.viewer.geometry(), window.timeline.geometry(), panel.list.geometry()
    at = panel.list.visualRect(panel.list.model().index(0, 0)).center()
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert session.playhead == session.suspects()[0].frame
    for _ in session.suspects():
        key(window, "N")
        key(window, "Y")
    assert not session.suspects()
    assert (window.viewer.geometry(), window.timeline.geometry(), panel.list.geometry()) == before
