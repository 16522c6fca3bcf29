"""Where frames lie on the timeline: plain numbers, so that painting and mouse agree."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import TypeAlias

from app.domain.frames import FrameRange

Runs: TypeAlias = Sequence[tuple[int, int]]  # (first, last) of frames in a row, ascending

MAX_PIXELS = 96.0  # a frame never gets wider than this
MIN_VISIBLE = 4.0  # nor does the view show fewer frames than this


@dataclass(frozen=True, slots=True)
class Scale:
    """How frames map to x: each frame is a cell `pixels` wide, frame `frames.first` begins at
    x = `left` when `offset` is 0. `width` is that of the visible part, without `left`.
    """

    frames: FrameRange
    left: float = 0.0
    width: float = 1.0
    pixels: float = 1.0
    offset: float = 0.0

    def start_of(self, frame: float) -> float:
        """The x at which the cell of `frame` begins."""
        return self.left + (frame - self.frames.first) * self.pixels - self.offset

    def centre_of(self, frame: int) -> float:
        """The x of the middle of the cell of `frame`."""
        return self.start_of(frame + 0.5)

    def frame_at(self, x: float) -> int:
        """The frame whose cell holds x; the first or last of the clip beyond its ends."""
        frame = floor((x - self.left + self.offset) / self.pixels) + self.frames.first
        return self.frames.clamp(frame)

    @property
    def right(self) -> float:
        """The x where the visible part ends."""
        return self.left + self.width

    @property
    def visible(self) -> FrameRange:
        """The frames of which at least a sliver shows."""
        return FrameRange(self.frame_at(self.left), self.frame_at(self.right))

    @property
    def fit_pixels(self) -> float:
        """The width of a frame at which the whole clip just shows."""
        return min(MAX_PIXELS, self.width / len(self.frames))

    @property
    def is_fit(self) -> bool:
        """Whether the whole clip shows."""
        return self.pixels <= self.fit_pixels * 1.0001

    @property
    def content(self) -> float:
        """The width of the whole clip."""
        return len(self.frames) * self.pixels

    def fitted(self) -> Scale:
        """This scale with the whole clip in view."""
        return replace(self, pixels=self.fit_pixels, offset=0.0)

    def resized(self, left: float, width: float) -> Scale:
        """This scale in a view of another size; a fitting one fits again."""
        width = max(1.0, width)
        scale = replace(self, left=left, width=width)
        return scale.fitted() if self.is_fit else _settled(scale)

    def zoomed(self, factor: float, x: float) -> Scale:
        """This scale `factor` times as wide, with the frame under x staying there."""
        widest = max(self.fit_pixels, min(MAX_PIXELS, self.width / MIN_VISIBLE))
        pixels = min(max(self.pixels * factor, self.fit_pixels), widest)
        at = x - self.left
        offset = (at + self.offset) * pixels / self.pixels - at
        return _settled(replace(self, pixels=pixels, offset=offset))

    def panned(self, distance: float) -> Scale:
        """This scale showing what lay `distance` pixels further right."""
        return _settled(replace(self, offset=self.offset + distance))

    def revealing(self, frame: int, *, by_page: bool = True) -> Scale:
        """This scale panned until the cell of `frame` shows: by pages, or just so far."""
        start, end = self.start_of(frame), self.start_of(frame + 1)
        page = self.width * 7 / 8 if by_page else 0.0
        if end > self.right + 0.5:
            return self.panned(max(end - self.right, min(start - self.left, page)))
        if start < self.left - 0.5:
            return self.panned(min(start - self.left, max(end - self.right, -page)))
        return self


def _settled(scale: Scale) -> Scale:
    offset = min(max(0.0, scale.offset), max(0.0, scale.content - scale.width))
    return replace(scale, offset=offset)


def label_step(pixels: float, room: float) -> int:
    """The frames between two numbers of the ruler: 1, 2 or 5 times a power of ten, so that each
    number has `room` pixels.
    """
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power * pixels >= room:
                return factor * power
        power *= 10


def tick_step(pixels: float, step: int) -> int:
    """The frames between two small ticks below numbers every `step` frames."""
    for parts in (10, 5, 2):
        if step % parts == 0 and step // parts * pixels >= 5:
            return step // parts
    return step


def runs(frames: Iterable[int]) -> Runs:
    """`frames` gathered into runs."""
    found: list[tuple[int, int]] = []
    for frame in sorted(frames):
        if found and frame == found[-1][1] + 1:
            found[-1] = (found[-1][0], frame)
        else:
            found.append((frame, frame))
    return found


def merged(found: Runs, visible: FrameRange, gap: float) -> Runs:
    """The runs that show, those at most `gap` frames apart become one."""
    begin = max(0, bisect_left(found, (visible.first, visible.first)) - 1)
    inside = found[begin : bisect_left(found, (visible.last + 1, visible.last))]
    if not inside:
        return []
    joined: list[tuple[int, int]] = []
    start, end = inside[0]
    for first, last in inside:  # plain numbers in a tight loop: there may be thousands of runs
        if first - end > gap:
            joined.append((start, end))
            start = first
        end = last
    joined.append((start, end))
    return joined


def padded(frame: int, frames: FrameRange) -> str:
    """`frame` with as many digits as the longest number of the clip, at least four."""
    digits = max(4, len(str(frames.last)), len(str(frames.first)))
    return f"{frame:0{digits}d}"


def timecode(frame: int, first: int, fps: Fraction) -> str:
    """The time since the clip's first frame as minutes:seconds:frames."""
    rate = max(1, ceil(fps))
    seconds, rest = divmod(frame - first, rate)
    return f"{seconds // 60:02d}:{seconds % 60:02d}:{rest:02d}"
