"""The session's import of masks: reads them on the batch lane, takes all of them as one edit."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from app.batch import Batch, Ended, Stepped
from app.domain import edits
from app.domain.clip import Clip
from app.domain.clip_facts import ClipError
from app.domain.mask import Mask
from app.domain.project import Layer, LayerId, Project
from app.domain.sequence_names import frame_list
from app.mask_files import MaskFiles, mask_files
from app.mask_picture import read_mask_file
from app.redaction import hide
from app.reports import Level, layer_locked, left_alone, sentence_of


class Host(Protocol):
    """What is asked of the session."""

    @property
    def project(self) -> Project:
        """The project as it is now."""

    @property
    def playhead(self) -> int:
        """The frame under the playhead."""

    @property
    def selected_layer(self) -> Layer | None:
        """The layer that prompts go to."""

    @property
    def exporting(self) -> bool:
        """Whether an export is under way."""

    @property
    def propagating(self) -> bool:
        """Whether a propagation is under way."""

    @property
    def read_only(self) -> str:
        """Why nothing may be changed; empty where it may."""

    def start_batch(self, batch: Batch) -> None:
        """Run `batch` on the batch lane."""

    def edit(self, label: str, change: Callable[[Project], Project]) -> None:
        """Make one undoable edit."""

    def say(self, level: Level, text: str) -> None:
        """Send a sentence to the message bar."""


@dataclass(eq=False)
class Run:
    """One import under way."""

    layer: LayerId
    found: MaskFiles
    batch: Batch
    came: dict[int, Mask] = field(default_factory=dict)


class Importer(QObject):
    """One import at a time. A file that cannot be read ends it, and nothing is changed."""

    changed = Signal()  # begun, got on, ended

    def __init__(self, host: Host, parent: QObject) -> None:
        super().__init__(parent)
        self._host = host
        self._run: Run | None = None

    @property
    def running(self) -> bool:
        """Whether an import is under way."""
        return self._run is not None

    def obstacle(self) -> str:
        """Why no masks can be imported now, in a sentence; empty where they can."""
        host, layer = self._host, self._host.selected_layer
        if host.read_only:
            return host.read_only
        if host.project.clip is None:
            return self.tr("Open a clip first.")
        if layer is None:
            return self.tr("Add or select a layer first; the masks become its own.")
        if layer.locked:
            return layer_locked(layer.name)
        return self._busy()

    def activity(self) -> str:
        """What the status bar says while it runs."""
        if self._run is None:
            return ""
        left = len(self._run.found.files) - len(self._run.came)
        return self.tr("importing masks ({} left)").format(left)

    def start(self, paths: Sequence[Path]) -> None:
        """Import the masks in `paths`, files or a folder, into the selected layer."""
        host, layer, clip = self._host, self._host.selected_layer, self._host.project.clip
        reason = self.obstacle()
        if reason or layer is None or clip is None:
            host.say("info", reason)
            return
        for path in paths:
            hide(path)
        try:
            found = mask_files(paths, clip, host.playhead)
        except ClipError as e:
            host.say("error", str(e))
            return
        batch = Batch(lambda: _read(found, clip))
        self._run = Run(layer.id, found, batch)
        host.start_batch(batch)
        self.changed.emit()

    def cancel(self) -> None:
        """Read no more, and change nothing."""
        run, self._run = self._run, None
        if run is not None:
            run.batch.cancel()
            self.changed.emit()

    def take(self, answer: Stepped | Ended) -> bool:
        """Take what the batch lane says; False where it is not of this import."""
        run = self._run
        if run is None or answer.batch is not run.batch:
            return False
        if isinstance(answer, Stepped):
            if isinstance(answer.value, _Read):
                run.came[answer.value.frame] = answer.value.mask
            self.changed.emit()
            return True
        self._run = None
        if answer.error is not None:
            self._host.say("error", sentence_of(answer.error))
        else:
            self._finish(run)
        self.changed.emit()
        return True

    def _busy(self) -> str:
        if self.running:
            return self.tr("Masks are being imported; it can be cancelled.")
        if self._host.propagating:
            return self.tr("Masks are being propagated; import when that is done.")
        if self._host.exporting:
            return self.tr("Mattes are being exported; import when that is done.")
        return ""

    def _finish(self, run: Run) -> None:
        layer = next((x for x in self._host.project.layers if x.id == run.layer), None)
        if layer is None or layer.locked:
            text = self.tr("Nothing was imported: the layer was deleted or locked meanwhile.")
            self._host.say("warning", text)
            return
        label = self.tr("Import masks, {}").format(frame_list(run.came.keys() - layer.locks))
        self._host.edit(label, lambda p: edits.import_masks(p, layer.id, run.came))
        if held := run.came.keys() & layer.locks:
            self._host.say("warning", left_alone(held))
        if run.found.beyond:
            text = self.tr("The clip has no frames {}; their masks were left out.")
            self._host.say("warning", text.format(frame_list(run.found.beyond)))


@dataclass(frozen=True, eq=False, slots=True)
class _Read:
    """The mask of one frame."""

    frame: int
    mask: Mask


def _read(found: MaskFiles, clip: Clip) -> Generator[_Read]:
    for frame, path in found.files.items():
        yield _Read(frame, read_mask_file(path, clip))
