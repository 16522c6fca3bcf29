"""How the timeline looks: free functions over plain data, one a layer, back to front."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from app.domain.frames import FrameRange
from app.ui import theme
from app.ui.timeline_rows import paint_names, paint_rows
from app.ui.timeline_scale import label_step, padded, tick_step, timecode
from app.ui.timeline_scene import LINES, ROW, RULER, STRIP, TOP, Scene, slots, visible_rows

SHADE = QColor(20, 20, 20, 150)  # over what lies outside in/out
CELL = QColor(255, 255, 255, 26)  # over the frame under the playhead
CHIP = 19.0  # height of the playhead's flag and of the hovered frame's tip
BRACKET = 9.0  # the flag of an in or out handle

Paint: TypeAlias = Callable[[QPainter, Scene], None]


def paint_layers(painter: QPainter, scene: Scene, layers: tuple[Paint, ...]) -> None:
    """One layer of paint upon the other."""
    for layer in layers:
        painter.save()
        layer(painter, scene)
        painter.restore()


def paint_head_ground(painter: QPainter, scene: Scene) -> None:
    """The ruler lighter than what lies below."""
    painter.fillRect(QRectF(0, 0, scene.width, TOP), theme.SUNKEN)
    painter.fillRect(QRectF(0, 0, scene.width, RULER), theme.PANEL)


def paint_rows_ground(painter: QPainter, scene: Scene) -> None:
    """A line below each row, and the selected row a little lighter."""
    painter.fillRect(QRectF(0, TOP, scene.width, scene.height - TOP), theme.SUNKEN)
    painter.setClipRect(QRectF(0, TOP, scene.width, scene.height - TOP))
    for index, _ in visible_rows(scene):
        top = scene.row_top(index)
        if index == scene.selected:
            painter.fillRect(QRectF(0, top, scene.width, ROW), theme.RAISED)
        painter.fillRect(QRectF(0, top + ROW - 1, scene.width, 1), theme.LINE)


def paint_strip(painter: QPainter, scene: Scene) -> None:
    """Thumbnails side by side, each beginning at its frame."""
    top = RULER + LINES
    painter.setClipRect(scene.area(top, STRIP))
    for frame, left, width in slots(scene):
        box = QRectF(left, top, max(1.0, width - 1 / scene.ratio), STRIP - 1)
        painter.fillRect(box, theme.PANEL)
        pixmap = scene.thumbnail(frame)
        if pixmap is not None:
            cut = min(box.width(), pixmap.deviceIndependentSize().width())
            source = QRectF(0, 0, cut * scene.ratio, pixmap.height())
            painter.drawPixmap(QRectF(left, top, cut, box.height()), pixmap, source)


def paint_ticks(painter: QPainter, scene: Scene) -> None:
    """A tick in the middle of a frame, a longer one below each number."""
    painter.setClipRect(scene.area(0, RULER))
    scale, step = scene.scale, _number_step(painter, scene)
    small = tick_step(scale.pixels, step)
    ticks = []
    for frame in _multiples(scale.visible, small):
        x = scene.line(scale.centre_of(frame))
        ticks.append(QLineF(x, RULER - (7 if frame % step == 0 else 4), x, RULER))
    painter.setPen(QPen(theme.TEXT_DISABLED, 0))
    painter.drawLines(ticks)


def _number_step(painter: QPainter, scene: Scene) -> int:
    frames = scene.clip.frames
    room = QFontMetricsF(painter.font()).horizontalAdvance(padded(frames.last, frames))
    return label_step(scene.scale.pixels, room + 20)


def _multiples(frames: FrameRange, step: int) -> range:
    return range(-(-frames.first // step) * step, frames.last + 1, step)


def paint_lines(painter: QPainter, scene: Scene) -> None:
    """What is at hand: decoded frames, below them embedded ones."""
    painter.setClipRect(scene.area(RULER, LINES))
    painter.setPen(Qt.PenStyle.NoPen)
    lines = (
        (scene.cached, 1.0, theme.TEXT_DISABLED),
        (scene.embedded, 4.0, theme.TEXT),
    )
    for found, top, colour in lines:
        painter.setBrush(colour)
        painter.drawRects(scene.boxes(found, RULER + top, 2.0))


def paint_gaps(painter: QPainter, scene: Scene) -> None:
    """Frames that cannot be shown: hatched, from the ruler to the rows."""
    painter.setClipRect(scene.area(RULER, TOP - RULER))
    boxes = scene.boxes(scene.gaps, RULER, TOP - RULER - 1)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.CANVAS)
    painter.drawRects(boxes)
    painter.setBrush(QBrush(theme.ERROR, Qt.BrushStyle.BDiagPattern))
    painter.drawRects(boxes)


def paint_range(painter: QPainter, scene: Scene) -> None:
    """The in/out range: a bar between two handles, what lies outside in the shade."""
    painter.setClipRect(scene.area(0, scene.height))
    scale = scene.scale
    start = scene.snap(scale.start_of(scene.in_out.first))
    end = scene.snap(scale.start_of(scene.in_out.last + 1))
    colour = theme.TEXT if scene.limited else theme.TEXT_DISABLED
    below = scene.height - RULER
    painter.fillRect(QRectF(scale.left, RULER, start - scale.left, below), SHADE)
    painter.fillRect(QRectF(end, RULER, scale.right - end, below), SHADE)
    painter.fillRect(QRectF(start, 0, end - start, 2), colour)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for x, inward in ((start, 1), (end, -1)):
        painter.drawRect(QRectF(min(x, x + 2 * inward), 0, 2, RULER))
        flag = (QPointF(x, 0), QPointF(x + inward * BRACKET, 0), QPointF(x, BRACKET))
        painter.drawPolygon(QPolygonF(flag))


def paint_edges(painter: QPainter, scene: Scene) -> None:
    """Hairlines between the bands and beside the names."""
    for y in (RULER - 1 / scene.ratio, TOP - 1 / scene.ratio):
        painter.fillRect(QRectF(0, y, scene.width, 1 / scene.ratio), theme.LINE)
    left = scene.scale.left - 1
    painter.fillRect(QRectF(left, 0, 1, scene.height), theme.LINE)


HEAD: tuple[Paint, ...] = (
    paint_head_ground,
    paint_strip,
    paint_ticks,
    paint_lines,
    paint_gaps,
    paint_range,
    paint_edges,
)
ROWS: tuple[Paint, ...] = (paint_rows_ground, paint_rows, paint_range, paint_names, paint_edges)


def paint_moving(painter: QPainter, scene: Scene, playhead: int, hover: int | None) -> None:
    """What follows the playhead and the mouse: two lines, and the numbers they leave free."""
    painter.save()
    painter.setClipRect(scene.area(0, scene.height))
    flag = _flag_box(painter, scene, playhead)
    paint_numbers(painter, scene, flag)
    if hover is not None and hover != playhead:
        paint_hover(painter, scene, hover)
    paint_playhead(painter, scene, playhead, flag)
    painter.restore()


def paint_numbers(painter: QPainter, scene: Scene, taken: QRectF) -> None:
    """The ruler's numbers, whole ones only, and none that touches the box `taken`."""
    frames, scale = scene.clip.frames, scene.scale
    room = QFontMetricsF(painter.font()).horizontalAdvance(padded(frames.last, frames))
    painter.setPen(theme.TEXT_DIM)
    for frame in _multiples(scale.visible, _number_step(painter, scene)):
        left = scene.snap(scale.centre_of(frame) - room / 2)
        box = QRectF(left, 4, room, RULER - 12)
        inside = scale.left < box.left() and box.right() < scale.right
        if inside and not box.intersects(taken.adjusted(-4, 0, 4, 0)):
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, padded(frame, frames))


def paint_playhead(painter: QPainter, scene: Scene, frame: int, flag: QRectF) -> None:
    """The line through the present frame, its number on a flag in the ruler."""
    scale = scene.scale
    if frame not in scale.visible:
        return
    if scale.pixels >= 4:
        left = scene.snap(scale.start_of(frame))
        width = scene.snap(scale.start_of(frame + 1)) - left
        painter.fillRect(QRectF(left, RULER, width, scene.height), CELL)
    x = scene.line(scale.centre_of(frame))
    painter.setPen(QPen(theme.FOCUS, 0))
    painter.drawLine(QLineF(x, flag.bottom(), x, scene.height))
    painter.setFont(theme.emphasis(painter.font()))
    _paint_chip(painter, flag, padded(frame, scene.clip.frames), theme.FOCUS, theme.LINE)


def _flag_box(painter: QPainter, scene: Scene, frame: int) -> QRectF:
    metrics = QFontMetricsF(theme.emphasis(painter.font()))
    if frame not in scene.scale.visible:
        return QRectF()
    return _chip_box(scene, metrics, frame, 4, padded(frame, scene.clip.frames))


def paint_hover(painter: QPainter, scene: Scene, frame: int) -> None:
    """A fainter line, with the frame's number and time."""
    x = scene.line(scene.scale.centre_of(frame))
    painter.setPen(QPen(theme.TEXT_DISABLED, 0))
    painter.drawLine(QLineF(x, RULER, x, scene.height))
    first, fps = scene.clip.frames.first, scene.clip.fps
    text = f"{padded(frame, scene.clip.frames)}   {timecode(frame, first, fps)}"
    box = _chip_box(scene, QFontMetricsF(painter.font()), frame, RULER + LINES + 8, text)
    _paint_chip(painter, box, text, QColor("#101010"), theme.TEXT)


def _chip_box(scene: Scene, metrics: QFontMetricsF, frame: int, top: float, text: str) -> QRectF:
    scale = scene.scale
    width = metrics.horizontalAdvance(text) + 12
    left = min(scale.centre_of(frame) - width / 2, scale.right - width - 1)
    return QRectF(scene.snap(max(left, scale.left + 1)), top, width, CHIP)


def _paint_chip(painter: QPainter, box: QRectF, text: str, ground: QColor, ink: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(ink)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
