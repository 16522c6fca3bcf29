"""A label that shows as much of its text as it has room for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


class CutLabel(QLabel):
    """Takes the room it gets; what is cut away stands in its tool tip."""

    def __init__(
        self, parent: QWidget, cut: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    ) -> None:
        super().__init__(parent)
        self._whole = ""
        self._cut = cut
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @property
    def whole(self) -> str:
        """The text, however much of it shows."""
        return self._whole

    def show_text(self, text: str) -> None:
        """Show as much of `text` as there is room for."""
        self._whole = text
        shown = self.fontMetrics().elidedText(text, self._cut, self.width())
        self.setText(shown)
        self.setToolTip(text if shown != text else "")
        self.setAccessibleDescription(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.show_text(self._whole)
