from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.settings import Settings
from app.ui.actions import Actions
from app.ui.shortcut_editor import ShortcutEditor
from app.ui.shortcut_sheet import ShortcutSheet


class Store:
    """Settings that live as long as the test."""

    def __init__(self) -> None:
        self.settings = Settings()

    def change(self, settings: Settings) -> None:
        self.settings = settings


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def actions(window: QWidget) -> Actions:
    return Actions(window)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def editor(qtbot: QtBot, window: QWidget, actions: Actions, store: Store) -> ShortcutEditor:
    editor = ShortcutEditor(actions, store, window)
    with qtbot.waitExposed(editor):
        editor.show()
    return editor


def press(qtbot: QtBot, editor: ShortcutEditor, key: Qt.Key) -> None:
    editor.key.setFocus()
    qtbot.keyClick(editor.key, key)


def click(qtbot: QtBot, button: QWidget) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_sheet_lists_every_action_that_has_a_key(window: QWidget, actions: Actions) -> None:
    sheet = ShortcutSheet(actions, window)
    with_keys = {actions.plain_text(name) for name in actions if actions.keys(name)}
    assert with_keys <= set(sheet.shown())
    assert "About Rotocel" not in sheet.shown()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("keyfr", "Next keyframe"),
        ("ctrl+z", "Undo"),
        ("RIGHT click", "Exclude"),
        ("rest shift", "See what a click gives"),
    ],
)
def test_the_search_finds_words_and_keys(
    window: QWidget, actions: Actions, text: str, line: str
) -> None:
    sheet = ShortcutSheet(actions, window)
    everything = len(sheet.shown())
    sheet.search.setText(text)
    assert line in sheet.shown()
    assert len(sheet.shown()) < everything / 4
    sheet.search.setText("no such thing")
    assert sheet.shown() == []
    assert not sheet.nothing.isHidden()
    sheet.search.clear()
    assert len(sheet.shown()) == everything


def test_the_sheet_follows_rebound_keys(window: QWidget, actions: Actions) -> None:
    sheet = ShortcutSheet(actions, window)
    actions.rebind("playback.play", "F9")
    sheet.search.setText("F9")
    assert sheet.shown() == ["Play"]


def test_a_new_key_is_pressed_set_and_kept(
    qtbot: QtBot, editor: ShortcutEditor, actions: Actions, store: Store
) -> None:
    editor.choose("playback.play")
    press(qtbot, editor, Qt.Key.Key_F9)
    click(qtbot, editor.set)
    assert actions["playback.play"].shortcut() == QKeySequence("F9")
    assert store.settings.shortcuts == {"playback.play": "F9"}
    assert editor.items["playback.play"].text(1) == "F9"
    assert editor.items["playback.play"].text(2) == "changed"


def test_a_key_in_use_is_refused_in_a_sentence(
    qtbot: QtBot, editor: ShortcutEditor, actions: Actions, store: Store
) -> None:
    editor.choose("playback.play")
    press(qtbot, editor, Qt.Key.Key_I)
    assert editor.sentence.text() == "I already runs “Set in”."
    assert not editor.set.isEnabled()
    assert not editor.add.isEnabled()
    assert actions.overrides() == {}
    assert store.settings.shortcuts == {}


def test_a_second_key_can_be_added_and_all_taken_away(
    qtbot: QtBot, editor: ShortcutEditor, actions: Actions
) -> None:
    editor.choose("playback.play")
    press(qtbot, editor, Qt.Key.Key_F9)
    click(qtbot, editor.add)
    assert actions.keys("playback.play") == [QKeySequence("Space"), QKeySequence("F9")]
    click(qtbot, editor.remove)
    assert actions.keys("playback.play") == []
    assert not editor.remove.isEnabled()


def test_one_action_or_all_go_back_to_their_own_keys(
    qtbot: QtBot, editor: ShortcutEditor, actions: Actions, store: Store
) -> None:
    for action, key in (("playback.play", Qt.Key.Key_F9), ("edit.undo", Qt.Key.Key_F8)):
        editor.choose(action)
        press(qtbot, editor, key)
        click(qtbot, editor.set)
    editor.choose("playback.play")
    click(qtbot, editor.reset)
    assert store.settings.shortcuts == {"edit.undo": "F8"}
    click(qtbot, editor.reset_all)
    assert store.settings.shortcuts == {}
    assert actions.keys("edit.undo") == [QKeySequence("Ctrl+Z")]
    assert not editor.reset_all.isEnabled()


def test_a_reset_that_would_clash_says_so(
    qtbot: QtBot, editor: ShortcutEditor, actions: Actions
) -> None:
    actions.rebind("playback.set_in", "F9")
    actions.rebind("playback.play", "I")
    editor.choose("playback.set_in")
    click(qtbot, editor.reset)
    assert "already runs “Play”" in editor.sentence.text()
    assert actions.keys("playback.set_in") == [QKeySequence("F9")]


def test_the_search_narrows_the_table(editor: ShortcutEditor) -> None:
    editor.search.setText("solo")
    shown = [item.text(0) for item in editor.items.values() if not item.isHidden()]
    assert shown == ["Solo"]


def test_the_sheet_is_seen_whole_in_a_large_window(qtbot: QtBot) -> None:
    window = QWidget()
    window.resize(1590, 900)
    qtbot.addWidget(window)
    sheet = ShortcutSheet(Actions(window), window)
    with qtbot.waitExposed(sheet):
        sheet.show()
    area = sheet._area
    assert not area.verticalScrollBar().isVisible()
    assert not area.horizontalScrollBar().isVisible()
