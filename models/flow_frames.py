"""Frames as the flow tracker sees them, each made once for all layers as long as it is at hand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Cancelled, Embedding
from models.flow import Grey, Motion, motion, picture_of, still
from models.flow_ahead import REACH
from models.ort import Cancel
from models.sheet import Sheet, SingleImages
from models.tracking import Tracking

F32: TypeAlias = NDArray[np.float32]
T = TypeVar("T")

KEPT = 4  # sheets, pictures and motions at hand
KEPT_EMBEDDINGS = REACH + 4  # about 2 MB each; up to a keyframe ahead, frames are seen twice


class Few(Generic[T]):
    """The things asked for last."""

    def __init__(self, count: int) -> None:
        self._held: OrderedDict[object, T] = OrderedDict()
        self._count = count

    def get(self, name: object, made: Callable[[], T]) -> T:
        """The thing called `name`, made where it is not at hand."""
        if name not in self._held:
            self._held[name] = made()
            if len(self._held) > self._count:
                self._held.popitem(last=False)
        self._held.move_to_end(name)
        return self._held[name]


class Frames:
    """Frames as sheets, and the motion between them, for all layers alike."""

    def __init__(self, images: SingleImages, tracking: Tracking, cancel: Cancel | None) -> None:
        self._images, self._tracking, self._cancel = images, tracking, cancel
        self._now = tracking.order[0] if tracking.order else 0
        self._embeddings: dict[int, Embedding] = {}
        self._sheets: Few[tuple[Embedding, Sheet]] = Few(KEPT)
        self._pictures: Few[Grey | None] = Few(KEPT)
        self._motions: Few[Motion] = Few(KEPT)

    def come_to(self, frame: int) -> None:
        """`frame` is answered next: those behind it are hardly needed any more."""
        self._now = frame

    def beside(self, frame: int, step: int) -> int:
        """The frame next to `frame` in steps of `step`, 1 or -1, that can be seen."""
        frame += step
        while frame in self._tracking.gaps:
            frame += step
        return frame

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the masks."""
        return self.sheet(self._now).shape

    def sheet(self, frame: int) -> Sheet:
        """What the model knows of `frame`."""
        return self.seen(frame)[1]

    def seen(self, frame: int) -> tuple[Embedding, Sheet]:
        """The embedding of `frame` and what it says."""
        if self._cancel is not None and self._cancel.fired:
            raise Cancelled

        def made() -> tuple[Embedding, Sheet]:
            embedding = self._embedding(frame)
            return embedding, self._images.sheet(embedding)

        return self._sheets.get(frame, made)

    def _embedding(self, frame: int) -> Embedding:
        """Kept are those needed soonest: courses from ahead leave them for those from behind."""
        if frame not in self._embeddings:
            self._embeddings[frame] = self._tracking.embeddings(frame)
            if len(self._embeddings) > KEPT_EMBEDDINGS:
                del self._embeddings[max(self._embeddings, key=self._wait)]
        return self._embeddings[frame]

    def _wait(self, frame: int) -> tuple[bool, int]:
        """How long `frame` is not needed: those answered the longest, the nearest the least."""
        away = (frame - self._now) * self._tracking.step
        return away < 0, abs(away)

    def motion(self, before: int, now: int) -> Motion:
        """How `now` came about from `before`."""

        def made() -> Motion:
            pictures = self._picture(before), self._picture(now)
            if pictures[0] is None or pictures[1] is None:
                return still(self.sheet(now).shape)
            return motion(pictures[0], pictures[1])

        return self._motions.get((before, now), made)

    def _picture(self, frame: int) -> Grey | None:
        def made() -> Grey | None:
            if self._tracking.pictures is None:
                return None
            embedding, sheet = self.seen(frame)
            return picture_of(
                self._tracking.pictures(frame), covered(embedding, sheet), sheet.shape
            )

        return self._pictures.get(frame, made)


def covered(embedding: Embedding, sheet: Sheet) -> tuple[float, float]:
    """How much of a mask of `sheet` its frame covers, across and down, 0..1."""
    (width, height), (rows, columns) = embedding.frame_size, sheet.shape
    x0, y0, x1, y1 = sheet.window
    across = width / ((x1 - x0) * columns / sheet.side)
    down = height / ((y1 - y0) * rows / sheet.side)
    return min(1.0, across), min(1.0, down)


def shrunk(inside: NDArray[np.bool_], part: tuple[float, float], sheet: Sheet) -> F32:
    """A mask (height, width) of the clip's size as one of `sheet`, 0..1.

    `part` of that is the frame, see `covered`; its border goes on beyond.
    """
    height, width = inside.shape
    wide, high = max(width, round(width / part[0])), max(height, round(height / part[1]))
    whole = cv2.copyMakeBorder(
        inside.astype(np.float32), 0, high - height, 0, wide - width, cv2.BORDER_REPLICATE
    )
    return cast("F32", cv2.resize(whole, sheet.shape[::-1], interpolation=cv2.INTER_AREA))
