"""The panel of what is new, with the changelog that ships."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from app import paths
from app.ui.news_dialog import NewsDialog
from app.version import VERSION


def test_it_shows_the_changelog_that_ships_with_this_version_in_it(qtbot: QtBot) -> None:
    dialog = NewsDialog(paths.changelog())
    qtbot.addWidget(dialog)
    shown = dialog.text.toPlainText()
    assert VERSION in shown
    assert "##" not in shown  # it is laid out, not printed


def test_a_file_that_is_not_there_is_named(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = NewsDialog(tmp_path / "gone.md")
    qtbot.addWidget(dialog)
    assert str(tmp_path / "gone.md") in dialog.text.toPlainText()
    assert "install Rotocel again" in dialog.text.toPlainText()
