from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF

from app.ui.viewport import KEPT, LARGEST, MARGIN, SMALLEST, Viewport

RATIOS = (1.0, 1.25, 1.5, 2.0)

viewports = st.builds(
    lambda clip, aspect, widget, ratio: Viewport(clip, aspect, widget, ratio).fitted(),
    st.tuples(st.integers(1, 8192), st.integers(1, 8192)),
    st.sampled_from((1.0, 0.5, 12 / 11, 2.0)),
    st.tuples(st.integers(20, 2000), st.integers(20, 2000)),
    st.sampled_from(RATIOS),
)
zooms = st.floats(SMALLEST, LARGEST)
unit = st.floats(0, 1)


@given(viewports, zooms, st.floats(-100, 9000), st.floats(-100, 9000))
def test_a_place_in_the_clip_goes_to_the_widget_and_back(
    view: Viewport, zoom: float, x: float, y: float
) -> None:
    view = view.zoomed(zoom)
    assert view.to_clip(view.to_widget(x, y)) == pytest.approx((x, y), abs=1e-6)


@given(viewports, zooms, zooms, unit, unit)
def test_zoom_keeps_the_pixel_under_the_cursor(
    view: Viewport, before: float, after: float, right: float, down: float
) -> None:
    view = view.zoomed(before)
    seen = view.target.intersected(_widget(view))
    at = QPointF(seen.x() + right * seen.width(), seen.y() + down * seen.height())
    place = view.to_clip(at)
    moved = view.zoomed(after, at).to_widget(*place)
    # The picture snaps to whole device pixels before and after.
    slack = 0.51 * (1 + max(1.0, after / before)) / view.ratio
    assert moved.x() == pytest.approx(at.x(), abs=slack)
    assert moved.y() == pytest.approx(at.y(), abs=slack)


@given(viewports, st.lists(st.tuples(zooms, unit, unit), max_size=6))
def test_the_picture_never_leaves_the_widget_by_zooming(
    view: Viewport, steps: list[tuple[float, float, float]]
) -> None:
    for zoom, right, down in steps:
        view = view.zoomed(zoom, QPointF(right * view.widget[0], down * view.widget[1]))
        assert view.target.adjusted(-1, -1, 1, 1).intersects(_widget(view))


@given(viewports)
def test_a_fitted_picture_lies_whole_in_the_middle(view: Viewport) -> None:
    target = view.target
    if view.zoom == SMALLEST:
        return
    assert target.center().x() == pytest.approx(view.widget[0] / 2, abs=1)
    assert target.center().y() == pytest.approx(view.widget[1] / 2, abs=1)
    if view.zoom < LARGEST and min(view.widget) > 2 * MARGIN:
        spare_x = view.widget[0] - target.width()
        spare_y = view.widget[1] - target.height()
        assert min(spare_x, spare_y) == pytest.approx(2 * MARGIN, abs=1e-6)


@given(viewports, st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_panning_leaves_a_strip_of_the_picture_in_sight(view: Viewport, x: float, y: float) -> None:
    view = view.zoomed(1.0).panned(QPointF(x, y))
    whole, seen = view.target, view.target.intersected(_widget(view))
    assert seen.width() >= min(KEPT, whole.width(), view.widget[0]) - 1
    assert seen.height() >= min(KEPT, whole.height(), view.widget[1]) - 1


@pytest.mark.parametrize("ratio", RATIOS)
def test_at_100_percent_one_clip_pixel_is_one_device_pixel(ratio: float) -> None:
    view = Viewport((640, 360), 1.0, (800, 600), ratio).zoomed(1.0)
    step = view.to_widget(1, 1) - view.to_widget(0, 0)
    assert (step.x() * ratio, step.y() * ratio) == pytest.approx((1, 1))
    corner = view.to_widget(0, 0) * ratio
    assert (corner.x() % 1, corner.y() % 1) == pytest.approx((0, 0))


def test_the_pixel_aspect_stretches_x_alone() -> None:
    view = Viewport((720, 576), 2.0, (4000, 2000)).zoomed(1.0)
    assert (view.target.width(), view.target.height()) == (1440, 576)


def test_a_fitted_picture_is_fitted_again_when_the_widget_grows() -> None:
    view = Viewport((100, 100), 1.0, (216, 216)).fitted()
    assert view.zoom == pytest.approx(2)
    assert view.resized((416, 416), 1.0).zoom == pytest.approx(4)


def test_a_zoomed_picture_keeps_zoom_and_middle_when_the_widget_grows() -> None:
    view = Viewport((100, 100), 1.0, (200, 200)).zoomed(3.0, QPointF(20, 30))
    middle = view.to_clip(QPointF(100, 100))
    grown = view.resized((301, 260), 1.0)
    assert grown.zoom == 3.0
    assert grown.to_clip(QPointF(150.5, 130)) == pytest.approx(middle, abs=0.4)


def test_steps_go_through_whole_zooms_and_stop_at_the_ends() -> None:
    view = Viewport((100, 100), 1.0, (330, 330)).fitted()
    assert [view.stepped(1).zoom, view.stepped(-1).zoom] == [4, 2]
    assert view.zoomed(LARGEST).stepped(1).zoom == LARGEST
    assert view.zoomed(SMALLEST).stepped(-1).zoom == SMALLEST


def _widget(view: Viewport) -> QRectF:
    return QRectF(0, 0, *view.widget)
