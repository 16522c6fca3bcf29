from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QAbstractAnimation, QStandardPaths
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from app.domain.project import Project
from app.sights import Replaced
from app.ui import motion
from app.ui.flash import LASTS, Flash
from app.ui.viewport import Viewport
from tests.ui.fake_session import FakeSession, as_session, make_clip

FRAME = 1001
VIEW = Viewport((64, 48), 1.0, (700, 500)).zoomed(8.0).centred_on(32, 24)
BEFORE, NOW = (
    (np.array([(left, 8), (50, 8), (50, 40), (left, 40)], np.float32),) for left in (10, 20)
)
CHANGE = Replaced(FRAME, BEFORE, NOW)


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession(Project(make_clip()))


def brightest(flash: Flash, frame: int = FRAME, x: float = 20) -> int:
    """On the left edge of a contour."""
    image = QImage(700, 500, QImage.Format.Format_RGB32)
    image.fill(0)
    with QPainter(image) as painter:
        flash.draw(painter, frame, VIEW)
    at = VIEW.to_widget(x, 24).toPoint()
    near = range(at.x() - 2, at.x() + 3)
    return max(image.pixelColor(x, y).lightness() for x in near for y in range(200, 300))


def test_both_edges_light_up_and_fade_within_their_time(qtbot: QtBot, session: FakeSession) -> None:
    flash = Flash(as_session(session), session, moving=True)
    assert brightest(flash) == 0
    session.sights.replaced.emit((CHANGE,))
    animation: QAbstractAnimation = flash._fading
    animation.pause()
    seen = []
    for time in (0, LASTS // 2, LASTS - 50):
        animation.setCurrentTime(time)
        seen.append((brightest(flash, x=10), brightest(flash, x=20)))
    assert min(seen[0]) > 100
    assert seen[0] > seen[1] > seen[2]
    assert brightest(flash, FRAME + 1) == 0
    animation.resume()
    qtbot.waitUntil(lambda: flash._shown == (), timeout=5000)
    assert brightest(flash) == 0


def test_where_nothing_may_move_nothing_is_asked_for(session: FakeSession) -> None:
    Flash(as_session(session), session, moving=False)
    assert not session.sights.showing_replaced
    Flash(as_session(session), session)
    assert not session.sights.showing_replaced  # nobody looks at a test


@pytest.mark.parametrize(
    ("name", "text", "less"),
    [
        ("kdeglobals", "[KDE]\nAnimationDurationFactor=0\n", True),
        ("kdeglobals", "[KDE]\nAnimationDurationFactor=1\n", False),
        ("gtk-3.0/settings.ini", "[Settings]\ngtk-enable-animations=false\n", True),
        ("gtk-4.0/settings.ini", "[Settings]\ngtk-enable-animations=0\n", True),
        ("gtk-4.0/settings.ini", "[Settings]\ngtk-enable-animations=1\n", False),
        ("other", "", False),
    ],
)
def test_linux_says_who_wants_less_motion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, less: bool
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)

    def locate(_place: object, wanted: str) -> str:
        file = tmp_path / wanted
        return str(file) if file.exists() else ""

    monkeypatch.setattr(QStandardPaths, "locate", locate)
    assert motion.linux_asks() is less
