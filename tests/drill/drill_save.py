"""Saving: the artist's file is always a whole project, the last one saved or the one in flight."""

from __future__ import annotations

from pathlib import Path
from random import Random

from app.domain import recovery
from app.domain.backups import KEPT, backups_of
from app.domain.history import History
from app.domain.live_copy import LiveCopy, stamp_of
from app.domain.project import Project
from app.domain.project_read import Stored, read_project
from app.domain.project_schema import ProjectError
from app.project_jobs import Keeping, Saved, SaveProject
from tests.drill.child import Heard, Say
from tests.drill.drill_edit import name_of, recovered
from tests.drill.projects import edit_at_random, new_history
from tests.drill.rounds import Lost, Torn

HOME = "shot.roto"
LOCK = ".shot.roto.lock"
LEFT = {HOME, LOCK, ".shot.roto.part", ".shot.roto.part-journal", "shot.backups", "recovery"}


class SaveDrill:
    """Saves over one file again and again; half of the rounds find an older one there."""

    name, writes, by_line = "save", 15, True

    def prepare(self, folder: Path, random: Random) -> None:
        if random.random() < 0.5:
            history = new_history()
            for number in range(-3, 0):
                saved(LiveCopy(folder / "recovery"), history.present, number, folder / HOME)
                edit_at_random(history, random)
            for path in (folder / "recovery").iterdir():
                path.unlink()

    def work(self, folder: Path, random: Random, say: Say) -> None:
        live, history, home = LiveCopy(folder / "recovery"), new_history(), folder / HOME
        answer: Saved | None = None
        for number in range(1, self.writes + 1):
            project = edit_at_random(history, random)
            say.begin(name_of(number, project))
            answer = saved(live, project, number, home, answer)
            say.done(name_of(number, project))

    def verify(self, folder: Path, random: Random, heard: Heard) -> None:
        home = folder / HOME
        left = {path.name for path in folder.iterdir()}
        assert left <= LEFT, f"left behind: {sorted(left - LEFT)}"
        found = _in_file(home, heard) if home.exists() else None
        if heard.done and found is None:
            raise Lost(f"{HOME} is not there")
        _check_backups(home, most=KEPT + 1)  # the oldest goes once the new one is there
        _check_recovery(folder, heard)
        project = edit_at_random(new_history(), random)
        live = LiveCopy(folder / "recovery")
        answer = saved(live, project, 99, home)
        live.delete()
        assert answer.lock is not None
        answer.lock.release()
        if name_in(read(home)) != name_of(99, project):
            raise Lost("the next save is not there")
        left = {path.name for path in folder.iterdir()} - {HOME, "shot.backups", "recovery"}
        assert not left, f"not cleared by the next save: {sorted(left)}"
        assert not [path for path in (folder / "shot.backups").glob("*") if path.suffix != ".roto"]
        _check_backups(home, most=KEPT)


def saved(
    live: LiveCopy, project: Project, number: int, home: Path, before: Saved | None = None
) -> Saved:
    """Save as the program does."""
    keeping = Keeping(live, project, number, None, None, clean=False)
    lock = before.lock if before else None
    answer = SaveProject(keeping, home, lock, before.stamp if before else stamp_of(home))()
    assert isinstance(answer, Saved), answer
    assert not answer.notes, answer.notes
    return answer


def read(path: Path) -> Stored:
    """The project in a file that must be whole. Raises Torn."""
    try:
        stored = read_project(path)
    except ProjectError as error:
        raise Torn(str(error)) from error
    if stored.warnings:
        raise Torn(" ".join(stored.warnings))
    return stored


def name_in(stored: Stored) -> str:
    """The name of what a file holds."""
    return name_of(stored.view.playhead, stored.project)


def _in_file(home: Path, heard: Heard) -> str:
    stored = read(home)
    found, earlier = name_in(stored), stored.view.playhead < 0
    if earlier and not heard.done:
        return found
    if found not in heard.possible():
        kind = Lost if earlier or found in heard.begun else Torn
        raise kind(f"{HOME} holds {found}, possible are {heard.possible()[:2]}")
    return found


def _check_backups(home: Path, most: int) -> None:
    """All are whole, not too many, and their order is that of the saves."""
    backups = backups_of(home)
    numbers = [read(backup.path).view.playhead for backup in backups]
    assert numbers == sorted(numbers, reverse=True), numbers
    assert len(numbers) <= most, numbers


def _check_recovery(folder: Path, heard: Heard) -> None:
    """What is offered is no older than the file and can be taken up."""
    for work in recovery.recoverable(folder / "recovery"):
        if work.damaged:
            raise Torn(work.damaged)
        live, _, found = recovered(work.path)
        if found not in heard.possible():
            raise Lost(f"recovery offers {found}, possible are {heard.possible()[:2]}")
        assert live.home == folder / HOME or (folder / HOME).exists() is False or not heard.done
        assert live.kept is not None
        edit_at_random(History(live.kept), Random(1))
        live.delete()
