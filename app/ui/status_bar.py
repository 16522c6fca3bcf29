"""The bottom line: device, model, what is going on, cache, frame and its lock, pixel, score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStatusBar, QToolButton, QWidget

from app.ui import theme
from app.ui.cut_label import CutLabel
from app.ui.timeline_scale import padded

if TYPE_CHECKING:
    from app.session import Session

PADLOCK = 14  # side


class StatusBar(QStatusBar):
    """Fields of fixed width, so that nothing in it jumps."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setSizeGripEnabled(False)
        self.setStyleSheet("QStatusBar::item { border: 0; }")
        self.setAccessibleName(self.tr("Status"))
        self._line = QWidget(self)
        self._line.setFont(theme.numerals(self.font()))
        tr = self.tr
        self.device = self._field(tr("Device"), "CUDA (GeForce)")
        self.model = self._field(tr("Model"), "SAM 2.1 base plus, 1024 px")
        self.activity = CutLabel(self._line)
        self.activity.setAccessibleName(tr("Activity"))
        self.pause = self._button(tr("Pause the propagation, or go on"), "pause")
        self.cancel = self._button(tr("Cancel the propagation; the masks that came stay"), "stop")
        self.cache = self._field(
            tr("Memory used by decoded frames and embeddings"), "cache 8888 MB"
        )
        self.frame = self._field(tr("Frame"), "frame 0000000")
        self.lock = QLabel(self._line)
        self.pixel = self._field(tr("Pixel under the cursor"), "x 0000  y 0000")
        self.score = self._field(
            tr("The model's own estimate of the clicked mask, 0 to 1"), "score 0.00"
        )
        self._lay_out()
        self.pause.clicked.connect(session.pause_propagation)
        self.cancel.clicked.connect(session.cancel_propagation)
        session.status_changed.connect(self._show_status)
        session.playhead_changed.connect(self._show_frame)
        session.selection_changed.connect(self._show_lock)
        session.project_changed.connect(self._show_lock)
        session.clip_changed.connect(self._on_clip_changed)
        self._show_status()
        self._show_frame()

    def set_pixel(self, x: int, y: int) -> None:
        """Show the clip pixel under the cursor."""
        self.pixel.setText(f"x {x}  y {y}")

    def clear_pixel(self) -> None:
        """The cursor is not over the picture."""
        self.pixel.clear()

    def _field(self, name: str, widest: str) -> QLabel:
        label = QLabel(self._line)
        label.setFixedWidth(QFontMetrics(self._line.font()).horizontalAdvance(widest) + 2)
        label.setAccessibleName(name)
        label.setToolTip(name)
        return label

    def _button(self, text: str, icon: str) -> QToolButton:
        """For a propagation under way; hidden it keeps its place, so that nothing moves."""
        button = QToolButton(self._line)
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(theme.ICON - 4, theme.ICON - 4))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(text)
        button.setAccessibleName(text.partition(";")[0])
        policy = button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        button.setSizePolicy(policy)
        button.hide()
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout(self._line)
        row.setContentsMargins(theme.GAP, 2, theme.GAP, 2)
        row.setSpacing(2 * theme.GAP)
        for label in (self.device, self.model):
            row.addWidget(label)
        for button in (self.pause, self.cancel):
            row.addWidget(button)
        row.addWidget(self.activity, 1)
        for label in (self.cache, self.frame, self.pixel, self.score):
            row.addWidget(label)
        for label in (self.device, self.model, self.cache):
            label.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
        row.insertWidget(row.indexOf(self.frame), self.lock)
        icon = theme.pixmap("lock", theme.TEXT.name(), PADLOCK, self.devicePixelRatioF())
        self.lock.setFixedWidth(PADLOCK)
        self.lock.setPixmap(icon)
        self.lock.setToolTip(self.tr("The selected layer's mask on this frame is locked"))
        self.lock.setAccessibleName(self.lock.toolTip())
        policy = self.lock.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.lock.setSizePolicy(policy)
        self.score.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.addWidget(self._line, 1)

    def _on_clip_changed(self) -> None:
        self.clear_pixel()
        self._show_frame()
        self._show_status()

    def _show_status(self) -> None:
        status = self._session.status()
        self._show(self.device, status.device)
        if status.runtime:
            self.device.setToolTip(f"{self.tr('Device')}: {status.device}\n{status.runtime}")
        self._show(self.model, status.model)
        self.activity.show_text(status.activity)
        for button in (self.pause, self.cancel):
            button.setVisible(self._session.propagating)
        self.pause.setIcon(theme.icon("play" if self._session.propagator.paused else "pause"))
        self.cache.setText(self.tr("cache {0}").format(status.cache) if status.cache else "")
        score = (
            self.tr("score {0}").format(f"{status.score:.2f}") if status.score is not None else ""
        )
        self.score.setText(score)

    def _show(self, label: QLabel, text: str) -> None:
        """Put `text` into a field of fixed width; whole in the tool tip where it is cut."""
        cut = label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, label.width())
        label.setText(cut)
        name = label.accessibleName()
        label.setToolTip(name if cut == text else f"{name}: {text}")

    def _show_frame(self) -> None:
        clip = self._session.clip
        number = padded(self._session.playhead, clip.frames) if clip else ""
        self.frame.setText(self.tr("frame {0}").format(number) if clip else "")
        self._show_lock()

    def _show_lock(self) -> None:
        layer = self._session.selected_layer
        self.lock.setVisible(layer is not None and self._session.playhead in layer.locks)
