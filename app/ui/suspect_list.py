"""The list of suspect frames: a model of plain rows, and how a row is painted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSignalBlocker,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.domain.review import Suspect
from app.ui import theme
from app.ui.claim import claim

Index: TypeAlias = QModelIndex | QPersistentModelIndex

HEIGHT = 44  # of a row
PICTURE = 36  # height of its picture
BAR = 3  # width of the bar that tells how doubtful it is
KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)
NOWHERE = QModelIndex()


@dataclass(frozen=True, slots=True)
class Line:
    """What a row says of a suspect frame."""

    suspect: Suspect
    frame: str  # its number, padded
    layer: str
    colour: QColor
    reason: str  # a sentence


class SuspectModel(QAbstractListModel):
    """The lines, in their order; a line is only made when it shows."""

    def __init__(self, line: Callable[[Suspect], Line], parent: QWidget) -> None:
        super().__init__(parent)
        self._line = line
        self.suspects: Sequence[Suspect] = ()

    def show(self, suspects: Sequence[Suspect]) -> None:
        """Show these in place of what there was."""
        self.beginResetModel()
        self.suspects = suspects
        self.endResetModel()

    def line(self, index: Index) -> Line:
        """What a row says."""
        return self._line(self.suspects[index.row()])

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.suspects)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        if role not in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return None
        line = self.line(index)
        return f"{line.frame} {line.layer}: {line.reason}"


class SuspectDelegate(QStyledItemDelegate):
    """Paints a row: picture, frame and layer, below them the reason."""

    def __init__(self, picture: Callable[[Suspect], QPixmap | None], parent: QListView) -> None:
        super().__init__(parent)
        self._picture = picture
        self.wide = PICTURE  # width of a picture

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(0, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, SuspectModel)
        line, box = model.line(index), option.rect
        state = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, theme.CHOSEN)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, theme.HOVER)
        top = box.top() + (HEIGHT - PICTURE) // 2
        self._paint_doubt(painter, QRect(box.left() + theme.GRID, top, BAR, PICTURE), line)
        picture = QRect(box.left() + 2 * theme.GRID + BAR, top, self.wide, PICTURE)
        painter.fillRect(picture, theme.PANEL)
        pixmap = self._picture(line.suspect)
        if pixmap is not None:
            painter.drawPixmap(picture, pixmap)
        words = QRect(picture.right() + theme.GAP, top, 0, PICTURE // 2)
        words.setRight(box.right() - theme.GRID)
        self._paint_words(painter, words, line)
        painter.restore()

    def _paint_doubt(self, painter: QPainter, box: QRect, line: Line) -> None:
        """The higher the bar, the more doubtful."""
        painter.fillRect(box, theme.LINE)
        box.setTop(box.bottom() + 1 - round(line.suspect.doubt * box.height()))
        painter.fillRect(box, theme.WARNING)

    def _paint_words(self, painter: QPainter, box: QRect, line: Line) -> None:
        middle = Qt.AlignmentFlag.AlignVCenter
        usual = painter.font()
        painter.setFont(theme.emphasis(theme.numerals(usual)))
        painter.setPen(theme.TEXT)
        painter.drawText(box, middle, line.frame)
        left = box.left() + painter.fontMetrics().horizontalAdvance(line.frame) + theme.GAP
        painter.fillRect(QRect(left, box.center().y() - 4, 8, 8), line.colour)
        name = QRect(box)
        name.setLeft(left + 8 + theme.GRID)
        painter.setFont(usual)
        self._paint_elided(painter, name, line.layer)
        painter.setPen(theme.TEXT_DIM)
        self._paint_elided(painter, box.translated(0, box.height()), line.reason)

    def _paint_elided(self, painter: QPainter, box: QRect, text: str) -> None:
        elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, elided)


class SuspectList(QListView):
    """A list whose arrow keys stay its own, with a sentence where it is empty."""

    def __init__(self, empty: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.empty = empty
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def event(self, event: QEvent) -> bool:
        return claim(event, KEYS) or super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        here = QPersistentModelIndex(self.currentIndex())
        with QSignalBlocker(self.selectionModel()):  # the focus alone goes nowhere
            super().focusInEvent(event)
            if not here.isValid():
                self.selectionModel().clear()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.model().rowCount() == 0:
            with QPainter(self.viewport()) as painter:
                painter.setPen(theme.TEXT_DIM)
                margin = 2 * theme.GAP
                box = self.viewport().rect().adjusted(margin, margin, -margin, -margin)
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(box, flags, self.empty)
