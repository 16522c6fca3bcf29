"""What the brush covers on its way from one place to the next: a capsule, told by depth.

Depth is how far the middle of a pixel lies inside, in pixels from top to bottom, negative outside.
Taken for a logit it makes an edge that a matte shows as the area inside each pixel: antialiased,
and in its place to a fraction of a pixel (see `matte.coverage`).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]  # (rows, columns), above 0 is inside

REACH = 3.0  # pixels to each side of the edge in which depth is told; a matte looks at two
SURE = 8.0  # the logit of what is surely inside; a mask keeps no larger ones apart
NEAR = cv2.getStructuringElement(cv2.MORPH_RECT, (5, 5))


class Rect(NamedTuple):
    """Whole pixels, from the left and top ones to before the right and bottom ones."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of an array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def empty(self) -> bool:
        """Whether there is no pixel in it."""
        return self.left >= self.right or self.top >= self.bottom

    def grown(self, by: int, shape: tuple[int, int]) -> Rect:
        """With so many pixels more on each side, as far as an array of `shape` has them."""
        return Rect(
            max(self.left - by, 0),
            max(self.top - by, 0),
            min(self.right + by, shape[1]),
            min(self.bottom + by, shape[0]),
        )

    def joined(self, other: Rect) -> Rect:
        """The smallest one round both."""
        return Rect(*map(min, self[:2], other[:2]), *map(max, self[2:], other[2:]))


class Capsule(NamedTuple):
    """All within `radius` of the line between two places.

    `aspect` is the width of a pixel by its height. The middle of the top left pixel is (0.5, 0.5).
    """

    start: tuple[float, float]
    end: tuple[float, float]
    radius: float
    aspect: float = 1.0

    @property
    def reach(self) -> float:
        """How deep inside, and how far outside, depth is told."""
        return REACH * max(1.0, self.aspect)

    def rect(self, shape: tuple[int, int]) -> Rect:
        """The pixels of an array of `shape` in which depth is told; may be empty."""
        down = self.radius + self.reach
        across = down / self.aspect
        (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(self.start, self.end, strict=True))
        left, top = int(np.floor(x0 - across)), int(np.floor(y0 - down))
        right, bottom = int(np.ceil(x1 + across)), int(np.ceil(y1 + down))
        return Rect(left, top, right, bottom).grown(0, shape)

    def depth(self, rect: Rect) -> Logits:
        """The depth of each pixel in `rect`, -reach..reach."""
        x = (np.arange(rect.left, rect.right) + 0.5 - self.start[0]) * self.aspect
        y = np.arange(rect.top, rect.bottom)[:, np.newaxis] + 0.5 - self.start[1]
        to_x = (self.end[0] - self.start[0]) * self.aspect
        to_y = self.end[1] - self.start[1]
        length = max(to_x * to_x + to_y * to_y, 1e-9)
        part = np.clip((x * to_x + y * to_y) / length, 0, 1)  # the nearest place on the line
        deep = self.radius - np.hypot(x - part * to_x, y - part * to_y)
        return np.clip(deep, -self.reach, self.reach).astype(np.float32)


def added(before: Logits, depth: Logits, reach: float) -> Logits:
    """The logits of what is inside before, or inside a stroke of this depth, or both.

    What lies `reach` or further from the stroke stays as it is. Near the border of what was inside
    the two edges meet; elsewhere that of the stroke is the only one, however unsure the pixels
    were: else a logit just below 0 would blur it.
    """
    near = cv2.dilate((before > 0).view(np.uint8), NEAR) > 0
    joined = np.where(near, np.maximum(before, depth), depth)
    joined = np.where(depth >= reach, np.maximum(before, np.float32(SURE)), joined)
    result: Logits = np.where(depth > -reach, joined, before)
    return result
