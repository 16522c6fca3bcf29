"""The desk for models: what the window asks of the shelf, done on a lane of its own.

One task at a time. The lane is there once the first task is; the session is told of a model only
when it is loaded and the caches of the open clip are ready for it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from app.clip_caches import ClipCaches
from app.headless import BUNDLED
from app.lanes import Lane
from app.model_shelf import Available, Contents, Installed, Shelf
from app.redaction import hide
from app.reports import sentence_of
from app.session import Session
from app.settings import SettingsStore
from models.base import Cancelled, Model, ModelError
from models.fetch import Stop
from models.install import ExistsError
from models.quarantine import end_trials

__all__ = ["Available", "Contents", "Installed", "ModelDesk", "Outcome", "Task"]

log = logging.getLogger(__name__)

T = TypeVar("T")

EVERY = 0.1  # seconds between two tellings of progress
AGAIN = 100  # ms between two looks for a trial that has to end


@dataclass(eq=False)
class Task:
    """One thing that is being done; `again` does it once more, replacing what is in its way."""

    title: str  # e.g. "Fetching SAM 2.1 tiny"
    call: Callable[[Task], object]
    again: Callable[[], None] | None = None
    quiet: bool = False  # its end is nothing to tell, and another may take its place
    can_stop: bool = True
    kept: str = ""  # what is told of what stays where it is stopped
    begun: bool = False  # the lane takes it up once
    stop: Stop = field(default_factory=Stop)
    told: float = 0.0  # when its progress was told


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a task ended. `replace`, where there is one, does it anew and replaces what was there."""

    sentence: str
    failed: bool = False
    replace: Callable[[], None] | None = None


@dataclass(frozen=True, eq=False)
class _Done:
    task: Task
    result: object
    contents: Contents
    error: Exception | None = None


@dataclass(frozen=True, eq=False)
class _Loaded:
    name: str
    model: Model
    caches: ClipCaches | None


class ModelDesk(QObject):
    """Does one task after the other; every call returns at once."""

    changed = Signal()  # the contents, or whether something is being done
    progressed = Signal(object, object)  # bytes here, bytes of all: more than Qt's int holds
    finished = Signal(object)  # an Outcome

    def __init__(
        self,
        session: Session,
        store: SettingsStore,
        parent: QObject | None = None,
        catalogue: Path | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._store, self._catalogue = session, store, catalogue
        self._task: Task | None = None
        self._contents = Contents((), (), ())
        self._lane = Lane("models", self._pick, nice=5, parent=self)
        self._lane.answered.connect(self._on_answered)
        self._lane.failed.connect(self._on_failed)
        self._stopping = QTimer(self, interval=AGAIN)
        self._stopping.timeout.connect(self._end_trials)
        session.model_changed.connect(self.changed)

    @property
    def contents(self) -> Contents:
        """What is installed and what can be had, as last looked at."""
        return self._contents

    @property
    def task(self) -> Task | None:
        """What is being done."""
        return self._task

    @property
    def in_use(self) -> tuple[str, str]:
        """The id of the model that answers, and the device it runs on."""
        return self._session.model.id, self._session.model.device

    def refresh(self) -> None:
        """Look at the shelf anew."""
        self._start(Task(self.tr("Looking"), lambda _task: None, quiet=True))

    def install(self, origin: Path, *, replace_it: bool = False) -> None:
        """Install from a folder or a zip."""
        hide(origin)
        shelf = self._shelf()

        def call(task: Task) -> str:
            found = shelf.install(origin, replace=replace_it, stop=task.stop)
            return self.tr("{} is installed.").format(found.label)

        title = self.tr("Installing {}").format(origin.name)
        self._start(Task(title, call, lambda: self.install(origin, replace_it=True)))

    def download(self, item: Available, *, replace_it: bool = False) -> None:
        """Fetch a model whose licence was accepted."""
        shelf = self._shelf()

        def call(task: Task) -> str:
            def tell(done: int, total: int) -> None:
                self._tell(task, done, total)

            return shelf.download(item.id, tell, task.stop, replace=replace_it)

        title = self.tr("Fetching {}").format(item.label)
        kept = self.tr("What was fetched is kept for the next time.")
        again = partial(self.download, item, replace_it=True)
        self._start(Task(title, call, again, kept=kept))

    def verify(self, item: Installed) -> None:
        """Check every file of a pack, and try it."""
        shelf = self._shelf()
        title = self.tr("Checking {}").format(item.label)
        self._start(Task(title, lambda task: shelf.verify(str(item.folder), task.stop)))

    def remove(self, item: Installed | Available) -> None:
        """Delete a pack or what was downloaded; never the pack that answers."""
        if item.id == self._session.model.id:
            text = self.tr("{} is in use; use another one first.").format(item.label)
            self.finished.emit(Outcome(text, failed=True))
            return
        shelf = self._shelf()
        title = self.tr("Removing {}").format(item.label)
        self._start(Task(title, lambda _task: shelf.remove(item.id), can_stop=False))

    def use(self, item: Installed) -> None:
        """Have this model answer from now on; masks that are finished stay as they are."""
        shelf, make_caches = self._shelf(), self._session.cache_maker()

        def call(task: Task) -> _Loaded:
            model = shelf.load(item.id)
            task.stop.check()
            return _Loaded(item.id, model, make_caches(model.info))

        self._start(Task(self.tr("Loading {}").format(item.label), call))

    def measure(self) -> None:
        """Find out which model suits this machine."""
        shelf = self._shelf()
        title = self.tr("Measuring this machine")

        def call(_task: Task) -> str:
            return "\n".join(shelf.recommend().sentences)

        self._start(Task(title, call, can_stop=False))  # it takes some seconds

    def cancel(self) -> None:
        """Stop what is being done, where it can be stopped."""
        if self._task is not None and self._task.can_stop:
            self._task.stop.cancel()
            self._stopping.start()

    def shutdown(self) -> None:
        """End the lane and wait for it; what is being done is stopped."""
        self.cancel()
        self._lane.stop()
        self._lane.blockSignals(True)  # noqa: FBT003 - Qt's; nobody is left to hear
        while not self._lane.wait(AGAIN):
            end_trials()

    # Inside

    def _shelf(self) -> Shelf:
        return Shelf(self._store.settings, self._catalogue)

    def _start(self, task: Task) -> None:
        if self._task is not None and not self._task.quiet:
            return  # the buttons are off meanwhile
        self._task = task
        if not self._lane.isRunning():
            self._lane.start()
        self._lane.wake()
        self.changed.emit()

    def _pick(self) -> Callable[[], _Done] | None:
        task = self._task
        if task is None or task.begun:
            return None
        shelf = self._shelf()

        def job() -> _Done:
            task.begun = True
            result, error = _tried(lambda: task.call(task))
            contents, fault = _tried(shelf.contents)
            return _Done(task, result, contents or self._contents, error or fault)

        return job

    def _end_trials(self) -> None:
        """End the trial of a task that is stopped, also one that begins only now."""
        if self._task is None or not self._task.stop.fired:
            self._stopping.stop()
        else:
            end_trials()

    def _tell(self, task: Task, done: int, total: int) -> None:
        """Tell progress from the lane, now and then."""
        now = time.monotonic()
        if now - task.told >= EVERY or done == total:
            task.told = now
            self.progressed.emit(done, total)

    def _on_answered(self, done: _Done) -> None:
        if done.task is self._task:
            self._task = None
        self._contents = done.contents
        outcome = self._outcome(done)
        self.changed.emit()
        if not done.task.quiet or outcome.failed:
            self.finished.emit(outcome)

    def _on_failed(self, error: Exception) -> None:
        """The lane could not even begin."""
        self._task = None
        self.changed.emit()
        self.finished.emit(Outcome(sentence_of(error), failed=True))

    def _outcome(self, done: _Done) -> Outcome:
        if isinstance(done.result, _Loaded):
            return self._take(done.result)
        error = done.error
        if isinstance(error, ModelError) and done.task.stop.fired:
            error = Cancelled()  # the trial was ended, which looks like a crash of the pack
        match error:
            case None:
                pass
            case Cancelled():
                return Outcome(f"{self.tr('Stopped.')} {done.task.kept}".rstrip())
            case ExistsError():
                return Outcome(str(error), failed=True, replace=done.task.again)
            case ModelError():
                return Outcome(str(error), failed=True)
            case _:
                log.error("a task for models failed", exc_info=error)
                return Outcome(sentence_of(error), failed=True)
        return Outcome(str(done.result or ""))

    def _take(self, loaded: _Loaded) -> Outcome:
        """The session works with the model from here on, and so does the next start."""
        self._session.use_model(loaded.model, loaded.caches)
        name = "" if loaded.name == BUNDLED else loaded.name
        self._store.change(replace(self._store.settings, model=name))
        text = self.tr("From now on {} answers. Masks that are finished stay as they are.")
        return Outcome(text.format(loaded.model.info.label))


def _tried(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """What `work` gives, or what it raises, which is told to the artist."""
    try:
        return work(), None
    except Exception as e:  # noqa: BLE001
        return None, e
