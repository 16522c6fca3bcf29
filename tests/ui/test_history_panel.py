from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.domain.project import Project
from app.ui import theme
from app.ui.history_panel import HistoryPanel
from tests.ui.fake_session import FakeSession, as_session, make_clip, make_layer


@pytest.fixture
def session() -> FakeSession:
    session = FakeSession(Project(make_clip(), (make_layer("Rabbit"),)))
    session.selected = "rabbit"
    session.add_point(1, 2, include=True)
    session.add_point(3, 4, include=False)
    session.set_in()
    return session


@pytest.fixture
def panel(qtbot: QtBot, session: FakeSession) -> HistoryPanel:
    panel = HistoryPanel(as_session(session))
    qtbot.addWidget(panel)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def labels(panel: HistoryPanel) -> list[str]:
    return [panel.list.item(at).text() for at in range(panel.list.count())]


def test_the_labels_stand_oldest_first_and_the_present_one_is_chosen(panel: HistoryPanel) -> None:
    assert labels(panel) == ["Open", "Add point", "Add point", "Set in"]
    assert panel.list.currentRow() == 3
    assert panel.list.item(3).font().weight() > panel.list.item(2).font().weight()


def test_undone_steps_are_dimmed(panel: HistoryPanel, session: FakeSession) -> None:
    session.undo()
    assert panel.list.currentRow() == 2
    assert panel.list.item(3).foreground().color() == theme.TEXT_DISABLED
    assert panel.list.item(1).foreground().color() == theme.TEXT
    session.redo()
    assert panel.list.item(3).foreground().color() == theme.TEXT


def test_a_click_goes_there(qtbot: QtBot, panel: HistoryPanel, session: FakeSession) -> None:
    at = panel.list.visualItemRect(panel.list.item(1)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert session.called("go_to_history") == [(1,)]
    assert session.history.index == 1
    assert panel.list.item(2).foreground().color() == theme.TEXT_DISABLED


def test_an_edit_after_undo_drops_the_undone_steps(
    panel: HistoryPanel, session: FakeSession
) -> None:
    session.undo()
    session.undo()
    session.clear_prompt()
    assert labels(panel) == ["Open", "Add point", "Clear prompt"]
    assert session.called("go_to_history") == []


def test_the_arrows_walk_through_the_steps(
    qtbot: QtBot, panel: HistoryPanel, session: FakeSession
) -> None:
    qtbot.keyClick(panel.list, Qt.Key.Key_Up)
    qtbot.keyClick(panel.list, Qt.Key.Key_Up)
    assert session.history.index == 1
