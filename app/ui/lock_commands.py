"""Locks, absent frames and imported masks: what the menu does to the selected layer, or why not."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain import edits
from app.domain.project import Layer
from app.reports import layer_locked, left_alone

if TYPE_CHECKING:
    from app.session import Session

IMAGES = "*.png *.tif *.tiff *.exr *.jpg *.jpeg"


def lock_obstacle(session: Session, *, in_range: bool = False) -> str:
    """Why the frame cannot be locked or unlocked, or none in in/out locked; empty where one can."""
    layer, frame = session.selected_layer, session.playhead
    reason = _obstacle(session, in_range=in_range)
    if reason or layer is None:
        return reason
    if in_range:
        can = any(x in layer.masks and x not in layer.locks for x in _frames(session, in_range))
        return "" if can else f"{layer.name} has no mask in in/out that is not locked yet."
    if frame in layer.masks and not layer.is_stale(frame):
        return ""
    if frame in layer.prompts:
        return f"The mask of {layer.name} on frame {frame} is not there yet; wait for it."
    return f"{layer.name} has no mask on frame {frame}; click the object or propagate first."


def unlock_obstacle(session: Session) -> str:
    """Why nothing in in/out can be unlocked, in a sentence; empty where something can."""
    layer = session.selected_layer
    reason = _obstacle(session, in_range=True)
    if reason or layer is None:
        return reason
    if layer.locks.isdisjoint(_frames(session, in_range=True)):
        return f"No frame of {layer.name} in in/out is locked."
    return ""


def absent_obstacle(session: Session, *, in_range: bool = False) -> str:
    """Why the object cannot be marked absent, in a sentence; empty where it can."""
    layer = session.selected_layer
    reason = _obstacle(session, in_range=in_range)
    if reason or layer is None:
        return reason
    frames = _frames(session, in_range)
    if all(map(layer.is_absent, frames)):
        where = "on all of in/out" if in_range else f"on frame {session.playhead}"
        return f"{layer.name} is marked absent {where} already."
    if not layer.locks.issuperset(frames):
        return ""
    if in_range:
        return f"All of in/out is locked on {layer.name}; unlock it first."
    return f"Frame {session.playhead} of {layer.name} is locked; Ctrl+L again unlocks it."


def _obstacle(session: Session, *, in_range: bool) -> str:
    layer = session.selected_layer
    if session.files.read_only:
        return session.files.read_only
    if session.clip is None:
        return "Open a clip first."
    if layer is None:
        return "Add or select a layer first."
    if layer.locked:
        return layer_locked(layer.name)
    if in_range and session.project.in_out is None:
        return "Set in and out first."
    return ""


def _frames(session: Session, in_range: bool) -> Collection[int]:
    """The frames meant: those of in/out, or the one under the playhead."""
    in_out = session.project.in_out
    if in_range and in_out is not None:
        return range(in_out.first, in_out.last + 1)
    return (session.playhead,)


class LockCommands(QObject):
    """Edits of the selected layer; where one cannot be made the session says why."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        self._last = ""  # the folder masks were taken from last

    def set_locked(self, locked: bool) -> None:
        """Lock the frame under the playhead, or let it be changed again."""
        self._lock(lock_obstacle(self._session), in_range=False, locked=locked)

    def lock_range(self) -> None:
        """Lock all that has a mask in in/out."""
        self._lock(lock_obstacle(self._session, in_range=True), in_range=True, locked=True)

    def unlock_range(self) -> None:
        """Let all of in/out be changed again."""
        self._lock(unlock_obstacle(self._session), in_range=True, locked=False)

    def mark_absent(self) -> None:
        """Say that the object is not on the frame under the playhead."""
        self._mark_absent(in_range=False)

    def mark_range_absent(self) -> None:
        """Say that the object is on no frame of in/out."""
        self._mark_absent(in_range=True)

    def import_files(self) -> None:
        """Ask for image files, and take them as masks."""
        kinds = self.tr("Images ({});;All files (*)").format(IMAGES)
        names, _ = QFileDialog.getOpenFileNames(
            self._window, self.tr("Import masks"), self._folder(), kinds
        )
        if names:
            self._last = str(Path(names[0]).parent)
            self._session.import_masks([Path(name) for name in names])

    def import_folder(self) -> None:
        """Ask for a folder, and take the sequence in it as masks."""
        title = self.tr("Import a folder of masks")
        name = QFileDialog.getExistingDirectory(self._window, title, self._folder())
        if name:
            self._last = name
            self._session.import_masks([Path(name)])

    def _folder(self) -> str:
        clip = self._session.clip
        return self._last or (str(clip.path.parent) if clip else "")

    def _lock(self, reason: str, *, in_range: bool, locked: bool) -> None:
        layer = self._ready(reason)
        if layer is not None:
            frames = _frames(self._session, in_range)
            word = self.tr("Lock {}") if locked else self.tr("Unlock {}")
            self._session.edit(
                word.format(_named(frames)),
                lambda project: edits.lock_frames(project, layer.id, frames, locked),
            )

    def _mark_absent(self, *, in_range: bool) -> None:
        layer = self._ready(absent_obstacle(self._session, in_range=in_range))
        if layer is not None:
            frames = _frames(self._session, in_range)
            label = self.tr("Mark absent, {}").format(_named(frames))
            self._session.edit(label, lambda project: edits.mark_absent(project, layer.id, frames))
            held = {f for f in frames if f in layer.locks and not layer.is_absent(f)}
            if held:
                self._session.say("warning", left_alone(held))

    def _ready(self, reason: str) -> Layer | None:
        """The layer to change; None, and the reason said, where there is something in the way."""
        if reason:
            self._session.say("info", reason)
            return None
        return self._session.selected_layer


def _named(frames: Collection[int]) -> str:
    first, last = min(frames), max(frames)
    return f"frame {first}" if first == last else f"frames {first}-{last}"
