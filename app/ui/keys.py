"""Who gets a key: the widget with the focus, the window's actions, or the canvas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QTabBar, QWidget

from app.ui.claim import claim

ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
TABS = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)


class Area(NamedTuple):
    """A part of the window, and its widget that takes the keyboard first."""

    whole: QWidget
    first: QWidget


def keeps(event: QEvent, focused: QWidget | None, canvas: QWidget) -> bool:
    """Whether `focused` keeps a key that would run an action; the event is accepted then.

    Call it with what no widget claimed itself. Tab wanders through the window from everywhere but
    the canvas, Space presses the button that has the focus, arrows move a slider or change tabs.
    """
    if focused is None or focused is canvas:
        return False
    keys: set[int] = set(TABS)
    if isinstance(focused, QAbstractButton):
        keys.add(Qt.Key.Key_Space)
    if isinstance(focused, (QAbstractSlider, QTabBar)):
        keys |= {*ARROWS, Qt.Key.Key_Home, Qt.Key.Key_End}
    return claim(event, keys)


def is_escape(event: QKeyEvent) -> bool:
    """Whether it is Escape alone."""
    return event.key() == Qt.Key.Key_Escape and not event.modifiers()


def area_after(areas: Sequence[Area], focused: QWidget | None, step: int) -> QWidget | None:
    """The widget to focus `step` visible areas after the one that holds `focused`."""
    shown = [area for area in areas if area.first.isVisible() and area.first.isEnabled()]
    if not shown:
        return None
    holds = (i for i, area in enumerate(shown) if focused and _holds(area.whole, focused))
    here = next(holds, 0)
    return shown[(here + step) % len(shown)].first


def _holds(whole: QWidget, widget: QWidget) -> bool:
    return whole is widget or whole.isAncestorOf(widget)
