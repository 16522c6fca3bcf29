"""What each version brought, as the changelog says it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from app.ui import theme


class NewsDialog(QDialog):
    """Shows the changelog in `path`, a Markdown file, or why it cannot be shown."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("What is new"))
        self.text = QTextBrowser(self)
        self.text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.text.setOpenLinks(False)  # nothing here goes to the network
        self.text.setAccessibleName(self.tr("What each version brought"))
        self._fill(path)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[2 * theme.GAP] * 4)
        column.setSpacing(theme.GAP)
        column.addWidget(self.text)
        column.addWidget(buttons)
        self.resize(640, 560)

    def _fill(self, path: Path) -> None:
        try:
            self.text.setMarkdown(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            sentence = self.tr("{path} cannot be read ({error}); install Rotocel again.")
            self.text.setPlainText(sentence.format(path=path, error=error))
