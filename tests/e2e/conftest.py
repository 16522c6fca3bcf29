"""The real window as `rotocel` opens it, with the disc model in place of the bundled one."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app import paths, window
from app.ui.main_window import MainWindow
from tests.fakes import DiscModel
from tests.session.conftest import plate

__all__ = ["plate"]


@pytest.fixture
def model() -> DiscModel:
    """A fresh disc model."""
    return DiscModel()


@pytest.fixture
def open_window(
    qtbot: QtBot, model: DiscModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Path | None], MainWindow]]:
    """Opens windows in a home of their own, closes them and checks that no thread is left."""
    for name in ("user_config", "user_cache", "user_logs", "user_models", "user_recovery"):
        monkeypatch.setattr(paths, name, lambda name=name: tmp_path / name)
    monkeypatch.setattr(window, "load_model", lambda _settings: model)
    monkeypatch.setattr("sys.excepthook", None)
    made: list[MainWindow] = []

    def make(path: Path | None = None) -> MainWindow:
        main = window.open_window(path)
        made.append(main)
        main.activateWindow()
        qtbot.waitUntil(main.isActiveWindow, timeout=5000)
        return main

    gc.disable()  # as app.gui_garbage does
    yield make
    model.encoding.set()
    model.decoding.set()
    for main in made:
        monkeypatch.setattr(main.files, "may_leave", lambda _then: True)
        assert main.close()
        assert not any(lane.isRunning() for lane in main.session._crew.lanes)
        main.deleteLater()
    made.clear()
    gc.enable()
    gc.collect()
