from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.mask import Mask
from app.session import Session
from tests.session.conftest import FIRST

LONG = 10000


def click(session: Session, qtbot: QtBot, x: float, y: float = 45.0) -> Mask:
    """Click and wait for the answer."""
    session.add_point(x, y, include=True)
    frame = session.playhead
    layer = session.selected
    assert layer is not None
    qtbot.waitUntil(lambda: not session.is_pending(layer, frame), timeout=LONG)
    return session.project.layer(layer).masks[frame]


def skins(session: Session, frame: int) -> dict[int, float]:
    """How far away which contours are, and the middle of each from the left."""
    return {
        skin.away: float(np.concatenate(skin.contour)[:, 0].mean())
        for skin in session.sights.onion(frame)
    }


def test_the_onion_skin_has_the_frames_around_that_have_masks(
    session: Session, qtbot: QtBot
) -> None:
    for away, x in enumerate((40, 50, 60, 70)):
        session.seek(FIRST + away)
        qtbot.waitUntil(lambda: session.picture(session.playhead) is not None, timeout=LONG)
        click(session, qtbot, x)
    session.seek(FIRST + 2)
    assert skins(session, FIRST + 2) == {}
    assert session.caches is not None
    assert not session.caches.contours.keys()  # nobody asked
    session.sights.show_onion(3)
    qtbot.waitUntil(lambda: len(skins(session, FIRST + 2)) == 3, timeout=LONG)
    found = skins(session, FIRST + 2)
    assert list(found) == [-2, 1, -1]  # the nearest lies on top
    assert found == pytest.approx({-2: 40, -1: 50, 1: 70}, abs=1.5)
    session.sights.show_onion(1)
    assert set(skins(session, FIRST + 2)) == {-1, 1}


def test_a_hidden_layer_has_no_onion_skin(session: Session, qtbot: QtBot) -> None:
    click(session, qtbot, 40)
    session.sights.show_onion(1)
    session.seek(FIRST + 1)
    qtbot.waitUntil(lambda: set(skins(session, FIRST + 1)) == {-1}, timeout=LONG)
    layer = session.selected
    assert layer is not None
    session.edit("Hide", lambda project: edits.set_shown(project, layer, shown=False))
    assert skins(session, FIRST + 1) == {}


def test_a_mask_that_cannot_be_read_has_no_contour_and_is_tried_once(
    session: Session, qtbot: QtBot
) -> None:
    mask = click(session, qtbot, 40)
    layer = session.selected
    assert layer is not None
    torn = Mask(b"torn", mask.shape, mask.window, None, mask.model, 0.0)
    session.edit("Tear", lambda project: edits.set_mask(project, layer, FIRST + 3, torn))
    session.seek(FIRST + 4)
    session.sights.show_onion(1)
    caches = session.caches
    assert caches is not None
    qtbot.waitUntil(lambda: torn in caches.contours.keys(), timeout=LONG)  # noqa: SIM118 - a cache
    assert caches.contours.get(torn) == ()


def test_the_matte_before_is_made_only_while_it_is_compared_with(
    session: Session, qtbot: QtBot
) -> None:
    sights = session.sights
    first = click(session, qtbot, 40)
    click(session, qtbot, 90)
    caches = session.caches
    assert caches is not None
    caches.mattes.clear()
    session.publish()
    layer = session.selected
    assert layer is not None
    qtbot.waitUntil(lambda: session.matte(layer, FIRST) is not None, timeout=LONG)
    earlier = sights.earlier(FIRST)
    assert earlier is not None
    assert earlier.mask is first
    assert earlier.label == f"Include point, frame {FIRST}"
    assert sights.matte(first) is None
    with qtbot.waitSignal(sights.matte_made, timeout=LONG):
        sights.compare(on=True)
    before, now = sights.matte(first), session.matte(layer, FIRST)
    assert before is not None
    assert now is not None
    assert (before[45, 40], before[45, 90]) == (255, 0)
    assert (now[45, 40], now[45, 90]) == (255, 255)
    sights.compare(on=False)
    assert sights.masks() == ()
