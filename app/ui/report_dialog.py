"""An error report: say what happened, read what was gathered, save or copy it. Nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QFontDatabase, QGuiApplication, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.report_bundle import Bundle, ReportError
from app.ui import theme

NAME = "rotocel-report.zip"
LINES = 3  # of the artist's own words


class ReportDialog(QDialog):
    """Shows all of `bundle` before anyone else gets it; `save` raises ReportError."""

    def __init__(
        self, bundle: Bundle, save: Callable[[Bundle, Path], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bundle, self._write = bundle, save
        self._words_end = 0  # where the artist's own words end in the view
        self.words = QPlainTextEdit(self)
        self.view = QPlainTextEdit(bundle.text, self)
        self.sentence = QLabel(self)
        self.save = QPushButton(self.tr("&Save…"), self)
        self.copy = QPushButton(self.tr("&Copy"), self)
        self.close_button = QPushButton(self.tr("Close"), self)
        self._set_up()
        self._lay_out()
        self.words.textChanged.connect(self._show_words)
        self.save.clicked.connect(self._choose_file)
        self.copy.clicked.connect(self._copy)
        self.close_button.clicked.connect(self.close)
        self.resize(800, 620)

    @property
    def bundle(self) -> Bundle:
        """The report with what the artist typed."""
        return self._bundle.told(self.words.toPlainText())

    def _set_up(self) -> None:
        self.setWindowTitle(self.tr("Error report"))
        for text in (self.words, self.view):
            text.setTabChangesFocus(True)
        self.words.setFixedHeight(LINES * self.fontMetrics().lineSpacing() + 2 * theme.GAP)
        self.words.setAccessibleName(self.tr("What were you doing?"))
        self.view.setReadOnly(True)
        self.view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.view.setAccessibleName(self.tr("The whole report"))
        self.sentence.setWordWrap(True)
        self.sentence.setAccessibleName(self.tr("Message"))
        for button in (self.save, self.copy, self.close_button):
            button.setAutoDefault(False)
        self.save.setToolTip(self.tr("Write the report to a ZIP of text files"))
        self.copy.setToolTip(self.tr("Put the report on the clipboard"))

    def _lay_out(self) -> None:
        about = QLabel(self)
        about.setText(
            self.tr(
                "This is what helps to find a fault, without your footage's names; "
                "it stays on this machine until you give it to someone."
            )
        )
        about.setWordWrap(True)
        question = QLabel(self.tr("&What were you doing?"), self)
        question.setBuddy(self.words)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.sentence, 1)
        for button in (self.save, self.copy, self.close_button):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[2 * theme.GAP] * 4)
        column.setSpacing(theme.GAP)
        column.addWidget(about)
        column.addWidget(question)
        column.addWidget(self.words)
        column.addWidget(self.view, 1)
        column.addLayout(row)

    def _show_words(self) -> None:
        """Replace the beginning of the view alone: the rest may be megabytes."""
        before = self.bundle.text.removesuffix(self._bundle.text)
        cursor = QTextCursor(self.view.document())
        cursor.setPosition(self._words_end, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(before)
        self._words_end = cursor.position()

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save the report"), str(Path.home() / NAME), self.tr("ZIP files (*.zip)")
        )
        if not path:
            return
        try:
            self._write(self.bundle, Path(path))
        except ReportError as error:
            self.sentence.setText(str(error))
        else:
            self.sentence.setText(self.tr("Saved as {}.").format(path))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.bundle.text)
        self.sentence.setText(self.tr("Copied."))
