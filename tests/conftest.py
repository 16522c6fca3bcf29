"""What holds for every test: no display, no folder of the user's, no thread left behind."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SHARED = Path(__file__).resolve().parents[2] / "shared"
FOLDERS = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
PATIENCE = 5.0  # seconds a thread may take to end


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run, saying so."""
    lacking = [tool for tool in ("Xvfb", "xdotool", "xwd") if shutil.which(tool) is None]
    for item in items:
        if item.get_closest_marker("xvfb") and lacking:
            item.add_marker(pytest.mark.skip(reason=f"needs {' and '.join(lacking)} (xvfb test)"))
        if item.get_closest_marker("shared") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason="the shared data is not beside the project"))


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Settings, caches and logs go to a folder of this test."""
    home = tmp_path_factory.mktemp("home")
    for name in FOLDERS:
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """Fails the test that leaves a Python thread running."""
    before = set(threading.enumerate())
    yield
    until = time.monotonic() + PATIENCE
    while (left := _started_since(before)) and time.monotonic() < until:
        time.sleep(0.01)
    assert not left, f"threads left behind: {left}"


def _started_since(before: set[threading.Thread]) -> list[threading.Thread]:
    """The threads that are alive now and were not; those of Qt's own are Qt's to report."""
    now = set(threading.enumerate()) - before
    return [thread for thread in now if not isinstance(thread, threading._DummyThread)]
