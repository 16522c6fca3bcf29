"""Where pixels went from one frame to another, by optical flow, and how far that can be trusted.

DIS flow (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016) of OpenCV.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Rgb8

F32: TypeAlias = NDArray[np.float32]
Grey: TypeAlias = NDArray[np.uint8]  # (height, width)

FINER = 2  # pixels of the pictures compared to one of a mask
STRAY = 1.0  # pixels that a point may miss its start by, there and back
STRAY_SHARE = 0.1  # and this share of its way


@dataclass(frozen=True, eq=False, slots=True)
class Motion:
    """How the picture came about from an earlier one.

    `sources` (height, width, 2): x, y of each pixel in the earlier picture. `trust`, at the size of
    masks, is 1 where following the flow there and back ends at the start, towards 0 elsewhere.
    """

    sources: F32
    trust: F32

    def carried(self, mask: F32) -> F32:
        """`mask` (rows, columns) of the earlier frame, as the motion left it."""
        height, width = self.sources.shape[:2]
        fine = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
        moved = _looked_up(fine, self.sources)
        return cast("F32", cv2.resize(moved, mask.shape[::-1], interpolation=cv2.INTER_AREA))


def picture_of(rgb: Rgb8, covered: tuple[float, float], shape: tuple[int, int]) -> Grey:
    """The frame in grey for masks of `shape` (rows, columns), FINER times as fine.

    `covered` = how much of such a mask the frame covers, across and down, 0..1; its last row and
    column go on beyond.
    """
    height, width = FINER * shape[0], FINER * shape[1]
    across = max(1, min(width, round(covered[0] * width)))
    down = max(1, min(height, round(covered[1] * height)))
    small = cv2.resize(rgb, (across, down), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    beyond = (0, height - down, 0, width - across)
    return cast("Grey", cv2.copyMakeBorder(grey, *beyond, cv2.BORDER_REPLICATE))


def motion(before: Grey, now: Grey) -> Motion:
    """How `now` came about from `before`, both of one size as `picture_of` makes them."""
    seeker = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back = cast("F32", seeker.calc(now, before, None))
    there = cast("F32", seeker.calc(before, now, None))
    sources = _grid(now.shape) + back
    allowed = STRAY + STRAY_SHARE * _length(back)
    trust = np.exp(-np.square(_length(back + _looked_up(there, sources)) / allowed))
    size = (now.shape[1] // FINER, now.shape[0] // FINER)
    return Motion(sources, cast("F32", cv2.resize(trust, size, interpolation=cv2.INTER_AREA)))


def still(shape: tuple[int, int]) -> Motion:
    """The motion between frames nothing is known of: none, and not to be trusted."""
    return Motion(_grid((FINER * shape[0], FINER * shape[1])), np.zeros(shape, np.float32))


@lru_cache(maxsize=1)
def _grid(shape: tuple[int, int]) -> F32:
    """x, y of each pixel: (height, width, 2)."""
    return np.dstack(np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))).astype(np.float32)


def _length(ways: F32) -> F32:
    return cast("F32", cv2.magnitude(ways[..., 0], ways[..., 1]))


def _looked_up(picture: F32, sources: F32) -> F32:
    return cast(
        "F32",
        cv2.remap(picture, sources, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
    )
