"""The timeline as a picture: what it shows, how far it is zoomed; `timeline` adds the input."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, QSizeF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.domain.clip import Clip
from app.domain.frames import FrameRange
from app.domain.project import Layer
from app.ui import theme
from app.ui.thumbnails import Thumbnails
from app.ui.timeline_paint import HEAD, ROWS, Paint, paint_layers, paint_moving
from app.ui.timeline_scale import Runs, Scale, runs
from app.ui.timeline_scene import (
    GUTTER,
    MIDDLE,
    ROW,
    RULER,
    STRIP,
    TOP,
    Row,
    Scene,
    make_row,
    thumbnail_width,
)

if TYPE_CHECKING:
    from app.session import Session


class TimelineView(QAbstractScrollArea):
    """Ruler, lines of what is at hand, thumbnails, one row a layer.

    What stays while the playhead moves is kept in two pixmaps, the head and the rows below it, so
    scrubbing is a blit and a new thumbnail leaves the rows alone.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._thumbnails = Thumbnails(session)
        self._scale = Scale(FrameRange(0, 0))
        self._scene: Scene | None = None  # None: to be gathered anew
        self._head: tuple[object, QPixmap] = (None, QPixmap())
        self._body: tuple[object, QPixmap] = (None, QPixmap())
        self._rows: dict[str, tuple[Layer, int, Row]] = {}
        self._lines: tuple[Runs, Runs] = ((), ())
        self._failed: frozenset[int] = frozenset()
        self._range: FrameRange | None = None  # in place of the project's while it is dragged
        self._hover: int | None = None
        self._ringed = False
        self._set_up()
        self._connect()
        self._on_clip_changed()

    @property
    def scale(self) -> Scale:
        """Where the frames lie, in pixels of the viewport."""
        return self._scale

    def x_of(self, frame: int) -> float:
        """The x of the middle of a frame on the viewport."""
        return self._scale.centre_of(frame)

    def row_middle(self, index: int) -> float:
        """The y of the middle of a layer's track on the viewport."""
        return TOP + index * ROW - self.verticalScrollBar().value() + MIDDLE

    def fit(self) -> None:
        """Show the whole clip."""
        self.show_scale(self._scale.fitted())

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Show frames `factor` times as wide; what is at x, else the playhead, stays there."""
        at = self.x_of(self._session.playhead) if x is None else x
        inside = min(max(at, self._scale.left), self._scale.right)
        self.show_scale(self._scale.zoomed(factor, inside))

    def show_scale(self, scale: Scale) -> None:
        """Show the frames as `scale` has them."""
        if scale != self._scale:
            self._scale = scale
            self.refresh()
        bar = self.horizontalScrollBar()
        with QSignalBlocker(bar):
            bar.setRange(0, round(scale.content - scale.width))
            bar.setPageStep(round(scale.width))
            bar.setSingleStep(max(1, round(scale.width / 10)))
            bar.setValue(round(scale.offset))

    def refresh(self) -> None:
        """Gather and paint everything anew at the next repaint."""
        self._scene = None
        self.viewport().update()

    def scene(self) -> Scene | None:
        """What there is to see now; None without a clip."""
        clip = self._session.clip
        if self._scene is None and clip is not None:
            self._scene = self._gather(clip)
        return self._scene

    def _gather(self, clip: Clip) -> Scene:
        project, selected = self._session.project, self._session.selected
        ids = [layer.id for layer in project.layers]
        view = self.viewport()
        size, ratio = (thumbnail_width(clip), STRIP - 1.0), self.devicePixelRatioF()
        return Scene(
            clip=clip,
            scale=self._scale,
            width=view.width(),
            height=view.height(),
            ratio=ratio,
            scroll=self.verticalScrollBar().value(),
            in_out=self._range or project.in_out or clip.frames,
            limited=(self._range or project.in_out or clip.frames) != clip.frames,
            rows=tuple(
                self._row(layer, project.number(at)) for at, layer in enumerate(project.layers)
            ),
            selected=ids.index(selected) if selected in ids else None,
            cached=self._lines[0],
            embedded=self._lines[1],
            gaps=runs(clip.missing | self._failed),
            thumbnail=partial(self._thumbnails.pixmap, size=size, ratio=ratio),
        )

    def _row(self, layer: Layer, number: int) -> Row:
        known = self._rows.get(layer.id)
        if known is None or known[0] is not layer or known[1] != number:
            known = (layer, number, make_row(layer, number))
            self._rows[layer.id] = known
        return known[2]

    # --- Qt

    def sizeHint(self) -> QSize:
        return QSize(800, TOP + 4 * ROW + self.horizontalScrollBar().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.show_scale(self._scale.resized(GUTTER, self.viewport().width() - GUTTER))
        self._update_rows_bar()
        self.refresh()

    def paintEvent(self, _event: QPaintEvent) -> None:
        self._forget_at_another_ratio()
        scene = self.scene()
        with QPainter(self.viewport()) as painter:
            painter.setFont(self.font())
            if scene is None:
                painter.fillRect(self.viewport().rect(), theme.SUNKEN)
                painter.fillRect(QRectF(0, 0, self.viewport().width(), RULER), theme.PANEL)
            else:
                self._paint_still(painter, scene)
                paint_moving(painter, scene, self._session.playhead, self._hover)
            if self._ringed:
                painter.setPen(QPen(theme.FOCUS, 1))
                painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))

    def _paint_still(self, painter: QPainter, scene: Scene) -> None:
        if self._head[0] is not scene:
            self._head = (scene, self._picture(scene, TOP, HEAD))
        state = scene.rows_state
        if self._body[0] != state:
            self._body = (state, self._picture(scene, scene.height, ROWS))
        painter.drawPixmap(0, 0, self._body[1])
        painter.drawPixmap(0, 0, self._head[1])

    def _picture(self, scene: Scene, height: float, layers: tuple[Paint, ...]) -> QPixmap:
        pixmap = QPixmap(QSizeF(scene.width * scene.ratio, height * scene.ratio).toSize())
        pixmap.setDevicePixelRatio(scene.ratio)
        with QPainter(pixmap) as painter:
            painter.setFont(self.font())
            paint_layers(painter, scene, layers)
        return pixmap

    def _forget_at_another_ratio(self) -> None:
        """A window that moved to another screen paints anew, in that screen's pixels."""
        if self._scene is not None and self._scene.ratio != self.devicePixelRatioF():
            self._scene = None

    # --- what the session and the bars say

    def _set_up(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFont(theme.numerals(self.font()))
        self.setMinimumHeight(TOP + ROW + self.horizontalScrollBar().sizeHint().height())
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Timeline"))
        self.horizontalScrollBar().valueChanged.connect(self._on_scrolled)
        self.verticalScrollBar().valueChanged.connect(self.refresh)

    def _connect(self) -> None:
        session = self._session
        session.clip_changed.connect(self._on_clip_changed)
        session.project_changed.connect(self._on_project_changed)
        session.selection_changed.connect(self.refresh)
        session.mask_changed.connect(self.refresh)
        session.thumbnail_ready.connect(self.refresh)
        session.caches_changed.connect(self._on_caches_changed)
        session.frame_ready.connect(self._on_frame_ready)
        session.playhead_changed.connect(self._on_playhead_changed)

    def _on_clip_changed(self) -> None:
        clip = self._session.clip
        self._thumbnails.clear()
        self._failed, self._hover, self._range = frozenset(), None, None
        frames = clip.frames if clip else FrameRange(0, 0)
        width = max(1, self.viewport().width() - GUTTER)
        self.show_scale(Scale(frames, GUTTER, width).fitted())
        self.horizontalScrollBar().setEnabled(clip is not None)
        self._on_caches_changed()
        self._on_project_changed()

    def _on_project_changed(self) -> None:
        ids = {layer.id for layer in self._session.project.layers}
        self._rows = {key: row for key, row in self._rows.items() if key in ids}
        self._update_rows_bar()
        self._describe()
        self.refresh()

    def _on_caches_changed(self) -> None:
        session = self._session
        self._lines = (runs(session.cached_frames()), runs(session.embedded_frames()))
        self.refresh()

    def _on_frame_ready(self, frame: int) -> None:
        failed = self._session.frame_error(frame) is not None
        if failed != (frame in self._failed):
            self._failed ^= {frame}
            self.refresh()

    def _on_playhead_changed(self, frame: int) -> None:
        self.show_scale(self._scale.revealing(frame))
        self._describe()
        self.viewport().update()

    def _on_scrolled(self, value: int) -> None:
        self.show_scale(self._scale.panned(value - self._scale.offset))

    def _update_rows_bar(self) -> None:
        rows = len(self._session.project.layers) * ROW
        room = self.viewport().height() - TOP
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, rows - room))
        bar.setPageStep(max(1, room))
        bar.setSingleStep(ROW)

    def _describe(self) -> None:
        work = self._session.project.work_range
        text = self.tr("No clip is open")
        if work is not None:
            text = self.tr("Frame {0}, in {1}, out {2}").format(
                self._session.playhead, work.first, work.last
            )
        self.setAccessibleDescription(text)
