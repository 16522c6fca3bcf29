from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QFont, QImage
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.earlier import Earlier
from app.domain.project import Project
from app.ui import theme
from app.ui.comparison import Comparison
from app.ui.difference import ADDED, KEPT, REMOVED, difference, patterned
from app.ui.overlay import Sheet
from app.ui.scene import Scene, paint
from app.ui.viewport import Viewport
from tests.ui.fake_session import (
    FakeSession,
    Pixels,
    as_session,
    make_clip,
    make_layer,
    make_mask,
)

FRAME = 1001
SIZE = (64, 48)
BLUE = theme.layer_colour(0)
MASK = make_mask()
BLACK = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)


@pytest.fixture(autouse=True)
def application(qtbot: QtBot) -> None:
    """Fonts and pixmaps need one."""


@pytest.fixture
def session() -> FakeSession:
    layers = make_layer("Rabbit", masks=(FRAME,)), make_layer("Fox", colour=1, masks=(FRAME,))
    session = FakeSession(Project(make_clip(), layers))
    session.select_layer("rabbit")
    for name, left in (("rabbit", 10), ("fox", 40)):
        session.answers.mattes[name, FRAME] = columns(left, left + 10)
    return session


@pytest.fixture
def comparison(session: FakeSession) -> Comparison:
    return Comparison(as_session(session), session)


def columns(first: int, end: int) -> Pixels:
    matte = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    matte[:, first:end] = 255
    return matte


def dressed(comparison: Comparison, mode: str = "overlay") -> Scene:
    return comparison.dressed(Scene(FRAME, mode, BLACK))


def wanted(session: FakeSession) -> bool:
    return session.sights.comparing


def test_the_matte_before_stands_in_for_the_selected_layer_alone(
    session: FakeSession, comparison: Comparison
) -> None:
    plain = dressed(comparison)
    assert not wanted(session)
    comparison.set_before(shown=True)
    session.sights.before = Earlier(MASK, "Move point")
    assert dressed(comparison).sheets == plain.sheets  # it is on its way
    assert wanted(session)
    before = session.sights.mattes[MASK] = columns(20, 30)
    scene = dressed(comparison)
    assert scene.sheets[0].matte is before
    assert scene.sheets[1] == plain.sheets[1]
    assert scene.note == "Before “Move point”"
    comparison.set_before(shown=False)
    assert dressed(comparison).same(plain)
    assert not wanted(session)


@pytest.mark.parametrize("mode", ["overlay", "difference"])
def test_where_there_was_none_a_note_says_so(comparison: Comparison, mode: str) -> None:
    comparison.set_before(shown=True)
    assert dressed(comparison, mode).note == "No earlier mask of Rabbit on this frame"


@pytest.mark.parametrize("mode", ["overlay", "difference"])
def test_without_a_layer_to_compare_a_note_says_so(
    session: FakeSession, comparison: Comparison, mode: str
) -> None:
    comparison.set_before(shown=True)
    session.edit("Hide", lambda project: edits.set_shown(project, "rabbit", shown=False))
    assert "Select a layer" in dressed(comparison, mode).note


def test_the_difference_waits_for_both_mattes(session: FakeSession, comparison: Comparison) -> None:
    session.sights.before = Earlier(MASK, "Move point")
    session.sights.mattes[MASK] = columns(20, 30)
    now = session.answers.mattes.pop(("rabbit", FRAME))
    assert dressed(comparison, "difference").before is None
    session.answers.mattes["rabbit", FRAME] = now
    scene = dressed(comparison, "difference")
    assert scene.before == Sheet(session.sights.mattes[MASK], BLUE)
    assert [sheet.matte is now for sheet in scene.sheets] == [True]
    assert scene.note == "by “Move point”"


def test_of_a_mask_that_is_gone_all_is_removed(
    session: FakeSession, comparison: Comparison
) -> None:
    session.sights.before = Earlier(MASK, "Clear")
    session.sights.mattes[MASK] = columns(20, 30)
    session.edit("Clear", lambda project: edits.drop_mask(project, "rabbit", FRAME))
    del session.answers.mattes["rabbit", FRAME]
    image = painted(dressed(comparison, "difference"))
    assert colours_at(image, 25) <= like(theme.EXCLUDE)


def test_parts_are_told_apart() -> None:
    now, before = columns(10, 30), columns(20, 40)
    assert difference(now, before)[0, [5, 15, 25, 35]].tolist() == [0, ADDED, KEPT, REMOVED]


def test_patterns_differ_without_their_colour() -> None:
    shape = (24, 24)
    added, removed = (
        (patterned(np.full(shape, part, np.uint8), BLUE) >> 24) > 200 for part in (ADDED, REMOVED)
    )
    assert 0.4 < added.mean() < 0.6
    assert 0.4 < removed.mean() < 0.6
    assert not np.array_equal(added, removed)
    assert (added == removed).mean() < 0.8


@pytest.mark.parametrize("zoom", [0.5, 1.0, 4.0])
def test_the_difference_lies_where_it_is(zoom: float) -> None:
    now, before = Sheet(columns(10, 30), BLUE), Sheet(columns(20, 40), BLUE)
    scene = Scene(FRAME, "difference", BLACK, (now,), before=before, note="by “a click”")
    image = painted(scene, zoom)
    for x, colour in ((11, theme.INCLUDE), (18, theme.INCLUDE), (31, theme.EXCLUDE),
                      (38, theme.EXCLUDE)):  # fmt: skip
        assert colours_at(image, x, zoom) <= like(colour), x
    assert len(colours_at(image, 25, zoom)) == 1
    assert colours_at(image, 5, zoom) == {"#000000"}


def painted(scene: Scene, zoom: float = 4.0) -> QImage:
    return paint(scene, view_at(zoom), QFont())


def view_at(zoom: float) -> Viewport:
    return Viewport(SIZE, 1.0, (700, 500)).zoomed(zoom).centred_on(32, 24)


def colours_at(image: QImage, column: int, zoom: float = 4.0) -> set[str]:
    """The colours down a column of the clip."""
    view = view_at(zoom)
    places = [view.to_widget(column + 0.5, y + 0.5).toPoint() for y in range(4, 44)]
    return {image.pixelColor(place).name() for place in places}


def like(colour: QColor) -> set[str]:
    """A colour over black, as strong as it may be."""
    names = set()
    for strength in (0.5, 0.95):
        parts = (colour.red(), colour.green(), colour.blue())
        for slack in (-1, 0, 1):
            names |= {QColor(*(max(0, round(p * strength) + slack) for p in parts)).name()}
    return names
