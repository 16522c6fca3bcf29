"""A real session with the disc model and a small image sequence, closed after each test."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.session import Session
from app.settings import Settings
from tests.fakes import DiscModel

FIRST, LAST, HOLE = 1001, 1012, 1007


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """Twelve frames whose brightness is 10 times their place; frame 1007 is missing."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for frame in range(FIRST, LAST + 1):
        if frame != HOLE:
            image = np.full((90, 160, 3), 10 * (frame - FIRST + 1), np.uint8)
            cv2.imwrite(str(folder / f"plate.{frame}.png"), image)
    return folder


@pytest.fixture
def model() -> DiscModel:
    """A fresh disc model."""
    return DiscModel()


@pytest.fixture
def make_session(
    qtbot: QtBot, model: DiscModel, tmp_path: Path
) -> Iterator[Callable[..., Session]]:
    """Makes sessions and ends them."""
    made: list[Session] = []

    def make(settings: Settings | None = None) -> Session:
        session = Session(model, settings or Settings(), tmp_path / "cache", tmp_path / "recovery")
        made.append(session)
        return session

    gc.disable()  # a lane must not be the one to collect what Qt owns; see app.gui_garbage
    yield make
    model.encoding.set()
    model.decoding.set()
    for session in made:
        session.shutdown()
        assert not [lane for lane in session._crew.lanes if lane.isRunning()]
    made.clear()
    gc.enable()
    gc.collect()


@pytest.fixture
def session(make_session: Callable[..., Session], plate: Path, qtbot: QtBot) -> Session:
    """A session with the plate open and its first frame on the screen."""
    session = make_session()
    with qtbot.waitSignal(session.clip_changed, timeout=10000):
        session.open(plate)
    qtbot.waitUntil(lambda: session.picture(FIRST) is not None, timeout=10000)
    return session
