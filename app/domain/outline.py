"""The outline of a matte, for looking at it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

HALO, LINE = 1, 2  # the values of `outline`
SQUARE = np.ones((3, 3), np.uint8)


def outline(matte: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """LINE on both sides of the half-covered edge of `matte` (height, width, 0..255), HALO beside.

    The line is 2 pixels wide, the halo 1 on each side; 0 elsewhere. The border is no edge.
    """
    inside = (matte >= 128).view(np.uint8)
    line = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, SQUARE)
    result: NDArray[np.uint8] = cv2.dilate(line, SQUARE) + line
    return result
