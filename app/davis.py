"""The DAVIS measures of masks through a sequence: J for regions, F for their borders.

J is the IoU; two empty masks agree. F is the harmonic mean of how much of the predicted border lies
near the true one and how much of the true border lies near the predicted one; near means within
0.8 % of the picture's diagonal, rounded up to pixels. Without Qt and without a model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Bits: TypeAlias = NDArray[np.bool_]  # (height, width)

NEAR = 0.008  # of the diagonal


@dataclass(frozen=True, slots=True)
class Scores:
    """J and F, 0..1, of one object or as a mean."""

    j: float
    f: float

    @property
    def jf(self) -> float:
        """The mean of the two."""
        return (self.j + self.f) / 2


def mean(scores: list[Scores]) -> Scores:
    """The mean of at least one score."""
    return Scores(
        float(np.mean([score.j for score in scores])), float(np.mean([score.f for score in scores]))
    )


def measure(predicted: Bits, true: Bits) -> Scores:
    """J and F of one object on one frame; both masks are of one size."""
    return Scores(region(predicted, true), contour(predicted, true))


def region(predicted: Bits, true: Bits) -> float:
    """J: the shared part of the union, 1 where both are empty."""
    union = np.count_nonzero(predicted | true)
    return np.count_nonzero(predicted & true) / union if union else 1.0


def contour(predicted: Bits, true: Bits) -> float:
    """F: 1 where neither mask has a border, 0 where one alone has none."""
    found, wanted = border(predicted), border(true)
    if not found.any() or not wanted.any():
        return float(found.any() == wanted.any())
    near = _disc(math.ceil(NEAR * math.hypot(*true.shape)))
    precision = _share_near(found, wanted, near)
    recall = _share_near(wanted, found, near)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def border(mask: Bits) -> Bits:
    """The pixels unlike their neighbour to the right, below, or right below.

    Beyond the picture goes on what its last row and column show.
    """
    framed = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    right, below, beyond = framed[:-1, 1:], framed[1:, :-1], framed[1:, 1:]
    return cast("Bits", (mask != right) | (mask != below) | (mask != beyond))


def _share_near(ours: Bits, theirs: Bits, near: NDArray[np.uint8]) -> float:
    reached = cv2.dilate(theirs.astype(np.uint8), near) > 0
    return float(np.count_nonzero(ours & reached) / np.count_nonzero(ours))


def _disc(radius: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return cast("NDArray[np.uint8]", (x * x + y * y <= radius * radius).astype(np.uint8))
