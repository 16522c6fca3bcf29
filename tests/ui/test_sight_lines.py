from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from app.domain.contour import Contour
from app.domain.project import Project
from app.sights import Skin
from app.ui import lines
from app.ui.lines import DASHED, DOTTED, Stroke
from app.ui.sight_lines import SightLines
from app.ui.theme import LAYER_COLOURS
from app.ui.viewer import Viewer
from app.ui.viewport import Viewport
from tests.ui.fake_session import FakeSession, Pixels, as_session, make_clip, make_layer

FRAME = 1001
SQUARE: Contour = (np.array([(10, 8), (50, 8), (50, 40), (10, 40)], np.float32),)
GREY = 120


@pytest.fixture
def session() -> FakeSession:
    session = FakeSession(Project(make_clip(), (make_layer("Rabbit"),)))
    session.select_layer("rabbit")
    picture = np.full((360, 640, 3), GREY, np.uint8)
    picture.flags.writeable = False
    session.answers.pictures[FRAME] = picture
    return session


def painted(
    stroke: Stroke, view: Viewport, contour: Contour = SQUARE, ground: int = GREY
) -> Pixels:
    """A grey picture with the contour on it, in device pixels."""
    width, height = (round(length * view.ratio) for length in view.widget)
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(ground | ground << 8 | ground << 16)
    image.setDevicePixelRatio(view.ratio)
    with QPainter(image) as painter:
        lines.draw(painter, contour, view, stroke)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return flat[:, :, :3].copy()


def view_at(zoom: float, ratio: float = 1.0) -> Viewport:
    return Viewport((64, 48), 1.0, (700, 500), ratio).zoomed(zoom).centred_on(32, 24)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("zoom", [0.5, 1.0, 3.0, 8.0])
def test_a_line_lies_on_the_edge_to_the_half_pixel(zoom: float, ratio: float) -> None:
    view = view_at(zoom, ratio)
    changed = (painted(Stroke(LAYER_COLOURS[1]), view).astype(int) != GREY).any(axis=2)
    rows, columns = np.nonzero(changed)
    first, last = view.to_widget(10, 8) * ratio, view.to_widget(50, 40) * ratio
    half = (round(ratio) + 2) / 2  # with the dark line beside it
    assert columns.min() == pytest.approx(first.x() - half, abs=1)
    assert rows.min() == pytest.approx(first.y() - half, abs=1)
    assert columns.max() + 1 == pytest.approx(last.x() + half, abs=1)
    assert rows.max() + 1 == pytest.approx(last.y() + half, abs=1)


def test_dashes_and_dots_differ_without_their_colour() -> None:
    view, white = view_at(8.0), QColor("white")
    found = {}
    for name, dashes in (("dashed", DASHED), ("dotted", DOTTED)):
        pixels = painted(Stroke(white, dashes), view).max(axis=2)
        light = (pixels > GREY + 10).astype(int)
        found[name] = int((np.diff(light, axis=1) == 1).sum(axis=1).max())  # along the upper edge
        on_white = painted(Stroke(white, dashes), view, ground=255)
        assert (on_white < 200).any()  # dark in between
    assert found["dotted"] > 1.5 * found["dashed"]


@pytest.mark.parametrize("dashes", [DASHED, DOTTED])
def test_dashes_are_cased_in_light_that_shows_on_a_dark_object(dashes: tuple[float, ...]) -> None:
    view = view_at(8.0)
    pixels = painted(Stroke(QColor("white"), dashes), view, ground=0).max(axis=2)
    edge = view.to_widget(30, 8).toPoint()
    across = pixels[edge.y() - 3 : edge.y() + 3, edge.x() - 60 : edge.x() + 60]
    assert ((across > 80).any(axis=0)).all()  # nowhere a gap


def test_a_line_outside_the_picture_is_not_drawn() -> None:
    around = (np.array([(-8, -8), (72, -8), (72, 56), (-8, 56)], np.float32),)
    assert (painted(Stroke(LAYER_COLOURS[1]), view_at(3.0), around) == GREY).all()


def test_the_onion_skin_is_asked_for_and_painted_only_while_it_is_shown(
    qtbot: QtBot, session: FakeSession
) -> None:
    viewer = Viewer(as_session(session))
    qtbot.addWidget(viewer)
    viewer.resize(700, 500)
    viewer.show()
    plain = viewer.grab().toImage()
    session.sights.skins = [Skin(-1, SQUARE)]
    assert viewer.grab().toImage() == plain
    viewer.lines.set_onion(shown=True)
    assert session.sights.onion_count == 1
    assert viewer.grab().toImage() != plain
    viewer.lines.set_onion(shown=False)
    assert session.sights.onion_count == 0
    assert viewer.grab().toImage() == plain


def test_the_depth_goes_round_and_shows_the_skin(session: FakeSession) -> None:
    shown = SightLines(as_session(session), session)
    depths = []
    for _ in range(4):
        shown.deepen_onion()
        depths.append(session.sights.onion_count)
    assert depths == [1, 2, 3, 1]


def test_frames_farther_away_are_fainter(qtbot: QtBot, session: FakeSession) -> None:
    shown = SightLines(as_session(session), session)
    shown.set_onion(shown=True)
    contrasts = []
    for away in (1, 2, 3):
        session.sights.skins = [Skin(away, SQUARE)]
        image = QImage(700, 500, QImage.Format.Format_RGB32)
        image.fill(0)
        with QPainter(image) as painter:
            shown.draw(painter, FRAME, replace(view_at(8.0)))
        flat = np.frombuffer(image.constBits(), np.uint8)
        contrasts.append(int(flat.reshape(500, 700, 4)[:, :, :3].max()))
    assert contrasts[0] > contrasts[1] > contrasts[2] > 80
