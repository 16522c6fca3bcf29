"""Playback: moves the playhead at clip rate, showing every frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.domain.frames import FrameRange

RATES = (1.0, 2.0, 4.0)


class Player(QObject):
    """Plays inside a range, forward or backward, never faster than the clip.

    A frame that is not ready holds the playhead until it is: an artist judges motion, so no frame
    is skipped at single speed; at 2x and 4x every second and fourth is shown.
    """

    advanced = Signal(int)  # the frame to go to
    changed = Signal()  # rate or looping

    def __init__(self, is_ready: Callable[[int], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._is_ready = is_ready
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, singleShot=True)
        self._timer.timeout.connect(self._advance)
        self._frame = 0
        self._range = FrameRange(0, 0)
        self._fps = 24.0
        self._due = 0.0
        self.rate = 0.0
        self.looping = False

    def play(self, rate: float, frame: int, frames: FrameRange, fps: Fraction) -> None:
        """Start or go on at `rate` (negative is backward) from `frame` inside `frames`."""
        self.rate, self._frame, self._range, self._fps = rate, frame, frames, float(fps)
        if frame == self._end and not self.looping:
            self._frame = self._start  # at the end, play means once more
            self.advanced.emit(self._frame)
        self._due = time.perf_counter()
        self._wait()
        self.changed.emit()

    def stay_in(self, frames: FrameRange) -> None:
        """Play inside another range from now on."""
        self._range = frames

    def stop(self) -> None:
        """Hold the playhead where it is."""
        self._timer.stop()
        if self.rate:
            self.rate = 0.0
            self.changed.emit()

    def set_looping(self, looping: bool) -> None:
        """Whether to begin again at the end of the range."""
        self.looping = looping
        self.changed.emit()

    @property
    def _start(self) -> int:
        return self._range.first if self.rate > 0 else self._range.last

    @property
    def _end(self) -> int:
        return self._range.last if self.rate > 0 else self._range.first

    def _advance(self) -> None:
        following = self._frame + (1 if self.rate > 0 else -1) * max(1, round(abs(self.rate)))
        if self._frame == self._end or self._frame not in self._range:
            if not self.looping:
                self.stop()
                return
            following = self._start
        following = self._range.clamp(following)
        if self._is_ready(following):
            self._frame = following
            self.advanced.emit(following)
            self._wait()
        else:
            self._timer.start(3)

    def _wait(self) -> None:
        now = time.perf_counter()
        self._due = max(self._due + 1 / self._fps, now)  # time lost waiting is not caught up
        self._timer.start(round(1000 * (self._due - now)))


def faster(rate: float, direction: int) -> float:
    """The rate after one more press of J (-1) or L (+1): 1x, then 2x, then 4x."""
    if rate * direction <= 0:
        return float(direction)
    quicker = [r for r in RATES if r > abs(rate)]
    return direction * (quicker[0] if quicker else RATES[-1])
