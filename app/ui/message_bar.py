"""The bar over the top of the canvas: one sentence at a time, and nothing moves for it."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.reports import Level, Message
from app.ui import theme

BRIEFLY = 8000  # ms that what asks for nothing is shown
ICONS: dict[Level, str] = {"info": "info", "warning": "warning", "error": "error"}


class MessageBar(QFrame):
    """Shows the last message until it is dismissed; earlier ones wait behind it.

    What only informs goes by itself.
    """

    log_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Message"))
        self.setAutoFillBackground(True)
        self._waiting: list[Message] = []
        self._fading = QTimer(self, singleShot=True, interval=BRIEFLY)
        self._fading.timeout.connect(self._fade)
        self._icon = QLabel(self)
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.log_button = QToolButton(self)
        self.log_button.setText(self.tr("Show log"))
        self.log_button.clicked.connect(self.log_requested)
        self.close_button = QToolButton(self)
        self.close_button.setIcon(theme.icon("close"))
        self.close_button.setToolTip(self.tr("Dismiss"))
        self.close_button.setAccessibleName(self.tr("Dismiss the message"))
        self.close_button.clicked.connect(self.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GAP, theme.GRID, theme.GAP, theme.GRID)
        row.setSpacing(theme.GAP)
        for widget in (self._icon, self.text, self.log_button, self.close_button):
            row.addWidget(widget)
        self.hide()

    def show_message(self, message: Message) -> None:
        """Show `message`, before any that waits; the same sentence is not shown twice."""
        self._waiting = [item for item in self._waiting if item != message]
        self._waiting.append(message)
        self._show()
        if message.level == "info":
            self._fading.start()

    def dismiss(self) -> None:
        """Put the shown message away; show the one before it, if it was not read."""
        if self._waiting:
            self._waiting.pop()
        self._show()

    def clear(self) -> None:
        """Put away every message but those that stay."""
        self._waiting = [item for item in self._waiting if item.stays]
        self._show()

    def _fade(self) -> None:
        self._waiting = [item for item in self._waiting if item.level != "info" or item.stays]
        self._show()

    def _show(self) -> None:
        self.setVisible(bool(self._waiting))
        if self._waiting:
            message = self._waiting[-1]
            colours = {"info": theme.TEXT_DIM, "warning": theme.WARNING, "error": theme.ERROR}
            colour = colours[message.level].name()
            self._icon.setPixmap(
                theme.pixmap(ICONS[message.level], colour, theme.ICON, self.devicePixelRatioF())
            )
            self.text.setText(message.text)
            self.log_button.setVisible(message.level == "error")
            self.setStyleSheet(f"MessageBar {{ border-left: 3px solid {colour}; }}")
