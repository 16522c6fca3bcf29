"""Where the clip lies on the canvas: the one mapping between widget and clip pixels.

Clip coordinates put the centre of the top left pixel at (0.5, 0.5). Zoom counts screen (device)
pixels per clip pixel downwards; across, the clip's pixel aspect stretches it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSizeF

SMALLEST, LARGEST = 0.02, 64.0
STEPS = tuple(2.0**power for power in range(-5, 7))  # what zoom in and zoom out go through
MARGIN = 8.0  # left free round a fitted picture
KEPT = 48.0  # of the picture stays in sight however far it is panned


@dataclass(frozen=True, slots=True)
class Viewport:
    """A clip of `clip` pixels on a widget of `widget` logical pixels, `ratio` device pixels each.

    While `fitting`, the picture fills the widget whatever size that takes.
    """

    clip: tuple[int, int]
    aspect: float
    widget: tuple[int, int]
    ratio: float = 1.0
    zoom: float = 1.0
    left: float = 0.0  # of the picture on the widget, before snapping
    top: float = 0.0
    fitting: bool = True

    @property
    def across(self) -> float:
        """Logical pixels per clip pixel from left to right."""
        return self.zoom * self.aspect / self.ratio

    @property
    def down(self) -> float:
        """Logical pixels per clip pixel from top to bottom."""
        return self.zoom / self.ratio

    @property
    def origin(self) -> QPointF:
        """The picture's top left corner on a whole device pixel: edges stay crisp."""
        x = round(self.left * self.ratio) / self.ratio
        return QPointF(x, round(self.top * self.ratio) / self.ratio)

    @property
    def target(self) -> QRectF:
        """The picture's rectangle on the widget."""
        width, height = self.clip
        return QRectF(self.origin, QSizeF(width * self.across, height * self.down))

    def to_widget(self, x: float, y: float) -> QPointF:
        """The place on the widget of a place in the clip."""
        return self.origin + QPointF(x * self.across, y * self.down)

    def to_clip(self, at: QPointF) -> tuple[float, float]:
        """The place in the clip of a place on the widget, also outside the picture."""
        offset = at - self.origin
        return offset.x() / self.across, offset.y() / self.down

    def holds(self, at: QPointF) -> bool:
        """Whether a place on the widget lies on the picture."""
        x, y = self.to_clip(at)
        return 0 <= x < self.clip[0] and 0 <= y < self.clip[1]

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The place in the clip nearest to (x, y); the right and lower border belong to it."""
        return min(max(x, 0.0), float(self.clip[0])), min(max(y, 0.0), float(self.clip[1]))

    def fitted(self) -> Viewport:
        """The whole picture, as large as the widget lets it be."""
        width, height = self.widget
        room_x, room_y = max(width - 2 * MARGIN, 1), max(height - 2 * MARGIN, 1)
        zoom = self.ratio * min(room_x / (self.clip[0] * self.aspect), room_y / self.clip[1])
        zoom = min(max(zoom, SMALLEST), LARGEST)
        return replace(self, zoom=zoom).centred_on(self.clip[0] / 2, self.clip[1] / 2, fitting=True)

    def resized(self, widget: tuple[int, int], ratio: float) -> Viewport:
        """On a widget of another size: fitted again, or with the same place in the middle."""
        middle = self._exact(QPointF(self.widget[0] / 2, self.widget[1] / 2))
        other = replace(self, widget=widget, ratio=ratio)
        return other.fitted() if self.fitting else other.centred_on(*middle)

    def zoomed(self, zoom: float, at: QPointF | None = None) -> Viewport:
        """At another zoom, with the clip pixel at `at` (default: the middle) where it was.

        Beside the picture, its nearest place stays instead, so it never leaves the widget.
        """
        zoom = min(max(zoom, SMALLEST), LARGEST)
        if at is None:  # a QPointF at (0, 0) counts as false
            at = QPointF(self.widget[0] / 2, self.widget[1] / 2)
        x, y = self.nearest(*self._exact(at))
        fixed_x, fixed_y = self.left + x * self.across, self.top + y * self.down
        other = replace(self, zoom=zoom, fitting=False)
        return replace(other, left=fixed_x - x * other.across, top=fixed_y - y * other.down)

    def stepped(self, direction: int) -> Viewport:
        """The next larger (1) or smaller (-1) step of zoom round the middle."""
        if direction > 0:
            return self.zoomed(next((step for step in STEPS if step > self.zoom * 1.001), LARGEST))
        below = (step for step in reversed(STEPS) if step < self.zoom * 0.999)
        return self.zoomed(next(below, SMALLEST))

    def panned(self, by: QPointF) -> Viewport:
        """Moved by logical pixels; a strip of the picture always stays in sight."""
        left = _held(self.left + by.x(), self.target.width(), self.widget[0])
        top = _held(self.top + by.y(), self.target.height(), self.widget[1])
        return replace(self, left=left, top=top, fitting=False)

    def _exact(self, at: QPointF) -> tuple[float, float]:
        """Like `to_clip` without snapping, so that zooming out and in again drifts nowhere."""
        return (at.x() - self.left) / self.across, (at.y() - self.top) / self.down

    def centred_on(self, x: float, y: float, *, fitting: bool = False) -> Viewport:
        """With a place of the clip in the middle of the widget."""
        left = self.widget[0] / 2 - x * self.across
        return replace(self, left=left, top=self.widget[1] / 2 - y * self.down, fitting=fitting)


def _held(start: float, length: float, room: float) -> float:
    """The start of a stretch nearest to `start` that leaves enough of it in sight."""
    strip = min(KEPT, length, room)
    return min(max(start, strip - length), room - strip)
