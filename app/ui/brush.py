"""The brush: a drag paints on the layer's mask, or takes away from it; a circle shows its size."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPen

from app.domain import edits
from app.domain.project import Layer
from app.domain.stroke import Stroke, thinnest
from app.ui.comparison import Wet
from app.ui.marks import distance
from app.ui.tools import Canvas, Tool, arrow, within

SIZE = 40.0  # clip pixels across, to begin with
LARGEST = 1000.0
STEP = 1.15  # from one size to the next
SIGN = 3.0  # half of the sign in the middle, logical pixels
ROOM = 8.0  # radius from which the sign has its place inside
LINES = ((QColor(0, 0, 0, 190), 3.0), (QColor("#ffffff"), 1.0))  # seen on any picture


class BrushTool(Tool):
    """A drag is one stroke: it is seen at once, and becomes an edit at release."""

    right_excludes = follows_mouse = True

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.size: float = SIZE
        self._stroke: Stroke | None = None
        self._layer: Layer | None = None

    def resize(self, steps: int) -> None:
        """Take a larger (1) or smaller (-1) brush; the stroke that is being drawn keeps its own."""
        if self.busy:
            return
        size = float(round(self.size * STEP**steps))
        size = max(size, self.size + 1) if steps > 0 else min(size, self.size - 1)
        least = math.ceil(self._thinnest())
        self.size = min(max(size, least), LARGEST)

    def press(self, at: QPointF, exclude: bool) -> None:
        if not self._touches(at):
            return
        session = self.canvas.session
        self._stroke = session.painter.begin(self._diameter(), include=not exclude)
        if self._stroke is not None:
            self.busy = True
            self._layer = session.selected_layer or edits.add_layer(session.project).layers[0]
            self._go_to(at)

    def follow(self, at: QPointF) -> None:
        if self.busy:
            self._go_to(at)

    def release(self) -> None:
        stroke, session = self._stroke, self.canvas.session
        self.cancel()
        if stroke is None:
            return
        session.painter.finish(stroke)
        layer, frame = session.selected_layer, session.playhead
        mask = layer.masks.get(frame) if layer else None
        if layer is not None and mask is not None and mask is not stroke.before:
            wet = Wet(layer, frame, stroke.matte, mask)
            self.canvas.comparison.show_wet(wet)  # until the matte of the new mask is made

    def cancel(self) -> None:
        super().cancel()
        self._stroke = self._layer = None
        self.canvas.comparison.show_wet(None)

    def cursor(self, at: QPointF, _exclude: bool) -> QCursor:
        hidden = self.busy or self._touches(at)  # the circle is drawn in its place
        return QCursor(Qt.CursorShape.BlankCursor) if hidden else arrow()

    def draw(self, painter: QPainter, at: QPointF, exclude: bool) -> None:
        if not (self.busy or self._touches(at)):
            return
        removes = exclude if self._stroke is None else not self._stroke.include
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        radius = self._radius()
        beside = radius * math.sqrt(0.5) + SIGN + 2
        middle = at if radius >= ROOM else at + QPointF(beside, beside)
        middle = QPointF(math.floor(middle.x()) + 0.5, math.floor(middle.y()) + 0.5)  # crisp
        for colour, width in LINES:
            painter.setPen(QPen(colour, width, c=Qt.PenCapStyle.SquareCap))
            painter.drawEllipse(at, radius, radius)
            painter.drawLine(middle - QPointF(SIGN, 0), middle + QPointF(SIGN, 0))
            if not removes:
                painter.drawLine(middle - QPointF(0, SIGN), middle + QPointF(0, SIGN))

    def _go_to(self, at: QPointF) -> None:
        stroke, layer = self._stroke, self._layer
        if stroke is not None and layer is not None:
            stroke.go_to(*self.canvas.view.to_clip(at))
            wet = Wet(layer, self.canvas.session.playhead, stroke.matte)
            self.canvas.comparison.show_wet(wet)

    def _diameter(self) -> float:
        return max(self.size, self._thinnest())

    def _thinnest(self) -> float:
        view = self.canvas.view
        return thinnest(view.clip, view.across / view.down)

    def _radius(self) -> float:
        """Of the circle, in logical pixels."""
        return self._diameter() / 2 * self.canvas.view.down

    def _touches(self, at: QPointF) -> bool:
        """Whether the circle is on the picture, as it is where its middle is just beside it."""
        view = self.canvas.view
        nearest = view.to_widget(*within(view, *view.to_clip(at)))
        return distance(nearest, at) <= self._radius() and self.canvas.accepts(nearest)
