from __future__ import annotations

from collections import Counter
from inspect import signature

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.project import Project
from app.session import Session
from app.ui.action_table import MENUS, action_table
from app.ui.actions import RULES, Actions, KeyClashError
from tests.ui.fake_session import FakeSession, as_session, make_clip, make_layer


class Nothing:
    picked = None


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def actions(window: QWidget) -> Actions:
    return Actions(window)


TARGETS = {"session", "viewer", "lines", "comparison", "window", "layer", "lock", "file"}


def test_ids_are_unique_and_every_row_is_complete() -> None:
    rows = action_table(str)
    assert len({row.id for row in rows}) == len(rows)
    for row in rows:
        assert row.menu in MENUS, row.id
        assert row.tip, row.id
        assert row.when in {*RULES, "recent"}, row.id
        assert row.call.split(".")[0] in TARGETS, row.id


def test_the_session_takes_what_every_row_gives_it() -> None:
    for row in action_table(str):
        target, method = row.call.split(".")
        if target == "session":
            given = (True,) if row.checkable else row.args
            signature(getattr(Session, method)).bind(None, *given)  # raises where it does not


def test_every_layer_can_go_each_way_that_one_can() -> None:
    rows = action_table(str)
    ways = {row.args: row.text for row in rows if row.call == "session.propagate"}
    every = {row.args: row.text for row in rows if row.call == "session.propagate_all"}
    assert {args if len(args) == 2 else (*args, "end") for args in ways} == every.keys()


def test_no_key_runs_two_actions(actions: Actions) -> None:
    keys = Counter(key.toString() for name in actions for key in actions.keys(name))
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("menu", MENUS)
def test_no_letter_of_a_menu_means_two_of_its_actions(menu: str) -> None:
    texts = [row.text for row in action_table(str) if row.menu == menu]
    letters = Counter(text[text.index("&") + 1].lower() for text in texts if "&" in text)
    assert [letter for letter, count in letters.items() if count > 1] == []


def test_a_layer_moves_only_where_there_is_another(actions: Actions) -> None:
    session = FakeSession(Project(make_clip(), (make_layer("Rabbit"), make_layer("Grass"))))

    def can_move() -> tuple[bool, bool]:
        actions.update_enabled(as_session(session), Nothing(), recent=False)
        return actions["layer.up"].isEnabled(), actions["layer.down"].isEnabled()

    assert can_move() == (False, False)
    session.select_layer("rabbit")
    assert can_move() == (False, True)
    session.select_layer("grass")
    assert can_move() == (True, False)
    session.delete_layer("rabbit")
    assert can_move() == (False, False)


def test_a_tool_tip_follows_the_key(actions: Actions) -> None:
    assert "Ctrl+E" in actions["file.export"].toolTip()
    actions.rebind("file.export", "Ctrl+Shift+E")
    assert "Ctrl+Shift+E" in actions["file.export"].toolTip()


def test_a_key_of_another_action_is_refused_and_nothing_changes(actions: Actions) -> None:
    with pytest.raises(KeyClashError, match="Undo"):
        actions.rebind("file.open", "Ctrl+Z")
    assert actions.bound_to("Ctrl+Z") == "edit.undo"
    assert actions.bound_to("Ctrl+O") == "file.open"


def test_a_disabled_action_says_why_where_that_is_not_plain(actions: Actions) -> None:
    session = FakeSession(Project(make_clip()))
    session.obstacle = "MobileSAM sees <single> images only."
    actions.update_enabled(as_session(session), Nothing(), recent=False)
    action = actions["track.forward"]
    assert not action.isEnabled()
    assert actions.reason("track.forward") == session.obstacle
    assert "sees &lt;single&gt; images only" in action.toolTip()
    assert actions.reason("edit.undo") == ""
    actions.rebind("track.forward", "Ctrl+Alt+Y")
    assert "images only" in action.toolTip()
    session.obstacle = ""
    actions.update_enabled(as_session(session), Nothing(), recent=False)
    assert action.isEnabled()
    assert "images only" not in action.toolTip()


def test_only_what_can_be_done_is_enabled(actions: Actions) -> None:
    session = FakeSession(Project())
    actions.update_enabled(as_session(session), Nothing(), recent=False)
    assert not actions["playback.play"].isEnabled()
    assert not actions["file.recent"].isEnabled()
    session = FakeSession(Project(make_clip(), (make_layer("Rabbit"),)))
    session.select_layer("rabbit")
    actions.update_enabled(as_session(session), Nothing(), recent=True)
    assert actions["playback.play"].isEnabled()
    assert actions["layer.delete"].isEnabled()
    assert not actions["edit.delete"].isEnabled()
    assert not actions["edit.clear"].isEnabled()
