"""Contours painted as lines: a dark one below, so that the light one shows on any picture."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.domain.contour import Contour, Line
from app.ui.viewport import Viewport

SOLID: tuple[float, ...] = ()
DASHED = (5.0, 3.0)  # widths drawn, widths left out
DOTTED = (1.0, 2.0)
SHADOW = 140  # opacity of the dark line


@dataclass(frozen=True)
class Stroke:
    """How a contour is drawn; `width` in logical pixels."""

    colour: QColor
    dashes: tuple[float, ...] = SOLID
    width: float = 1.25
    opacity: float = 1.0


def draw(painter: QPainter, contour: Contour, view: Viewport, stroke: Stroke) -> None:
    """Paint a contour in logical pixels, within the picture."""
    painter.save()
    painter.setClipRect(view.target.intersected(QRectF(0, 0, *view.widget)))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(stroke.opacity)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    polygons = [_on_widget(line, view) for line in contour]
    for pen in (_pen(QColor(0, 0, 0, SHADOW), stroke, 1.0), _pen(stroke.colour, stroke, 0.0)):
        painter.setPen(pen)
        for polygon in polygons:
            painter.drawPolygon(polygon)
    painter.restore()


def _pen(colour: QColor, stroke: Stroke, wider: float) -> QPen:
    """The dark line is as long as the light one and a rim wider, on all its sides."""
    pen = QPen(colour, stroke.width + wider, c=Qt.PenCapStyle.FlatCap)
    if stroke.dashes:
        scale = stroke.width / pen.widthF()  # Qt counts dashes in widths of the pen
        pen.setDashPattern([scale * length for length in stroke.dashes])
    return pen


def _on_widget(line: Line, view: Viewport) -> QPolygonF:
    origin = view.origin
    xs = (line[:, 0] * view.across + origin.x()).tolist()
    ys = (line[:, 1] * view.down + origin.y()).tolist()
    return QPolygonF(list(map(QPointF, xs, ys)))
