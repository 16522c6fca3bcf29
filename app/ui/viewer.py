"""The canvas: its picture, mattes and marks, with mouse, keys, wheel and what is dropped on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QCursor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget

from app.ui.brush import BrushTool
from app.ui.canvas_view import CanvasView
from app.ui.claim import claim
from app.ui.hover import Hover
from app.ui.tools import BoxTool, PointTool, SelectTool, Tool, arrow, within

if TYPE_CHECKING:
    from app.session import Session

WHEEL = 1.0018  # the zoom of one unit of the wheel, 120 of which are a notch
ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
BUTTONS = Qt.MouseButton
AWAY = QPointF(-1e6, -1e6)  # where the mouse is while it is not over the canvas
KEYBOARD = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)


class Viewer(CanvasView):
    """Clicks make points and boxes on the selected layer, drags paint on it, as the tool has it.

    The wheel zooms, middle or Space+drag pans.

    Arrow keys nudge a picked point in the select tool; else they are left to the window.
    """

    pixel_hovered = Signal(object)  # (x, y) in clip pixels, None outside the picture
    tool_changed = Signal(str)
    open_clip_requested = Signal()
    open_demo_requested = Signal()
    files_dropped = Signal(object)  # a Path

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        self._tools: dict[str, Tool] = {}
        self._focused_by_key = self._dropping = False
        self._space = self._space_used = self._panning = self._nudging = False
        self._at, self._exclude = AWAY, False  # where the mouse was last, whether Alt was held
        self._held = BUTTONS.NoButton  # what the tool was pressed with
        super().__init__(session, parent)
        self.brush = BrushTool(self)
        self._tools = {
            "select": SelectTool(self),
            "point": PointTool(self),
            "box": BoxTool(self),
            "brush": self.brush,
        }
        self.tool = "point"
        self._hover_preview = Hover(self)
        self.setAccessibleName(self.tr("Canvas"))
        self.setAccessibleDescription(
            self.tr("The picture with its mattes; click to include, right click to exclude")
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.empty.open_clip_requested.connect(self.open_clip_requested)
        self.empty.open_demo_requested.connect(self.open_demo_requested)
        session.playhead_changed.connect(self._abandon)
        session.selection_changed.connect(self._abandon)
        session.clip_changed.connect(self._abandon)

    # --- tools

    def set_tool(self, name: str) -> None:
        """Take a tool: "select", "point", "box" or "brush". Raises ValueError for another."""
        if name not in self._tools:
            raise ValueError(f"there is no tool {name!r}")
        self._abandon()
        if name == self.tool:
            return
        self.tool = name
        if name != "select":
            self.pick(None)
        self.tool_changed.emit(name)
        self._show_cursor()
        self.update()

    def resize_brush(self, steps: int) -> None:
        """Take a larger (1) or smaller (-1) brush."""
        self.brush.resize(steps)
        self._show_cursor()

    @property
    def _tool(self) -> Tool:
        return self._tools[self.tool]

    def _abandon(self) -> None:
        """Give up the drag in progress: what was under the hand is no longer there."""
        self._tool.cancel()
        self._end_nudge()
        self._take_band()

    def _take_band(self) -> None:
        if self.band != self._tool.band:
            self.band = self._tool.band
            self.update()

    # --- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.session.clip is None or self._tool.busy or self._panning:
            return
        self._at, button, right = event.position(), event.button(), BUTTONS.RightButton
        if button == BUTTONS.MiddleButton or (button == BUTTONS.LeftButton and self._space):
            self._panning = self._space_used = True
        elif button == BUTTONS.LeftButton or (button == right and self._tool.right_excludes):
            self._held = button
            self._tool.press(self._at, button == right or _has_alt(event.modifiers()))
        self._show_cursor(event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        before, self._at = self._at, event.position()
        if self._panning:
            self.set_view(self.view.panned(self._at - before))
        elif self._tool.busy and not event.buttons() & self._held:
            self._abandon()  # the button went up over another window
        else:
            self._tool.follow(self._at)
            self._take_band()
        self._hover()
        self._show_cursor(event.modifiers())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._panning and event.button() in {BUTTONS.LeftButton, BUTTONS.MiddleButton}:
            self._panning = False
        elif event.button() == self._held:
            self._held = BUTTONS.NoButton
            self._tool.follow(event.position())
            self._tool.release()
            self._take_band()
        self._show_cursor(event.modifiers())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)  # two quick clicks are two points

    def enterEvent(self, event: QEnterEvent) -> None:
        """Take the keyboard with the mouse, so that Space and arrows mean what is looked at."""
        super().enterEvent(event)
        focused = QApplication.focusWidget()
        takes_text = isinstance(focused, (QLineEdit, QAbstractSpinBox))
        if self.session.clip is not None and self.isActiveWindow() and not takes_text:
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._at = AWAY
        self.pixel_hovered.emit(None)
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y()
        if self.session.clip is not None and turn:
            self._zoom(WHEEL**turn, event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        asks = event.type() == QEvent.Type.ShortcutOverride
        if asks and claim(event, self._wanted_keys()):
            return True
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
            and self.session.clip is not None
        ):
            self._zoom(1 + event.value(), event.position())
            return True
        return super().event(event)

    def _zoom(self, factor: float, at: QPointF) -> None:
        self.set_view(self.view.zoomed(self.view.zoom * factor, at))
        self._hover()

    def _hover(self) -> None:
        on_picture = self.session.clip is not None and self.view.holds(self._at)
        self.pixel_hovered.emit(self.view.to_clip(self._at) if on_picture else None)

    def _show_cursor(self, modifiers: Qt.KeyboardModifier | None = None) -> None:
        if modifiers is None:
            modifiers = QApplication.queryKeyboardModifiers()
        self._exclude = _has_alt(modifiers)
        if self._tool.follows_mouse:
            self.update()
        cursor = self._cursor(exclude=self._exclude)
        if cursor != self.cursor():
            self.setCursor(cursor)

    def _cursor(self, *, exclude: bool) -> QCursor:
        if self._panning:
            return QCursor(Qt.CursorShape.ClosedHandCursor)
        if self.session.clip is None:
            return arrow()
        if self._space:
            return QCursor(Qt.CursorShape.OpenHandCursor)
        return self._tool.cursor(self._at, exclude)

    def draw_tool(self, painter: QPainter) -> None:
        if self.session.clip is not None and not (self._panning or self._space):
            self._tool.draw(painter, self._at, self._exclude)

    # --- keys

    def _wanted_keys(self) -> set[int]:
        """The keys the canvas takes from the window's actions just now."""
        keys: set[int] = set()
        if self.session.clip is not None:
            keys.add(Qt.Key.Key_Space)
        if self.tool == "select" and isinstance(self.picked, int):
            keys |= set(ARROWS)
        if self._tool.busy:
            keys.add(Qt.Key.Key_Escape)
        return keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()  # an int: not every key has a name in Qt.Key
        if (
            key not in self._wanted_keys()
            or event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            event.ignore()
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space, self._space_used = True, self._panning or self._tool.busy
        elif key == Qt.Key.Key_Escape:
            self._abandon()
        else:
            far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            self._nudge(ARROWS[key][0] * far, ARROWS[key][1] * far)
        self._show_cursor()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_Space and self._space:
            self._space = False
            if not self._space_used:
                self._run_action_of_space()
        elif event.key() in ARROWS:
            self._end_nudge()
        else:
            event.ignore()
        self._show_cursor()

    def _run_action_of_space(self) -> None:
        """Space alone does what the window's action with that key does, whichever it is."""
        for action in self.window().actions():
            if QKeySequence(Qt.Key.Key_Space) in action.shortcuts():
                action.trigger()

    def _nudge(self, right: int, down: int) -> None:
        if isinstance(self.picked, int) and self.is_current and not self._tool.busy:
            point = self.prompt.points[self.picked]
            self._nudging = True
            place = within(self.view, point.x + right, point.y + down)
            self.session.move_point(self.picked, *place)

    def _end_nudge(self) -> None:
        """All nudges of one key press are one edit."""
        if self._nudging:
            self._nudging = False
            self.session.finish_drag()

    # --- focus

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._focused_by_key = event.reason() in KEYBOARD
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._focused_by_key = self._space = False
        self._end_nudge()
        self.update()

    def is_ringed(self) -> bool:
        return self._focused_by_key or self._dropping

    # --- dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event) is not None:
            event.acceptProposedAction()
            self._set_dropping(dropping=True)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._set_dropping(dropping=False)

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped(event)
        self._set_dropping(dropping=False)
        if path is not None:
            event.acceptProposedAction()
            self.files_dropped.emit(path)

    def _set_dropping(self, *, dropping: bool) -> None:
        self._dropping = dropping
        self.update()


def _dropped(event: QDropEvent) -> Path | None:
    """The first file or folder of a drop."""
    files = (url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile())
    return next((Path(file) for file in files), None)


def _has_alt(modifiers: Qt.KeyboardModifier) -> bool:
    return bool(modifiers & Qt.KeyboardModifier.AltModifier)
