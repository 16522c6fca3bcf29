"""The list of edits: where the project stands, and a way to any other step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.claim import claim

if TYPE_CHECKING:
    from app.session import Session

KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)


class HistoryList(QListWidget):
    """A list whose arrow keys stay its own."""

    def event(self, event: QEvent) -> bool:
        return claim(event, KEYS) or super().event(event)


class HistoryPanel(QWidget):
    """Every edit, oldest first; the present one is chosen, undone ones are dimmed.

    Choosing a step, by click or arrow key, goes there.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.list = HistoryList(self)
        self.list.setAccessibleName(self.tr("History"))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        session.clip_changed.connect(self._sync)
        session.history_changed.connect(self._sync)
        self.list.currentRowChanged.connect(self._on_row_chosen)
        self._sync()

    def _sync(self) -> None:
        history = self._session.history
        labels = history.labels() if self._session.clip else []
        with QSignalBlocker(self.list):
            while self.list.count() > len(labels):
                self.list.takeItem(self.list.count() - 1)
            while self.list.count() < len(labels):
                self.list.addItem("")
            for row, label in enumerate(labels):
                self._show(self.list.item(row), label, row - history.index)
            self.list.setCurrentRow(history.index if labels else -1)
        present = self.list.currentItem()
        if present is not None:
            self.list.scrollToItem(present)

    def _show(self, item: QListWidgetItem, label: str, ahead: int) -> None:
        """Show a step; `ahead` is 0 for the present one, positive for those undone."""
        state = (label, (ahead > 0) - (ahead < 0))
        if item.data(Qt.ItemDataRole.UserRole) == state:
            return
        item.setData(Qt.ItemDataRole.UserRole, state)
        item.setText(label)
        item.setSizeHint(QSize(0, theme.ROW - theme.GRID))
        item.setForeground(theme.TEXT_DISABLED if ahead > 0 else theme.TEXT)
        item.setFont(theme.emphasis(self.font()) if ahead == 0 else self.font())
        spoken = {1: self.tr("{0}, undone"), 0: self.tr("{0}, present"), -1: "{0}"}
        item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken[state[1]].format(label))

    def _on_row_chosen(self, row: int) -> None:
        if row >= 0 and row != self._session.history.index:
            self._session.go_to_history(row)
