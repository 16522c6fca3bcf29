"""The window's settings, in a file that a command writes meanwhile."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings, load, save
from app.window import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


def test_what_a_command_chose_meanwhile_stays(path: Path) -> None:
    store = Store(path)
    before = store.settings
    save(Settings(model="chosen"), path)
    store.change(replace(before, catalogue="out"))
    assert load(path) == Settings(model="chosen", catalogue="out")
    assert store.settings == load(path)


def test_a_choice_of_the_window_replaces_that_of_a_command(path: Path) -> None:
    store = Store(path)
    save(Settings(model="chosen"), path)
    store.change(replace(store.settings, model=""))
    assert load(path).model == ""


def test_a_file_that_is_damaged_meanwhile_is_left_alone(path: Path) -> None:
    store = Store(path)
    store.change(Settings(model="chosen"))
    path.write_text("{")
    store.change(replace(store.settings, catalogue="out"))
    assert path.read_text() == "{"
    assert store.settings == Settings(model="chosen", catalogue="out")
    assert store.fault is not None


def test_a_folder_that_may_not_be_looked_into_is_a_fault_and_no_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", forbidden)
    store = Store(path)
    assert store.settings == Settings()
    assert store.fault is not None
    assert "settings.json cannot be read" in store.fault


def test_settings_of_a_newer_version_are_left_alone_and_kept(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text('{"model": "chosen", "of_tomorrow": [1]}')
    store = Store(path)
    assert store.settings == Settings(model="chosen")
    store.change(replace(store.settings, device="cpu"))
    assert store.fault is None
    assert "of_tomorrow" in caplog.text
    assert json.loads(path.read_text()) == {
        "model": "chosen",
        "device": "cpu",
        "of_tomorrow": [1],
    }
