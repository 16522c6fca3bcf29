from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QImage
from pytestqt.qtbot import QtBot

from app.domain.outline import HALO, LINE, outline
from app.ui import theme
from app.ui.overlay import BOARD, Pixels, Sheet
from app.ui.scene import Backing, Scene, paint
from app.ui.viewport import Viewport

SIZE = (64, 48)
BLUE, ORANGE = theme.layer_colour(0), theme.layer_colour(1)
CLIP_PIXEL = (37, 21)  # the one-pixel object


@pytest.fixture(autouse=True)
def application(qtbot: QtBot) -> None:
    """Fonts and pixmaps need one."""


def grey(value: int) -> Pixels:
    return np.full((SIZE[1], SIZE[0], 3), value, np.uint8)


def matte(*pixels: tuple[int, int]) -> Pixels:
    result = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    for x, y in pixels:
        result[y, x] = 255
    return result


def view_at(zoom: float, ratio: float = 1.0, *, aspect: float = 1.0) -> Viewport:
    view = Viewport(SIZE, aspect, (200, 150), ratio).zoomed(zoom)
    return view.centred_on(CLIP_PIXEL[0] + 0.5, CLIP_PIXEL[1] + 0.5)


def shown(view: Viewport, mode: str, picture: Pixels, *mattes: Pixels) -> QImage:
    sheets = tuple(Sheet(m, c) for m, c in zip(mattes, (BLUE, ORANGE), strict=False))
    return paint(Scene(1, mode, picture, sheets), view, QFont())


def box_of(image: QImage, like: QColor, slack: int = 6) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (exclusive) in device pixels of what has this colour."""
    pixels = as_array(image).astype(int)
    wanted = np.array([like.red(), like.green(), like.blue()])
    rows, columns = np.nonzero((abs(pixels - wanted) <= slack).all(axis=2))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def as_array(image: QImage) -> Pixels:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return flat[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def device_pixel(view: Viewport) -> tuple[int, int, int, int]:
    """Where the one-pixel object must lie."""
    x, y = CLIP_PIXEL
    a, b = view.to_widget(x, y) * view.ratio, view.to_widget(x + 1, y + 1) * view.ratio
    return round(a.x()), round(a.y()), round(b.x()), round(b.y())


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("zoom", [1.0, 2.0, 3.0, 8.0])
def test_a_one_pixel_picture_lies_on_exactly_its_pixel(zoom: float, ratio: float) -> None:
    view, picture = view_at(zoom, ratio), grey(40)
    picture[CLIP_PIXEL[1], CLIP_PIXEL[0]] = 250
    assert box_of(shown(view, "picture", picture), QColor(250, 250, 250)) == device_pixel(view)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("zoom", [1.0, 4.0, 8.0])
@pytest.mark.parametrize("mode", ["matte", "cutout", "overlay"])
def test_a_one_pixel_matte_lies_on_exactly_its_pixel(mode: str, zoom: float, ratio: float) -> None:
    view, picture = view_at(zoom, ratio), grey(200)
    image = shown(view, mode, picture, matte(CLIP_PIXEL))
    half = [(200 + getattr(BLUE, c)()) // 2 for c in ("red", "green", "blue")]
    like = {"matte": QColor("white"), "cutout": QColor(200, 200, 200), "overlay": QColor(*half)}
    assert box_of(image, like[mode]) == device_pixel(view)


def test_a_stretched_pixel_is_as_wide_as_the_aspect_says() -> None:
    view, picture = view_at(8.0, aspect=2.0), grey(40)
    picture[CLIP_PIXEL[1], CLIP_PIXEL[0]] = 250
    left, top, right, bottom = box_of(shown(view, "picture", picture), QColor(250, 250, 250))
    assert (right - left, bottom - top) == (16, 8)


def test_a_shrunk_picture_averages_what_it_hides() -> None:
    picture = grey(0)
    picture[:, ::2] = 200
    view = Viewport(SIZE, 1.0, (200, 150)).zoomed(0.5)
    middle = view.target.center().toPoint()
    assert abs(shown(view, "picture", picture).pixelColor(middle).red() - 100) <= 2


def test_a_picture_of_another_size_fills_the_same_rectangle() -> None:
    view = view_at(2.0)
    small = np.full((SIZE[1] // 2, SIZE[0] // 2, 3), 90, np.uint8)
    like = QColor(90, 90, 90)
    assert box_of(shown(view, "picture", small), like) == box_of(
        shown(view, "picture", grey(90)), like
    )


def test_the_overlay_tints_by_coverage() -> None:
    view, half = view_at(8.0), matte()
    half[:] = 128
    at = view.to_widget(CLIP_PIXEL[0] + 0.5, CLIP_PIXEL[1] + 0.5).toPoint()
    red = shown(view, "overlay", grey(255), half).pixelColor(at).red()
    assert abs(red - (255 + (BLUE.red() - 255) * 0.5 * 128 / 255)) <= 2


def test_the_first_layer_is_on_top() -> None:
    view = view_at(8.0)
    full = matte()
    full[:] = 255
    image = shown(view, "overlay", grey(0), full, full)
    at = view.to_widget(CLIP_PIXEL[0] + 0.5, CLIP_PIXEL[1] + 0.5).toPoint()
    expected = BLUE.green() / 2 + ORANGE.green() / 4
    assert abs(image.pixelColor(at).green() - expected) <= 2


@pytest.mark.parametrize("zoom", [0.5, 1.0, 8.0])
def test_the_outline_follows_the_edge_and_leaves_the_inside_alone(zoom: float) -> None:
    square = matte()
    square[8:40, 10:50] = 255
    view = Viewport(SIZE, 1.0, (700, 500)).fitted().zoomed(zoom)
    image = shown(view, "outline", grey(120), square)
    inside = view.to_widget(30, 24).toPoint()
    assert image.pixelColor(inside) == QColor(120, 120, 120)
    left, top, right, bottom = box_of(image, BLUE)
    edge_a, edge_b = view.to_widget(10, 8), view.to_widget(50, 40)
    assert (left, top) == pytest.approx((edge_a.x() - 1, edge_a.y() - 1), abs=0.6)
    assert (right, bottom) == pytest.approx((edge_b.x() + 1, edge_b.y() + 1), abs=0.6)


def test_an_outline_has_a_line_of_two_pixels_and_a_halo() -> None:
    half = np.zeros((5, 10), np.uint8)
    half[:, 5:] = 255
    assert outline(half)[2].tolist() == [0, 0, 0, HALO, LINE, LINE, HALO, 0, 0, 0]
    assert outline(np.full((4, 4), 255, np.uint8)).max() == 0


def test_a_cut_out_shows_checks_where_nothing_is_kept() -> None:
    view = view_at(2.0)
    image = shown(view, "cutout", grey(255), matte())
    rect = view.target.toRect().adjusted(1, 1, -1, -1)
    seen = {
        image.pixelColor(x, y).name()
        for x in range(rect.left(), rect.right())
        for y in range(rect.top(), rect.bottom())
        if image.rect().contains(x, y)
    }
    assert seen == {colour.name() for colour in BOARD}


def test_mattes_of_several_layers_add_up_in_grey() -> None:
    view = view_at(8.0)
    x, y = CLIP_PIXEL
    image = shown(view, "matte", grey(9), matte((x, y)), matte((x + 1, y)))
    for column, value in ((x - 1, 0), (x, 255), (x + 1, 255), (x + 2, 0)):
        at = view.to_widget(column + 0.5, y + 0.5).toPoint()
        assert image.pixelColor(at).red() == value


def test_the_backing_is_painted_again_only_for_something_else() -> None:
    backing, view, picture, one = Backing(), view_at(1.0), grey(3), matte((1, 1))

    def scene(matte_: Pixels = one, mode: str = "overlay") -> Scene:
        return Scene(1, mode, picture, (Sheet(matte_, BLUE),))

    for shown_scene, shown_view, paintings in (
        (scene(), view, 1),
        (scene(), view, 1),
        (scene(one.copy()), view, 2),
        (scene(one, "matte"), view, 3),
        (scene(one, "matte"), view.panned(QPointF(5, 0)), 4),
    ):
        backing.image(shown_scene, shown_view, QFont())
        assert backing.paintings == paintings
