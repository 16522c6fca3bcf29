"""The tools of the canvas: what a press, a drag and a release with each of them means."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPen, QPixmap

from app.domain.project import Box, Point, Prompt
from app.ui.comparison import Comparison
from app.ui.marks import Part, Picked, distance
from app.ui.viewport import Viewport

if TYPE_CHECKING:
    from app.session import Session

SLACK = 3.0  # logical pixels a hand may tremble before a press becomes a drag
CURSOR = 31  # side of the cross


class Canvas(Protocol):
    """What the tools ask of the canvas."""

    @property
    def session(self) -> Session:
        """Whom edits are asked of."""

    @property
    def view(self) -> Viewport:
        """Where the clip lies."""

    @property
    def comparison(self) -> Comparison:
        """What puts mattes on the picture."""

    @property
    def prompt(self) -> Prompt:
        """The prompt of the selected layer at the playhead."""

    def accepts(self, at: QPointF) -> bool:
        """Whether the picture of the playhead is to be seen at this place."""

    def part_at(self, at: QPointF) -> Part | None:
        """The mark under a place."""

    def pick(self, part: Picked | None) -> None:
        """Pick a point or the box."""


class Tool:
    """A tool without any effect; `band` is the box it is drawing, in clip pixels."""

    right_excludes = False  # whether the right button is a press too
    follows_mouse = False  # whether what it draws moves with the mouse

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.band: Box | None = None
        self.busy = False

    def press(self, at: QPointF, exclude: bool) -> None:
        """The button went down."""

    def follow(self, at: QPointF) -> None:
        """The mouse moved with the button held."""

    def release(self) -> None:
        """The button went up."""

    def cancel(self) -> None:
        """Forget the drag in progress."""
        self.busy, self.band = False, None

    def cursor(self, _at: QPointF, _exclude: bool) -> QCursor:
        """The cursor to show at a place, of exclusion while Alt is held."""
        return arrow()

    def draw(self, painter: QPainter, at: QPointF, exclude: bool) -> None:
        """Draw over the picture what belongs to a place, in logical pixels."""


class PointTool(Tool):
    """A press adds a point at once."""

    right_excludes = True

    def press(self, at: QPointF, exclude: bool) -> None:
        if self.canvas.accepts(at):
            self.canvas.session.add_point(*self.canvas.view.to_clip(at), not exclude)

    def cursor(self, at: QPointF, exclude: bool) -> QCursor:
        return cross("−" if exclude else "+") if self.canvas.accepts(at) else arrow()


class BoxTool(Tool):
    """A drag draws a box; it is set at release."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._start = QPointF()

    def press(self, at: QPointF, exclude: bool) -> None:
        if self.canvas.accepts(at) and not exclude:
            self.busy, self._start = True, at

    def follow(self, at: QPointF) -> None:
        if self.busy:
            self.band = spanned(self.canvas.view, self._start, at)

    def release(self) -> None:
        band = self.band
        self.cancel()
        if band is not None:
            self.canvas.session.set_box(band.x0, band.y0, band.x1, band.y1)

    def cursor(self, at: QPointF, _exclude: bool) -> QCursor:
        return cross("") if self.busy or self.canvas.accepts(at) else arrow()


class SelectTool(Tool):
    """A press picks a point or the box, a drag moves it; a corner of the box changes its size."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._part: Part | None = None
        self._start = QPointF()
        self._before: Point | Box | None = None
        self._moved = False

    def press(self, at: QPointF, _exclude: bool) -> None:
        part = self.canvas.part_at(at)
        self.canvas.pick(part if part is None or isinstance(part, int) else "box")
        if part is not None:
            prompt = self.canvas.prompt
            self._before = prompt.points[part] if isinstance(part, int) else prompt.box
            self._part, self._start = part, at
            self.busy, self._moved = True, False

    def follow(self, at: QPointF) -> None:
        if not self.busy or not (self._moved or distance(at, self._start) > SLACK):
            return
        self._moved = True
        view, before = self.canvas.view, self._before
        by_x, by_y = (
            (at.x() - self._start.x()) / view.across,
            (at.y() - self._start.y()) / view.down,
        )
        if isinstance(before, Box):
            self.band = self._changed_box(before, by_x, by_y)
        elif isinstance(before, Point):
            self._move_point(before.x + by_x, before.y + by_y)

    def _move_point(self, x: float, y: float) -> None:
        if isinstance(self._part, int) and self._part < len(self.canvas.prompt.points):
            self.canvas.session.move_point(self._part, *within(self.canvas.view, x, y))

    def _changed_box(self, box: Box, by_x: float, by_y: float) -> Box | None:
        view, part = self.canvas.view, str(self._part)
        if part == "box":
            width, height = box.x1 - box.x0, box.y1 - box.y0
            x = min(max(box.x0 + by_x, 0.0), view.clip[0] - width)
            y = min(max(box.y0 + by_y, 0.0), view.clip[1] - height)
            return replace(box, x0=x, y0=y, x1=x + width, y1=y + height)
        fixed_x, moving_x = (box.x1, box.x0) if "left" in part else (box.x0, box.x1)
        fixed_y, moving_y = (box.y1, box.y0) if "top" in part else (box.y0, box.y1)
        return _box(view.nearest(moving_x + by_x, moving_y + by_y), (fixed_x, fixed_y))

    def release(self) -> None:
        band, dragged = self.band, self.busy and self._moved
        self.cancel_drag()
        if band is not None:
            self.canvas.session.set_box(band.x0, band.y0, band.x1, band.y1)
        elif dragged:
            self.canvas.session.finish_drag()

    def cancel(self) -> None:
        before, dragged = self._before, self.busy and self._moved
        if dragged and isinstance(before, Point):
            self._move_point(before.x, before.y)
            self.canvas.session.finish_drag()
        self.cancel_drag()

    def cancel_drag(self) -> None:
        """Let go of what is dragged without putting it back."""
        super().cancel()
        self._part, self._before, self._moved = None, None, False

    def cursor(self, at: QPointF, _exclude: bool) -> QCursor:
        part = self._part if self.busy else self.canvas.part_at(at)
        shapes = Qt.CursorShape
        if part is None:
            return arrow()
        if isinstance(part, int) or part == "box":
            return QCursor(shapes.SizeAllCursor)
        falling = part in {"top left", "bottom right"}
        return QCursor(shapes.SizeFDiagCursor if falling else shapes.SizeBDiagCursor)


def within(view: Viewport, x: float, y: float) -> tuple[float, float]:
    """The place nearest to (x, y) that lies on a pixel of the clip."""
    width, height = view.clip
    return min(max(x, 0.0), width - 0.01), min(max(y, 0.0), height - 0.01)


def spanned(view: Viewport, start: QPointF, end: QPointF) -> Box | None:
    """The box between two places on the widget, cut to the picture; None where it is too small."""
    if min(abs(end.x() - start.x()), abs(end.y() - start.y())) < SLACK:
        return None
    return _box(view.nearest(*view.to_clip(start)), view.nearest(*view.to_clip(end)))


def _box(a: tuple[float, float], b: tuple[float, float]) -> Box | None:
    x0, x1 = sorted((a[0], b[0]))
    y0, y1 = sorted((a[1], b[1]))
    return Box(x0, y0, x1, y1) if x1 - x0 >= 1 and y1 - y0 >= 1 else None


def arrow() -> QCursor:
    """The plain cursor."""
    return QCursor(Qt.CursorShape.ArrowCursor)


@cache
def cross(sign: str) -> QCursor:
    """A cross with an open middle and a "+", a "−" or nothing beside it, seen on any picture."""
    pixmap = QPixmap(2 * CURSOR, 2 * CURSOR)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    middle = CURSOR / 2
    with QPainter(pixmap) as painter:
        for colour, width in ((QColor(0, 0, 0, 190), 3.0), (QColor("#ffffff"), 1.0)):
            painter.setPen(QPen(colour, width, c=Qt.PenCapStyle.SquareCap))
            for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                painter.drawLine(
                    QPointF(middle + 4 * x, middle + 4 * y),
                    QPointF(middle + 10 * x, middle + 10 * y),
                )
            if sign:
                at = QPointF(middle + 9, middle + 9)
                painter.drawLine(at - QPointF(3, 0), at + QPointF(3, 0))
            if sign == "+":
                painter.drawLine(at - QPointF(0, 3), at + QPointF(0, 3))
    return QCursor(pixmap, CURSOR // 2, CURSOR // 2)
