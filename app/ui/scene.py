"""What the canvas shows, as one value, and its painting: pictures, gaps, waiting, no marks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from app.ui import difference, overlay, theme
from app.ui.chips import CHIP, draw_chip
from app.ui.overlay import Pixels, Sheet
from app.ui.viewport import Viewport

DIM = QColor(0x1F, 0x1F, 0x1F, 150)  # over a picture that is not the one of the playhead
HATCH = 12  # logical pixels between the lines of a gap


@dataclass(frozen=True, eq=False)
class Scene:
    """A frame as the canvas shows it. `picture` may be the last one while the next is read."""

    frame: int
    mode: str
    picture: Pixels | None = None
    sheets: tuple[Sheet, ...] = ()
    tint: float = overlay.TINT  # of the overlay
    gap: str | None = None  # why the frame cannot be shown; its mattes can, by themselves
    reading: int | None = None  # the frame still to come
    before: Sheet | None = None  # what the difference is to
    note: str = ""  # said quietly at the lower left

    def same(self, other: Scene | None) -> bool:
        """Whether the other looks the same: the very same arrays, not equal ones."""
        return (
            other is not None
            and (self.frame, self.mode, self.tint, self.gap, self.reading, self.note)
            == (other.frame, other.mode, other.tint, other.gap, other.reading, other.note)
            and self.picture is other.picture
            and len(self.mattes) == len(other.mattes)
            and all(
                a.matte is b.matte and a.colour == b.colour
                for a, b in zip(self.mattes, other.mattes, strict=True)
            )
        )

    @property
    def mattes(self) -> tuple[Sheet, ...]:
        """All of its mattes, those before too."""
        return self.sheets if self.before is None else (*self.sheets, self.before)


class Backing:
    """The painted scene, kept until the scene or the viewport changes."""

    def __init__(self) -> None:
        self._scene: Scene | None = None
        self._view: Viewport | None = None
        self._image = QImage()
        self.paintings = 0

    def image(self, scene: Scene, view: Viewport, font: QFont) -> QImage:
        """The scene as large as the widget, with its device pixel ratio."""
        if view != self._view or not scene.same(self._scene):
            self._image = paint(scene, view, font)
            self._scene, self._view = scene, view
            self.paintings += 1
        return self._image


def paint(scene: Scene, view: Viewport, font: QFont) -> QImage:
    """The scene on a new image."""
    ratio = view.ratio
    image = QImage(
        round(view.widget[0] * ratio), round(view.widget[1] * ratio), QImage.Format.Format_RGB32
    )
    image.fill(theme.CANVAS)
    alone = scene.gap is not None and scene.mode == "matte" and bool(scene.sheets)
    picture = scene.sheets[0].matte if alone else scene.picture  # of which the size counts only
    if picture is not None and (alone or scene.gap is None):
        mode = "picture" if scene.reading is not None else scene.mode
        with QPainter(image) as painter:  # in device pixels
            overlay.draw(painter, view, picture, scene.sheets, mode, scene.tint)
            if mode == "difference":
                _draw_difference(painter, view, scene)
    image.setDevicePixelRatio(ratio)
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.numerals(font))
        if alone:
            _draw_chip(painter, scene.gap or "", view)
        elif scene.gap is not None:
            _draw_gap(painter, view, scene.gap)
        elif scene.before is not None:
            difference.draw_legend(painter, view, scene.note)
        elif scene.note:
            draw_chip(painter, view, [(None, scene.note)])
        if scene.reading is not None:
            painter.fillRect(view.target, DIM)
            text = QCoreApplication.translate("Viewer", "reading {0}").format(scene.reading)
            _draw_chip(painter, text, view)
    return image


def _draw_difference(painter: QPainter, view: Viewport, scene: Scene) -> None:
    some = scene.sheets[:1] or ((scene.before,) if scene.before else ())
    for sheet in some:
        now = scene.sheets[0].matte if scene.sheets else np.zeros_like(sheet.matte)
        before = scene.before.matte if scene.before else now
        difference.draw(painter, view, now, before, sheet.colour)


def _draw_gap(painter: QPainter, view: Viewport, sentence: str) -> None:
    painter.fillRect(view.target, theme.SUNKEN)
    painter.save()
    painter.setClipRect(view.target)
    painter.setPen(QPen(theme.RAISED, 2))
    seen = view.target.intersected(QRectF(0, 0, *view.widget))
    x = seen.left() - seen.height()
    while x < seen.right():
        painter.drawLine(QPointF(x, seen.bottom()), QPointF(x + seen.height(), seen.top()))
        x += HATCH
    painter.restore()
    _draw_sentence(painter, seen, sentence)


def _draw_sentence(painter: QPainter, area: QRectF, sentence: str) -> None:
    room = area.adjusted(4 * theme.GAP, 0, -4 * theme.GAP, 0)
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    text = QFontMetricsF(painter.font()).boundingRect(room, flags, sentence)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(CHIP))
    painter.drawRoundedRect(text.adjusted(-12, -8, 12, 8), 4, 4)
    painter.setPen(theme.TEXT)
    painter.drawText(text, flags, sentence)


def _draw_chip(painter: QPainter, text: str, view: Viewport) -> None:
    metrics = QFontMetricsF(painter.font())
    room = view.widget[0] - 2 * theme.GAP - 16
    text = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room)
    chip = QRectF(theme.GAP, theme.GAP, metrics.horizontalAdvance(text) + 16, metrics.height() + 8)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(CHIP))
    painter.drawRoundedRect(chip, 4, 4)
    painter.setPen(theme.TEXT)
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
