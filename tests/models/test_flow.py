"""Optical flow on pictures whose motion is known."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import pytest

from models.flow import FINER, Grey, motion, still

SHAPE = (64, 96)  # of masks


def texture(across: float, down: float) -> Grey:
    """A smooth texture, moved by so many pixels."""
    noise = np.random.default_rng(3).integers(0, 256, (FINER * 64, FINER * 96), np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    smooth = cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX)
    way = np.array([[1, 0, across], [0, 1, down]], np.float32)
    size = smooth.shape[::-1]
    return cast("Grey", cv2.warpAffine(smooth, way, size, borderMode=cv2.BORDER_REFLECT))


@pytest.mark.parametrize("moved", [(0, 0), (4, 0), (-3, 5), (0.5, 0)])
def test_it_finds_where_pixels_came_from(moved: tuple[float, float]) -> None:
    found = motion(texture(0, 0), texture(*moved))
    inner = (slice(20, -20), slice(20, -20))
    way = still(SHAPE).sources - found.sources
    assert np.abs(way[inner] - moved).max() < 0.3
    assert np.abs(way[inner].mean(axis=(0, 1)) - moved).max() < 0.05
    assert found.trust[10:-10, 10:-10].min() > 0.9


def test_a_mask_is_carried_along() -> None:
    mask = np.zeros(SHAPE, np.float32)
    mask[20:40, 30:60] = 1
    carried = motion(texture(0, 0), texture(8, -4)).carried(mask)
    expected = np.roll(mask, (-4 // FINER, 8 // FINER), (0, 1))
    assert np.abs(carried - expected).mean() < 0.005
    assert np.abs(still(SHAPE).carried(mask) - mask).mean() < 0.005


def test_what_is_not_there_any_more_is_not_trusted() -> None:
    before = texture(0, 0)
    now = before.copy()
    rest = np.random.default_rng(4).integers(0, 256, (60, 60), np.uint8)
    now[30:90, 60:120] = cv2.GaussianBlur(rest, (0, 0), 1)
    found = motion(before, now)
    assert found.trust[20:40, 35:55].mean() < 0.5
    assert found.trust[:, 70:].mean() > 0.9
    assert not still(SHAPE).trust.any()
