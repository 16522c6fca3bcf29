"""A toggle whose key can also be held: let go after a while, it is as it was before."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

LONG = 0.3  # seconds from which a key is held rather than pressed


class Hold(QObject):
    """Watches the keys of an action of `window`, whichever they are."""

    def __init__(self, action: QAction, window: QWidget) -> None:
        super().__init__(window)
        self._action = action
        self._since = 0.0
        action.triggered.connect(self._begin)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyRelease:
            key = QKeySequence(event.key())
            if not event.isAutoRepeat() and key in self._action.shortcuts():
                self._let_go()
        return super().eventFilter(watched, event)

    def _begin(self) -> None:
        self._since = time.monotonic()

    def _let_go(self) -> None:
        if time.monotonic() - self._since >= LONG:
            self._action.trigger()
