"""Keeping results by frame within a budget of bytes, and choosing which frame comes next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar

from app.domain.frames import FrameRange

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ByteCache(Generic[K, V]):
    """Values by key, at most `budget` bytes of them; safe to use from several threads.

    When it is full the value with the highest `cost` leaves first (by default the one used
    longest ago), the one just put excepted.
    """

    def __init__(self, budget: int, size: Callable[[V], int]) -> None:
        self._lock = threading.Lock()
        self._size = size
        self._values: dict[K, V] = {}  # the one used longest ago first
        self._bytes = 0
        self.budget = budget
        self.cost: Callable[[K], float] | None = None

    def get(self, key: K) -> V | None:
        """The value, or None."""
        with self._lock:
            value = self._values.pop(key, None)
            if value is not None:
                self._values[key] = value
            return value

    def put(self, key: K, value: V) -> None:
        """Keep `value`; others may leave for it."""
        with self._lock:
            self._drop(key)
            self._values[key] = value
            self._bytes += self._size(value)
            while self._bytes > self.budget and len(self._values) > 1:
                self._drop(self._worst(key))

    def keys(self) -> frozenset[K]:
        """The keys that are there now."""
        with self._lock:
            return frozenset(self._values)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._bytes = 0

    @property
    def bytes(self) -> int:
        """Bytes in use."""
        return self._bytes

    def _worst(self, newest: K) -> K:
        others = (key for key in self._values if key != newest)
        return max(others, key=self.cost) if self.cost else next(others)

    def _drop(self, key: K) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._bytes -= self._size(value)


def distance(frame: int, playhead: int, direction: int = 1) -> float:
    """How far `frame` is from being needed: frames behind the play direction count double."""
    ahead = (frame - playhead) * (1 if direction >= 0 else -1)
    return float(ahead) if ahead >= 0 else -2.0 * ahead


def window(playhead: int, frames: FrameRange, count: int, direction: int = 1) -> FrameRange:
    """The `count` frames round the playhead worth keeping: two thirds of them ahead."""
    count = min(count, len(frames))
    behind = (count - 1) // 3 if direction >= 0 else (count - 1) - (count - 1) // 3
    first = max(frames.first, min(playhead - behind, frames.last - count + 1))
    return FrameRange(first, first + count - 1)


def next_frame(
    playhead: int, frames: FrameRange, done: Collection[int], direction: int = 1
) -> int | None:
    """The next frame to work on: the playhead's, then nearest first, ahead before behind.

    None when all of `frames` are in `done`.
    """
    start = frames.clamp(playhead)
    step = 1 if direction >= 0 else -1
    for offset in range(len(frames)):
        for frame in (start + offset * step, start - offset * step):
            if frame in frames and frame not in done:
                return frame
    return None


def next_to_read(
    playhead: int, frames: FrameRange, done: Collection[int], direction: int = 1, run: int = 12
) -> int | None:
    """As `next_frame`, but frames behind come in ascending runs of `run`.

    A movie decodes forward only: reading one frame backwards costs as much as reading the run
    that leads to it.
    """
    frame = next_frame(playhead, frames, done, direction)
    if frame is None or frame >= playhead:
        return frame
    start = max(frames.first, frame - run + 1)
    return next(f for f in range(start, frame + 1) if f not in done)
