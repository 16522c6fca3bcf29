"""The panel of suspect frames: where to look, why, and how to say that it looks right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSignalBlocker
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.domain.review import Suspect, sentence
from app.ui import theme
from app.ui.actions import Actions
from app.ui.suspect_list import PICTURE, Line, SuspectDelegate, SuspectList, SuspectModel
from app.ui.suspect_pictures import SuspectPictures
from app.ui.timeline_scale import padded

if TYPE_CHECKING:
    from app.session import Session

WIDEST = 80  # pixels of a picture


class ReviewPanel(QWidget):
    """The suspect frames of all layers, the most doubtful first; choosing one goes there."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._actions = session, actions
        self._pictures = SuspectPictures(session)
        self._model = SuspectModel(self._line, self)
        self.list = SuspectList(self.tr("Nothing to look at: no propagated mask is suspect"), self)
        self.list.setModel(self._model)
        self._delegate = SuspectDelegate(self._picture, self.list)
        self.list.setItemDelegate(self._delegate)
        self.list.setAccessibleName(self.tr("Suspect frames"))
        self.count = QLabel(self)
        self._lay_out()
        self._connect()
        self._on_clip_changed()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        row.setSpacing(theme.GRID)
        row.addWidget(self._actions.button("track.approve", self))
        row.addWidget(self.count, 1)
        for name in ("previous_suspect", "next_suspect"):
            row.addWidget(self._actions.button(f"track.{name}", self))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addLayout(row)

    def _connect(self) -> None:
        session = self._session
        session.clip_changed.connect(self._on_clip_changed)
        session.project_changed.connect(self._sync)
        session.selection_changed.connect(self._sync_chosen)
        session.playhead_changed.connect(self._sync_chosen)
        session.thumbnail_ready.connect(self.list.viewport().update)
        session.sights.changed.connect(self.list.viewport().update)
        self.list.selectionModel().currentChanged.connect(self._on_chosen)
        self.list.clicked.connect(self._on_chosen)

    def _on_clip_changed(self) -> None:
        self._pictures.clear()
        clip = self._session.clip
        if clip is not None:
            width, height = clip.size
            wide = PICTURE * width * float(clip.pixel_aspect) / height
            self._delegate.wide = min(WIDEST, max(8, round(wide)))
        self._sync()

    def _sync(self) -> None:
        """Show the suspects as they are."""
        suspects = self._session.suspects() if self._session.clip else []
        if suspects != self._model.suspects:
            place = self.list.verticalScrollBar().value()
            with QSignalBlocker(self.list.selectionModel()):
                self._model.show(suspects)
            self.list.verticalScrollBar().setValue(place)
        self.list.setAccessibleDescription("" if suspects else self.list.empty)
        text = self.tr("{n} suspect frames") if len(suspects) != 1 else self.tr("{n} suspect frame")
        self.count.setText(text.format(n=len(suspects)) if suspects else "")
        self._sync_chosen()

    def _sync_chosen(self) -> None:
        """Choose the row of the frame and the layer being looked at."""
        here = self._session.selected, self._session.playhead
        rows = (n for n, one in enumerate(self._model.suspects) if (one.layer, one.frame) == here)
        row = next(rows, -1)
        if row == self.list.currentIndex().row():
            return
        index = self._model.index(row) if row >= 0 else QModelIndex()
        choose = QItemSelectionModel.SelectionFlag.ClearAndSelect
        with QSignalBlocker(self.list.selectionModel()):
            self.list.selectionModel().setCurrentIndex(index, choose)
        if row >= 0:
            self.list.scrollTo(index)
        self.list.viewport().update()

    def _on_chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            suspect = self._model.suspects[index.row()]
            self._session.select_layer(suspect.layer)
            self._session.seek(suspect.frame)

    def _line(self, suspect: Suspect) -> Line:
        clip, layer = self._session.clip, self._session.project.layer(suspect.layer)
        frame = padded(suspect.frame, clip.frames) if clip else str(suspect.frame)
        colour = theme.layer_colour(layer.colour)
        return Line(suspect, frame, layer.name, colour, self.tr(sentence(suspect.reason)))

    def _picture(self, suspect: Suspect) -> QPixmap | None:
        size = float(self._delegate.wide), float(PICTURE)
        return self._pictures.pixmap(suspect, size, self.devicePixelRatioF())
