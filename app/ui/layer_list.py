"""The list in the panel of layers: its keys, its dragging, what it says while it is empty."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QDropEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QListWidget, QWidget

from app.ui import theme
from app.ui.claim import claim

KEYS = frozenset(
    (
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_F2,
        Qt.Key.Key_Return,
        Qt.Key.Key_Enter,
        Qt.Key.Key_Delete,
        Qt.Key.Key_Backspace,
    )
)


class LayerList(QListWidget):
    """Rows that can be dragged into another order; asks by signals, moves nothing itself."""

    move_asked = Signal(int, int)  # from row, to row
    rename_asked = Signal(int)
    delete_asked = Signal(int)

    def __init__(self, empty: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.empty = empty
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMinimumHeight(4 * theme.ROW)

    def event(self, event: QEvent) -> bool:
        return claim(event, KEYS) or super().event(event)

    def dropEvent(self, event: QDropEvent) -> None:
        source, target = self.currentRow(), self.drop_row(event.position().y())
        event.setDropAction(Qt.DropAction.IgnoreAction)  # a move would take the row out of the list
        event.accept()
        if target != source:
            QTimer.singleShot(0, self, partial(self.move_asked.emit, source, target))

    def drop_row(self, y: float) -> int:
        """The place the dragged row takes when it is dropped at this height."""
        source = self.currentRow()
        gap = round((y + self.verticalOffset()) / theme.ROW)  # before which row it is dropped
        row = gap - 1 if gap > source else gap
        return max(0, min(row, self.count() - 1))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        if item is not None and event.button() == Qt.MouseButton.LeftButton:
            self.rename_asked.emit(self.row(item))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, key, keys = self.currentRow(), event.key(), Qt.Key
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if row < 0:
            super().keyPressEvent(event)
        elif key in {keys.Key_Up, keys.Key_Down} and alt:
            to = row + (1 if key == keys.Key_Down else -1)
            if 0 <= to < self.count():
                self.move_asked.emit(row, to)
        elif key in {keys.Key_F2, keys.Key_Return, keys.Key_Enter}:
            self.rename_asked.emit(row)
        elif key in {keys.Key_Delete, keys.Key_Backspace}:
            self.delete_asked.emit(row)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.count() == 0 and self.empty:
            with QPainter(self.viewport()) as painter:
                painter.setPen(theme.TEXT_DIM)
                margin = 2 * theme.GAP
                box = self.viewport().rect().adjusted(margin, margin, -margin, -margin)
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(box, flags, self.empty)
