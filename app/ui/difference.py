"""What a change added to a matte and took away from it, told apart by colour and by pattern."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QColor, QImage, QPainter

from app.ui import theme
from app.ui.chips import SWATCH, draw_chip
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
    y, x = np.ogrid[: parts.shape[0], : parts.shape[1]]
    striped = (x + y) % (2 * half) < half
    checked = (x // half + y // half) % 2 == 0
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


def _swatch(part: int, view: Viewport) -> QImage:
    width, height = (round(side * view.ratio) for side in SWATCH)
    image = argb(patterned(np.full((height, width), part, np.uint8), theme.TEXT, view.ratio))
    image.setDevicePixelRatio(view.ratio)
    return image
