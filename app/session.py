"""The session: owns project, history, playhead and lanes; the only thing widgets call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from app import paths, plan, runtimes
from app.batch import Batch, Ended, Stepped
from app.clip_caches import ClipCaches
from app.crew import Crew
from app.domain import edits
from app.domain.clip import Clip, Interpretation
from app.domain.frames import FrameRange
from app.domain.history import History
from app.domain.mask import Mask
from app.domain.project import Box, Layer, LayerId, Point, Project
from app.domain.project_schema import SUFFIX
from app.domain.project_write import View
from app.domain.review import Review, Suspect, is_suspect
from app.export_mattes import MaskSource, export_mattes, first_export_path
from app.footage_jobs import FindFootage
from app.importer import Importer
from app.jobs import (
    Answered,
    ClipOpened,
    FrameEmbedded,
    FrameRead,
    MaskDamaged,
    MatteMade,
    NotAnswered,
    OpenClip,
    OpenFailed,
    Question,
    ThumbnailMade,
)
from app.painter import Painter
from app.plan import Wanted
from app.player import Player, faster
from app.project_files import ProjectFiles
from app.project_jobs import ProjectOpened
from app.propagation import Direction, Extent
from app.propagator import Propagator, archive_folder
from app.redaction import hide
from app.reports import ExportSummary, Level, Message, Status, layer_locked, sentence_of
from app.settings import Settings
from app.sights import Sights
from export.job import ExistingFiles, Mode
from export.report import Progress, Report
from models.base import Model, ModelInfo

__all__ = ["ExportSummary", "Message", "Progress", "Session", "Status"]

log = logging.getLogger(__name__)

SETTLE = 120  # ms the playhead rests before its frame is worth an encode
THROTTLE = 250  # ms between signals that only refresh displays
SOON = 3  # frames ahead whose mattes are made before they are shown
MB = 2**20


class Session(QObject):
    """One project at a time, everything computed for it, and the threads that work for it.

    Every call returns at once; what takes long arrives by signal.
    """

    began = Signal()  # another project is open, with a history of its own
    clip_changed = Signal()
    project_changed = Signal()
    history_changed = Signal()
    playhead_changed = Signal(int)
    selection_changed = Signal()
    frame_ready = Signal(int)
    mask_changed = Signal(str, int)
    caches_changed = Signal()
    thumbnail_ready = Signal(int)
    model_changed = Signal()
    playing_changed = Signal()
    status_changed = Signal()
    message_sent = Signal(object)
    propagation_changed = Signal()  # begun, got on, ended
    import_changed = Signal()  # begun, got on, ended
    export_progressed = Signal(object)
    export_finished = Signal(object)

    def __init__(
        self,
        model: Model,
        settings: Settings,
        cache_folder: Path | None = None,
        recovery_folder: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._model, self._settings = model, settings
        self._told: set[str] = set()  # notes of models
        self._folder = cache_folder or paths.user_cache() / "embeddings"
        self._history = self._new_history(Project(), self.tr("Start"))
        self.files = ProjectFiles(self, recovery_folder or paths.user_recovery(), self)
        archives = archive_folder(self._folder, settings.archives_gb)
        self.propagator = Propagator(self, lambda: self._model, archives, self)
        self.importer = Importer(self, self)
        self.painter = Painter(self, self)
        self.sights = Sights(self, self)
        self._caches: ClipCaches | None = None
        self._opening: OpenClip | None = None
        self._playhead = 0
        self._direction = 1
        self._settled = True
        self._selected: LayerId | None = None
        self._review = Review()
        self._wishes: dict[int, None] = {}  # thumbnails asked for, in order
        self._batch: Batch | None = None
        self._export_dir = Path()
        self._encode_seconds = 0.0
        self._disk_error: str | None = None
        self._over = False
        self.edits = 0  # how often the artist has changed the project; only compared
        self._arrived: list[object] = []  # what was opened while a save runs
        self._player = Player(self._is_ready, self)
        self._player.advanced.connect(self._go_to)
        self._player.changed.connect(self._on_player_changed)
        self._settling = QTimer(self, singleShot=True, interval=SETTLE)
        self._settling.timeout.connect(self._on_settled)
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self.publish)
        self._throttle = QTimer(self, singleShot=True, interval=THROTTLE)
        self._throttle.timeout.connect(self._on_throttle)
        self.files.save_ended.connect(self._on_save_ended)
        self.propagator.changed.connect(self._on_propagator_changed)
        self.importer.changed.connect(self.import_changed)
        self.importer.changed.connect(self.status_changed)
        self._crew = Crew(Wanted(model), self)
        self._crew.answered.connect(self._on_answered)
        self._crew.failed.connect(self._on_failed)

    # What there is

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return self._history.present

    @property
    def clip(self) -> Clip | None:
        """The open clip."""
        return self.project.clip

    @property
    def history(self) -> History:
        """The edits made so far; change it only through the session."""
        return self._history

    @property
    def playhead(self) -> int:
        """The frame under the playhead."""
        return self._playhead

    @property
    def selected(self) -> LayerId | None:
        """The id of the layer that prompts go to."""
        return self._selected

    @property
    def selected_layer(self) -> Layer | None:
        """The layer that prompts go to."""
        return next((x for x in self.project.layers if x.id == self._selected), None)

    @property
    def rate(self) -> float:
        """Playing speed: 0 stopped, 1 clip rate, negative backwards."""
        return self._player.rate

    @property
    def looping(self) -> bool:
        """Whether playing begins again at the end."""
        return self._player.looping

    @property
    def exporting(self) -> bool:
        """Whether an export is under way."""
        return self._batch is not None

    @property
    def propagating(self) -> bool:
        """Whether a propagation is under way."""
        return self.propagator.running

    @property
    def importing(self) -> bool:
        """Whether masks are being imported."""
        return self.importer.running

    @property
    def read_only(self) -> str:
        """Why nothing may be changed; empty where it may."""
        return self.files.read_only

    @property
    def model(self) -> ModelInfo:
        """What is known of the model that answers."""
        return self._model.info

    @property
    def caches(self) -> ClipCaches | None:
        """All that is computed from the clip; for the lanes' jobs."""
        return self._caches

    def picture(self, frame: int) -> NDArray[np.uint8] | None:
        """The display picture (height, width, 3) RGB, None while it is being read."""
        return self._caches.frames.get(frame) if self._caches else None

    def frame_error(self, frame: int) -> str | None:
        """Why `frame` cannot be shown; None where it can, or is not known yet."""
        return self._caches.gaps.get(frame) if self._caches else None

    def matte(self, layer_id: LayerId, frame: int) -> NDArray[np.uint8] | None:
        """The display matte (height, width) 0..255, None where there is none (yet)."""
        mask = self.project.layer(layer_id).masks.get(frame)
        return self._caches.mattes.get(mask) if mask and self._caches else None

    def is_pending(self, layer_id: LayerId, frame: int) -> bool:
        """Whether an answer is on its way."""
        layer = self.project.layer(layer_id)
        return frame in layer.prompts and layer.is_stale(frame)

    def thumbnail(self, frame: int) -> NDArray[np.uint8] | None:
        """A small picture (height, width, 3); where it is not there yet it will be made."""
        if self._caches is None:
            return None
        small = self._caches.thumbnails.get(frame)
        if small is None and frame not in self._wishes:
            self._wishes[frame] = None
            self._asking.start()  # one paint asks for many: they are published together
        return small

    def suspects(self) -> list[Suspect]:
        """The frames to look at, of all layers, the most doubtful first."""
        return self._review.ranked(self.project.layers)

    def review_obstacle(self) -> str:
        """Why there is no suspect frame to go to; empty where there is one."""
        layer = self.selected_layer
        if layer is not None and self._review.of(layer):
            return ""
        return self.tr("No frame of this layer is suspect.")

    def approval_obstacle(self) -> str:
        """Why the mask at the playhead cannot be approved; empty where it can."""
        if self.read_only:
            return self.read_only
        layer = self.selected_layer
        if layer is not None and is_suspect(layer, self._playhead):
            return ""
        return self.tr("The layer is not suspect on this frame.")

    def cached_frames(self) -> frozenset[int]:
        """The frames that can be shown at once."""
        return self._caches.frames.keys() if self._caches else frozenset()

    def embedded_frames(self) -> frozenset[int]:
        """The frames on which a click is answered at once."""
        return self._caches.embedded_frames() if self._caches else frozenset()

    def status(self) -> Status:
        """What the status bar shows."""
        info, layer = self._model.info, self.selected_layer
        mask = layer.masks.get(self._playhead) if layer else None
        used = self._caches.ram_bytes if self._caches else 0
        score = mask.score if mask and mask.prompt else None  # of others the review judges
        runtime = runtimes.loaded()
        return Status(info.device, info.label, self._activity(), f"{used // MB} MB", score, runtime)

    # Projects and clips

    def open(self, path: Path) -> None:
        """Open a project file, or a clip as a new project, in place of the present project.

        Work that is not saved then stays recoverable; whoever calls this asks before.
        """
        path = path.absolute()  # it is kept, and read from wherever the program is started next
        hide(path)
        if path.suffix.lower() == SUFFIX:
            self.files.open(path)
        else:
            self.files.drop_opening()
            self.files.asked()
            self._opening = OpenClip(
                path, Interpretation(), self._model, self._settings, self._folder
            )
            self.publish()
        self.status_changed.emit()

    def open_demo(self) -> None:
        """Open the clip that ships with the program."""
        self.open(paths.demo_clip())

    def start_with(self, project: Project) -> None:
        """Begin with a project made elsewhere, e.g. on the command line."""
        self.files.begin(Project(project.clip))
        keyframes = sorted(frame for layer in project.layers for frame in layer.prompts)
        selected = project.layers[0].id if project.layers else None
        first = project.clip.frames.first if project.clip else 0
        self.begin(project, self.tr("Open"), View((keyframes or [first])[0], selected))

    def close_project(self) -> None:
        """Close the project; work that is not saved stays recoverable."""
        self.files.drop_opening()
        self._opening = None
        self.files.begin(Project())
        self.begin(Project(), self.tr("Start"), View())

    def begin(
        self, project: Project, label: str, view: View, caches: ClipCaches | None = None
    ) -> None:
        """Show another project, with a history of its own; called by the session's parts."""
        self.importer.cancel()
        self._history = self._new_history(project, label)
        self._playhead = view.playhead
        ids = [layer.id for layer in project.layers]
        self._selected = view.selected if view.selected in ids else next(iter(ids), None)
        self._follow_clip(caches)
        self._after_change()
        self.began.emit()
        self.playhead_changed.emit(self._playhead)
        self.selection_changed.emit()

    def link(self, clip: Clip, caches: ClipCaches, saved: Project | None) -> Project | None:
        """Read the project's frames from `clip` from now on; no edit, so not undone.

        Returns what `saved`, a value of the history or None, has become.
        """
        self.propagator.end()
        saved = self._history.map(lambda project: replace(project, clip=clip), saved)
        self._follow_clip(caches)
        self._after_change()
        for warning in clip.warnings:
            self.say("warning", warning)
        return saved

    def forget_clip(self) -> None:
        """A clip that is being opened is wanted no more."""
        self._opening = None

    def finder(self, project: Project, relative: str | None, home: Path | None) -> FindFootage:
        """The job that finds the footage of `project`."""
        return FindFootage(project, relative, home, self._model, self._settings, self._folder)

    # The model

    def use_model(self, model: Model, caches: ClipCaches | None = None) -> None:
        """Have `model` answer from now on. Masks stay; only what is asked from now on is its.

        `caches` are those for it where a lane has prepared them, of the clip that was open then.
        """
        self.propagator.end()
        self._model = model
        self._encode_seconds = 0.0
        old = self._caches
        if old is None or (caches is not None and caches.clip is not old.clip):
            if caches is not None:  # another clip was opened meanwhile
                caches.close()
            caches = None
        if old is not None:
            self._caches = self._fitting(caches or old)
            self._caches.take_over()
            if caches is not None:
                old.close()
        self.model_changed.emit()
        self.status_changed.emit()
        self.publish()
        self._refresh_soon()

    def cache_maker(self) -> Callable[[ModelInfo], ClipCaches | None]:
        """What a lane calls to prepare the open clip's caches for `use_model`."""
        caches, settings, folder = self._caches, self._settings, self._folder
        return lambda info: caches.for_model(info, settings, folder) if caches else None

    # The playhead

    def seek(self, frame: int) -> None:
        """Move the playhead; playing stops."""
        self._player.stop()
        self._go_to(frame)

    def step(self, count: int) -> None:
        """Move the playhead by `count` frames."""
        self.seek(self._playhead + count)

    def go_to_start(self) -> None:
        """Go to the in point, or the first frame."""
        if self.project.work_range:
            self.seek(self.project.work_range.first)

    def go_to_end(self) -> None:
        """Go to the out point, or the last frame."""
        if self.project.work_range:
            self.seek(self.project.work_range.last)

    def step_keyframe(self, direction: int) -> None:
        """Go to the next (+1) or previous (-1) keyframe of the selected layer, else of any."""
        layers = [self.selected_layer] if self.selected_layer else list(self.project.layers)
        frames = sorted({frame for layer in layers if layer for frame in layer.prompts})
        ahead = [f for f in frames if (f - self._playhead) * direction > 0]
        if ahead:
            self.seek(ahead[0] if direction > 0 else ahead[-1])

    def step_suspect(self, direction: int) -> None:
        """Go to the next (+1) or previous (-1) suspect frame of the selected layer.

        Behind the last one comes the first one again.
        """
        layer = self.selected_layer
        frames = [suspect.frame for suspect in self._review.of(layer)] if layer else []
        ahead = [f for f in frames if (f - self._playhead) * direction > 0] or frames
        if ahead:
            self.seek(ahead[0] if direction > 0 else ahead[-1])

    def toggle_play(self) -> None:
        """Play at clip rate, or stop."""
        if self.rate:
            self._player.stop()
        else:
            self._play(1.0)

    def shuttle(self, direction: int) -> None:
        """J (-1), K (0), L (+1): stop, or play that way, faster each time."""
        if direction == 0:
            self._player.stop()
        else:
            self._play(faster(self.rate, direction))

    def set_looping(self, looping: bool) -> None:
        """Whether playing begins again at the end."""
        self._player.set_looping(looping)

    # Edits

    def edit(
        self, label: str, change: Callable[[Project], Project], merge: str | None = None
    ) -> None:
        """Make one undoable edit; equal `merge` keys in a row make one step."""
        project = change(self.project)
        if project is not self.project:
            self._commit(label, project, merge)

    def select_layer(self, layer_id: LayerId | None) -> None:
        """Choose the layer that prompts go to."""
        if layer_id != self._selected:
            self._selected = layer_id
            self.selection_changed.emit()
            self.publish()

    def select_layer_number(self, number: int) -> None:
        """Choose a layer by its number in the panel, 1 is the lowest."""
        if 1 <= number <= len(self.project.layers):
            self.select_layer(self.project.layers[-number].id)

    def add_layer(self) -> LayerId | None:
        """Add a layer on top and select it; None where nothing may be changed."""
        before = self.project
        self.edit(self.tr("Add layer"), edits.add_layer)
        if self.project is before:
            return None
        layer_id = self.project.layers[0].id
        self.select_layer(layer_id)
        return layer_id

    def delete_layer(self, layer_id: LayerId) -> None:
        """Delete a layer."""
        name = self.project.layer(layer_id).name
        label = self.tr("Delete {name}").format(name=name)
        self.edit(label, lambda project: edits.delete_layer(project, layer_id))

    def set_in(self) -> None:
        """Begin the work range at the playhead."""
        work = self.project.work_range
        if work:
            last = work.last if self._playhead <= work.last else self._last_frame()
            self._set_in_out(self.tr("Set in"), FrameRange(self._playhead, last))

    def set_out(self) -> None:
        """End the work range at the playhead."""
        work = self.project.work_range
        if work:
            first = work.first if self._playhead >= work.first else self._first_frame()
            self._set_in_out(self.tr("Set out"), FrameRange(first, self._playhead))

    def clear_in_out(self) -> None:
        """Take the whole clip as the work range."""
        self._set_in_out(self.tr("Clear in and out"), None)

    def add_point(self, x: float, y: float, include: bool) -> None:
        """Click at (x, y) in clip pixels on the selected layer, or on a new one."""
        if not self._is_promptable():
            return
        layer = self.selected_layer
        frame = self._playhead
        if not include and (layer is None or frame not in {*layer.prompts, *layer.masks}):
            self.say("info", self.tr("Click the object first; then take away what is too much."))
            return
        label = self.tr("Include point") if include else self.tr("Exclude point")
        self._prompt(label, partial(edits.add_point, point=Point(x, y, include)))

    def set_box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Put a box round the object, in clip pixels, corners in any order."""
        box = Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        if box.x0 == box.x1 or box.y0 == box.y1 or not self._is_promptable():
            return
        self._prompt(self.tr("Box"), partial(edits.set_box, box=box))

    def move_point(self, index: int, x: float, y: float) -> None:
        """Move a point; moves in a row are one step until `finish_drag`."""
        label = self.tr("Move point")
        self._edit_prompt(label, partial(edits.move_point, index=index, x=x, y=y), "move point")

    def finish_drag(self) -> None:
        """The next move is a step of its own."""
        self._history.end_merge()

    def delete_point(self, index: int) -> None:
        """Delete a point of the selected layer's prompt on this frame."""
        self._edit_prompt(self.tr("Delete point"), partial(edits.delete_point, index=index))

    def delete_box(self) -> None:
        """Delete the box of the selected layer's prompt on this frame."""
        self._edit_prompt(self.tr("Delete box"), partial(edits.set_box, box=None))

    def clear_prompt(self) -> None:
        """Delete the selected layer's prompt on this frame, and its mask."""
        self._edit_prompt(self.tr("Clear prompt"), edits.clear_prompt)

    def cycle_proposal(self) -> None:
        """Have the last click answered by the model's next proposal."""
        layer = self.selected_layer
        prompt = layer.prompts.get(self._playhead) if layer else None
        if prompt:
            following = (prompt.proposal + 1) % (self._model.info.proposals + 1)
            label = (
                self.tr("Proposal {n}").format(n=following) if following else self.tr("Proposal")
            )
            self._edit_prompt(label, partial(edits.set_proposal, proposal=following), "proposal")

    def approve(self) -> None:
        """Hold the selected layer's mask at the playhead for good: it is suspect no more."""
        layer = self.selected_layer
        if layer is not None and is_suspect(layer, self._playhead):
            before = layer.masks[self._playhead]
            matte = self._caches.mattes.get(before) if self._caches else None
            change = partial(edits.approve, layer_id=layer.id, frame=self._playhead)
            project = change(self.project)
            if self._caches is not None and matte is not None:  # the same, so that nothing blinks
                self._caches.mattes.put(project.layer(layer.id).masks[self._playhead], matte)
            self.edit(self._on_frame(self.tr("Looks right")), change)

    def undo(self) -> None:
        """Go back one edit."""
        if self._history.can_undo:
            self.go_to_history(self._history.index - 1)

    def redo(self) -> None:
        """Take an undone edit again."""
        if self._history.can_redo:
            self.go_to_history(self._history.index + 1)

    def go_to_history(self, index: int) -> None:
        """Go to any value the project had. Raises IndexError."""
        before = self.project
        self.edits += 1
        self._history.go_to(index)
        self.propagator.check()
        self._after_change()
        frames = edits.frames_marked_otherwise(before, self.project)
        if frames and self._playhead not in frames:
            self.seek(min(frames, key=lambda frame: abs(frame - self._playhead)))

    # Propagation

    def propagate(
        self, direction: Direction, extent: Extent = "end", *, every_layer: bool = False
    ) -> None:
        """Carry the selected layer's masks on from its keyframes; see app.propagation.planned.

        Masks appear as they come. All of it is one step of the history.
        """
        self.propagator.start(direction, extent, every_layer=every_layer)

    def propagate_one(self, step: int) -> None:
        """Carry the selected layer's mask one frame on (1) or back (-1), and go there."""
        if self.propagator.start("forward" if step > 0 else "backward", "one"):
            self.seek(self._playhead + step)

    def propagate_fix(self) -> None:
        """Carry the fix on this frame outward, as far as it changes anything."""
        self.propagate("both", "fix")

    def pause_propagation(self) -> None:
        """Have the propagation wait, or go on."""
        self.propagator.pause()

    def propagate_all(self, direction: Direction = "both", extent: Extent = "end") -> None:
        """Carry every layer's masks on from its own keyframes."""
        self.propagate(direction, extent, every_layer=True)

    def propagation_obstacle(self, *, every_layer: bool = False, extent: Extent = "end") -> str:
        """Why the selected layer, or none of them, can be propagated now; empty where one can."""
        return self.propagator.obstacle(every_layer=every_layer, extent=extent)

    def cancel_propagation(self) -> None:
        """Stop at once; the masks that came stay."""
        self.propagator.cancel()

    def end_propagation(self) -> None:
        """Stop without waiting for what is under way; the masks that came stay."""
        self.propagator.end()

    def start_batch(self, batch: Batch) -> None:
        """Run `batch` on the batch lane; called by the session's parts."""
        self._crew.start_batch(batch)

    def wake(self) -> None:
        """Have every lane ask again what is next; called by the session's parts, in any thread."""
        self._crew.wake()

    def begin_growing(self, label: str) -> None:
        """Make a step that masks come into bit by bit; called by the session's parts."""
        self.edits += 1
        self._history.begin_growing(label)
        self.history_changed.emit()

    def grew(self, before: Project | None = None) -> None:
        """Follow masks that came into what was `before`; called by the session's parts."""
        if before is not None:
            self.sights.came(before)
        self.project_changed.emit()
        self.history_changed.emit()
        self.publish()

    # Import

    def import_masks(self, paths: list[Path]) -> None:
        """Read masks from files or a folder, and put them on the selected layer, locked."""
        self.importer.start(paths)

    def import_obstacle(self) -> str:
        """Why no masks can be imported now, in a sentence; empty where they can."""
        return self.importer.obstacle()

    def cancel_import(self) -> None:
        """Stop at once; the project stays as it was."""
        self.importer.cancel()

    # Export

    def first_export_path(
        self, out_dir: Path, layer_ids: list[LayerId], frames: FrameRange
    ) -> Path:
        """The first file an export would write."""
        return first_export_path(self.project, layer_ids, list(frames), out_dir)

    def export(
        self, out_dir: Path, layer_ids: list[LayerId], frames: FrameRange, mode: Mode
    ) -> None:
        """Write mattes of the project as it is now; one export at a time."""
        if self.exporting or self.clip is None:
            return
        if self.propagating:
            text = self.tr("Masks are still being propagated; export when that is done.")
            self.export_finished.emit(ExportSummary((text,), out_dir))
            return
        if self.importing:
            text = self.tr("Masks are being imported; export when that is done.")
            self.export_finished.emit(ExportSummary((text,), out_dir))
            return
        hide(out_dir)
        source = MaskSource(self.clip, self._model, self._caches)
        project = self.project  # the artist edits on

        def start() -> Generator[Progress | Report]:
            with closing(source):
                yield from export_mattes(project, layer_ids, list(frames), out_dir, mode, source)

        self._export_dir = out_dir
        self._batch = Batch(start)
        self._crew.start_batch(self._batch)
        self.status_changed.emit()

    def cancel_export(self) -> None:
        """Stop the export after the present matte; finished ones stay."""
        if self._batch is not None:
            self._batch.cancel()

    def shutdown(self) -> None:
        """End every thread and keep what is not kept yet; the session cannot be used afterwards."""
        if self._over:
            return
        self._over = True
        self.propagator.end()
        self.importer.cancel()
        self._player.stop()
        for timer in (self._settling, self._asking, self._throttle):
            timer.stop()
        self._crew.shutdown()
        self._crew.answered.disconnect(self._on_answered)
        self._crew.failed.disconnect(self._on_failed)
        self.files.shutdown()
        if self._caches is not None:
            self._caches.close()

    # Inside

    def _new_history(self, project: Project, label: str) -> History:
        return History(project, label, self._settings.undo_mb * MB)

    def _commit(self, label: str, project: Project, merge: str | None = None) -> None:
        if self.files.read_only:
            self.say("info", self.files.read_only)
            self.project_changed.emit()  # a button that was toggled shows again what is
            return
        key = None if merge is None else (merge, self._selected, self._playhead)
        self.edits += 1
        self._history.commit(label, project, key)
        if self._caches is not None:
            self._caches.failures.clear()  # an edit is a reason to try again
        self._after_change()

    def _after_change(self) -> None:
        """Follow a project value that is not the one before."""
        self._follow_clip()
        ids = [layer.id for layer in self.project.layers]
        lost = self._selected not in ids and (bool(ids) or self._selected is not None)
        if lost:
            self._selected = ids[0] if ids else None
        if self.project.work_range is not None:
            self._player.stay_in(self.project.work_range)
        self._take_known_answers()
        self.project_changed.emit()
        self.history_changed.emit()
        if lost:
            self.selection_changed.emit()
        self.publish()

    def _follow_clip(self, caches: ClipCaches | None = None) -> None:
        clip = self.clip
        if self._caches is not None and self._caches.clip is clip:
            return
        if self._caches is None and clip is None:
            return
        if self._caches is not None:
            self._caches.close()
        if clip is not None and caches is None:
            caches = ClipCaches(clip, self._model.info, self._settings, self._folder)
        self._caches = self._fitting(caches) if caches else None
        self._wishes.clear()
        self.sights.forget()
        self._player.stop()
        self._playhead = clip.frames.clamp(self._playhead) if clip else 0
        self.clip_changed.emit()
        self.playhead_changed.emit(self._playhead)
        self._refresh_soon()

    def _fitting(self, caches: ClipCaches) -> ClipCaches:
        """`caches`, or the like of it where another model was chosen while it was being made."""
        if caches.model == self._model.info.digest:
            return caches
        caches.close()
        fitting = caches.for_model(self._model.info, self._settings, self._folder)
        fitting.take_over()
        return fitting

    def _take_known_answers(self) -> None:
        """Undo and redo find their masks here; nothing is asked twice."""
        if self._caches is None:
            return
        known = {
            (question.layer_id, question.frame): answer
            for question in self._stale()
            if (answer := self._caches.answers.get((question.frame, question.prompt))) is not None
        }
        if known:
            self._history.complete(edits.answers_setter(known))

    def _stale(self) -> Iterator[Question]:
        for layer in self.project.layers:
            for frame, prompt in layer.prompts.items():
                if layer.is_stale(frame):
                    yield Question(layer.id, frame, prompt)

    def _questions(self) -> tuple[Question, ...]:
        def urgency(question: Question) -> tuple[int, bool]:
            away = abs(question.frame - self._playhead)
            return away, question.layer_id != self._selected

        return tuple(sorted(self._stale(), key=urgency))

    def _masks_to_draw(self) -> tuple[Mask, ...]:
        way = -1 if self._direction < 0 else 1
        frames = range(self._playhead, self._playhead + way * (SOON + 1), way)
        layers = self.project.shown_layers
        found = [layer.masks.get(frame) for frame in frames for layer in layers]
        found[len(layers) : len(layers)] = self.sights.masks()  # next to those of the playhead
        return tuple(mask for mask in found if mask is not None)

    def publish(self) -> None:
        """Tell the lanes what is wanted now."""
        if self._caches is not None:
            self._caches.aim(self._playhead, self._direction, self.project.work_range)
        self._crew.publish(
            Wanted(
                self._model,
                self._caches,
                None if self.files.saving else self._opening or self.files.opening,
                self._playhead,
                self._direction,
                self._settled,
                bool(self.rate),
                self._settings.encode_ahead and not self.propagating,
                self.project.work_range,
                self._questions(),
                self._masks_to_draw(),
                self.sights.question(),
                self.sights.contours(),
                tuple(self._wishes),
                self.files.keeping,
                self.files.saving,
                self.files.leaving,
            )
        )

    def _go_to(self, frame: int) -> None:
        if self.clip is None:
            return
        frame = self.clip.frames.clamp(frame)
        if frame == self._playhead:
            return
        self._direction = 1 if frame > self._playhead else -1
        self._playhead = frame
        self._settled = False
        self._settling.start()
        self.publish()
        self.playhead_changed.emit(frame)
        self._refresh_soon()

    def _play(self, rate: float) -> None:
        work = self.project.work_range
        if self.clip is not None and work is not None:
            self._direction = 1 if rate > 0 else -1
            self._go_to(work.clamp(self._playhead))
            self._player.play(rate, self._playhead, work, self.clip.fps)

    def _is_ready(self, frame: int) -> bool:
        caches = self._caches
        return caches is not None and (
            frame in caches.gaps or frame in caches.frames.keys()  # noqa: SIM118 - a cache
        )

    def _is_promptable(self) -> bool:
        if self.clip is None or self.frame_error(self._playhead):
            return False
        if self.files.read_only:
            self.say("info", self.files.read_only)
            return False
        layer = self.selected_layer
        if layer is not None and layer.locked:
            self.say("info", layer_locked(layer.name))
            return False
        if layer is not None and self._playhead in layer.locks:
            text = self.tr("Frame {0} of {1} is locked; unlock the frame to change it.")
            self.say("info", text.format(self._playhead, layer.name))
            return False
        return True

    def _prompt(self, label: str, change: Callable[..., Project]) -> None:
        """Prompt the selected layer at the playhead, or a new layer; both are one step."""
        new = self.selected_layer is None
        project = edits.add_layer(self.project) if new else self.project
        layer_id = project.layers[0].id if new else self._selected
        self._selected = layer_id
        self._commit(self._on_frame(label), change(project, layer_id, self._playhead))
        if new:
            self.selection_changed.emit()

    def _edit_prompt(
        self, label: str, change: Callable[..., Project], merge: str | None = None
    ) -> None:
        layer = self.selected_layer
        if layer is not None and self._playhead in layer.prompts and self._is_promptable():
            change = partial(change, layer_id=layer.id, frame=self._playhead)
            self.edit(self._on_frame(label), change, merge)

    def _on_frame(self, label: str) -> str:
        return self.tr("{0}, frame {1}").format(label, self._playhead)

    def _set_in_out(self, label: str, in_out: FrameRange | None) -> None:
        self.edit(label, lambda project: edits.set_in_out(project, in_out))

    def _first_frame(self) -> int:
        return self.clip.frames.first if self.clip else 0

    def _last_frame(self) -> int:
        return self.clip.frames.last if self.clip else 0

    def _activity(self) -> str:
        opening = self._opening or self.files.opening
        if opening is not None:
            return self.tr("opening {}").format(opening.path.name)
        if self.files.saving is not None:
            return self.tr("saving {}").format(self.files.saving.home.name)
        if self.propagating:
            return self.propagator.activity()
        if self.importing:
            return self.importer.activity()
        wanted = Wanted(
            self._model, self._caches, playhead=self._playhead, work_range=self.project.work_range
        )
        busy = self._crew.embedding
        if busy is None:
            return self.tr("exporting") if self.exporting else ""
        left = len(plan.frames_to_embed(wanted)) or 1
        seconds = round(left * self._encode_seconds)
        eta = f", {seconds // 60}:{seconds % 60:02}" if seconds else ""
        return self.tr("encoding {frame} ({left} left{eta})").format(frame=busy, left=left, eta=eta)

    def say(self, level: Level, text: str) -> None:
        """Send a sentence to the message bar."""
        self.message_sent.emit(Message(level, text))

    def _refresh_soon(self) -> None:
        if not self._throttle.isActive():
            self._throttle.start()

    def _on_settled(self) -> None:
        self._settled = True
        self.publish()

    def _on_throttle(self) -> None:
        self.caches_changed.emit()
        self.status_changed.emit()
        error = self._caches.disk_error if self._caches else None
        if error and error != self._disk_error:
            self.say("warning", error)
        self._disk_error = error
        self._tell_notes()

    def _tell_notes(self) -> None:
        """Say once what became of the wish for a device: it is known when the graphs are open."""
        for note in self._model.info.notes:
            if note not in self._told:
                self._told.add(note)
                self.message_sent.emit(Message("warning", note, stays=True))

    def _on_player_changed(self) -> None:
        self.publish()
        self.playing_changed.emit()

    def _on_propagator_changed(self) -> None:
        self.publish()
        self.propagation_changed.emit()
        self.status_changed.emit()

    def _on_failed(self, error: Exception) -> None:
        self.say("error", sentence_of(error))

    def _on_answered(self, answer: object) -> None:
        match answer:
            case ClipOpened() | ProjectOpened() if self.files.saving is not None:
                self._arrived.append(answer)  # the save goes first, and may fail
            case ClipOpened() | OpenFailed():
                self._on_opened(answer)
            case Stepped() | Ended() if self.propagator.take(answer) or self.importer.take(answer):
                pass
            case Stepped() | Ended():
                self._on_batch(answer)
            case _ if self.files.take(answer) or self.sights.take(answer):
                pass
            case (
                FrameEmbedded(caches=caches) | Answered(caches=caches) | NotAnswered(caches=caches)
            ):
                if caches is self._caches:
                    self._on_result(answer)
            case (
                FrameRead(caches=caches)
                | ThumbnailMade(caches=caches)
                | MatteMade(caches=caches)
                | MaskDamaged(caches=caches)
            ):  # the same by whichever model
                if self._caches is not None and caches.clip is self._caches.clip:
                    self._on_result(answer)
        self._refresh_soon()

    def _on_save_ended(self, _saved: bool) -> None:
        arrived, self._arrived = self._arrived, []
        for answer in arrived:
            self._on_answered(answer)

    def _on_result(self, answer: object) -> None:
        match answer:
            case FrameRead(frame=frame):
                self.frame_ready.emit(frame)
            case ThumbnailMade(frame=frame):
                self._wishes.pop(frame, None)
                self.thumbnail_ready.emit(frame)
            case FrameEmbedded(seconds=seconds):
                old = self._encode_seconds or seconds
                self._encode_seconds = 0.7 * old + 0.3 * seconds
                self.publish()
            case Answered(question=question, mask=mask):
                self._take_answer(question, mask)
            case NotAnswered(sentence=sentence):
                self.say("error", sentence)
            case MatteMade(mask=mask):
                self._show_mask(mask)
                self.sights.take(answer)
            case MaskDamaged(mask=mask):
                self._drop_damaged(mask)

    def _on_opened(self, answer: ClipOpened | OpenFailed) -> None:
        if answer.question is not self._opening:  # the artist opened another one meanwhile
            if isinstance(answer, ClipOpened):
                answer.caches.close()
            return
        self._opening = None
        self.status_changed.emit()
        if isinstance(answer, OpenFailed):
            self.files.stay()
            self.publish()
            self.say("error", answer.sentence)
            return
        if self.files.went_on(answer.clip.name):
            answer.caches.close()
            self.publish()
            return
        project = Project(answer.clip)
        self.files.begin(project)
        label = self.tr("Open {}").format(answer.clip.name)
        self.begin(project, label, View(answer.clip.frames.first), answer.caches)
        for warning in answer.clip.warnings:
            self.say("warning", warning)

    def _take_answer(self, question: Question, mask: Mask) -> None:
        """Complete what asked for it; if the artist clicked again meanwhile, an earlier value."""
        layer = next((x for x in self.project.layers if x.id == question.layer_id), None)
        frame = question.frame
        self._history.complete(edits.answers_setter({(question.layer_id, frame): mask}))
        if layer is not None and layer.prompts.get(frame) == question.prompt:
            self._take_known_answers()  # another layer may have asked the same
            self.project_changed.emit()
            self.mask_changed.emit(layer.id, frame)
        self.publish()

    def _drop_damaged(self, mask: Mask) -> None:
        """Let go of a mask that cannot be read; where there is a prompt it is answered anew."""
        project = self.project
        for layer in project.layers:
            for frame in [frame for frame, item in layer.masks.items() if item is mask]:
                project = edits.drop_mask(project, layer.id, frame)
                text = self.tr("The mask of {0} on frame {1} is damaged and was left out; {2}.")
                again = frame in layer.prompts
                self.say(
                    "warning",
                    text.format(
                        layer.name,
                        frame,
                        self.tr("its clicks are answered anew")
                        if again
                        else self.tr("click that frame again, or open a backup"),
                    ),
                )
        if project is not self.project:
            self._history.amend(project)
            self._after_change()

    def _show_mask(self, mask: Mask) -> None:
        for layer in self.project.layers:
            if layer.masks.get(self._playhead) == mask:
                self.mask_changed.emit(layer.id, self._playhead)

    def _on_batch(self, answer: Stepped | Ended) -> None:
        if answer.batch is not self._batch:
            return
        if isinstance(answer, Stepped):
            if isinstance(answer.value, Report):
                summary = ExportSummary(
                    answer.value.sentences, answer.value.out_dir, answer.value.complete
                )
                self._finish_export(summary)
            elif isinstance(answer.value, Progress):
                self.export_progressed.emit(answer.value)
        elif answer.error is not None:
            existing = len(answer.error.paths) if isinstance(answer.error, ExistingFiles) else 0
            sentence = sentence_of(answer.error)
            self._finish_export(ExportSummary((sentence,), self._export_dir, existing=existing))
        elif answer.cancelled:
            sentence = self.tr("Cancelled; the mattes written so far stay.")
            self._finish_export(ExportSummary((sentence,), self._export_dir, cancelled=True))

    def _finish_export(self, summary: ExportSummary) -> None:
        self._batch = None
        self.export_finished.emit(summary)
        self.status_changed.emit()
