"""The transport: play, step, loop, and the frame as a number one can type."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from app.ui import theme
from app.ui.actions import Actions
from app.ui.claim import claim
from app.ui.timeline_scale import padded

if TYPE_CHECKING:
    from app.session import Session

KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)
BUTTONS = ("start", "previous", "play", "next", "end")


class FrameField(QLineEdit):
    """The present frame; a number typed goes there, +10 and -10 go that far from here."""

    entered = Signal(int)
    stepped = Signal(int)
    left = Signal()  # the field gives the keyboard back

    def event(self, event: QEvent) -> bool:
        return claim(event, KEYS) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, keys = event.key(), Qt.Key
        if key in {keys.Key_Up, keys.Key_Down}:
            self.stepped.emit(1 if key == keys.Key_Up else -1)
        elif key == keys.Key_Escape:
            self.left.emit()
        elif key in {keys.Key_Return, keys.Key_Enter}:
            self._enter()
        else:
            super().keyPressEvent(event)

    def _enter(self) -> None:
        text = self.text().strip().replace("−", "-")
        signal = self.stepped if text[:1] in {"+", "-"} else self.entered
        if text.lstrip("+-").isdecimal():
            signal.emit(int(text))
        self.left.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.MouseFocusReason:
            self.selectAll()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if not self.hasSelectedText() and not self.isModified():
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class TransportBar(QWidget):
    """One row of fixed places: nothing in it moves when a number or a state changes."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._actions = actions
        self.setFont(theme.numerals(self.font()))
        self.setAccessibleName(self.tr("Transport"))
        self.field = FrameField(self)
        self.rate_label, self.fps_label = QLabel(self), QLabel(self)
        self.in_label, self.out_label = QLabel(self), QLabel(self)
        self._set_up()
        self._lay_out()
        self._connect()
        self._on_clip_changed()

    def _set_up(self) -> None:
        self.field.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.field.setAccessibleName(self.tr("Frame"))
        self.field.setToolTip(self.tr("The frame: type a number, or +10 and -10, and press Enter"))
        self.field.setFont(theme.emphasis(self.font()))
        self.rate_label.setToolTip(self.tr("Speed"))
        self.in_label.setToolTip(self.tr("In: the first frame of the range"))
        self.out_label.setToolTip(self.tr("Out: the last frame of the range"))
        self.fps_label.setToolTip(self.tr("Frames a second of the clip"))
        self.fps_label.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
        self.fps_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.rate_label.setFixedWidth(self._room("−4×"))
        self.fps_label.setFixedWidth(self._room("59.94 fps"))

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GAP, theme.GRID, theme.GAP, theme.GRID)
        row.setSpacing(theme.GRID)
        for name in BUTTONS:
            row.addWidget(self._actions.button(f"playback.{name}", self))
        row.addSpacing(theme.GAP)
        row.addWidget(self._actions.button("playback.loop", self))
        row.addWidget(self.rate_label)
        row.addStretch(1)
        row.addWidget(self.field)
        row.addStretch(1)
        row.addWidget(self._actions.button("playback.set_in", self))
        row.addWidget(self.in_label)
        row.addWidget(self.out_label)
        row.addWidget(self._actions.button("playback.set_out", self))
        row.addSpacing(theme.GAP)
        row.addWidget(self.fps_label)

    def _connect(self) -> None:
        session = self._session
        session.clip_changed.connect(self._on_clip_changed)
        session.project_changed.connect(self._show_range)
        session.playhead_changed.connect(self._show_frame)
        session.playing_changed.connect(self._show_playing)
        self.field.entered.connect(session.seek)
        self.field.stepped.connect(session.step)
        self.field.left.connect(self._on_field_left)

    def _on_clip_changed(self) -> None:
        clip = self._session.clip
        digits = len(padded(clip.frames.last, clip.frames)) if clip else 4
        self.field.setFixedWidth(self._room("0" * max(6, digits)) + 24)
        for label in (self.in_label, self.out_label):
            label.setFixedWidth(self._room("0" * digits) + theme.GAP)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.field.setEnabled(clip is not None)
        self.fps_label.setText(f"{rate_text(clip.fps)} fps" if clip else "")
        self._show_range()
        self._show_frame()
        self._show_playing()

    def _show_range(self) -> None:
        project = self._session.project
        work, clip = project.work_range, project.clip
        colour = theme.TEXT if project.in_out else theme.TEXT_DISABLED
        for label in (self.in_label, self.out_label):
            label.setStyleSheet(f"color: {colour.name()}")
        self.in_label.setText(padded(work.first, clip.frames) if work and clip else "")
        self.out_label.setText(padded(work.last, clip.frames) if work and clip else "")

    def _show_frame(self) -> None:
        clip = self._session.clip
        if self.field.hasFocus() and self.field.isModified():
            return  # a number is being typed
        self.field.setText(padded(self._session.playhead, clip.frames) if clip else "")
        if self.field.hasFocus():
            self.field.selectAll()

    def _show_playing(self) -> None:
        rate = self._session.rate
        play = self._actions["playback.play"]
        play.setIcon(theme.icon("pause" if rate else "play"))
        self._actions.check("playback.loop", self._session.looping)
        sign = "−" if rate < 0 else ""
        self.rate_label.setText("" if rate in {0.0, 1.0} else f"{sign}{abs(rate):g}×")

    def _on_field_left(self) -> None:
        self.field.setModified(False)
        if self.field.hasFocus():
            self.field.clearFocus()
        self._show_frame()

    def _room(self, text: str) -> int:
        return QFontMetrics(theme.emphasis(self.font())).horizontalAdvance(text)


def rate_text(fps: Fraction) -> str:
    """Frames a second for people: 24, 23.976, 59.94."""
    return f"{float(fps):.3f}".rstrip("0").rstrip(".")
