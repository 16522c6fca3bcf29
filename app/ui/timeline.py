"""The timeline with its mouse and keys: scrub, zoom, pan, drag in and out, pick keyframes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.domain import edits
from app.domain.frames import FrameRange
from app.ui.timeline_scene import GUTTER, Scene
from app.ui.timeline_view import TimelineView

if TYPE_CHECKING:
    from app.session import Session

ZOOM = 1.0018  # the factor of one unit of the wheel, 120 of which are a notch
EDGE_PAUSE = 30  # milliseconds between steps while a drag is held beyond the edge
KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
    Qt.FocusReason.OtherFocusReason,
)


class Timeline(TimelineView):
    """Drag to scrub, wheel to zoom at the cursor, Shift+wheel or middle drag to pan.

    Keys: arrows step (Up and Down to keyframes), Home and End, + and - zoom, 0 fits.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        self._drag = ""  # "", "scrub", "pan", "in" or "out"
        self._at = QPointF()  # where the mouse was last
        self._wanted: int | None = None
        super().__init__(session, parent)
        self._edge = QTimer(self, interval=EDGE_PAUSE)
        self._edge.timeout.connect(self._on_edge)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)

    # --- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        scene = self.scene()
        if scene is None or self._drag:
            return
        self._at = event.position()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag = "pan"
        elif event.button() == Qt.MouseButton.LeftButton:
            self._press(scene, self._at.x(), self._at.y())
        self._show_cursor()

    def _press(self, scene: Scene, x: float, y: float) -> None:
        row, keyframe = scene.row_at(y), scene.keyframe_at(x, y)
        if row is not None and (x < GUTTER or keyframe is not None):
            self._session.select_layer(self._session.project.layers[row].id)
        if x < GUTTER:
            return
        self._drag = scene.handle_at(x, y) or "scrub"
        if keyframe is not None:
            self._ask(keyframe)
        elif self._drag == "scrub":
            self._ask(self.scale.frame_at(x))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        before, self._at = self._at, event.position()
        if self._drag == "pan":
            self.show_scale(self.scale.panned(before.x() - self._at.x()))
        elif self._drag:
            self._follow()
        self._hover_at(self._at)

    def _follow(self) -> None:
        """Take what is dragged to where the mouse is; beyond the edge, go on while it stays."""
        x = self._at.x()
        outside = not self.scale.left <= x <= self.scale.right
        if outside != self._edge.isActive():
            self._edge.start() if outside else self._edge.stop()
        x = min(max(x, self.scale.left - 24), self.scale.right + 24)
        if self._drag == "scrub":
            self._ask(self.scale.frame_at(x))
            return
        self._drag_handle(x)

    def _drag_handle(self, x: float) -> None:
        clip = self._session.clip
        if clip is None:
            return
        span = self._range or self._session.project.in_out or clip.frames
        half = self.scale.pixels / 2
        if self._drag == "in":
            span = FrameRange(min(self.scale.frame_at(x + half), span.last), span.last)
        else:
            span = FrameRange(span.first, max(self.scale.frame_at(x - half), span.first))
        self._range = span
        self._hover = span.first if self._drag == "in" else span.last
        self.show_scale(self.scale.revealing(self._hover, by_page=False))
        self.refresh()

    def _on_edge(self) -> None:
        self._follow()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() in {Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton}:
            self._finish_drag()
            self._hover_at(event.position())

    def _finish_drag(self) -> None:
        drag, span = self._drag, self._range
        self._drag, self._range = "", None
        self._edge.stop()
        clip = self._session.clip
        if span is not None and clip is not None:
            label = self.tr("Set in") if drag == "in" else self.tr("Set out")
            in_out = None if span == clip.frames else span
            self._session.edit(label, lambda project: edits.set_in_out(project, in_out))
        self.refresh()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._set_hover(None)

    def _hover_at(self, at: QPointF) -> None:
        self._show_cursor()
        if self._drag in {"in", "out"}:
            return
        inside = self.scale.left <= at.x() <= self.scale.right and not self._drag
        self._set_hover(self.scale.frame_at(at.x()) if inside else None)

    def _set_hover(self, frame: int | None) -> None:
        if frame != self._hover:
            self._hover = frame
            self.viewport().update()

    def _show_cursor(self) -> None:
        scene, x, y = self.scene(), self._at.x(), self._at.y()
        shape = Qt.CursorShape.ArrowCursor
        if self._drag == "pan":
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._drag in {"in", "out"} or (scene and not self._drag and scene.handle_at(x, y)):
            shape = Qt.CursorShape.SizeHorCursor
        elif scene and not self._drag and scene.keyframe_at(x, y) is not None:
            shape = Qt.CursorShape.PointingHandCursor
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(shape)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn, x = event.angleDelta(), event.position().x()
        sideways = abs(turn.x()) > abs(turn.y())
        if x < GUTTER and not sideways:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() - turn.y() // 4)
        elif sideways or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            step = turn.x() if sideways else turn.y()
            self.show_scale(self.scale.panned(-step * 0.8))
        else:
            self.zoom(ZOOM ** turn.y(), x)
        self._hover_at(event.position())
        event.accept()

    # --- keys and focus

    def keyPressEvent(self, event: QKeyEvent) -> None:
        session = self._session
        far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        key, keys = event.key(), Qt.Key
        if key == keys.Key_Escape and self._drag:
            self._range = None
            self._finish_drag()
        elif key in {keys.Key_Left, keys.Key_Right}:
            session.step(far if key == keys.Key_Right else -far)
        elif key in {keys.Key_Up, keys.Key_Down}:
            session.step_keyframe(1 if key == keys.Key_Down else -1)
        elif key == keys.Key_Home:
            session.go_to_start()
        elif key == keys.Key_End:
            session.go_to_end()
        elif key in {keys.Key_Plus, keys.Key_Equal, keys.Key_Minus}:
            self.zoom(1 / 1.5 if key == keys.Key_Minus else 1.5)
        elif key == keys.Key_0:
            self.fit()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._ringed = event.reason() in KEYBOARD
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._ringed = False
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip_at(QPointF(event.pos())), self)
            return True
        return super().viewportEvent(event)

    def _tip_at(self, at: QPointF) -> str:
        """What there is to say about a place: a cut name, a frame that cannot be shown, a lock."""
        scene = self.scene()
        row = scene.row_at(at.y()) if scene else None
        if row is not None and at.x() < GUTTER:
            return self._session.project.layers[row].name
        frame = self.scale.frame_at(at.x())
        if scene is None or at.x() < GUTTER:
            return ""
        if frame in scene.clip.missing:
            return self.tr("Frame {0} is missing from the clip").format(frame)
        error: str | None = self._session.frame_error(frame)
        if error or row is None:
            return error or ""
        layer = self._session.project.layers[row]
        if layer.is_absent(frame):
            return self.tr("{0} is marked absent on frame {1}").format(layer.name, frame)
        return self.tr("Frame {} is locked").format(frame) if frame in layer.locks else ""

    # --- seeking

    def _ask(self, frame: int) -> None:
        """Seek to `frame` before long; of many wishes in one turn of the event loop the last."""
        if self._wanted is None:
            QTimer.singleShot(0, self, self._seek)
        self._wanted = frame

    def _seek(self) -> None:
        frame, self._wanted = self._wanted, None
        if frame is not None and self._session.clip is not None:
            self._session.seek(frame)

    def _on_playhead_changed(self, frame: int) -> None:
        self.show_scale(self.scale.revealing(frame, by_page=self._drag != "scrub"))
        super()._on_playhead_changed(frame)
