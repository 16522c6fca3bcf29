"""Logits of one grid over the frame as those of another."""

from __future__ import annotations

from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.answer import half
from models.base import Logits

F32: TypeAlias = NDArray[np.float32]
Window: TypeAlias = tuple[float, float, float, float]

BEYOND = -10.0  # the logit of what the first grid does not cover


def regridded(logits: Logits, window: Window, side: int, target: Window) -> Logits:
    """`logits` (rows, columns) over `window` as (side, side) over `target`, both in clip pixels.

    Bilinear between pixel centres; values on the same grid stay as they are.
    """
    rows, columns = logits.shape
    across, begins_x = _line(window[0], window[2], columns, target[0], target[2], side)
    down, begins_y = _line(window[1], window[3], rows, target[1], target[3], side)
    matrix = np.array([[across, 0, begins_x], [0, down, begins_y]], np.float64)
    warped = cv2.warpAffine(
        logits.astype(np.float32),
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=BEYOND,
    )
    return half(cast("F32", warped))


def _line(
    start: float, end: float, count: int, wanted: float, until: float, side: int
) -> tuple[float, float]:
    """Step and begin of the target's pixels in those of the source, along one side."""
    step = (end - start) / count
    across = (until - wanted) / side
    return across / step, (wanted + across / 2 - start) / step - 0.5
