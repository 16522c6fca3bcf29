"""How the layers look on the timeline: their tracks, keyframes and names."""

from __future__ import annotations

from functools import cache
from math import ceil

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QPainter, QPen, QPixmap, QPolygonF

from app.ui import theme
from app.ui.timeline_scene import (
    DIAMOND,
    GUTTER,
    INSET,
    MIDDLE,
    PADLOCK,
    ROW,
    TOP,
    TRACK,
    Row,
    Scene,
    spaced,
    visible_rows,
)

BADGE = 12  # side of the lock and the closed eye


def paint_rows(painter: QPainter, scene: Scene) -> None:
    """Each layer: a hollow track, filled where there is a mask, diamonds on the keyframes.

    Where the mask is empty the track is dashed, where it is locked hatched. Below the track a curve
    of how doubtful the masks are, amber where they are suspect; and padlocks, as a diamond or the
    playhead hides the hatching of a single frame.
    """
    painter.setClipRect(scene.area(TOP, scene.height - TOP))
    for index, row in visible_rows(scene):
        top = scene.row_top(index)
        painter.setOpacity(1.0 if row.shown else 0.4)
        _paint_track(painter, scene, row, top + INSET, TRACK)
        _paint_doubts(painter, scene, row, top + ROW - 1)
        _paint_keyframes(painter, scene, row, top + MIDDLE)
        _paint_padlocks(painter, scene, row, top + INSET + TRACK + 2)


def _paint_track(painter: QPainter, scene: Scene, row: Row, top: float, height: float) -> None:
    frames = scene.clip.frames
    whole = scene.boxes([(frames.first, frames.last)], top, height)
    half = 0.5 / scene.ratio
    painter.setPen(QPen(theme.CHOSEN, 0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRects([box.adjusted(half, half, -half, -half) for box in whole])
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(row.colour)
    boxes = scene.boxes(row.masks, top, height)
    painter.drawRects(boxes)
    held = whole if row.locked else scene.boxes(row.locks, top, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(theme.TEXT_DISABLED, Qt.BrushStyle.BDiagPattern))
    painter.drawRects(held)
    painter.setBrush(QBrush(theme.SUNKEN, Qt.BrushStyle.BDiagPattern))
    painter.drawRects(_common(held, boxes))
    _paint_dashes(painter, scene, row, top + height / 2)


def _paint_dashes(painter: QPainter, scene: Scene, row: Row, middle: float) -> None:
    """Where the object is not there; the dashes stay with the frames, however they are scrolled."""
    pen = QPen(row.colour, 2, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.FlatCap)
    pen.setDashPattern([4, 2])
    y = scene.snap(middle)
    for box in scene.boxes(row.empty, middle, 0):
        pen.setDashOffset((box.left() - scene.scale.start_of(0)) / pen.widthF() % 6)
        painter.setPen(pen)
        painter.drawLine(QLineF(box.left(), y, box.right(), y))


def _common(some: list[QRectF], others: list[QRectF]) -> list[QRectF]:
    """What both lists of boxes cover; each is ascending, and its boxes lie apart."""
    found, rest = [], iter(others)
    other = next(rest, None)
    for box in some:
        while other is not None and other.left() < box.right():
            if other.intersects(box):
                found.append(other & box)
            if other.right() > box.right():
                break
            other = next(rest, None)
    return found


def _paint_doubts(painter: QPainter, scene: Scene, row: Row, bottom: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    for levels, colour in ((row.doubts, theme.TEXT_DISABLED), (row.suspects, theme.WARNING)):
        painter.setBrush(colour)
        for level, found in enumerate(levels, 1):
            painter.drawRects(scene.boxes(found, bottom - level, 1.0))


def _paint_keyframes(painter: QPainter, scene: Scene, row: Row, middle: float) -> None:
    answered, waiting = diamond(scene.ratio, hollow=False), diamond(scene.ratio, hollow=True)
    pixels, ratio, at = scene.scale.pixels, scene.ratio, scene.scale.start_of(0.5)
    top = scene.line(middle) - DIAMOND - 1
    crowded = len(row.keyframes) * 2 * DIAMOND > scene.scale.content
    apart = (2 * DIAMOND if crowded else DIAMOND) / pixels
    for frame in spaced(row.keyframes, scene.scale.visible, apart):
        left = (int((at + frame * pixels) * ratio) + 0.5) / ratio - DIAMOND - 1
        painter.drawPixmap(QPointF(left, top), waiting if frame in row.waiting else answered)


@cache
def diamond(ratio: float, *, hollow: bool) -> QPixmap:
    """A keyframe; a stamp, since thousands may show at once."""
    side = ceil(2 * (DIAMOND + 1) * ratio)
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    pixmap.setDevicePixelRatio(ratio)
    centre = DIAMOND + 1
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.TEXT, 1.5) if hollow else QPen(theme.LINE, 1.0))
        painter.setBrush(theme.LINE if hollow else theme.TEXT)
        painter.translate(centre, centre)
        corners = ((-DIAMOND, 0.0), (0.0, -DIAMOND), (DIAMOND, 0.0), (0.0, DIAMOND))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    return pixmap


def _paint_padlocks(painter: QPainter, scene: Scene, row: Row, top: float) -> None:
    scale, stamp, y = scene.scale, padlock(scene.ratio), scene.snap(top)
    for frame in spaced(row.padlocks, scale.visible, (PADLOCK + 1) / scale.pixels):
        left = scene.line(scale.centre_of(frame)) - PADLOCK / 2
        painter.drawPixmap(QPointF(left, y), stamp)


@cache
def padlock(ratio: float) -> QPixmap:
    """What is locked; a stamp with a rim, since a curve of doubt may lie behind it."""
    side = ceil(PADLOCK * ratio)
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    pixmap.setDevicePixelRatio(ratio)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        shackle, body = QRectF(3, 1, 4, 6), QRectF(1.5, 4.5, 7, 5)
        for colour, width, rim in ((theme.SUNKEN, 3.0, 1.0), (theme.TEXT, 1.2, 0.0)):
            painter.setPen(QPen(colour, width))
            painter.drawRoundedRect(shackle, 2, 2)
            painter.fillRect(body.adjusted(-rim, -rim, rim, rim), colour)
    return pixmap


def paint_names(painter: QPainter, scene: Scene) -> None:
    """Colour, number and name of each layer; a lock or a closed eye where it has one."""
    painter.setClipRect(QRectF(0, TOP, GUTTER, scene.height - TOP))
    metrics = QFontMetricsF(painter.font())
    middle = Qt.AlignmentFlag.AlignVCenter
    for index, row in visible_rows(scene):
        top = scene.row_top(index)
        painter.setOpacity(1.0 if row.shown else 0.5)
        swatch = QRectF(theme.GAP, top + (ROW - 1 - 10) // 2, 10, 10)
        painter.fillRect(swatch, row.colour)
        number = QRectF(swatch.right() + 2, top, 18, ROW - 1)
        painter.setPen(theme.TEXT_DIM)
        painter.drawText(number, middle | Qt.AlignmentFlag.AlignRight, str(row.number))
        badges = [name for name, on in (("lock", row.locked), ("eye_off", not row.shown)) if on]
        room = GUTTER - number.right() - theme.GAP - len(badges) * (BADGE + 4) - theme.GAP
        name = QRectF(number.right() + theme.GAP, top, room, ROW - 1)
        painter.setPen(theme.FOCUS if index == scene.selected else theme.TEXT)
        elided = metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(name, middle, elided)
        _paint_badges(painter, scene, badges, top + (ROW - 1 - BADGE) / 2)


def _paint_badges(painter: QPainter, scene: Scene, names: list[str], top: float) -> None:
    x = GUTTER - theme.GAP
    for name in names:
        x -= BADGE + 4
        pixmap = theme.pixmap(name, theme.TEXT_DIM.name(), BADGE, scene.ratio)
        painter.drawPixmap(QPointF(x + 4, scene.snap(top)), pixmap)
