"""The project's files: opening, keeping, saving, recovering it, and finding its footage.

A part of the session; widgets reach it as `session.files`.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias

from PySide6.QtCore import QObject, QTimer, Signal

from app.clip_caches import ClipCaches
from app.domain import recovery
from app.domain.backups import Backup, backups_of
from app.domain.clip import Clip
from app.domain.live_copy import LiveCopy, Stamp, stamp_of
from app.domain.locks import Lock
from app.domain.project import LayerId, Project
from app.domain.project_schema import ProjectError
from app.domain.project_write import View
from app.domain.recovery import Recoverable
from app.footage_jobs import FindFootage, FootageFound, FootageMissing
from app.project_jobs import (
    Keeping,
    Kept,
    LeaveProject,
    Left,
    NotKept,
    NotSaved,
    OpenProject,
    ProjectNotOpened,
    ProjectOpened,
    RecoverProject,
    Saved,
    SaveProject,
)
from app.redaction import hide
from app.reports import Level

log = logging.getLogger(__name__)

AGAIN = 10_000  # ms until what could not be kept is tried again

Opening: TypeAlias = OpenProject | RecoverProject | FindFootage


class Host(Protocol):
    """What is asked of the session."""

    @property
    def project(self) -> Project:
        """The project as it is now."""

    @property
    def playhead(self) -> int:
        """The frame under the playhead."""

    @property
    def selected(self) -> LayerId | None:
        """The id of the selected layer."""

    @property
    def caches(self) -> ClipCaches | None:
        """All that is computed from the clip."""

    def begin(self, project: Project, label: str, view: View) -> None:
        """Show another project, with a history of its own."""

    @property
    def edits(self) -> int:
        """How often the artist has changed the project; only compared."""

    def link(self, clip: Clip, caches: ClipCaches, saved: Project | None) -> Project | None:
        """Read the project's frames from `clip` from now on; what `saved` is called then."""

    def forget_clip(self) -> None:
        """A clip that is being opened is wanted no more."""

    def finder(self, project: Project, relative: str | None, home: Path | None) -> FindFootage:
        """The job that finds the project's footage."""

    def end_propagation(self) -> None:
        """Stop a propagation; the masks that came stay."""

    def publish(self) -> None:
        """Tell the lanes what is wanted now."""

    def say(self, level: Level, text: str) -> None:
        """Send a sentence to the message bar."""


@dataclass(frozen=True)
class Document:
    """The files behind the open project."""

    live: LiveCopy | None = None
    home: Path | None = None  # the artist's file; None until it is saved
    lock: Lock | None = None
    saved: Project | None = None  # the value that `home` holds, or that is not worth saving
    stamp: Stamp = None  # of `home`, to notice other programs
    read_only: str = ""  # why nothing may be changed; empty where it may
    whole: bool = True  # whether all its file holds is known: else a copy would lose something
    relative: str | None = None  # the clip's path relative to `home`, as noted there
    given_up: bool = False  # the artist leaves it without saving


class ProjectFiles(QObject):
    """Every call returns at once; what takes long arrives by signal."""

    changed = Signal()  # name, modified, read-only
    footage_changed = Signal()
    save_ended = Signal(bool)  # whether the project is saved

    def __init__(self, host: Host, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._host, self._folder = host, folder
        self._document = Document()
        self.opening: Opening | None = None
        self.saving: SaveProject | None = None
        self.leaving: tuple[LeaveProject, ...] = ()
        self._asked_at = 0  # the artist's edits when something was asked to be opened
        self._missing: FootageMissing | None = None
        self._again = QTimer(self, singleShot=True, interval=AGAIN)
        self._again.timeout.connect(self._try_again)

    # What there is

    @property
    def home(self) -> Path | None:
        """The project file, None while the project was never saved."""
        return self._document.home

    @property
    def name(self) -> str:
        """What the window is called: the project file, else the clip; empty without either."""
        clip = self._host.project.clip
        return self.home.name if self.home else clip.name if clip else ""

    @property
    def is_modified(self) -> bool:
        """Whether there is work that no project file holds."""
        project = self._host.project
        worth_it = project.clip is not None and not self.read_only
        return worth_it and self._document.saved is not project

    @property
    def read_only(self) -> str:
        """Why nothing may be changed; empty where it may."""
        return self._document.read_only

    @property
    def may_be_copied(self) -> bool:
        """Whether it may be saved under another name; where not, `read_only` says why."""
        return self._document.whole

    @property
    def missing(self) -> FootageMissing | None:
        """Why the footage is not shown and what could be it; None where all is well."""
        return self._missing

    @property
    def keeps(self) -> bool:
        """Whether edits are kept as they are made; not where the disk refused the last ones."""
        live = self._document.live
        return live is not None and live.refused is None

    @property
    def keeping(self) -> Keeping | None:
        """What is to be kept in the live copy now."""
        live, host = self._document.live, self._host
        if live is None or host.project.clip is None:
            return None
        project = host.project
        clean = not self.is_modified
        return Keeping(live, project, host.playhead, host.selected, host.caches, clean)

    def recoverable(self) -> list[Recoverable]:
        """Work that an earlier run neither saved nor gave up, the latest first."""
        return recovery.recoverable(self._folder)

    def given_up(self) -> list[Recoverable]:
        """What was closed without saving, the latest first."""
        return recovery.given_up(self._folder)

    def backups(self) -> list[tuple[Backup, bytes]]:
        """Earlier states of the project file with their pictures, the latest first."""
        found = backups_of(self.home) if self.home else []
        return [(backup, recovery.picture_in(backup.path)) for backup in found]

    # Calls

    def begin(self, project: Project) -> None:
        """A project of its own, not saved anywhere yet."""
        self._leave()
        self._document = Document(LiveCopy(self._folder), saved=project)
        self.changed.emit()

    def open(self, path: Path) -> None:
        """Open a project file in place of the present project; once, however often it is asked."""
        opening = self.opening
        if isinstance(opening, OpenProject) and (opening.home, opening.source) == (path, None):
            return
        self._start(OpenProject(path, self._folder, self._document.lock))

    def open_backup(self, path: Path) -> None:
        """Open an earlier state of the project; its file is replaced only when it is saved."""
        if self.home is not None:
            self._start(OpenProject(self.home, self._folder, self._document.lock, path))

    def recover(self, path: Path) -> None:
        """Take up work of an earlier run in place of the present project; once."""
        opening = self.opening
        if isinstance(opening, RecoverProject) and opening.path == path:
            return
        self._start(RecoverProject(path, self._document.lock))

    def forget(self, path: Path) -> None:
        """Put recoverable work among what was given up."""
        try:
            recovery.give_up(path)
        except ProjectError as error:
            self._host.say("error", str(error))

    def save(self, path: Path | None = None) -> None:
        """Save the project, under another name where one is given; `save_ended` tells how it went.

        Where there is no name yet, nothing is done. What the file holds already is not written
        again: a backup that tells nothing new would push out one that does.
        """
        home = path.absolute() if path else self.home
        document = self._document
        if path is None and self._is_in_file():
            self.save_ended.emit(True)  # noqa: FBT003 - a signal
            return
        keeping = self._keeping_for(home)
        if home is None or keeping is None or self.saving is not None:
            return
        hide(home)
        stamp = document.stamp if home == document.home else None
        new = keeping.live is not document.live
        self.saving = SaveProject(keeping, home, document.lock, stamp, new)
        self._host.publish()
        self.changed.emit()

    def choose_footage(self, path: Path) -> None:
        """Take `path` as the project's footage, if it fits."""
        hide(path)
        document = self._document
        finder = self._host.finder(self._host.project, document.relative, document.home)
        self._start(replace(finder, chosen=path))

    def give_up(self) -> None:
        """What follows leaves the project unsaved: its work goes among what was given up."""
        self._document = replace(self._document, given_up=True)

    def stay(self) -> None:
        """The project was not left after all: nothing else could be opened."""
        self._document = replace(self._document, given_up=False)

    def shutdown(self) -> None:
        """Keep what is not kept yet, and let go of all files. The lanes have ended before."""
        self._again.stop()
        self._leave()
        for leaving in self.leaving:
            if not leaving.begun.is_set():
                leaving()

    def asked(self) -> None:
        """Something is asked to be opened: from now on it is noticed if the artist works on."""
        self._asked_at = self._host.edits

    def went_on(self, name: str) -> bool:
        """Whether the artist worked on while `name` was opened, so that it may not be shown."""
        if self._host.edits == self._asked_at:
            return False
        self.stay()
        text = self.tr("{} was not opened, as you went on working here; open it again.")
        self._host.say("warning", text.format(name))
        return True

    # From the lanes

    def take(self, answer: object) -> bool:
        """Take the answer of a lane; False where it is none of these."""
        match answer:
            case ProjectOpened() | ProjectNotOpened():
                self._on_opened(answer)
            case FootageFound() | FootageMissing():
                self._on_footage(answer)
            case Kept():
                self.changed.emit()
            case Left(question=question):
                self.leaving = tuple(item for item in self.leaving if item is not question)
            case NotKept():
                self._on_not_kept(answer)
            case Saved() | NotSaved():
                self._on_saved(answer)
            case _:
                return False
        return True

    def drop_opening(self) -> None:
        """Something else is opened: what is being opened is wanted no more."""
        if isinstance(self.opening, FindFootage):
            self.opening.given_up.set()
        self.opening = None

    # Inside

    def _start(self, opening: Opening) -> None:
        self.drop_opening()
        self._host.forget_clip()
        if isinstance(opening, FindFootage):
            self.stay()
        else:
            self.asked()
        self.opening = opening
        self._host.publish()
        self.changed.emit()

    def _on_opened(self, answer: ProjectOpened | ProjectNotOpened) -> None:
        if answer.question is not self.opening:  # the artist opened something else meanwhile
            if isinstance(answer, ProjectOpened):
                _let_go(answer, self._document.lock)
            return
        self.opening = None
        if isinstance(answer, ProjectOpened) and self.went_on(_name_of(answer)):
            _let_go(answer, self._document.lock)
            self.changed.emit()
            return
        if isinstance(answer, ProjectNotOpened):
            self.stay()
            self._host.publish()
            self._host.say("error", answer.sentence)
            self.changed.emit()
            return
        self._leave(keep=answer.lock)
        saved = answer.project if answer.saved else None
        self._document = Document(
            answer.live,
            answer.home,
            answer.lock,
            saved,
            answer.stamp,
            answer.read_only,
            answer.whole,
            answer.relative,
        )
        label = self.tr("Open {}").format(_name_of(answer))
        self._host.begin(answer.project, label, answer.view)
        for sentence in filter(None, (*answer.warnings, answer.read_only)):
            self._host.say("warning", sentence)
        if answer.project.clip is not None:
            self._start(self._host.finder(answer.project, answer.relative, answer.home))
        self.changed.emit()

    def _on_footage(self, answer: FootageFound | FootageMissing) -> None:
        if answer.question is not self.opening:
            if isinstance(answer, FootageFound):
                answer.caches.close()
            return
        self.opening = None
        if isinstance(answer, FootageFound):
            by_itself, before = answer.question.chosen is None, self._document.saved
            self._missing = None
            saved = self._host.link(answer.clip, answer.caches, before)
            if by_itself:
                self._document = replace(self._document, saved=saved)
            if answer.reason:
                self._host.say("warning", answer.reason)
        elif answer.question.chosen is not None:
            self._host.say("error", answer.reason)
        else:
            self._missing = answer
        self._host.publish()
        self.footage_changed.emit()
        self.changed.emit()

    def _on_not_kept(self, answer: NotKept) -> None:
        if answer.live is self._document.live:
            self._host.say("warning", answer.sentence)
            self._again.start()

    def _try_again(self) -> None:
        if self._document.live is not None:
            self._document.live.refused = None
            self._host.publish()

    def _on_saved(self, answer: Saved | NotSaved) -> None:
        if answer.question is not self.saving:  # the project was left meanwhile
            if isinstance(answer, Saved) and answer.lock not in {None, self._document.lock}:
                answer.lock.release()
            return
        self.saving = None
        if isinstance(answer, NotSaved):
            self._host.say("error", answer.sentence)
        else:
            question, lock = answer.question, self._document.lock
            if lock is not None and lock is not answer.lock:
                lock.release()
            self._document = replace(
                self._document,
                live=question.keeping.live,
                home=question.home,
                lock=answer.lock,
                saved=question.keeping.project,
                stamp=answer.stamp,
                read_only="",
            )
            for note in answer.notes:
                self._host.say("warning", note)
        self._host.publish()
        self.changed.emit()
        self.save_ended.emit(isinstance(answer, Saved))

    def _keeping_for(self, home: Path | None) -> Keeping | None:
        """What to save; a read-only project only under another name, in a new live copy."""
        document, host = self._document, self._host
        if host.project.clip is None:
            return None
        if not document.read_only:
            return self.keeping
        if home is None or home == document.home or not document.whole:
            self._host.say("error", document.read_only)
            return None
        live = LiveCopy(self._folder, home)
        return Keeping(live, host.project, host.playhead, host.selected, host.caches, clean=False)

    def _is_in_file(self) -> bool:
        document = self._document
        if document.home is None or document.read_only or self.is_modified:
            return False
        return stamp_of(document.home) == document.stamp

    def _leave(self, keep: Lock | None = None) -> None:
        """Let go of the present project's files; work that is not saved stays recoverable."""
        self._host.end_propagation()  # what came of it is work
        self._let_live_copy_go()
        document, self._document = self._document, Document()
        self._missing = self.saving = None
        if document.lock is not None and document.lock is not keep:
            document.lock.release()

    def _let_live_copy_go(self) -> None:
        """Have the keep lane, which alone may touch the live copy, keep and close it."""
        keeping = self.keeping
        if keeping is not None:
            self.leaving = (*self.leaving, LeaveProject(keeping, self._document.given_up))


def _name_of(answer: ProjectOpened) -> str:
    """What the artist calls a project; a live copy has a name that says nothing."""
    if isinstance(answer.question, OpenProject):
        return answer.question.path.name
    clip = answer.project.clip
    return answer.home.name if answer.home else clip.name if clip else ""


def _let_go(answer: ProjectOpened, held: Lock | None) -> None:
    if answer.live is not None:
        answer.live.close()
    if answer.lock is not None and answer.lock is not held:
        with suppress(OSError):
            answer.lock.release()
