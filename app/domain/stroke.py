"""A stroke of the brush over the mask of a frame: what it makes of it, while it is drawn and after.

It works at the resolution the mask is kept with, and looks only at the pixels it passes.
"""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.capsule import SURE, Capsule, Logits, Rect, added
from app.domain.mask import Mask, at_clip_size, finest, rounded, upsample
from app.domain.matte import coverage

THINNEST = 2.0  # pixels of a mask; a finer line may pass between their middles
RIM = 2  # pixels beyond a change in which the matte may change
CONTEXT = 4  # and beyond those, what has to be known for it


def thinnest(size: tuple[int, int], aspect: float = 1.0) -> float:
    """The least diameter of a brush, in pixels of a clip of `size` = (width, height).

    They are those from top to bottom, where pixels are `aspect` times as wide as high.
    """
    rows, columns = finest(size)
    return THINNEST * max(1.0, size[1] / rows, aspect * size[0] / columns)


class Stroke:
    """What one drag of the brush adds to a mask (`include`), or takes away.

    Places and the diameter are in clip pixels, those from top to bottom where the clip's
    `aspect` is not 1: the brush is round on the screen. Raises MaskError where `before` is damaged.
    """

    def __init__(
        self,
        before: Mask | None,
        size: tuple[int, int],
        diameter: float,
        *,
        include: bool = True,
        aspect: float = 1.0,
    ) -> None:
        self.include, self.before, self._size = include, before, size
        self._shape = finest(size)
        self._across, self._down = size[0] / self._shape[1], size[1] / self._shape[0]
        self._radius = diameter / 2 / self._down
        self._aspect = aspect * self._across / self._down
        self._before = logits_of(before, size)
        self._reach = Capsule((0, 0), (0, 0), self._radius, self._aspect).reach
        self._depth = np.zeros(self._shape, np.float32)  # more by reach, so that 0 is untouched
        self._matte = _display(self._enlarged(self._before))
        self._last: tuple[float, float] | None = None
        self._touched: Rect | None = None

    @property
    def matte(self) -> NDArray[np.uint8]:
        """The matte as it is now, (height, width) 0..255, another object each time."""
        return self._matte.view()

    @property
    def changed(self) -> bool:
        """Whether anything is otherwise than before, as far as can be seen."""
        if self._touched is None:
            return False
        rect = self._touched.grown(CONTEXT, self._shape)
        before = _display(self._before[rect.slices])
        return not np.array_equal(before, _display(self._painted(rect)))

    def go_to(self, x: float, y: float) -> None:
        """Draw on to a place; the first one is a dot."""
        place = x / self._across, y / self._down
        capsule = Capsule(self._last or place, place, self._radius, self._aspect)
        self._last = place
        rect = capsule.rect(self._shape)
        if rect.empty:
            return
        part = self._depth[rect.slices]
        np.maximum(part, capsule.depth(rect) + np.float32(self._reach), out=part)
        self._touched = rect if self._touched is None else self._touched.joined(rect)
        self._show(rect.grown(RIM, self._shape))

    def mask(self) -> Mask:
        """The mask with the stroke; one that no prompt made."""
        logits = self._before.copy()
        if self._touched is not None:
            rect = self._touched.grown(CONTEXT, self._shape)
            logits[rect.slices] = self._painted(rect)
        window = (0.0, 0.0, float(self._size[0]), float(self._size[1]))
        half = logits.astype(np.float16)
        return Mask.pack(half, window=window, prompt=None, model="", score=1.0)

    def _show(self, rect: Rect) -> None:
        """Make the matte anew in `rect`."""
        seen = rect.grown(CONTEXT, self._shape)
        part, place = self._painted(seen), rect
        if self._is_coarse:
            place = Rect(
                *(int(edge * step) for edge, step in zip(rect[:2], self._steps, strict=True)),
                *(ceil(edge * step) for edge, step in zip(rect[2:], self._steps, strict=True)),
            ).grown(0, self._size[::-1])
            around = place.grown(1, self._size[::-1])
            part, seen = enlarged(part, seen, around, self._steps), around
        inside = Rect(
            place.left - seen.left,
            place.top - seen.top,
            place.right - seen.left,
            place.bottom - seen.top,
        )
        self._matte[place.slices] = _display(part)[inside.slices]

    def _enlarged(self, logits: Logits) -> Logits:
        """All of the mask's logits at the clip's resolution."""
        if not self._is_coarse:
            return logits
        window = (0.0, 0.0, float(self._size[0]), float(self._size[1]))
        return at_clip_size(logits.astype(np.float16), window, self._size)

    @property
    def _is_coarse(self) -> bool:
        return self._shape != self._size[::-1]

    @property
    def _steps(self) -> tuple[float, float]:
        """How many clip pixels a pixel of the mask has, across and down."""
        return self._across, self._down

    def _painted(self, rect: Rect) -> Logits:
        """The logits in `rect`; to take away is to add to what is outside."""
        sign = np.float32(1 if self.include else -1)
        depth = self._depth[rect.slices] - np.float32(self._reach)
        return sign * added(sign * self._before[rect.slices], depth, self._reach)


def logits_of(mask: Mask | None, size: tuple[int, int]) -> Logits:
    """The logits of a mask of a clip of `size`, as finely as any mask keeps them; -SURE..SURE.

    Raises MaskError.
    """
    rows, columns = finest(size)
    if mask is None:
        return np.full((rows, columns), -SURE, np.float32)
    if mask.shape == (rows, columns) and mask.window == (0.0, 0.0, *map(float, size)):
        return mask.logits().astype(np.float32)
    logits = np.clip(upsample(mask, size), -SURE, SURE)
    if logits.shape != (rows, columns):
        logits = cv2.resize(logits, (columns, rows), interpolation=cv2.INTER_AREA)
    return rounded(logits)  # as the mask will be kept: what is seen is what is exported


def enlarged(part: Logits, of: Rect, place: Rect, steps: tuple[float, float]) -> Logits:
    """The logits of clip pixels, from `part`, those of the mask's pixels `of`.

    As `mask.at_clip_size` has them, which can only do all of a mask.
    """
    over, left, right = _between(np.arange(place.left, place.right), steps[0], of.left, of.right)
    down, top, bottom = _between(np.arange(place.top, place.bottom), steps[1], of.top, of.bottom)
    rows = part[top] * (1 - down[:, np.newaxis]) + part[bottom] * down[:, np.newaxis]
    return np.asarray(rows[:, left] * (1 - over) + rows[:, right] * over, np.float32)


def _between(
    pixels: NDArray[np.intp], step: float, first: int, end: int
) -> tuple[Logits, NDArray[np.intp], NDArray[np.intp]]:
    """Between which two of the mask's pixels those of the clip lie, and how near the second."""
    at = np.clip((pixels + 0.5) / step - 0.5, first, end - 1)
    low = np.floor(at).astype(np.intp)
    near = (at - low).astype(np.float32)
    return near, low - first, np.minimum(low + 1, end - 1) - first


def _display(logits: Logits) -> NDArray[np.uint8]:
    display: NDArray[np.uint8] = cv2.convertScaleAbs(coverage(logits), alpha=255)
    return display
