from __future__ import annotations

from fractions import Fraction

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.frames import FrameRange
from app.domain.project import Project
from app.ui.actions import Actions
from app.ui.transport import TransportBar, rate_text
from tests.ui.fake_session import FakeSession, as_session, make_clip


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(Project(make_clip(), (), FrameRange(1010, 1100)))


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def bar(qtbot: QtBot, session: FakeSession, window: QWidget) -> TransportBar:
    bar = TransportBar(as_session(session), Actions(window), window)
    window.resize(900, 60)
    bar.resize(900, 40)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    return bar


def type_frame(qtbot: QtBot, bar: TransportBar, text: str) -> None:
    bar.field.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClicks(bar.field, text)
    qtbot.keyClick(bar.field, Qt.Key.Key_Return)


def test_typing_a_number_seeks_there(qtbot: QtBot, bar: TransportBar, session: FakeSession) -> None:
    bar.field.selectAll()
    type_frame(qtbot, bar, "1044")
    assert session.playhead == 1044
    assert bar.field.text() == "1044"


def test_a_number_beyond_the_clip_shows_the_frame_really_reached(
    qtbot: QtBot, bar: TransportBar, session: FakeSession
) -> None:
    bar.field.selectAll()
    type_frame(qtbot, bar, "99")
    assert session.playhead == 1001
    assert bar.field.text() == "1001"


def test_a_signed_number_steps_from_here(
    qtbot: QtBot, bar: TransportBar, session: FakeSession
) -> None:
    bar.field.selectAll()
    type_frame(qtbot, bar, "+10")
    bar.field.selectAll()
    type_frame(qtbot, bar, "-3")
    assert session.called("step") == [(10,), (-3,)]
    assert bar.field.text() == "1008"


@pytest.mark.parametrize("text", ["frame", "", "12.5", "+"])
def test_nonsense_brings_the_present_frame_back(
    qtbot: QtBot, bar: TransportBar, session: FakeSession, text: str
) -> None:
    bar.field.clear()
    type_frame(qtbot, bar, text)
    assert bar.field.text() == "1001"
    assert session.called("seek") == []


def test_escape_leaves_the_frame_as_it_was(
    qtbot: QtBot, bar: TransportBar, session: FakeSession
) -> None:
    bar.field.selectAll()
    qtbot.keyClicks(bar.field, "1077")
    qtbot.keyClick(bar.field, Qt.Key.Key_Escape)
    assert bar.field.text() == "1001"
    assert session.playhead == 1001


def test_the_arrows_step_from_the_field(qtbot: QtBot, bar: TransportBar) -> None:
    qtbot.keyClick(bar.field, Qt.Key.Key_Up)
    qtbot.keyClick(bar.field, Qt.Key.Key_Up)
    qtbot.keyClick(bar.field, Qt.Key.Key_Down)
    assert bar.field.text() == "1002"


def test_nothing_moves_when_the_state_changes(bar: TransportBar, session: FakeSession) -> None:
    def places() -> list[object]:
        return [child.geometry() for child in bar.findChildren(QWidget)]

    before = places()
    session.seek(1132)
    session.set_in()
    session.shuttle(-4)
    session.set_looping(looping=False)
    assert bar.rate_label.text() == "−4×"
    assert places() == before


def test_the_labels_follow_the_range_and_the_clip(bar: TransportBar, session: FakeSession) -> None:
    assert (bar.in_label.text(), bar.out_label.text()) == ("1010", "1100")
    session.clear_in_out()
    assert (bar.in_label.text(), bar.out_label.text()) == ("1001", "1132")
    session.set_project(Project(make_clip(1, 50, fps=Fraction(24000, 1001))))
    assert (bar.in_label.text(), bar.field.text()) == ("0001", "0001")
    assert bar.fps_label.text() == "23.976 fps"


def test_looping_shows_on_the_button(bar: TransportBar, session: FakeSession) -> None:
    loop = bar._actions["playback.loop"]
    assert loop.isChecked()
    session.set_looping(looping=False)
    assert not loop.isChecked()


def test_without_a_clip_the_field_is_off(window: QWidget) -> None:
    bar = TransportBar(as_session(FakeSession()), Actions(window), window)
    assert not bar.field.isEnabled()
    assert bar.field.text() == ""


@pytest.mark.parametrize(
    ("fps", "text"),
    [(Fraction(24), "24"), (Fraction(30000, 1001), "29.97"), (Fraction(25, 2), "12.5")],
)
def test_the_rate_is_short(fps: Fraction, text: str) -> None:
    assert rate_text(fps) == text
