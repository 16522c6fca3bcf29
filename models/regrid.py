"""Logits of one grid over the frame as those of another."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.arrays import half
from models.base import Logits

F32: TypeAlias = NDArray[np.float32]
Window: TypeAlias = tuple[float, float, float, float]

BEYOND = -10.0  # the logit of what the first grid does not cover


def regridded(logits: Logits, window: Window, side: int, target: Window) -> Logits:
    """`logits` (rows, columns) over `window` as (side, side) over `target`, both in clip pixels.

    Bilinear between pixel centres; values on the same grid stay as they are.
    """
    rows, columns = logits.shape
    down = _shares((window[1], window[3]), rows, (target[1], target[3]), side)
    across = _shares((window[0], window[2]), columns, (target[0], target[2]), side)
    covered = np.outer(down.sum(1), across.sum(1))
    inside = down @ logits.astype(np.float32) @ across.T
    drawn: F32 = (inside + BEYOND * (1 - covered)).astype(np.float32)
    return half(drawn)


def _shares(extent: tuple[float, float], count: int, wanted: tuple[float, float], side: int) -> F32:
    """The share of each of `count` pixels in each of `side`, along one axis: (side, count)."""
    begin, end = extent
    step = (wanted[1] - wanted[0]) / side
    centres = (wanted[0] + step * (np.arange(side) + 0.5) - begin) / (end - begin) * count - 0.5
    away = np.abs(centres[:, None] - np.arange(count))
    shares: F32 = np.clip(1 - away, 0, None).astype(np.float32)
    return shares
