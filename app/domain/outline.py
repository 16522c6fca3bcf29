"""The outline of a matte, for looking at it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

HALO, LINE = 1, 2  # the values of `outline`


def outline(matte: NDArray[np.uint8], reach: int = 1) -> NDArray[np.uint8]:
    """LINE up to `reach` pixels from the half-covered edge of `matte`, HALO 1 pixel beside, else 0.

    `matte` is (height, width), 0..255. The border of the frame is no edge.
    """
    inside = (matte >= 128).view(np.uint8)
    line = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, _square(reach))
    result: NDArray[np.uint8] = cv2.dilate(line, _square(1)) + line
    return result


def _square(reach: int) -> NDArray[np.uint8]:
    return np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
