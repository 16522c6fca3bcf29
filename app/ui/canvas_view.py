"""The canvas without its mouse and keys: what it shows of the session, how, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.domain.project import Box, Layer, Point, Prompt
from app.ui import marks, overlay, theme
from app.ui.comparison import Comparison
from app.ui.empty_state import EmptyState
from app.ui.marks import Part, Picked
from app.ui.overlay import MODES
from app.ui.scene import Backing, Scene
from app.ui.sight_lines import SightLines
from app.ui.viewport import Viewport

if TYPE_CHECKING:
    from app.session import Session

PATIENCE = 100  # milliseconds the last frame stays as it is before it is dimmed


class CanvasView(QWidget):
    """Draws the playhead's picture with mattes and marks.

    While a picture is being read the last frame stays with its own mattes and marks, so that
    scrubbing does not flicker; after PATIENCE it is dimmed and says what is awaited.
    """

    picked_changed = Signal()
    mode_changed = Signal(str)
    zoom_changed = Signal(float)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.mode, self._mode_before = "overlay", "picture"
        self.marks_shown = True
        self.tint = overlay.TINT
        self.view = Viewport((1, 1), 1.0, (max(self.width(), 1), max(self.height(), 1)))
        self.band: Box | None = None  # the box being drawn
        self._picked: Picked | None = None
        self._place: tuple[object, int] = (None, 0)  # the layer and frame of what is picked
        self._scene: Scene | None = None
        self._backing = Backing()
        self._patience = QTimer(self, interval=PATIENCE, singleShot=True)
        self._patience.timeout.connect(self._lose_patience)
        self.empty = EmptyState(self)
        self.comparison = Comparison(session, self)
        self.comparison.changed.connect(self.refresh)
        session.sights.matte_made.connect(self.refresh)
        self.lines = SightLines(session, self)
        self.lines.changed.connect(self.update)
        self.setMinimumSize(160, 120)
        session.clip_changed.connect(self._on_clip)
        session.project_changed.connect(self.refresh)
        session.playhead_changed.connect(self.refresh)
        session.selection_changed.connect(self.refresh)
        session.frame_ready.connect(self.refresh)
        session.mask_changed.connect(self.refresh)
        self._on_clip()

    # --- where and how

    @property
    def zoom(self) -> float:
        """Device pixels per clip pixel."""
        return self.view.zoom

    def set_view(self, view: Viewport) -> None:
        """Show the clip elsewhere or at another zoom."""
        before, self.view = self.view, view
        if view != before:
            self.update()
        if view.zoom != before.zoom:
            self.zoom_changed.emit(view.zoom)

    def fit(self) -> None:
        """Show the whole picture, also after the canvas changes its size."""
        self.set_view(self.view.fitted())

    def show_actual_size(self) -> None:
        """Show one clip pixel on one device pixel."""
        self.set_view(self.view.zoomed(1.0))

    def zoom_in(self) -> None:
        """Show the picture at the next larger step."""
        self.set_view(self.view.stepped(1))

    def zoom_out(self) -> None:
        """Show the picture at the next smaller step."""
        self.set_view(self.view.stepped(-1))

    def toggle_mode(self, mode: str) -> None:
        """Show the mattes in this mode; asked again, in the mode before."""
        if mode not in MODES:
            raise ValueError(f"there is no mode {mode!r}")
        if mode == self.mode:
            mode = self._mode_before
        self.mode, self._mode_before = mode, self.mode
        self.mode_changed.emit(self.mode)
        self.refresh()

    def set_marks_shown(self, shown: bool) -> None:
        """Show or hide points and boxes; what is hidden cannot be picked."""
        self.marks_shown = shown
        if not shown:
            self.pick(None)
        self.refresh()

    def set_tint(self, tint: float) -> None:
        """Cover the picture in the overlay with this much of a layer's colour, 0..1."""
        self.tint = tint
        self.refresh()

    # --- marks

    @property
    def prompt(self) -> Prompt:
        """The prompt of the selected layer at the playhead."""
        return _prompt(self.session.selected_layer, self.session.playhead)

    @property
    def picked(self) -> Picked | None:
        """The index of the picked point, "box", or None."""
        return self._picked

    def pick(self, part: Picked | None) -> None:
        """Pick a point or the box."""
        self._place = (self.session.selected, self.session.playhead)
        if part != self._picked:
            self._picked = part
            self.picked_changed.emit()
            self.update()

    def delete_picked(self) -> None:
        """Delete the picked point or the box."""
        picked = self._picked
        self.pick(None)
        if picked == "box":
            self.session.delete_box()
        elif isinstance(picked, int):
            self.session.delete_point(picked)

    def part_at(self, at: QPointF) -> Part | None:
        """The mark under a place on the widget."""
        if not (self.marks_shown and self.is_current):
            return None
        return marks.part_at(self.prompt, self.view, at)

    def accepts(self, at: QPointF) -> bool:
        """Whether the picture of the playhead is to be seen at this place."""
        return self.is_current and self.view.holds(at)

    @property
    def is_current(self) -> bool:
        """Whether the picture of the playhead is shown, rather than a gap or an older one."""
        scene = self._scene
        return (
            scene is not None
            and scene.picture is not None
            and scene.gap is None
            and scene.reading is None
            and scene.frame == self.session.playhead
        )

    # --- what to show

    def _on_clip(self) -> None:
        clip = self.session.clip
        self._scene = None
        if self.empty.isAncestorOf(self.focusWidget() or self):
            self.setFocus(Qt.FocusReason.OtherFocusReason)  # rather than as by Tab, with a ring
        self.empty.setVisible(clip is None)
        if clip is not None:
            aspect = float(clip.pixel_aspect)
            size = max(self.width(), 1), max(self.height(), 1)
            self.set_view(Viewport(clip.size, aspect, size, self.devicePixelRatioF()).fitted())
        self.refresh()

    def refresh(self) -> None:
        """Show what the session has now."""
        session, frame = self.session, self.session.playhead
        self._keep_pick()
        if session.clip is None:
            self._scene = None
        elif (gap := session.frame_error(frame)) is not None:
            self._scene = self.comparison.dressed(Scene(frame, self.mode, gap=gap))
        elif session.picture(frame) is not None:
            self._scene = self._scene_of(frame)
        else:
            self._wait(frame)
        if session.clip is None or self.is_current or (self._scene and self._scene.gap):
            self._patience.stop()
        self.update()

    def _scene_of(self, frame: int) -> Scene:
        picture = self.session.picture(frame)
        return self.comparison.dressed(Scene(frame, self.mode, picture, tint=self.tint))

    def _wait(self, frame: int) -> None:
        scene = self._scene
        if scene is None or scene.gap is not None or scene.reading is not None:
            picture = scene.picture if scene else None
            self._scene = Scene(frame, self.mode, picture, reading=frame)
        elif not self._patience.isActive():
            self._patience.start()

    def _lose_patience(self) -> None:
        frame, picture = self.session.playhead, self._scene.picture if self._scene else None
        if self.session.clip is not None and not self.is_current:
            self._scene = Scene(frame, self.mode, picture, reading=frame)
            self.update()

    def _keep_pick(self) -> None:
        """Let go of what is picked where it is no longer there."""
        picked, prompt = self._picked, self.prompt
        here = (self.session.selected, self.session.playhead) == self._place
        there = prompt.box is not None if picked == "box" else True
        if isinstance(picked, int):
            there = picked < len(prompt.points)
        if not (here and there):
            self.pick(None)

    # --- painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            if self._scene is None:
                painter.fillRect(self.rect(), theme.CANVAS)
            else:
                image = self._backing.image(self._scene, self.view, self.font())
                painter.drawImage(0, 0, image)
                self._draw_over(painter, self._scene)
            self.draw_tool(painter)
            if self.is_ringed():
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(theme.FOCUS, 1))
                painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def draw_tool(self, painter: QPainter) -> None:
        """Draw what belongs to the tool, on top of all."""

    def is_ringed(self) -> bool:
        """Whether a ring shows that the canvas has the keyboard or takes what is dropped."""
        return False

    def _draw_over(self, painter: QPainter, scene: Scene) -> None:
        if scene.gap is None and scene.reading is None:
            self.lines.draw(painter, scene.frame, self.view)
            self._draw_marks(painter, scene)

    def _draw_marks(self, painter: QPainter, scene: Scene) -> None:
        layer = self.session.selected_layer
        if layer is not None and self.marks_shown:
            prompt = _prompt(layer, scene.frame)
            waiting = self._waiting(layer, scene.frame, prompt)
            picked = self._picked if scene.frame == self.session.playhead else None
            if self.band is not None:
                prompt = Prompt(None, prompt.points)
            marks.draw(painter, prompt, self.view, picked=picked, waiting=waiting)
        if self.band is not None:
            marks.draw_box(painter, marks.rect_of(self.band, self.view), waiting=True)

    def _waiting(self, layer: Layer, frame: int, prompt: Prompt) -> tuple[Point | Box, ...]:
        """The marks no mask has answered yet."""
        if not self.session.is_pending(layer.id, frame):
            return ()
        mask = layer.masks.get(frame)
        answered = (mask.prompt if mask else None) or Prompt()
        boxes = () if prompt.box is None or prompt.box == answered.box else (prompt.box,)
        return (*boxes, *(point for point in prompt.points if point not in answered.points))

    # --- size

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.empty.setGeometry(self.rect())
        self._take_size()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._take_size()
        return super().event(event)

    def _take_size(self) -> None:
        size = max(self.width(), 1), max(self.height(), 1)
        self.set_view(self.view.resized(size, self.devicePixelRatioF()))


def _prompt(layer: Layer | None, frame: int) -> Prompt:
    return layer.prompts.get(frame, Prompt()) if layer else Prompt()
