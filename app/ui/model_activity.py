"""The lower part of the window of models: a sentence, a question, or how far something is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.ui import theme
from app.ui.sure_button import SteadyButton

LINES = 4  # of text that have room, so that nothing jumps


class ModelActivity(QStackedWidget):
    """Says one thing at a time, in a place of its own."""

    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel(self)
        self.yes = SteadyButton(self)
        self.no = SteadyButton(self)
        self.bar = QProgressBar(self)
        self.line = QLabel(self)
        self.cancel = QPushButton(self.tr("Cancel"), self)
        self._agreed: Callable[[], None] | None = None
        self._set_up()

    def say(self, sentence: str, *, failed: bool = False) -> None:
        """Show a sentence; it stays until there is another thing to show."""
        self.sentence.setText(sentence)
        self.sentence.setStyleSheet(f"color: {theme.ERROR.name()}" if failed else "")
        for button in (self.yes, self.no):
            button.hide()
        self.setCurrentIndex(0)

    def ask(self, sentence: str, yes: str, agreed: Callable[[], None]) -> None:
        """Ask; `agreed` is called where the artist says `yes`."""
        self.say(sentence)
        self._agreed = agreed
        self.yes.setText(yes)
        for button in (self.yes, self.no):
            button.show()
        self.no.setFocus(Qt.FocusReason.OtherFocusReason)  # Return must not agree by accident

    def show_task(self, title: str, *, can_stop: bool) -> None:
        """Something has begun; how far it is nobody knows yet."""
        self.bar.setRange(0, 0)
        self.line.setText(title)
        self.cancel.setEnabled(can_stop)
        self.setCurrentIndex(1)

    def show_progress(self, title: str, done: int, total: int) -> None:
        """How far it is, in bytes."""
        self.bar.setRange(0, 1000)
        self.bar.setValue(1000 * done // total)
        megabytes = self.tr("{0:.1f} of {1:.1f} MiB").format(done / 2**20, total / 2**20)
        self.line.setText(f"{title}    {megabytes}")

    def _set_up(self) -> None:
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.sentence.setAccessibleName(self.tr("Message"))
        self.no.setText(self.tr("No"))
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.line.setFont(theme.numerals(self.font()))
        self.cancel.setAutoDefault(False)
        self.yes.clicked.connect(self._agree)
        self.no.clicked.connect(lambda: self.say(""))
        self.cancel.clicked.connect(self._cancel)
        self.addWidget(self._page(self.sentence, (self.yes, self.no)))
        self.addWidget(self._progress_page())
        self.setFixedHeight(LINES * self.fontMetrics().lineSpacing() + 2 * theme.GAP)
        self.say("")

    def _page(self, words: QWidget, buttons: tuple[QPushButton, ...]) -> QWidget:
        page = QWidget(self)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(words, 1)
        for button in buttons:
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return page

    def _progress_page(self) -> QWidget:
        words = QWidget(self)
        column = QVBoxLayout(words)
        column.setContentsMargins(0, theme.GRID, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.line)
        column.addWidget(self.bar)
        column.addStretch(1)
        return self._page(words, (self.cancel,))

    def _agree(self) -> None:
        agreed, self._agreed = self._agreed, None
        self.say("")
        if agreed is not None:
            agreed()

    def _cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.cancel_asked.emit()
