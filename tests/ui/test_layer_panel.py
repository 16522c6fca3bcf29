from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.project import Project
from app.ui import theme
from app.ui.actions import Actions
from app.ui.layer_panel import LayerPanel
from app.ui.layer_row import LayerRow, colour_names
from tests.ui.fake_session import FakeSession, as_session, make_clip, make_layer

ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def session() -> FakeSession:
    layers = (make_layer("Rabbit"), make_layer("Grass", colour=1), make_layer("Sky", colour=2))
    session = FakeSession(Project(make_clip(), layers))
    session.selected = "rabbit"
    return session


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def panel(qtbot: QtBot, session: FakeSession, window: QWidget) -> LayerPanel:
    panel = LayerPanel(as_session(session), Actions(window), window)
    panel.resize(280, 300)
    with qtbot.waitExposed(window):
        window.show()
    return panel


def row(panel: LayerPanel, index: int) -> LayerRow:
    widget = panel.list.itemWidget(panel.list.item(index))
    assert isinstance(widget, LayerRow)
    return widget


def names(session: FakeSession) -> list[str]:
    return [layer.name for layer in session.project.layers]


def last_label(session: FakeSession) -> str:
    return session.history.labels()[-1]


def test_rows_show_number_name_and_state(panel: LayerPanel) -> None:
    assert [row(panel, n).name.text() for n in range(3)] == ["Rabbit", "Grass", "Sky"]
    assert [row(panel, n).number.text() for n in range(3)] == ["3", "2", "1"]
    assert row(panel, 0).eye.accessibleName() == "Show Rabbit"
    assert panel.list.currentRow() == 0


def test_a_new_layer_renumbers_no_other_and_a_deleted_one_those_above(
    panel: LayerPanel, session: FakeSession
) -> None:
    def numbers() -> dict[str, str]:
        rows = (row(panel, n) for n in range(panel.list.count()))
        return {item.name.text(): item.number.text() for item in rows}

    session.add_layer()
    assert numbers() == {"Layer 1": "4", "Rabbit": "3", "Grass": "2", "Sky": "1"}
    session.select_layer_number(3)
    assert session.selected == "rabbit"
    session.delete_layer("sky")
    assert numbers() == {"Layer 1": "3", "Rabbit": "2", "Grass": "1"}


def test_a_double_click_and_a_new_name_is_one_edit(
    qtbot: QtBot, panel: LayerPanel, session: FakeSession
) -> None:
    view = panel.list.viewport()
    at = panel.list.visualItemRect(panel.list.item(1)).center()
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=at)
    field = row(panel, 1).name
    assert not field.isReadOnly()
    qtbot.keyClicks(field, "Meadow")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert names(session) == ["Rabbit", "Meadow", "Sky"]
    assert session.history.labels() == ["Open", "Rename layer"]
    assert field.isReadOnly()
    assert panel.list.hasFocus()


def test_escape_keeps_the_old_name(qtbot: QtBot, panel: LayerPanel, session: FakeSession) -> None:
    panel.rename_selected()
    field = row(panel, 0).name
    qtbot.keyClicks(field, "Hare")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "Rabbit"
    assert session.called("edit") == []


def test_an_empty_name_changes_nothing(
    qtbot: QtBot, panel: LayerPanel, session: FakeSession
) -> None:
    panel.rename_selected()
    field = row(panel, 0).name
    field.clear()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert names(session)[0] == field.text() == "Rabbit"


def test_eye_solo_and_lock_are_edits_that_say_what_they_do(
    qtbot: QtBot, panel: LayerPanel, session: FakeSession
) -> None:
    for button, label in (
        (row(panel, 1).eye, "Hide layer"),
        (row(panel, 1).eye, "Show layer"),
        (row(panel, 1).solo, "Solo layer"),
        (row(panel, 1).lock, "Lock layer"),
        (row(panel, 1).lock, "Unlock layer"),
    ):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert last_label(session) == label
    grass = session.project.layer("grass")
    assert (grass.shown, grass.solo, grass.locked) == (True, True, False)
    session.undo()
    session.undo()
    session.undo()
    assert not row(panel, 1).solo.isChecked()


def test_a_colour_is_chosen_from_the_menu(panel: LayerPanel, session: FakeSession) -> None:
    menu = row(panel, 0).colour.menu()
    assert [action.text() for action in menu.actions()] == list(colour_names())
    assert len(menu.actions()) == len(theme.LAYER_COLOURS)
    menu.actions()[3].trigger()
    assert session.project.layer("rabbit").colour == 3
    assert last_label(session) == "Change colour of layer"


def test_choosing_a_row_selects_the_layer_and_the_other_way_round(
    qtbot: QtBot, panel: LayerPanel, session: FakeSession
) -> None:
    at = panel.list.visualItemRect(panel.list.item(2)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert session.selected == "sky"
    session.select_layer("grass")
    assert panel.list.currentRow() == 1
    qtbot.keyClick(panel.list, Qt.Key.Key_Up)
    assert session.selected == "rabbit"


def test_alt_and_the_arrows_move_the_layer(
    qtbot: QtBot, panel: LayerPanel, session: FakeSession
) -> None:
    qtbot.keyClick(panel.list, Qt.Key.Key_Up, ALT)
    assert session.called("edit") == []
    qtbot.keyClick(panel.list, Qt.Key.Key_Down, ALT)
    qtbot.keyClick(panel.list, Qt.Key.Key_Down, ALT)
    assert names(session) == ["Grass", "Sky", "Rabbit"]
    assert panel.list.currentRow() == 2
    assert last_label(session) == "Move layer"
    session.undo()
    assert [row(panel, n).name.text() for n in range(3)] == ["Grass", "Rabbit", "Sky"]


@pytest.mark.parametrize(
    ("dragged", "y", "order"),
    [
        (0, 2 * theme.ROW + 2, ["Grass", "Rabbit", "Sky"]),
        (0, 3 * theme.ROW - 2, ["Grass", "Sky", "Rabbit"]),
        (2, 2, ["Sky", "Rabbit", "Grass"]),
        (1, theme.ROW + 3, ["Rabbit", "Grass", "Sky"]),
    ],
)
def test_a_dropped_row_moves_the_layer(
    qtbot: QtBot,
    panel: LayerPanel,
    session: FakeSession,
    dragged: int,
    y: int,
    order: list[str],
) -> None:
    panel.list.setCurrentRow(dragged)
    carried = QMimeData()  # the event does not keep it alive
    event = QDropEvent(
        QPointF(20, y),
        Qt.DropAction.MoveAction,
        carried,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    panel.list.dropEvent(event)
    assert event.dropAction() == Qt.DropAction.IgnoreAction
    qtbot.waitUntil(lambda: names(session) == order)
    assert panel.list.count() == 3


def test_delete_goes_through_the_session(
    qtbot: QtBot, panel: LayerPanel, session: FakeSession
) -> None:
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert session.called("delete_layer") == [("rabbit",)]
    assert panel.list.count() == 2
    assert panel.list.currentRow() == 0


def test_a_name_being_typed_survives_edits_elsewhere(
    qtbot: QtBot, panel: LayerPanel, session: FakeSession
) -> None:
    panel.rename_selected()
    field = row(panel, 0).name
    qtbot.keyClicks(field, "Har")
    session.select_layer("sky")
    session.add_point(3, 4, include=True)
    qtbot.keyClicks(field, "e")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert names(session)[0] == "Hare"


def test_a_long_name_is_cut_with_an_ellipsis(panel: LayerPanel, session: FakeSession) -> None:
    long = "A very long name of a layer in the foreground"
    layers = (replace(session.project.layers[0], name=long),)
    session.set_project(replace(session.project, layers=layers))
    assert row(panel, 0).name.text().endswith("…")
    assert row(panel, 0).name.toolTip() == long
    panel.rename_selected()
    assert row(panel, 0).name.text() == long


def test_an_empty_project_says_how_to_start(window: QWidget) -> None:
    session = FakeSession()
    panel = LayerPanel(as_session(session), Actions(window), window)
    assert panel.list.empty == ""
    session.set_project(Project(make_clip()))
    assert panel.list.empty == "Click the picture to start a layer"
    assert panel.list.accessibleDescription() == panel.list.empty
    session.add_layer()
    assert panel.list.accessibleDescription() == ""
