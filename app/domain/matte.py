"""Mattes: the coverage of a layer on a frame, computed from its mask whenever it is asked for."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.mask import NOTHING, upsample
from app.domain.project import Layer

Alpha: TypeAlias = NDArray[np.float32]  # (height, width), 0..1, linear
Coverage: TypeAlias = NDArray[np.float32]  # (pixels,), 0..1

BELOW_HALF = np.nextafter(np.float32(0.5), np.float32(0))
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def alpha(layer: Layer, frame: int, size: tuple[int, int]) -> Alpha | None:
    """The matte of `layer` on `frame` at `size` = (width, height); None where it has no mask.

    `alpha >= 0.5` exactly where `binary` is true.
    """
    mask = layer.masks.get(frame)
    return None if mask is None else coverage(upsample(mask, size))


def binary(layer: Layer, frame: int, size: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Which pixels are inside, (height, width) bool; None where the layer has no mask."""
    mask = layer.masks.get(frame)
    return None if mask is None else upsample(mask, size) > 0


def coverage(logits: NDArray[np.float32]) -> Alpha:
    """How much of each pixel lies inside the zero line of `logits` (height, width), 0..1.

    Near the line a pixel is cut by the straight edge whose place is logit / gradient, and its
    value is the area inside: the edge is as crisp as an antialiased one can be, 1 pixel wide on a
    horizontal or vertical edge, 1.4 on a diagonal one. A straight edge that enters a pixel
    has a neighbour above, below, left or right on its other side, so only pixels with such a
    neighbour are computed: a flat region, however near to zero, is wholly inside or outside.
    The value is at least 0.5 exactly where the logit is above 0.
    """
    inside = (logits > 0).view(np.uint8)
    edge = cv2.dilate(inside, CROSS) != cv2.erode(inside, CROSS)
    result = inside.astype(np.float32)
    rows, columns = np.divmod(np.flatnonzero(edge), logits.shape[1])
    if rows.size:
        result[rows, columns] = _edge_coverage(logits, rows, columns)
    return result


def _edge_coverage(
    logits: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> Coverage:
    """The coverage of the given pixels, each of which has a neighbour of the other sign."""
    height, width = logits.shape
    centre = logits[rows, columns]

    def slope(down: int, right: int) -> Coverage:
        """The size of the difference to a neighbour; frame and window repeat their last pixels."""
        near = logits[np.clip(rows + down, 0, height - 1), np.clip(columns + right, 0, width - 1)]
        return np.where(near > NOTHING, np.abs(near - centre), np.float32(0))

    # The larger of both sides: at a thin line or a border the other one may be flat.
    across = np.maximum(slope(0, -1), slope(0, 1))
    along = np.maximum(slope(-1, 0), slope(1, 0))
    half = half_plane(np.abs(centre), across, along) - np.float32(0.5)
    return np.where(centre > 0, 0.5 + half, np.minimum(0.5 - half, BELOW_HALF))


def half_plane(height: Coverage, across: Coverage, along: Coverage) -> Coverage:
    """The area of a unit pixel in which a plane is above 0, 0.5..1.

    `height` >= 0 is the plane's value at the pixel's centre, `across` and `along` the sizes of its
    slopes; a plane without slope is above 0 everywhere.
    """
    steep = np.maximum(np.maximum(across, along), np.float32(1e-30))
    tilt = np.maximum(np.minimum(across, along) / steep, np.float32(1e-3))
    distance = np.minimum(height / steep, (1 + tilt) / 2)
    corner = (1 + tilt) / 2 - distance  # how far the edge is from leaving the last corner
    return np.where(corner < tilt, 1 - corner * corner / (2 * tilt), 0.5 + distance)
