"""What a start says of an update."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.headless import settings_path
from app.settings import Settings, load, save
from app.ui.main_window import MainWindow
from app.version import VERSION

Open = Callable[[Path | None], MainWindow]


def test_the_very_first_start_says_nothing_and_notes_the_version(open_window: Open) -> None:
    assert not open_window(None).messages.isVisible()
    assert load(settings_path()).version_seen == VERSION


def test_the_first_start_after_an_update_says_so_once(open_window: Open) -> None:
    save(Settings(version_seen="0.0.1"), settings_path())
    said = open_window(None).messages
    assert said.isVisible()
    assert VERSION in said.text.text()
    assert "0.0.1" in said.text.text()
    assert not open_window(None).messages.isVisible()
