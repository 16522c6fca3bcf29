"""Keys that a widget needs itself although they run an action elsewhere in the window."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

FOREIGN = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier


def claim(event: QEvent, keys: Collection[int]) -> bool:
    """Whether the event asks for one of `keys` as a shortcut; it is then kept for the widget.

    Call it first in `event()`. Keys with Ctrl or Meta stay shortcuts.
    """
    if not (isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride):
        return False
    if event.key() not in keys or event.modifiers() & FOREIGN:
        return False
    event.accept()
    return True
