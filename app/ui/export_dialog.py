"""Exporting mattes: which layers, which frames, where to; the editor stays usable meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.frames import FrameRange
from app.domain.project import LayerId, Project
from app.ui import theme
from app.ui.cut_label import CutLabel
from app.ui.export_progress import ExportProgress
from app.ui.layer_row import swatch
from app.ui.save_name import offered_name
from app.ui.settings_store import SettingsStore

if TYPE_CHECKING:
    from app.session import ExportSummary, Session

WIDTH = 560

Mode: TypeAlias = Literal["refuse", "overwrite", "resume"]


class ExportDialog(QDialog):
    """Asks what to export, then shows how it goes; never blocks the window behind it."""

    def __init__(
        self,
        session: Session,
        settings: SettingsStore | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._settings = settings
        self._unticked: set[LayerId] = set()
        self.form = QWidget(self)
        self.layers = QListWidget(self)
        self.range = QComboBox(self)
        self.folder = QLineEdit(self)
        self.choose = QPushButton(self.tr("Choose…"), self)
        self.format = QComboBox(self)
        self.preview = CutLabel(self, Qt.TextElideMode.ElideMiddle)
        self.count = QLabel(self)
        self.start = QPushButton(self.tr("Start"), self)
        self.progress = ExportProgress(self)
        self._set_up()
        self._lay_out()
        self._connect()
        self._on_clip_changed()

    # --- what is asked for

    def chosen_layers(self) -> list[LayerId]:
        """The ticked layers, from the top."""
        return [
            layer.id for layer in self._session.project.layers if layer.id not in self._unticked
        ]

    def chosen_frames(self) -> FrameRange | None:
        """The frames to write; None where there are none."""
        frames = self.range.currentData()
        return FrameRange(*frames) if frames else None

    def out_dir(self) -> Path:
        """The folder to write into."""
        return Path(self.folder.text().strip()).expanduser()

    # --- making

    def _set_up(self) -> None:
        self.setWindowTitle(self.tr("Export mattes"))
        self.setModal(False)
        self.setFixedWidth(WIDTH)
        self.layers.setAccessibleName(self.tr("Layers"))
        self.layers.setFixedHeight(5 * theme.ROW)
        self.layers.setIconSize(QSize(14, 14))
        self.range.setAccessibleName(self.tr("Range"))
        self.folder.setAccessibleName(self.tr("Folder"))
        self.format.addItem(self.tr("8-bit grey PNG sequence"))
        self.format.setAccessibleName(self.tr("Format"))
        self.preview.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
        self.count.setWordWrap(True)
        self.count.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.count.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.choose.setAutoDefault(False)
        self.start.setDefault(True)

    def _lay_out(self) -> None:
        folder = QHBoxLayout()
        folder.setSpacing(theme.GAP)
        folder.addWidget(self.folder, 1)
        folder.addWidget(self.choose)
        form = QFormLayout(self.form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(theme.GAP)
        form.addRow(self.tr("Layers"), self.layers)
        form.addRow(self.tr("Range"), self.range)
        form.addRow(self.tr("Folder"), folder)
        form.addRow(self.tr("Format"), self.format)
        form.addRow(self.tr("First file"), self.preview)
        form.addRow("", self.count)
        start = QHBoxLayout()
        start.addStretch(1)
        start.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[2 * theme.GAP] * 4)
        column.setSpacing(theme.GAP)
        column.addWidget(self.form)
        column.addLayout(start)
        column.addWidget(self.progress, 1)

    def _connect(self) -> None:
        session = self._session
        session.clip_changed.connect(self._on_clip_changed)
        session.project_changed.connect(self._on_project_changed)
        session.export_progressed.connect(self.progress.show_progress)
        session.export_finished.connect(self._on_finished)
        self.layers.itemChanged.connect(self._on_ticked)
        self.range.currentIndexChanged.connect(self._update)
        self.folder.textChanged.connect(self._update)
        self.choose.clicked.connect(self._choose_folder)
        self.start.clicked.connect(lambda: self._start("refuse"))
        self.progress.cancel_asked.connect(self._cancel)
        self.progress.overwrite_asked.connect(lambda: self._start("overwrite"))
        self.progress.resume_asked.connect(lambda: self._start("resume"))
        self.progress.folder_asked.connect(self._choose_folder)

    # --- showing

    def _on_clip_changed(self) -> None:
        self._unticked.clear()
        self.folder.setText(self._offered_folder())
        self._sync()
        if not self._session.exporting:
            self.progress.show_ready()

    def _offered_folder(self) -> str:
        """Where the clip's mattes went last, else beside the project, saved or not yet."""
        clip = self._session.clip
        if clip is None:
            return ""
        known = self._settings.settings.mattes if self._settings else {}
        project = self._session.files.home or offered_name(clip)
        return known.get(str(clip.path)) or str(project.parent / f"{clip.name}_mattes")

    def _on_project_changed(self) -> None:
        if self.isVisible():  # a closed dialog costs a drag on the canvas nothing
            self._sync()

    def showEvent(self, event: QShowEvent) -> None:
        self._sync()
        super().showEvent(event)

    def _sync(self) -> None:
        project = self._session.project
        with QSignalBlocker(self.layers), QSignalBlocker(self.range):
            self._show_layers(project)
            self._show_ranges(project)
        self._update()

    def _show_layers(self, project: Project) -> None:
        self.layers.clear()
        for number, layer in enumerate(project.layers, 1):
            item = QListWidgetItem(swatch(theme.layer_colour(layer.colour)), "", self.layers)
            item.setText(f"{number}  {layer.name}")
            item.setData(Qt.ItemDataRole.UserRole, layer.id)
            ticked = layer.id not in self._unticked
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)

    def _show_ranges(self, project: Project) -> None:
        chosen = max(0, self.range.currentIndex())
        self.range.clear()
        for name, frames in self._ranges(project):
            text = f"{name}   {frames.first} – {frames.last}" if frames else name
            self.range.addItem(text, (frames.first, frames.last) if frames else None)
        self.range.setCurrentIndex(chosen)

    def _ranges(self, project: Project) -> list[tuple[str, FrameRange | None]]:
        chosen = set(self.chosen_layers())
        layers = [layer for layer in project.layers if layer.id in chosen]
        keyframes = [frame for layer in layers for frame in layer.prompts]
        span = FrameRange(min(keyframes), max(keyframes)) if keyframes else None
        clip = project.clip.frames if project.clip else None
        return [
            (self.tr("In to out"), project.work_range),
            (self.tr("Whole clip"), clip),
            (self.tr("First to last keyframe"), span),
        ]

    def _update(self) -> None:
        """What will be written, in words; Start only where something can be."""
        layers, frames = self.chosen_layers(), self.chosen_frames()
        ready = bool(layers and frames and self.folder.text().strip())
        self.start.setEnabled(ready and not self._session.exporting)
        self.form.setEnabled(not self._session.exporting)
        self.count.setText(self._count_text(layers, frames))
        path = ""
        if layers and frames and ready:
            path = str(self._session.first_export_path(self.out_dir(), layers, frames))
        self.preview.show_text(path)

    def _count_text(self, layers: list[LayerId], frames: FrameRange | None) -> str:
        if not layers:
            return self.tr("Tick a layer to export.")
        if frames is None:
            return self.tr("No ticked layer has a keyframe.")
        if not self.folder.text().strip():
            return self.tr("Choose a folder to write to.")
        total = len(frames) * len(layers)
        text = self.tr("{0} of {1}: {2}.").format(
            counted(len(frames), self.tr("frame"), self.tr("frames")),
            counted(len(layers), self.tr("layer"), self.tr("layers")),
            counted(total, self.tr("file"), self.tr("files")),
        )
        masked = sum(
            sum(frame in frames for frame in self._session.project.layer(layer).masks)
            for layer in layers
        )
        if masked < total:
            text += self.tr(" {0} without a mask will be black.").format(total - masked)
        return text

    # --- doing

    def _on_ticked(self, item: QListWidgetItem) -> None:
        layer_id = item.data(Qt.ItemDataRole.UserRole)
        if item.checkState() == Qt.CheckState.Checked:
            self._unticked.discard(layer_id)
        else:
            self._unticked.add(layer_id)
        with QSignalBlocker(self.range):
            self._show_ranges(self._session.project)
        self._update()

    def _choose_folder(self) -> None:
        title = self.tr("Folder for the mattes")
        folder = QFileDialog.getExistingDirectory(self, title, str(self.out_dir()))
        if folder:
            self.folder.setText(folder)
            self.progress.show_ready()

    def _start(self, mode: Mode) -> None:
        layers, frames = self.chosen_layers(), self.chosen_frames()
        if not layers or frames is None or self._session.exporting:
            return
        clip = self._session.clip
        if self._settings is not None and clip is not None:
            folder = self.folder.text().strip()
            self._settings.change(self._settings.settings.with_mattes(clip.path, folder))
        self.progress.show_start(len(layers) * len(frames))
        self._session.export(self.out_dir(), layers, frames, mode)
        self._update()

    def _cancel(self) -> None:
        self.progress.show_cancelling()
        self._session.cancel_export()

    def _on_finished(self, summary: ExportSummary) -> None:
        self.progress.show_summary(summary)
        self._update()


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"
