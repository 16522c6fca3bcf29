"""What a change added to a matte and took away from it, told apart by colour and by pattern."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QImage, QPainter

from app.ui import theme
from app.ui.overlay import (
    NEAREST_FROM,
    Pixels,
    Placed,
    argb,
    on_screen,
    place,
    tint_table,
    trimmed,
)
from app.ui.viewport import Viewport

KEPT, ADDED, REMOVED = 1, 2, 3
FAINT, DIM, STRONG = 0.25, 0.5, 0.95  # how much of a colour covers the picture
PERIOD = 6  # logical pixels of stripes and checks
SWATCH = (24, 12)
CHIP = QColor(16, 16, 16, 215)


def draw(painter: QPainter, view: Viewport, now: Pixels, before: Pixels, colour: QColor) -> None:
    """Paint two mattes of a layer over its picture, in device pixels; what both have is faint."""
    nearest = view.zoom >= NEAREST_FROM
    after, earlier = (on_screen(place(x, view), view, nearest=nearest) for x in (now, before))
    placed = trimmed(Placed(difference(after.pixels, earlier.pixels), after.target))
    painter.drawImage(placed.target.topLeft(), argb(patterned(placed.pixels, colour, view.ratio)))


def difference(now: Pixels, before: Pixels) -> Pixels:
    """KEPT, ADDED or REMOVED for each pixel, 0 where neither matte is half covered."""
    table = np.array([0, ADDED, REMOVED, KEPT], np.uint8)
    result: Pixels = table[(now >= 128) + 2 * (before >= 128).view(np.uint8)]
    return result


def patterned(parts: Pixels, colour: QColor, ratio: float = 1.0) -> NDArray[np.uint32]:
    """Premultiplied 0xAARRGGBB: stripes for what was added, checks for what was removed."""
    half = max(1, round(PERIOD / 2 * ratio))
    y, x = (steps // half for steps in np.ogrid[: parts.shape[0], : parts.shape[1]])
    y_fine, x_fine = np.ogrid[: parts.shape[0], : parts.shape[1]]
    striped = (x_fine + y_fine) % (2 * half) < half
    checked = (x + y) % 2 == 0
    strong = np.where(parts == ADDED, striped, checked)
    colours = np.zeros((2, 4), np.uint32)
    colours[:, KEPT] = tint_table(colour, FAINT)[255]
    for part, hue in ((ADDED, theme.INCLUDE), (REMOVED, theme.EXCLUDE)):
        colours[:, part] = [tint_table(hue, strength)[255] for strength in (DIM, STRONG)]
    result: NDArray[np.uint32] = colours[strong.view(np.uint8), parts]
    return result


def draw_legend(painter: QPainter, view: Viewport, note: str) -> None:
    """Say at the lower left what the patterns mean, and what made the difference."""
    added = QCoreApplication.translate("Viewer", "added")
    removed = QCoreApplication.translate("Viewer", "removed")
    words = [(_swatch(ADDED, view), added), (_swatch(REMOVED, view), removed), (None, note)]
    draw_chip(painter, view, words)


def draw_chip(painter: QPainter, view: Viewport, words: list[tuple[QImage | None, str]]) -> None:
    """A dark chip at the lower left with words, some of them after a swatch."""
    metrics, gap = QFontMetricsF(painter.font()), float(theme.GAP)
    room = view.widget[0] - 4 * gap
    texts = [metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room) for _, text in words]
    widths = [
        (SWATCH[0] + gap / 2 if image else 0) + metrics.horizontalAdvance(text)
        for (image, _), text in zip(words, texts, strict=True)
    ]
    height = metrics.height() + gap
    width = sum(widths) + 2 * gap * len(words)
    chip = QRectF(gap, view.widget[1] - gap - height, min(width, room + 2 * gap), height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(CHIP))
    painter.drawRoundedRect(chip, 4, 4)
    painter.setPen(theme.TEXT)
    x = chip.left() + gap
    for (image, _), text, length in zip(words, texts, widths, strict=True):
        start = x
        if image is not None:
            painter.drawImage(QPointF(x, round(chip.center().y() - SWATCH[1] / 2)), image)
            start += SWATCH[0] + gap / 2
        line = QRectF(start, chip.top(), chip.right() - start, height)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        x += length + 2 * gap


def _swatch(part: int, view: Viewport) -> QImage:
    width, height = (round(side * view.ratio) for side in SWATCH)
    image = argb(patterned(np.full((height, width), part, np.uint8), theme.TEXT, view.ratio))
    image.setDevicePixelRatio(view.ratio)
    return image
