"""Contours painted as thin lines: light dashes on a dark line show on any picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.domain.contour import Contour, Line
from app.ui.viewport import Viewport

SOLID: tuple[float, ...] = ()
DASHED = (7.0, 4.0)  # widths that are light, widths that are dark
DOTTED = (2.0, 3.0)
DARK = QColor(0, 0, 0, 190)
CASING = 110  # opacity, of 255


@dataclass(frozen=True)
class Stroke:
    """How a contour is drawn."""

    colour: QColor
    dashes: tuple[float, ...] = SOLID
    opacity: float = 1.0
    width: int = 1  # logical pixels


def draw(painter: QPainter, contour: Contour, view: Viewport, stroke: Stroke) -> None:
    """Paint a contour in logical pixels, within the picture."""
    painter.save()
    seen = view.target.intersected(QRectF(0, 0, *view.widget))
    painter.setClipRect(seen.toAlignedRect())
    painter.setOpacity(stroke.opacity)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    thick = max(1, round(stroke.width * view.ratio))  # device pixels
    polygons = [_on_widget(line, view) for line in contour]
    for colour, wide, dashes in _passes(stroke, thick):
        # Qt draws smooth lines of one pixel 30 times faster than wider ones; those need it less.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, wide == 1)
        pen = QPen(colour, wide / view.ratio, c=Qt.PenCapStyle.FlatCap)
        if dashes:
            pen.setDashPattern(dashes)
        painter.setPen(pen)
        for polygon in polygons:
            painter.drawPolygon(polygon)
    painter.restore()


def _passes(stroke: Stroke, thick: int) -> Iterator[tuple[QColor, int, tuple[float, ...]]]:
    """The colour, width and dashes of each line, the undermost first.

    A dark line shows beside a solid one. Dashes show on a dark line, which is cased in light ones:
    on a dark object that is what is seen.
    """
    if stroke.dashes:
        casing = QColor(stroke.colour)
        casing.setAlpha(CASING)
        yield casing, thick + 2, SOLID
        yield DARK, thick, SOLID
    else:
        yield DARK, thick + 2, SOLID
    yield stroke.colour, thick, stroke.dashes


def _on_widget(line: Line, view: Viewport) -> QPolygonF:
    origin = view.origin
    xs = (line[:, 0] * view.across + origin.x()).tolist()
    ys = (line[:, 1] * view.down + origin.y()).tolist()
    return QPolygonF(list(map(QPointF, xs, ys)))
