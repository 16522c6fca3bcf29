"""What a click would do, shown before it is made: while Shift is held and the mouse rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent

from app.domain.project import Point

if TYPE_CHECKING:
    from app.ui.viewer import Viewer

REST = 120  # ms without a move
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
HELD = {Qt.Key.Key_Shift: SHIFT, Qt.Key.Key_Alt: ALT}
KEYS = {QEvent.Type.KeyPress, QEvent.Type.KeyRelease}
ENDS = {
    QEvent.Type.MouseButtonPress,
    QEvent.Type.Wheel,
    QEvent.Type.Leave,
    QEvent.Type.FocusOut,
    QEvent.Type.Hide,
}


class Hover(QObject):
    """Watches mouse and keys of the canvas, and takes nothing from it."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer)
        self._viewer = viewer
        self._at: QPointF | None = None
        self._exclude = False
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._rest.timeout.connect(self._ask)
        viewer.installEventFilter(self)
        viewer.tool_changed.connect(self._drop)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(event, QMouseEvent) and kind == QEvent.Type.MouseMove:
            self._at = event.position() if event.buttons() == Qt.MouseButton.NoButton else None
            self._wait(event.modifiers())
        elif isinstance(event, QKeyEvent) and kind in KEYS and event.key() in HELD:
            if not event.isAutoRepeat():
                self._wait(_held(event))
        elif kind in ENDS:
            self._drop()
        return super().eventFilter(watched, event)

    def _wait(self, modifiers: Qt.KeyboardModifier) -> None:
        """What was shown goes; where Shift is held, something else comes once the mouse rests."""
        self._viewer.session.sights.hover(None)
        self._exclude = bool(modifiers & ALT)
        if modifiers & SHIFT and self._at is not None:
            self._rest.start()
        else:
            self._rest.stop()

    def _drop(self) -> None:
        self._at = None
        self._wait(Qt.KeyboardModifier.NoModifier)

    def _ask(self) -> None:
        viewer, at = self._viewer, self._at
        if at is not None and viewer.tool == "point" and viewer.accepts(at):
            place = viewer.view.to_clip(at)
            viewer.session.sights.hover(Point(*place, include=not self._exclude))


def _held(event: QKeyEvent) -> Qt.KeyboardModifier:
    """The modifiers once the key is down or up; platforms differ in which they tell."""
    own = HELD[Qt.Key(event.key())]
    others = event.modifiers() & ~own
    return others | own if event.type() == QEvent.Type.KeyPress else others
