"""The session's propagation: starts it, takes its masks into the history, tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from app.batch import Batch, Ended, Stepped
from app.clip_caches import ClipCaches
from app.domain import edits
from app.domain.archive import ArchiveFolder
from app.domain.history import History
from app.domain.mask import Mask
from app.domain.project import Layer, LayerId, Project
from app.propagate import EmbeddingSource, Lost, Propagated, Skipped, archives_of, propagate
from app.propagation import Direction, Extent, Propagation, obstacle, planned, why_nowhere
from app.reports import Level, sentence_of
from app.settled import Settled
from export.report import spans
from models.base import Model
from models.ort import Cancel
from models.tracking import Tracker, tracker_of

TAKE_EVERY = 100  # ms between the masks that come being shown and kept
TELL_EVERY = 1000  # ms between two looks at how far it is while nothing comes
AHEAD = 2  # frames from the one answered last, beyond which a tracker looks ahead
SHARE = 10  # taking them may use one part in so many of the window's time


class Host(Protocol):
    """What is asked of the session."""

    @property
    def project(self) -> Project:
        """The project as it is now."""

    @property
    def history(self) -> History:
        """The edits made so far."""

    @property
    def playhead(self) -> int:
        """The frame under the playhead."""

    @property
    def selected_layer(self) -> Layer | None:
        """The layer that prompts go to."""

    @property
    def caches(self) -> ClipCaches | None:
        """All that is computed from the clip."""

    @property
    def exporting(self) -> bool:
        """Whether an export is under way."""

    @property
    def importing(self) -> bool:
        """Whether masks are being imported."""

    @property
    def read_only(self) -> str:
        """Why nothing may be changed; empty where it may."""

    def start_batch(self, batch: Batch) -> None:
        """Run `batch` on the batch lane."""

    def wake(self) -> None:
        """Have every lane ask again what is next; called from any thread."""

    def begin_growing(self, label: str) -> None:
        """Make the step of the history that the masks go into."""

    def grew(self, before: Project | None = None) -> None:
        """Follow masks that came into the project, which was `before`."""

    def say(self, level: Level, text: str) -> None:
        """Send a sentence to the message bar."""


@dataclass(eq=False)
class Run:
    """One propagation under way."""

    propagation: Propagation
    batch: Batch
    source: EmbeddingSource
    what: str  # it does, for the history
    taken: set[int] = field(default_factory=set)  # frames with masks of it
    came: dict[LayerId, dict[int, Mask]] = field(default_factory=dict)  # not taken yet
    skipped: list[int] = field(default_factory=list)
    lost: dict[LayerId, set[int]] = field(default_factory=dict)  # frames that were told of
    frame: int | None = None  # the one answered last
    done: int = 0  # frames answered
    started: float | None = None  # when the first frame was answered, pauses taken out
    paused: float | None = None  # since when

    @property
    def label(self) -> str:
        """What was done in the end, as the history names it."""
        return f"{self.what}, {min(self.taken)}-{max(self.taken)}" if self.taken else self.what

    @property
    def left(self) -> int:
        """How many frames are to come."""
        passes = self.propagation.passes
        gone = sum(frame in order for order in passes for frame in self.skipped)
        return max(0, self.propagation.frames - self.done - gone)

    @property
    def ahead(self) -> int | None:
        """The frame that is looked at before others can be answered, None where there is none."""
        near = self.propagation.passes[0][0] if self.frame is None else self.frame
        frame = self.source.looked_at
        return frame if frame is not None and abs(frame - near) > AHEAD else None

    @property
    def seconds_left(self) -> float | None:
        """How long they will take; None before two frames were timed."""
        if self.started is None or self.done < 2:
            return None
        return self.left * (time.monotonic() - self.started) / (self.done - 1)


class Propagator(QObject):
    """One propagation at a time. All of it is one step of the history, which grows while it runs.

    What the artist does meanwhile lies on top of that step: it is undone first, and a frame that
    was prompted keeps its own mask. Undoing the step itself ends the propagation.
    """

    changed = Signal()  # begun, got on, ended

    def __init__(
        self, host: Host, model: Callable[[], Model], folder: ArchiveFolder, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._host, self._model, self._folder = host, model, folder
        self._run: Run | None = None
        self._told: str | None = None  # what was said of the folder
        self._taking = QTimer(self, singleShot=True, interval=TAKE_EVERY)
        self._taking.timeout.connect(self._take_masks)
        self._telling = QTimer(self, interval=TELL_EVERY)
        self._telling.timeout.connect(self.changed)

    @property
    def running(self) -> bool:
        """Whether a propagation is under way."""
        return self._run is not None

    def obstacle(self, *, every_layer: bool, extent: Extent = "end") -> str:
        """Why nothing can be propagated now, in a sentence; empty where it can."""
        host = self._host
        if host.read_only:
            return host.read_only
        if self.running:
            return self.tr("A propagation is under way; it can be cancelled.")
        if host.exporting:
            return self.tr("Mattes are being exported; propagate when that is done.")
        if host.importing:
            return self.tr("Masks are being imported; propagate when that is done.")
        layers = self._layers(every=every_layer)
        fix = self._fix_obstacle(layers) if extent == "fix" else ""
        return fix or obstacle(host.project, layers, self._model())

    @property
    def paused(self) -> bool:
        """Whether the propagation under way waits to go on."""
        return self._run is not None and self._run.batch.paused

    def activity(self) -> str:
        """What the status bar says while it runs."""
        run = self._run
        if run is None:
            return ""
        if run.batch.cancelled:
            return self.tr("cancelling the propagation")
        if run.batch.paused:
            return self.tr("propagation paused ({left} left)").format(left=run.left)
        seconds = None if run.propagation.is_fix else run.seconds_left  # which may end any time
        eta = "" if seconds is None else f", {round(seconds) // 60}:{round(seconds) % 60:02}"
        frame = "" if run.frame is None else f" {run.frame}"
        if run.ahead is not None:
            frame += self.tr(", looking at {}").format(run.ahead)
        return self.tr("propagating{frame} ({left} left{eta})").format(
            frame=frame, left=run.left, eta=eta
        )

    def start(
        self, direction: Direction, extent: Extent = "end", *, every_layer: bool = False
    ) -> bool:
        """Propagate the selected layer, or every layer that has keyframes; False where it cannot.

        Why it cannot is said.
        """
        host = self._host
        reason = self.obstacle(every_layer=every_layer, extent=extent)
        tracker = None if reason else tracker_of(self._model())
        if reason or tracker is None:
            host.say("info", reason)
            return False
        layers = self._layers(every=every_layer)
        propagation = planned(host.project, layers, host.playhead, direction, extent)
        work = host.project.work_range
        if propagation.leads_nowhere and work is not None:
            reason = why_nowhere(propagation, work, host.playhead, direction, extent)
            host.say("info", reason)
            return False
        cancel = Cancel()
        starter = self._starter(propagation, tracker, cancel)
        batch = Batch(starter, cancel)
        self._run = run = Run(propagation, batch, starter.source, self._what(propagation))
        self._telling.start()
        host.begin_growing(run.what)
        host.start_batch(batch)
        self.changed.emit()
        return True

    def pause(self) -> None:
        """Wait after the present frame, or go on."""
        run = self._run
        if run is None:
            return
        run.batch.paused = not run.batch.paused
        now = time.monotonic()
        if run.batch.paused:
            run.paused = now
        elif run.started is not None and run.paused is not None:
            run.started += now - run.paused
        self._host.wake()
        self.changed.emit()

    def cancel(self) -> None:
        """End the propagation; the masks that came stay, as one step."""
        if self._run is not None:
            self._run.batch.cancel()
            self._host.wake()  # it may be paused
            self.changed.emit()

    def drop(self) -> None:
        """End the propagation and forget what has not been taken: nobody wants it any more."""
        run, self._run = self._run, None
        self._taking.stop()
        self._telling.stop()
        if run is not None:
            run.batch.cancel()
            self._host.history.end_growing(run.label)
            self._host.grew()  # a step that nothing came to is gone
            self.changed.emit()

    def end(self) -> None:
        """End the propagation without waiting for it; the masks that came stay."""
        self._take_masks()
        self.drop()

    def check(self) -> None:
        """Drop the propagation where its step was undone."""
        if self.running and not self._host.history.is_growing:
            self.drop()

    def take(self, answer: Stepped | Ended) -> bool:
        """Take what the batch lane says; False where it is not of this propagation."""
        run = self._run
        if run is None or answer.batch is not run.batch:
            return False
        if isinstance(answer, Ended):
            self._finish(run, answer)
        elif isinstance(answer.value, Skipped):
            run.skipped.append(answer.value.frame)
        elif isinstance(answer.value, Lost):
            self._tell(run, answer.value)
        elif isinstance(answer.value, Propagated):
            self._note(run, answer.value)
        return True

    # Inside

    def _note(self, run: Run, answer: Propagated) -> None:
        if answer.frame != run.frame:
            run.frame = answer.frame
            run.done += 1
            run.started = run.started or time.monotonic()
        if not answer.is_key:
            run.came.setdefault(answer.layer_id, {})[answer.frame] = answer.mask
            run.taken.add(answer.frame)
        if not self._taking.isActive():
            self._taking.start()

    def _take_masks(self) -> None:
        """Put what came into the growing step and all after it; ends where no layer takes it."""
        run = self._run
        if run is None:
            return
        start = time.perf_counter()
        came, run.came = run.came, {}
        takers = {layer.id for layer in self._host.project.layers if not layer.locked}
        if takers.isdisjoint(run.propagation.keys) and not run.batch.cancelled:
            run.batch.cancel()
            self._host.say("info", self.tr("Nothing takes the masks any more: propagation ends."))
        if came:
            before = self._host.project
            self._host.history.grow(edits.masks_setter(came))
            self._host.grew(before)
        spent = 1000 * (time.perf_counter() - start)
        self._taking.setInterval(max(TAKE_EVERY, round(SHARE * spent)))
        self.changed.emit()

    def _finish(self, run: Run, end: Ended) -> None:
        self._taking.stop()
        self._telling.stop()
        self._take_masks()
        self._run = None
        self._host.history.end_growing(run.label)
        self._host.grew()
        self.changed.emit()
        if end.error is not None:
            self._host.say("error", sentence_of(end.error))
        elif run.skipped:
            text = self.tr("Frames that cannot be read were left out: {}.")
            self._host.say("warning", text.format(spans(sorted(set(run.skipped)))))
        elif run.propagation.is_fix and run.taken:
            text = self.tr("The fix changed frames {}.")
            self._host.say("info", text.format(spans(sorted(run.taken))))
        elif run.propagation.is_fix and not run.batch.cancelled:
            self._host.say("info", self.tr("The fix changes no other frame."))
        if self._folder.error != self._told and self._folder.error is not None:
            self._host.say("warning", f"{self._folder.error}.")
        self._told = self._folder.error

    def _tell(self, run: Run, lost: Lost) -> None:
        """Say that a layer is lost; a tracker that begins anew loses it again, which is no news."""
        told = run.lost.setdefault(lost.layer_id, set())
        layer = next((x for x in self._host.project.layers if x.id == lost.layer_id), None)
        if layer is None or lost.frame in told:
            return
        told.update(lost.blank)
        text = self.tr("Lost sight of {0} on frame {1}; click it where it is seen again.")
        sentences = [text.format(layer.name, lost.frame)]
        held = {*layer.prompts, *layer.locks}
        if old := [frame for frame in lost.blank if frame in layer.masks and frame not in held]:
            text = self.tr("It keeps its masks of before on {}.")
            sentences.append(text.format(spans(sorted(old))))
        self._host.say("warning", " ".join(sentences))

    def _starter(self, propagation: Propagation, tracker: Tracker, cancel: Cancel) -> _Starter:
        host = self._host
        source = EmbeddingSource(propagation.clip, self._model(), cancel, host.caches, host.wake)
        return _Starter(
            propagation, host.project, tracker, self._model(), source, self._folder, cancel
        )

    def _fix_obstacle(self, layers: Sequence[Layer]) -> str:
        """Why the layers have no fix at the playhead to carry outward; empty where one has."""
        frame, work = self._host.playhead, self._host.project.work_range
        if len(layers) > 1:
            return self.tr("A fix is carried outwards on one layer at a time; select the layer.")
        if not any(frame in {*layer.prompts, *layer.locks} for layer in layers):
            return self.tr("There is no fix on this frame; click what is wrong there first.")
        if work is not None and frame not in work:
            return self.tr("The fix on frame {} lies outside in and out.").format(frame)
        return ""

    def _layers(self, *, every: bool) -> Sequence[Layer]:
        if every:
            return self._host.project.layers
        selected = self._host.selected_layer
        return () if selected is None else (selected,)

    def _what(self, propagation: Propagation) -> str:
        names = ", ".join(self._host.project.layer(layer).name for layer in propagation.keys)
        what = self.tr("Carry a fix: {}") if propagation.is_fix else self.tr("Propagate {}")
        return what.format(names)


@dataclass(frozen=True, eq=False)
class _Starter:
    """Makes the generator of a propagation, in the batch lane's thread."""

    propagation: Propagation
    project: Project  # as it was when it was asked for
    tracker: Tracker
    model: Model
    source: EmbeddingSource
    folder: ArchiveFolder
    cancel: Cancel

    def __call__(self) -> Generator[Propagated | Skipped | Lost]:
        archives = archives_of(self.propagation, self.project, self.model.info, self.folder)
        settled = settled_for(self.propagation, self.project)
        with closing(self.source):
            yield from propagate(
                self.propagation,
                self.tracker,
                self.model,
                self.source,
                archives,
                self.cancel,
                settled,
            )


def settled_for(propagation: Propagation, project: Project) -> Settled | None:
    """What ends a fix; None where `propagation`, of one layer then, is none."""
    if not propagation.is_fix:
        return None
    (layer_id,) = propagation.keys
    return Settled(project.layer(layer_id).masks, propagation.clip.size)


def archive_folder(embeddings: Path, gigabytes: float) -> ArchiveFolder:
    """Where archives are, beside the folder of embeddings."""
    return ArchiveFolder(embeddings.with_name("archives"), int(gigabytes * 2**30))
