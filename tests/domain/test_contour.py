from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.contour import SLACK, Contour, contour


def box(top: int, bottom: int, left: int, right: int) -> NDArray[np.uint8]:
    matte = np.zeros((48, 64), np.uint8)
    matte[top:bottom, left:right] = 255
    return matte


def edges(lines: Contour) -> tuple[float, float, float, float]:
    places = np.concatenate(lines)
    (left, top), (right, bottom) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    return left, top, right, bottom


def test_the_contour_runs_between_the_pixels() -> None:
    lines = contour(box(8, 40, 10, 50))
    assert len(lines) == 1
    assert edges(lines) == (10.0, 8.0, 50.0, 40.0)


def test_coverage_moves_it_by_less_than_a_pixel() -> None:
    matte = box(8, 40, 10, 50)
    matte[8:40, 50] = 204  # four fifths of this column are inside
    matte[8:40, 9] = 51
    left, _, right, _ = edges(contour(matte))
    assert right == pytest.approx(50.5 + 76.5 / 204, abs=1e-3)
    assert left == pytest.approx(10.5 - 127.5 / 204, abs=1e-3)


@pytest.mark.parametrize("radius", [6.3, 15.0, 100.0])
def test_a_disc_is_round(radius: float) -> None:
    y, x = np.mgrid[0:240, 0:240] + 0.5
    distance = np.hypot(x - 120.2, y - 119.7)
    matte = np.clip((radius - distance) * 255 + 127.5, 0, 255).astype(np.uint8)
    (line,) = contour(matte)
    found = np.hypot(line[:, 0] - 120.2, line[:, 1] - 119.7)
    assert abs(found - radius).max() < 0.15 + SLACK
    assert len(line) < 4 * radius


def test_holes_have_lines_and_nothing_has_none() -> None:
    matte = box(8, 40, 10, 50)
    matte[20:30, 20:30] = 0
    assert len(contour(matte)) == 2
    assert contour(np.zeros((48, 64), np.uint8)) == ()


def test_the_border_of_the_frame_is_no_edge() -> None:
    left, top, right, bottom = edges(contour(box(0, 48, 0, 50)))
    assert right == 50.0
    assert left < -5
    assert top < -5
    assert bottom > 53


@pytest.mark.parametrize("at", [(0, 0), (47, 63), (20, 20)])
def test_one_pixel_is_found_where_it_is(at: tuple[int, int]) -> None:
    row, column = at
    left, top, right, bottom = edges(contour(box(row, row + 1, column, column + 1)))
    assert left <= column + 0.5 <= right
    assert top <= row + 0.5 <= bottom
