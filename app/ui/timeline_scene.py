"""What the timeline shows, as plain data, and where its parts lie."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import ceil, inf

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPixmap

from app.domain.clip import Clip
from app.domain.frames import FrameRange
from app.domain.project import Layer
from app.domain.review import suspects
from app.ui import theme
from app.ui.timeline_scale import Runs, Scale, merged, runs

GUTTER = 148  # width of the column with the layers' names
RULER = 28
LINES = 8  # the lines of cached and embedded frames
STRIP = 36  # thumbnails
INSET = 4  # between a row's edge and its track
TRACK = 10
LANE = 12  # the curve of doubt, below the track
ROW = INSET + TRACK + 2 + LANE + 1
MIDDLE = INSET + TRACK / 2  # of the track, from the top of its row
TOP = RULER + LINES + STRIP  # where the rows begin
LEVELS = tuple(step / LANE for step in range(1, LANE + 1))  # of doubt, each a pixel of the curve
DIAMOND = 5.5  # half its width
PADLOCK = 10  # side of the square it stands in, below the track
HANDLE = 14.0  # height of the part of the ruler in which in and out are grabbed
GRIP = 7.0  # how far beside them


@dataclass(frozen=True, slots=True)
class Row:
    """What there is to see of one layer."""

    name: str
    number: int
    colour: QColor
    masks: Runs  # with something inside
    empty: Runs  # masks that say the object is not there
    locks: Runs
    padlocks: tuple[int, ...]  # ascending; where a padlock tells of the locks around
    doubts: tuple[Runs, ...]  # the frames at least as doubtful as each of LEVELS
    suspects: tuple[Runs, ...]  # those of them that are suspect
    keyframes: tuple[int, ...]  # ascending
    waiting: frozenset[int]  # keyframes whose mask is not there yet
    locked: bool
    shown: bool


def make_row(layer: Layer, number: int) -> Row:
    """The row of a layer."""
    keyframes, locks = tuple(layer.keyframes), runs(layer.locks)
    return Row(
        name=layer.name,
        number=number,
        colour=theme.layer_colour(layer.colour),
        masks=runs(frame for frame, mask in layer.masks.items() if not mask.empty),
        empty=runs(frame for frame, mask in layer.masks.items() if mask.empty),
        locks=locks,
        padlocks=_padlocks(layer, locks),
        doubts=_doubts(layer, layer.masks),
        suspects=_doubts(layer, suspects(layer)),
        keyframes=keyframes,
        waiting=frozenset(frame for frame in keyframes if layer.is_stale(frame)),
        locked=layer.locked,
        shown=layer.shown,
    )


def _padlocks(layer: Layer, locks: Runs) -> tuple[int, ...]:
    """The locked keyframes, and the middles of the other runs of locked frames."""
    keys = sorted(layer.locks & layer.prompts.keys())
    middles = [
        (first + last) // 2
        for first, last in locks
        if bisect_left(keys, first) == bisect_right(keys, last)
    ]
    return tuple(sorted([*keys, *middles]))


def _doubts(layer: Layer, frames: Iterable[int]) -> tuple[Runs, ...]:
    doubts = {f: doubt for f in frames if (doubt := layer.masks[f].doubt) >= LEVELS[0]}
    return tuple(runs(f for f, doubt in doubts.items() if doubt >= level) for level in LEVELS)


@dataclass(frozen=True)
class Scene:
    """All that the timeline shows, but for the playhead and the hovered frame."""

    clip: Clip
    scale: Scale
    width: float
    height: float
    ratio: float  # device pixels a pixel
    scroll: float  # how far the rows are scrolled up
    in_out: FrameRange
    limited: bool  # whether an in/out range is set
    rows: tuple[Row, ...]
    selected: int | None  # the selected row
    cached: Runs
    embedded: Runs
    gaps: Runs
    thumbnail: Callable[[int], QPixmap | None]

    @property
    def rows_state(self) -> tuple[object, ...]:
        """All that the picture of the rows depends on."""
        place = (self.width, self.height, self.ratio, self.scale, self.scroll)
        return (*place, self.rows, self.selected, self.in_out)

    def snap(self, value: float) -> float:
        """`value` on the nearest edge between device pixels."""
        return round(value * self.ratio) / self.ratio

    def line(self, x: float) -> float:
        """`x` in the middle of a device pixel, where a hairline is sharp."""
        return (int(x * self.ratio) + 0.5) / self.ratio

    def row_top(self, index: int) -> float:
        """The y at which row `index` begins."""
        return TOP + index * ROW - self.scroll

    def row_at(self, y: float) -> int | None:
        """The row at a height."""
        index = int((y - TOP + self.scroll) // ROW)
        return index if y >= TOP and 0 <= index < len(self.rows) else None

    def keyframe_at(self, x: float, y: float) -> int | None:
        """The keyframe whose diamond lies there."""
        index = self.row_at(y)
        if index is None or x < self.scale.left:
            return None
        middle = self.row_top(index) + MIDDLE
        keyframes = self.rows[index].keyframes
        at = bisect_left(keyframes, self.scale.frame_at(x))
        near = [
            (abs(self.scale.centre_of(frame) - x), frame)
            for frame in keyframes[max(0, at - 1) : at + 2]
        ]
        distance, frame = min(near, default=(inf, 0))
        return frame if distance + abs(y - middle) <= DIAMOND + 3 else None

    def handle_at(self, x: float, y: float) -> str | None:
        """The handle of the range that lies there, "in" or "out"."""
        if not 0 <= y < HANDLE:
            return None
        first = self.scale.start_of(self.in_out.first)
        last = self.scale.start_of(self.in_out.last + 1)
        if abs(x - first) <= GRIP and (abs(x - first) < abs(x - last) or x > first):
            return "in"
        return "out" if abs(x - last) <= GRIP else None

    def area(self, top: float, height: float) -> QRectF:
        """The part of the frames' area between two heights."""
        return QRectF(self.scale.left, top, self.scale.width, height)

    def boxes(self, found: Runs, top: float, height: float) -> list[QRectF]:
        """One rectangle for each visible run, at least a pixel wide."""
        at, pixels, ratio = self.scale.start_of(0), self.scale.pixels, self.ratio
        found = merged(found, self.scale.visible, 1 / pixels)
        edges = (
            (round((at + first * pixels) * ratio), round((at + (last + 1) * pixels) * ratio))
            for first, last in found
        )
        return [QRectF(x0 / ratio, top, max(1.0, (x1 - x0) / ratio), height) for x0, x1 in edges]


def slots(scene: Scene) -> Iterator[tuple[int, float, float]]:
    """The visible places for thumbnails, as (frame, x, width); they stay with the frames."""
    scale, frames = scene.scale, scene.clip.frames
    wide = thumbnail_width(scene.clip)
    step = max(1, int(wide / scale.pixels))
    first = frames.first + (scale.visible.first - frames.first) // step * step
    for frame in range(first, scale.visible.last + 1, step):
        left = scene.snap(scale.start_of(frame))
        end = scene.snap(scale.start_of(min(frame + step, frames.last + 1)))
        yield frame, left, end - left


def thumbnail_width(clip: Clip) -> float:
    """The width of a thumbnail that is as high as the strip."""
    width, height = clip.size
    return max(8.0, (STRIP - 1) * width * float(clip.pixel_aspect) / height)


def visible_rows(scene: Scene) -> Iterator[tuple[int, Row]]:
    """The rows of which something shows."""
    first = int(scene.scroll // ROW)
    last = int((scene.scroll + max(0.0, scene.height - TOP)) // ROW) + 1
    yield from list(enumerate(scene.rows))[first:last]


def spaced(keyframes: tuple[int, ...], visible: FrameRange, apart: float) -> Iterator[int]:
    """The visible keyframes, leaving out those less than `apart` frames behind the one before."""
    step = max(1, ceil(apart))
    at, end = bisect_left(keyframes, visible.first), bisect_right(keyframes, visible.last)
    if step == 1:
        yield from keyframes[at:end]
        return
    while at < end:
        yield keyframes[at]
        at = bisect_left(keyframes, keyframes[at] + step, at + 1, end)
