"""The lower part of the export dialog: how far it is, how it ended, what to do about old files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.ui import theme
from app.ui.cut_label import CutLabel

if TYPE_CHECKING:
    from app.session import ExportSummary, Progress


class ExportProgress(QStackedWidget):
    """Empty, then a bar with Cancel, then sentences with what can be done next."""

    cancel_asked = Signal()
    overwrite_asked = Signal()
    resume_asked = Signal()
    folder_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._out_dir = Path()
        self.bar = QProgressBar(self)
        self.line = QLabel(self)
        self.path = CutLabel(self, Qt.TextElideMode.ElideMiddle)
        self.cancel = self._button(self.tr("Cancel"), self.cancel_asked.emit)
        self.sentences = QLabel(self)
        self.overwrite = self._button(self.tr("Overwrite"), self.overwrite_asked.emit)
        self.resume = self._button(self.tr("Write what differs"), self.resume_asked.emit)
        self.other_folder = self._button(self.tr("Choose another folder…"), self.folder_asked.emit)
        self.open_folder = self._button(self.tr("Open folder"), self._open_folder)
        self._set_up()

    def show_ready(self) -> None:
        """Nothing is going on."""
        self.setCurrentIndex(0)

    def show_start(self, total: int) -> None:
        """An export was asked for; the first file is not there yet."""
        self.bar.setRange(0, total)
        self.bar.setValue(0)
        self.line.setText(self.tr("Starting"))
        self.path.show_text("")
        self.cancel.setEnabled(True)
        self.setCurrentIndex(1)

    def show_progress(self, progress: Progress) -> None:
        """Another file is written."""
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        parts = [
            self.tr("{0} of {1} files").format(progress.done, progress.total),
            self.tr("{0:.1f} a second").format(progress.rate),
        ]
        if progress.eta is not None:
            parts.append(self.tr("{0} left").format(duration(progress.eta)))
        self.line.setText("    ".join(parts))
        self.path.show_text(str(progress.path))
        self.setCurrentIndex(1)

    def show_cancelling(self) -> None:
        """Cancel was asked for; the file being written is finished first."""
        self.cancel.setEnabled(False)
        self.line.setText(self.tr("Cancelling"))

    def show_summary(self, summary: ExportSummary) -> None:
        """The export has ended, or could not begin because files are there."""
        self._out_dir = summary.out_dir
        blocked = summary.existing > 0 and not summary.complete
        self.sentences.setText("\n".join(summary.sentences))
        for button in (self.overwrite, self.resume, self.other_folder):
            button.setVisible(blocked)
        self.open_folder.setVisible(not blocked)
        self.setCurrentIndex(2)
        (self.resume if blocked else self.open_folder).setFocus()

    def _set_up(self) -> None:
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.bar.setAccessibleName(self.tr("Export"))
        self.line.setFont(theme.numerals(self.font()))
        self.path.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
        self.sentences.setWordWrap(True)
        self.sentences.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.sentences.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentences.setAccessibleName(self.tr("Result"))
        self.overwrite.setToolTip(self.tr("Write every file anew"))
        self.resume.setToolTip(
            self.tr("Resume: keep the files that are already as they should be, write the others")
        )
        self.addWidget(self._ready_page())
        self.addWidget(self._running_page())
        self.addWidget(self._end_page())
        self.setMinimumHeight(128)

    def _ready_page(self) -> QWidget:
        page, column = _page()
        hint = QLabel(self.tr("You can go on working while mattes are written."), page)
        hint.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
        column.addWidget(hint, 0, Qt.AlignmentFlag.AlignTop)
        return page

    def _running_page(self) -> QWidget:
        page, column = _page()
        column.addWidget(self.bar)
        column.addWidget(self.line)
        column.addWidget(self.path)
        column.addStretch(1)
        column.addLayout(_row(self.cancel))
        return page

    def _end_page(self) -> QWidget:
        page, column = _page()
        area = QScrollArea(page)
        area.setWidget(self.sentences)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        column.addWidget(area, 1)
        column.addLayout(_row(self.other_folder, self.overwrite, self.resume, self.open_folder))
        return page

    def _button(self, text: str, slot: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._out_dir)))


def duration(seconds: float) -> str:
    """A time for people: 0:08, 12:05, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _page() -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.GAP)
    return page, column


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.GAP)
    row.addStretch(1)
    for widget in widgets:
        row.addWidget(widget)
    return row
