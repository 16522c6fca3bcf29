"""Buttons that are not pressed by a slip of the hand."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QWidget

from app.ui.claim import claim

PRESSING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class SteadyButton(QPushButton):
    """Takes Return and Space; a double click and a key held down press it once.

    What the first press changed may have brought another button under the mouse.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAutoDefault(True)  # Return presses it, as well as Space
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def event(self, event: QEvent) -> bool:
        return claim(event, PRESSING) or super().event(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat() and event.key() in PRESSING:
            event.accept()
        else:
            super().keyPressEvent(event)


class SureButton(SteadyButton):
    """Asks in its own place whether it was meant: the first press changes its text for a while.

    It is as wide as the longer of its texts all the time.
    """

    sure = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.patience = 4000  # milliseconds
        self._verb = self._object = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._show)
        self.clicked.connect(self._on_clicked)

    @property
    def asking(self) -> bool:
        """Whether the next press is the one that counts."""
        return self._timer.isActive()

    def show_words(self, verb: str, what: str) -> None:
        """Do `verb` to `what`; asks anew only if one of them is another."""
        if (verb, what) != (self._verb, self._object):
            self._verb, self._object = verb, what
            self._timer.stop()
            self._show()
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        hint = QSize()
        for option.text in (self._verb, self._question()):
            room = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, option.text)
            kind = QStyle.ContentsType.CT_PushButton
            hint = hint.expandedTo(self.style().sizeFromContents(kind, option, room, self))
        return hint

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _on_clicked(self) -> None:
        if self.asking:
            self._timer.stop()
            self._show()
            self.sure.emit()
        else:
            self._timer.start(self.patience)
            self._show()

    def _show(self) -> None:
        self.setText(self._question() if self.asking else self._verb)
        spoken = self.tr("Really {0} {1}?").format(lowered(self._verb), self._object)
        self.setAccessibleName(spoken if self.asking else f"{self._verb} {self._object}")

    def _question(self) -> str:
        return self.tr("Really {0}?").format(lowered(self._verb))


def lowered(text: str) -> str:
    """`text` as it stands within a sentence; an abbreviation keeps its capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
