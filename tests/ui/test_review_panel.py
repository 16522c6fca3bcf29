"""The list of suspect frames."""

from __future__ import annotations

import time
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.project import Layer, Project
from app.ui.actions import Actions
from app.ui.review_panel import ReviewPanel
from tests.ui.fake_session import FakeSession, as_session, make_clip, make_layer, make_mask


def doubtful(name: str, doubts: dict[int, float], reason: str = "jump") -> Layer:
    """A layer with masks as doubtful as that."""
    masks = {f: replace(make_mask(), doubt=doubt, reason=reason) for f, doubt in doubts.items()}
    return replace(make_layer(name), masks=MappingProxyType(masks))


@pytest.fixture
def session() -> FakeSession:
    rabbit = doubtful("Rabbit", {1005: 0.6, 1006: 0.95, 1007: 0.2})
    grass = doubtful("Grass", {1010: 0.8}, "edge")
    session = FakeSession(Project(make_clip(), (rabbit, grass)))
    session.selected = "rabbit"
    return session


@pytest.fixture
def holder(qtbot: QtBot) -> QWidget:
    """A window for the panel and the actions."""
    holder = QWidget()
    qtbot.addWidget(holder)
    return holder


@pytest.fixture
def panel(qtbot: QtBot, session: FakeSession, holder: QWidget) -> ReviewPanel:
    panel = ReviewPanel(as_session(session), Actions(holder), holder)
    panel.resize(260, 400)
    with qtbot.waitExposed(holder):
        holder.show()
    return panel


def rows(panel: ReviewPanel) -> list[str]:
    model = panel.list.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_the_most_doubtful_frame_comes_first_and_says_why(panel: ReviewPanel) -> None:
    assert rows(panel) == [
        "1006 Rabbit: It jumps",
        "1010 Grass: Too fine for the model",
        "1005 Rabbit: It jumps",
    ]
    assert panel.count.text() == "3 suspect frames"


def test_a_click_goes_to_the_frame_and_its_layer(
    qtbot: QtBot, panel: ReviewPanel, session: FakeSession
) -> None:
    at = panel.list.visualRect(panel.list.model().index(1, 0)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert (session.selected, session.playhead) == ("grass", 1010)
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    assert (session.selected, session.playhead) == ("rabbit", 1005)
    session.seek(1050)
    assert panel.list.currentIndex().row() == -1
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert (session.selected, session.playhead) == ("grass", 1010)


def test_the_row_of_the_frame_being_looked_at_is_chosen(
    panel: ReviewPanel, session: FakeSession
) -> None:
    panel.list.setFocus()
    assert session.called("seek") == [], "the focus alone goes nowhere"
    session.seek(1006)
    assert panel.list.currentIndex().row() == 0
    session.select_layer("grass")
    assert panel.list.currentIndex().row() == -1
    assert session.called("seek") == [(1006,)], "following the playhead is not going there"


def test_an_approved_frame_leaves_the_list_and_undo_brings_it_back(
    panel: ReviewPanel, session: FakeSession
) -> None:
    before = rows(panel)
    session.edit("Looks right", lambda project: edits.approve(project, "rabbit", 1006))
    assert rows(panel) == before[1:]
    session.undo()
    assert rows(panel) == before


def test_with_nothing_suspect_a_sentence_stands_there(
    panel: ReviewPanel, session: FakeSession
) -> None:
    filled = panel.list.viewport().grab().toImage()
    session.set_project(Project(make_clip(), (make_layer("Rabbit", masks=(1001,)),)))
    assert rows(panel) == []
    assert panel.count.text() == ""
    assert panel.list.viewport().grab().toImage() != filled
    assert "Nothing to look at" in panel.list.accessibleDescription()


def test_the_picture_of_a_frame_has_the_edge_of_its_mask(
    panel: ReviewPanel, session: FakeSession
) -> None:
    def picture(row: int) -> QImage:
        suspect = session.suspects()[row]
        pixmap = panel._picture(suspect)
        assert pixmap is not None
        return pixmap.toImage()

    grey = np.full((54, 96, 3), 90, np.uint8)
    session.answers.thumbnails |= dict.fromkeys((1005, 1006, 1010), grey)
    assert picture(0) == picture(1) == picture(2)
    square = (np.array([(160, 90), (480, 90), (480, 270), (160, 270)], np.float32),)
    for layer, frame in (("rabbit", 1006), ("grass", 1010)):
        session.sights.contours[session.project.layer(layer).masks[frame]] = square
    with_edge, plain = picture(0), picture(2)
    middle = with_edge.width() // 2, with_edge.height() // 2
    assert with_edge.pixelColor(0, 0) == plain.pixelColor(0, 0)
    assert with_edge.pixelColor(*middle) != plain.pixelColor(*middle)
    session.edit("Colour", lambda project: edits.set_colour(project, "rabbit", 3))
    assert picture(0) != with_edge


def test_thousands_of_frames_stay_quick(panel: ReviewPanel, session: FakeSession) -> None:
    many = doubtful("Rabbit", {1001 + at: 0.5 + at / 10000 for at in range(5000)})
    session.set_project(Project(make_clip(count=5000), (many,)))
    assert panel.list.model().rowCount() == 5000
    session.answers.thumbnails.clear()
    session.calls.clear()
    start = time.process_time()
    session.edit("Looks right", lambda project: edits.approve(project, "rabbit", 1500))
    panel.list.viewport().grab()
    assert time.process_time() - start < 0.1
    asked = {frame for (frame,) in session.called("thumbnail")}
    assert len(asked) < 20, "only what shows is made"
    start = time.process_time()
    for frame in range(2000, 2020):
        session.seek(frame)
    assert (time.process_time() - start) / 20 < 0.005
