"""A label that shows as much of its text as it has room for."""

from __future__ import annotations

import re
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")  # they would make a second line


class CutLabel(QLabel):
    """Takes the room it gets, on one line; what is cut away stands in its tool tip.

    The text is shown as it is, however much it looks like markup: it may be a file's name.
    """

    def __init__(
        self, parent: QWidget, cut: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    ) -> None:
        super().__init__(parent)
        self._whole = ""
        self._cut = cut
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setIndent(0)  # with a border Qt would take some room for itself
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @property
    def whole(self) -> str:
        """The text, however much of it shows."""
        return self._whole

    def show_text(self, text: str) -> None:
        """Show as much of `text` as there is room for."""
        self._whole = text
        line = BREAKS.sub(" ", text)
        shown = self.fontMetrics().elidedText(line, self._cut, self.contentsRect().width())
        self.setText(shown)
        self.setToolTip(plain_tip(text) if shown != text else "")
        self.setAccessibleDescription(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.show_text(self._whole)


def plain_tip(text: str) -> str:
    """A tool tip that reads `text`, although Qt takes what looks like markup for markup."""
    if not GuiQt.mightBeRichText(text):
        return text
    return f"<p style='white-space: pre-wrap'>{escape(text)}</p>"
