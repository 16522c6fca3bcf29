"""Labels read out of remembered frames, on features made of a few directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.read_out import Window, read, remembered
from models.sheet import CELL

F32 = NDArray[np.float32]
ROWS, COLUMNS, CHANNELS = 12, 16, 256
WHOLE = Window(0, ROWS, 0, COLUMNS)
SHARPNESS = 50.0


def frame(seed: int) -> F32:
    """Cells (rows, columns, channels) along 40 directions, and a little along all."""
    rng = np.random.default_rng(7)
    directions = rng.normal(size=(40, CHANNELS))
    cells = rng.normal(size=(ROWS, COLUMNS, 40)) @ directions
    cells += 0.3 * np.random.default_rng(seed).normal(size=cells.shape)
    cells /= np.linalg.norm(cells, axis=2, keepdims=True)
    return np.asarray(cells, np.float32)


def square() -> F32:
    mask = np.zeros((CELL * ROWS, CELL * COLUMNS), np.float32)
    mask[9:30, 13:40] = 1
    return mask


def test_what_looks_alike_is_labelled_alike_finer_than_cells() -> None:
    memories = [remembered(frame(1), square(), everywhere=True)]
    found = read(memories, frame(2), WHOLE, SHARPNESS)
    assert np.abs(found - square())[:40, :56].max() < 0.05, "all of that is near the object"
    part = Window(2, 6, 3, 9)
    inner = read(memories, frame(2), part, SHARPNESS)
    assert np.array_equal(inner[8:24, 12:36] > 0.5, found[8:24, 12:36] > 0.5)
    inner[8:24, 12:36] = 0
    assert not inner.any()


def test_of_what_looks_alike_the_nearer_is_heard() -> None:
    cells = np.ones((ROWS, COLUMNS, CHANNELS), np.float32) / np.sqrt(CHANNELS)
    memory = remembered(cells, square(), everywhere=False)
    found = read([memory], cells, WHOLE, SHARPNESS, reach=0.5)
    assert np.abs(found - square())[:28, :36].max() < 0.2
    blind = read([memory], cells, WHOLE, SHARPNESS)
    assert np.ptp(blind[::CELL, ::CELL]) < 0.01
