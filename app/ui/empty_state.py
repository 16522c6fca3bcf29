"""What the canvas says before a clip is open: one sentence, two buttons, nothing else."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui import theme


class EmptyState(QWidget):
    """The invitation to drop a clip, with buttons for those who do not drag."""

    open_clip_requested = Signal()
    open_demo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        sentence = QLabel(self.tr("Drop a clip here, or open the demo"), self)
        sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.demo = self._button(self.tr("Open the demo"))
        self.demo.clicked.connect(self.open_demo_requested)
        self.clip = self._button(self.tr("Open a clip…"))
        self.clip.clicked.connect(self.open_clip_requested)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GAP)
        buttons.addStretch()
        buttons.addWidget(self.demo)
        buttons.addWidget(self.clip)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * theme.GAP)
        layout.addStretch()
        layout.addWidget(sentence)
        layout.addLayout(buttons)
        layout.addStretch()

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setAutoDefault(True)  # Return presses it, as well as Space
        return button
