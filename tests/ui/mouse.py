"""Real mouse events for widgets under test: qtbot's mouseMove carries no buttons."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


def press(widget: QWidget, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
    """A button goes down."""
    _send(widget, QEvent.Type.MouseButtonPress, QPointF(x, y), button, button)


def move(widget: QWidget, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
    """The mouse moves with a button held."""
    _send(widget, QEvent.Type.MouseMove, QPointF(x, y), Qt.MouseButton.NoButton, button)


def release(widget: QWidget, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
    """A button goes up."""
    held = Qt.MouseButton.NoButton
    _send(widget, QEvent.Type.MouseButtonRelease, QPointF(x, y), button, held)


def drag(
    widget: QWidget,
    start: tuple[float, float],
    end: tuple[float, float],
    button: Qt.MouseButton = LEFT,
) -> None:
    """Press at start, move in four steps, release at end."""
    press(widget, *start, button)
    for step in (1, 2, 3, 4):
        x = start[0] + (end[0] - start[0]) * step / 4
        y = start[1] + (end[1] - start[1]) * step / 4
        move(widget, x, y, button)
    release(widget, *end, button)


def wheel(
    widget: QWidget, x: float, y: float, notches: float, modifiers: Qt.KeyboardModifier = NONE
) -> None:
    """The wheel turns; positive is away from the hand."""
    event = QWheelEvent(
        QPointF(x, y),
        QPointF(widget.mapToGlobal(QPoint(round(x), round(y)))),
        QPoint(),
        QPoint(0, round(notches * 120)),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,  # noqa: FBT003 - Qt's own signature
    )
    QApplication.sendEvent(widget, event)


def _send(
    widget: QWidget,
    kind: QEvent.Type,
    at: QPointF,
    button: Qt.MouseButton,
    held: Qt.MouseButton,
) -> None:
    event = QMouseEvent(kind, at, widget.mapToGlobal(at), button, held, NONE)
    QApplication.sendEvent(widget, event)
