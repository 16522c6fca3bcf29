"""The contour of a matte as lines: drawn at any zoom without the matte."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Line: TypeAlias = NDArray[np.float32]  # (n, 2) places in clip pixels; the last leads to the first
Contour: TypeAlias = tuple[Line, ...]

BEYOND = 8  # clip pixels by which a contour goes on outside the frame, whose border is no edge
SLACK = 0.1  # clip pixels a line may lie beside the edge, to have fewer places
HALF = np.float32(127.5)


def contour(matte: NDArray[np.uint8]) -> Contour:
    """The lines along which `matte` (height, width), 0..255, is half covered."""
    wide = cv2.copyMakeBorder(matte, BEYOND, BEYOND, BEYOND, BEYOND, cv2.BORDER_REPLICATE)
    wide = cv2.copyMakeBorder(wide, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inside = (wide >= 128).view(np.uint8)
    found, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return tuple(_in_clip(_on_edge(pixels[:, 0], wide)) for pixels in found)


def contour_bytes(lines: Contour) -> int:
    """The size of a contour."""
    return sum(line.nbytes for line in lines)


def _in_clip(places: Line) -> Line:
    """Places among the pixels of the widened matte, with fewer of them, in the clip."""
    line: Line = cv2.approxPolyDP(places, SLACK, True)[:, 0]  # noqa: FBT003 - closed
    return line + np.float32(0.5 - BEYOND - 1)


def _on_edge(pixels: NDArray[np.int32], matte: NDArray[np.uint8]) -> Line:
    """The places on the edge next to `pixels`, the outermost that are inside."""
    across = _to_edge(pixels, matte, (1, 0)) - _to_edge(pixels, matte, (-1, 0))
    down = _to_edge(pixels, matte, (0, 1)) - _to_edge(pixels, matte, (0, -1))
    # With an edge both beside and above, it runs slantwise: the nearest place lies between.
    square = across**2 + down**2
    slanting = (across != 0) & (down != 0)
    np.divide(across * down**2, square, out=(x := across.copy()), where=slanting)
    np.divide(down * across**2, square, out=(y := down.copy()), where=slanting)
    line: Line = pixels.astype(np.float32) + np.stack([x, y], axis=1)
    return line


def _to_edge(
    pixels: NDArray[np.int32], matte: NDArray[np.uint8], way: tuple[int, int]
) -> NDArray[np.float32]:
    """How far the edge is that way, 0..1; 0 where the next pixel is inside too."""
    here = matte[pixels[:, 1], pixels[:, 0]].astype(np.float32)
    there = matte[pixels[:, 1] + way[1], pixels[:, 0] + way[0]].astype(np.float32)
    outside = there < HALF
    distance = np.zeros_like(here)
    np.divide(here - HALF, here - there, out=distance, where=outside)
    return distance
