"""Chips: a few words on a dark plate over the picture."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QImage, QPainter

from app.ui import theme
from app.ui.viewport import Viewport

CHIP = QColor(16, 16, 16, 215)
SWATCH = (24, 12)  # logical pixels


def draw_chip(
    painter: QPainter, view: Viewport, words: Sequence[tuple[QImage | None, str]]
) -> None:
    """A chip at the lower left with words, some of them after a swatch."""
    metrics, gap = QFontMetricsF(painter.font()), float(theme.GAP)
    room = view.widget[0] - 4 * gap
    texts = [metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room) for _, text in words]
    before = [SWATCH[0] + gap / 2 if image else 0.0 for image, _ in words]
    widths = [
        start + metrics.horizontalAdvance(text) for start, text in zip(before, texts, strict=True)
    ]
    height = metrics.height() + gap
    width = min(sum(widths) + 2 * gap * len(words), room + 2 * gap)
    chip = QRectF(gap, view.widget[1] - gap - height, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(CHIP))
    painter.drawRoundedRect(chip, 4, 4)
    painter.setPen(theme.TEXT)
    x = chip.left() + gap
    for k, (image, _) in enumerate(words):
        if image is not None:
            painter.drawImage(QPointF(x, round(chip.center().y() - SWATCH[1] / 2)), image)
        line = QRectF(x + before[k], chip.top(), chip.right() - x - before[k], height)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, texts[k])
        x += widths[k] + 2 * gap
