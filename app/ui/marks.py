"""The marks of a prompt on the canvas: points and the box, drawn and found at screen size."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal, TypeAlias

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.domain.project import Box, Point, Prompt
from app.ui import theme
from app.ui.viewport import Viewport

Corner: TypeAlias = Literal["top left", "top right", "bottom left", "bottom right"]
Part: TypeAlias = int | Literal["box"] | Corner  # a point by its index, the box, one of its corners
Picked: TypeAlias = int | Literal["box"]

RADIUS = 7.0  # of a point
REACH = 11.0  # how near a click must be to a point or a corner
EDGE_REACH = 6.0  # and to an edge of the box
HANDLE = 7.0  # side of a corner's square
DARK = QColor(0, 0, 0, 200)
LIGHT = QColor("#ffffff")
CORNERS: tuple[Corner, ...] = ("top left", "top right", "bottom left", "bottom right")


def part_at(prompt: Prompt, view: Viewport, at: QPointF) -> Part | None:
    """What of the prompt lies under a place on the widget: the nearest point before the box."""
    near = [
        (distance(view.to_widget(point.x, point.y), at), -index)
        for index, point in enumerate(prompt.points)
    ]
    if near and min(near)[0] <= REACH:
        return -min(near)[1]
    return None if prompt.box is None else _box_part_at(rect_of(prompt.box, view), at)


def _box_part_at(rect: QRectF, at: QPointF) -> Part | None:
    for corner in CORNERS:
        if distance(corner_of(rect, corner), at) <= REACH:
            return corner
    reach = EDGE_REACH
    outer = rect.adjusted(-reach, -reach, reach, reach)
    inner = rect.adjusted(reach, reach, -reach, -reach)
    return "box" if outer.contains(at) and not (inner.isValid() and inner.contains(at)) else None


def distance(a: QPointF, b: QPointF) -> float:
    """How far two places are from each other."""
    return float(((a.x() - b.x()) ** 2 + (a.y() - b.y()) ** 2) ** 0.5)


def rect_of(box: Box, view: Viewport) -> QRectF:
    """The rectangle of a box on the widget."""
    return QRectF(view.to_widget(box.x0, box.y0), view.to_widget(box.x1, box.y1))


def corner_of(rect: QRectF, corner: Corner) -> QPointF:
    """One corner of a rectangle."""
    x = rect.left() if "left" in corner else rect.right()
    return QPointF(x, rect.top() if "top" in corner else rect.bottom())


def draw(
    painter: QPainter,
    prompt: Prompt,
    view: Viewport,
    *,
    picked: Picked | None = None,
    waiting: Container[Point | Box] = (),
) -> None:
    """Paint the marks of a prompt in logical pixels; those in `waiting` are hollow and dashed."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if prompt.box is not None:
        draw_box(painter, rect_of(prompt.box, view), picked=picked == "box",
                 waiting=prompt.box in waiting)  # fmt: skip
    for index, point in enumerate(prompt.points):
        at = _snapped(view.to_widget(point.x, point.y), view.ratio)
        if picked == index:
            _ring(painter, at)
        _draw_point(painter, at, include=point.include, waiting=point in waiting)


def draw_box(painter: QPainter, rect: QRectF, *, picked: bool = False, waiting: bool) -> None:
    """Paint a box: light on dark so that it shows on any picture."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(DARK, 4 if picked else 3))
    painter.drawRect(rect)
    line = QPen(LIGHT, 2 if picked else 1.25)
    if waiting:
        line.setDashPattern([5, 4])
    painter.setPen(line)
    painter.drawRect(rect)
    painter.setPen(QPen(LIGHT if waiting else DARK, 1))
    painter.setBrush(DARK if waiting else LIGHT)
    for corner in CORNERS:
        painter.drawRect(_square(corner_of(rect, corner), HANDLE + (2 if picked else 0)))


def _draw_point(painter: QPainter, at: QPointF, *, include: bool, waiting: bool) -> None:
    """A disc with a plus or a square with a minus, ringed light and dark."""
    colour = theme.INCLUDE if include else theme.EXCLUDE
    side = 2 * RADIUS if include else 2 * RADIUS - 2
    body = _square(at, side)
    shape = painter.drawEllipse if include else painter.drawRect
    painter.setPen(QPen(DARK, 4.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    shape(body)
    painter.setBrush(QColor(0, 0, 0, 120) if waiting else colour)
    pen = QPen(colour.lighter(130) if waiting else LIGHT, 1.75)
    if waiting:
        pen.setDashPattern([1.6, 1.4])
    painter.setPen(pen)
    shape(body)
    painter.setPen(QPen(LIGHT if waiting else QColor("#10100f"), 2, c=Qt.PenCapStyle.FlatCap))
    painter.drawLine(at - QPointF(4, 0), at + QPointF(4, 0))
    if include:
        painter.drawLine(at - QPointF(0, 4), at + QPointF(0, 4))


def _ring(painter: QPainter, at: QPointF) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(DARK, 4))
    painter.drawEllipse(at, RADIUS + 5, RADIUS + 5)
    painter.setPen(QPen(LIGHT, 1.75))
    painter.drawEllipse(at, RADIUS + 5, RADIUS + 5)


def _square(at: QPointF, side: float) -> QRectF:
    return QRectF(at - QPointF(side / 2, side / 2), QSizeF(side, side))


def _snapped(at: QPointF, ratio: float) -> QPointF:
    return QPointF(round(at.x() * ratio) / ratio, round(at.y() * ratio) / ratio)
