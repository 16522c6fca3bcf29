"""Logits of one grid as those of another."""

from __future__ import annotations

import numpy as np
import pytest

from models.regrid import BEYOND, regridded

GRID = np.random.default_rng(2).normal(0, 5, (9, 16)).astype(np.float16)


def test_the_same_grid_stays_as_it_is_and_what_is_beyond_it_is_outside() -> None:
    found = regridded(GRID, (0, 0, 160, 90), 16, (0, 0, 160, 160))
    assert np.array_equal(found[:9], GRID)
    assert (found[9:] == BEYOND).all()
    assert found.dtype == np.float16


@pytest.mark.parametrize("side", [32, 64])
def test_a_finer_grid_keeps_places(side: int) -> None:
    """A lone cell is found again where it lies on the frame, to half a cell."""
    coarse = np.full((9, 16), -8, np.float16)
    coarse[3, 5] = 8
    found = regridded(coarse, (0, 0, 160, 90), side, (0, 0, 160, 90)) > 0
    y, x = np.nonzero(found)
    assert (x.mean() + 0.5) * 160 / side == pytest.approx(55, abs=0.3)
    assert (y.mean() + 0.5) * 90 / side == pytest.approx(35, abs=0.3)


def test_a_window_inside_the_frame_is_put_in_its_place() -> None:
    part = np.full((4, 4), 8, np.float16)
    found = regridded(part, (40, 20, 80, 60), 16, (0, 0, 160, 160))
    inside = np.zeros((16, 16), bool)
    inside[2:6, 4:8] = True
    assert np.array_equal(found > 0, inside)
