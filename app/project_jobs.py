"""The work on project files done on lanes: open, keep, save. No Qt."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import cv2
import numpy as np

from app.clip_caches import ClipCaches
from app.domain import recovery
from app.domain.backups import beside
from app.domain.live_copy import LiveCopy, Stamp, stamp_of
from app.domain.locks import Lock, take
from app.domain.project import Project
from app.domain.project_read import read_project
from app.domain.project_schema import VERSION, ProjectError
from app.domain.project_write import View
from app.reports import sentence_of

log = logging.getLogger(__name__)

PICTURE = 192  # pixels wide: what recovery shows of a project
REPAINT = 20.0  # seconds a picture for recovery stays good


@dataclass(frozen=True, eq=False)
class ProjectOpened:
    """A project is ready, its clip still offline. `read_only` says why it may not be changed."""

    question: OpenProject | RecoverProject
    project: Project
    view: View
    relative: str | None
    live: LiveCopy | None  # None: nothing is kept, as nothing may be changed
    home: Path | None
    lock: Lock | None
    stamp: Stamp  # of `home` as the work knows it
    saved: bool  # whether `home` holds this very project
    read_only: str = ""
    whole: bool = True  # whether nothing in the file is of a newer Rotocel
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ProjectNotOpened:
    """A project could not be opened, and why."""

    question: OpenProject | RecoverProject
    sentence: str


@dataclass(frozen=True, eq=False)
class OpenProject:
    """Opens the project file `home`, or a backup of it that lies at `source`."""

    home: Path
    folder: Path  # of live copies
    held: Lock | None = None  # the lock of the window's present project
    source: Path | None = None
    begun: Event = field(default_factory=Event)  # the lane takes it up once

    @property
    def path(self) -> Path:
        """What is being opened."""
        return self.source or self.home

    def __call__(self) -> ProjectOpened | ProjectNotOpened:
        self.begun.set()
        lock: Lock | None = None
        live = LiveCopy(self.folder, self.home)
        try:
            lock = home_lock(self.home, self.held)  # from here on nobody else writes it
            live.stamp = stamp_of(self.home)
            stored = read_project(self.path)
        except Exception as error:
            if lock is not None and lock is not self.held:
                lock.release()
            if isinstance(error, ProjectError):
                return ProjectNotOpened(self, str(error))
            log.exception("a project could not be opened")
            why = sentence_of(error)
            return ProjectNotOpened(self, f"{self.path.name} could not be opened: {why}")
        read_only = _read_only(self.path.name, stored.version, lock)
        return ProjectOpened(
            self,
            stored.project,
            stored.view,
            stored.relative,
            None if read_only else live,
            self.home,
            lock,
            live.stamp,
            saved=self.source is None,
            read_only=read_only,
            whole=stored.version <= VERSION,
            warnings=stored.warnings,
        )


@dataclass(frozen=True, eq=False)
class RecoverProject:
    """Takes up the work that an earlier run left in the live copy at `path`."""

    path: Path
    held: Lock | None = None
    begun: Event = field(default_factory=Event)

    def __call__(self) -> ProjectOpened | ProjectNotOpened:
        self.begun.set()
        live: LiveCopy | None = None
        try:
            live, stored = recovery.recover(self.path)
            lock = home_lock(live.home, self.held) if live.home else None
        except Exception as error:
            if live is not None:
                live.close()
            if isinstance(error, ProjectError):
                return ProjectNotOpened(self, str(error))
            log.exception("work could not be recovered")
            return ProjectNotOpened(self, f"The work was not recovered: {sentence_of(error)}")
        warnings = stored.warnings
        if live.home is not None and lock is None:
            warnings += (f"{live.home.name} is open in another window; save under another name.",)
            live.home = None
        return ProjectOpened(
            self,
            stored.project,
            stored.view,
            stored.relative,
            live,
            live.home,
            lock,
            live.stamp,
            saved=False,
            warnings=warnings,
        )


@dataclass(frozen=True, eq=False)
class Keeping:
    """What is to be kept in the live copy: the present value, and where the artist is."""

    live: LiveCopy
    project: Project
    playhead: int
    selected: str | None
    caches: ClipCaches | None
    clean: bool  # the project is what its file holds, or nothing worth keeping

    @property
    def is_due(self) -> bool:
        """Whether it is not on the disk yet, and was not refused before."""
        live = self.live
        nothing_yet = live.kept is None and self.clean and not self.project.layers
        if self.project is live.refused or nothing_yet:
            return False
        return live.kept is not self.project or live.clean != self.clean

    def view(self) -> View:
        """The view to write; with a picture now and then."""
        picture = b""
        if self.caches is not None and time.monotonic() - self.live.pictured > REPAINT:
            with suppress(cv2.error, MemoryError):  # a picture never costs an edit
                picture = _picture(self.caches, self.playhead)
            if picture:
                self.live.pictured = time.monotonic()
        return View(self.playhead, self.selected, picture)


@dataclass(frozen=True, eq=False)
class Kept:
    """`project` is on the disk: it survives whatever happens to the program."""

    live: LiveCopy
    project: Project


@dataclass(frozen=True, eq=False)
class NotKept:
    """`project` is only in memory, and why."""

    live: LiveCopy
    project: Project
    sentence: str


@dataclass(frozen=True, eq=False)
class KeepProject:
    """Puts what changed into the live copy."""

    keeping: Keeping

    def __call__(self) -> Kept | NotKept:
        wanted = self.keeping
        try:
            wanted.live.keep(wanted.project, wanted.view(), clean=wanted.clean)
        except Exception as error:
            log.warning("an edit is not kept", exc_info=not isinstance(error, ProjectError))
            wanted.live.refused = wanted.project
            return NotKept(wanted.live, wanted.project, _not_kept(error))
        return Kept(wanted.live, wanted.project)


@dataclass(frozen=True, eq=False)
class Left:
    """The files of a project that was left are let go of."""

    question: LeaveProject


@dataclass(frozen=True, eq=False)
class LeaveProject:
    """Lets go of a live copy. It is deleted where its work is saved, else it can be recovered."""

    keeping: Keeping
    given_up: bool = False  # the artist does not want it: it is put among what was given up
    begun: Event = field(default_factory=Event)

    def __call__(self) -> Left:
        self.begun.set()
        live, wanted = self.keeping.live, self.keeping
        try:
            if wanted.clean:
                live.delete()
                return Left(self)
            if live.kept is not wanted.project:
                live.keep(wanted.project, wanted.view())
            live.close()
            if self.given_up:
                recovery.give_up(live.path)
        except Exception:
            log.exception("a project was left unfinished")
            live.close()
        return Left(self)


@dataclass(frozen=True, eq=False)
class Saved:
    """`question.keeping.project` is in the file `question.home`; `notes` are for the artist."""

    question: SaveProject
    lock: Lock | None
    notes: tuple[str, ...]
    stamp: Stamp


@dataclass(frozen=True, eq=False)
class NotSaved:
    """The file is as it was, and why."""

    question: SaveProject
    sentence: str


@dataclass(frozen=True, eq=False)
class SaveProject:
    """Saves the project to `home`."""

    keeping: Keeping
    home: Path
    held: Lock | None
    stamp: Stamp  # of the file when it was opened or saved; None for a new one
    new: bool = False  # the live copy was made for this save, and goes with it if it fails
    begun: Event = field(default_factory=Event)

    def __call__(self) -> Saved | NotSaved:
        self.begun.set()
        lock: Lock | None = None
        try:
            lock = home_lock(self.home, self.held)
            if lock is None:
                self._tidy_up()
                return NotSaved(
                    self, f"{self.home.name} is open in another window; choose another name."
                )
            notes = [self._changed_meanwhile()]
            wanted = self.keeping
            notes.append(wanted.live.save(wanted.project, wanted.view(), self.home))
        except Exception as error:
            if not isinstance(error, ProjectError):
                log.exception("a project could not be saved")
            if lock is not None and lock is not self.held:
                lock.release()
            self._tidy_up()
            return NotSaved(self, sentence_of(error))
        return Saved(self, lock, tuple(filter(None, notes)), stamp_of(self.home))

    def _tidy_up(self) -> None:
        if self.new:
            self.keeping.live.delete()

    def _changed_meanwhile(self) -> str:
        if self.stamp is None or stamp_of(self.home) in {self.stamp, None}:
            return ""
        return (
            f"Another program had changed {self.home.name} since it was opened; what it held is "
            "among the backups."
        )


def _not_kept(error: Exception) -> str:
    if isinstance(error, ProjectError):
        return str(error)
    return f"The last edit is in memory only ({type(error).__name__}); save the project soon."


def home_lock(home: Path, held: Lock | None) -> Lock | None:
    """The right to write `home`: the one `held` already, or taken now; None if another has it."""
    path = beside(Path(os.path.realpath(home)), ".", ".lock")
    return held if held is not None and held.path == path else take(path)


def _read_only(name: str, version: int, lock: Lock | None) -> str:
    if version > VERSION:
        return f"{name} was saved by a newer Rotocel: it can be looked at, not changed; update."
    if lock is None:
        return (
            f"{name} is open in another window, so this one is read-only; save it under another "
            "name to work on a copy."
        )
    return ""


def _picture(caches: ClipCaches, frame: int) -> bytes:
    """The frame as a small JPEG, empty where it is not at hand."""
    rgb = caches.frames.get(frame)
    if rgb is None:
        return b""
    height, width = rgb.shape[:2]
    size = (PICTURE, max(1, min(2 * PICTURE, round(PICTURE * height / width))))
    small = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
    return bytes(np.asarray(cv2.imencode(".jpg", small)[1]).tobytes())
