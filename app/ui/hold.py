"""A toggle whose key can also be held: let go after a while, it is as it was before."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

LONG = 0.3  # seconds from which a key is held rather than pressed


class Hold(QObject):
    """Watches the keys of an action of `window`, whichever they are.

    The same letter may be typed in a field, or run another action together with Alt: only the key
    whose press ran this action is let go of.
    """

    def __init__(self, action: QAction, window: QWidget) -> None:
        super().__init__(window)
        self._action = action
        self._down: int | None = None  # the key that is about to run the action
        self._held: tuple[int, float] | None = None  # the key that ran it, and when
        action.triggered.connect(self._begin)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowDeactivate:  # nobody will tell of the release
            self._let_go()
        elif isinstance(event, QKeyEvent) and not event.isAutoRepeat():
            self._follow(event)
        return super().eventFilter(watched, event)

    def _follow(self, event: QKeyEvent) -> None:
        if event.type() == QEvent.Type.ShortcutOverride:  # comes before the action runs
            own = QKeySequence(event.keyCombination()) in self._action.shortcuts()
            self._down = event.key() if own else None
        elif event.type() == QEvent.Type.KeyRelease:
            self._down = None
            if self._held is not None and event.key() == self._held[0]:
                self._let_go()

    def _begin(self) -> None:
        """Remember the key that ran the action; the menu and buttons run it without one."""
        self._held = None if self._down is None else (self._down, time.monotonic())

    def _let_go(self) -> None:
        held, self._held, self._down = self._held, None, None
        if held is not None and time.monotonic() - held[1] >= LONG:
            self._action.trigger()
