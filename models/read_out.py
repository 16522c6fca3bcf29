"""Labels read out of remembered frames: what looks alike is labelled alike.

Each cell of the frame at hand takes the labels of the cells most like it on remembered frames,
weighted by a softmax over the cosine of their features, as in label propagation with
self-supervised features (Jabri et al., "Space-Time Correspondence as a Contrastive Random Walk",
NeurIPS 2020; Caron et al., DINO, ICCV 2021). A cell carries the whole patch of the mask under it,
so that borders come out finer than cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.sheet import CELL

F32: TypeAlias = NDArray[np.float32]

NEAR = 5  # cells round the object that are looked at, at least
SHARE = 0.25  # of the object's larger side, if that is more
TOUCHED = 0.3  # the part of a cell from which on it counts as the object's
COARSE = 2  # of the cells further off, one in so many is remembered, either way


class Window(NamedTuple):
    """Cells: rows top..bottom, columns left..right, the ends not included."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, eq=False, slots=True)
class Memory:
    """The cells remembered of one frame."""

    features: F32  # (cells, channels), each of length 1
    labels: F32  # (cells, CELL * CELL) the patches of the mask, 0..1
    places: F32  # (cells, 2) row and column


def remembered(cells: F32, mask: F32, *, everywhere: bool) -> Memory:
    """What is remembered of a frame: its features (rows, columns, channels) and its mask, 0..1.

    That is the object and what is near it; with `everywhere`, coarsely, the rest of the frame too.
    """
    chosen = np.zeros(cells.shape[:2], bool)
    top, bottom, left, right = around(mask)
    chosen[top:bottom, left:right] = True
    if everywhere:
        chosen[::COARSE, ::COARSE] = True
    places = np.argwhere(chosen).astype(np.float32)
    return Memory(cells[chosen], _patches(mask)[chosen], places)


def around(mask: F32) -> Window:
    """The cells on and near the object of `mask`, 0..1; all of them where there is none."""
    touched = _mean_of_cells(mask) > TOUCHED
    rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
    height, width = touched.shape
    if not len(rows):
        return Window(0, height, 0, width)
    side = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    more = max(NEAR, round(SHARE * float(side)))
    return Window(
        max(0, int(rows[0]) - more),
        min(height, int(rows[-1]) + 1 + more),
        max(0, int(columns[0]) - more),
        min(width, int(columns[-1]) + 1 + more),
    )


def read(
    memories: Sequence[Memory], cells: F32, window: Window, sharpness: float, reach: float = 0.0
) -> F32:
    """The mask, 0..1, that `memories` (one at least) tell of a frame within `window`; 0 beyond.

    `sharpness` multiplies the cosines in the softmax. `reach` in cells prefers what was near by: so
    far off, a cell counts e times less; 0: places do not matter.
    """
    top, bottom, left, right = window
    asked = cells[top:bottom, left:right].reshape(-1, cells.shape[2]) * np.float32(sharpness)
    features = np.concatenate([memory.features for memory in memories])
    labels = np.concatenate([memory.labels for memory in memories])
    if reach:  # the squared distance, but for what is the same for all memories of a cell
        grid = np.mgrid[top:bottom, left:right].astype(np.float32).reshape(2, -1).T / reach
        places = np.concatenate([memory.places for memory in memories]) / np.float32(reach)
        lengths = np.square(places).sum(axis=1, keepdims=True)
        asked = np.hstack([asked, 2 * grid, np.ones((len(grid), 1), np.float32)])
        features = np.hstack([features, places, -lengths])
    weights = asked @ features.T
    weights -= weights.max(axis=1, keepdims=True)
    np.exp(weights, out=weights)
    summed = weights @ np.hstack([labels, np.ones((len(labels), 1), np.float32)])
    found = summed[:, :-1] / summed[:, -1:]
    patches = np.zeros((*cells.shape[:2], labels.shape[1]), np.float32)
    patches[top:bottom, left:right] = found.reshape(bottom - top, right - left, -1)
    return _unpatched(patches)


def _mean_of_cells(mask: F32) -> F32:
    rows, columns = mask.shape
    size = (columns // CELL, rows // CELL)
    return cast("F32", cv2.resize(mask, size, interpolation=cv2.INTER_AREA))


def _patches(mask: F32) -> F32:
    """(rows, columns) of a mask as the patches of its cells: (rows, columns, CELL * CELL)."""
    rows, columns = mask.shape[0] // CELL, mask.shape[1] // CELL
    tiles = mask.reshape(rows, CELL, columns, CELL).transpose(0, 2, 1, 3)
    return tiles.reshape(rows, columns, CELL * CELL)


def _unpatched(patches: F32) -> F32:
    rows, columns = patches.shape[:2]
    tiles = patches.reshape(rows, columns, CELL, CELL).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(tiles.reshape(CELL * rows, CELL * columns))
