"""Edits: what was acknowledged is recovered, whenever the program is killed."""

from __future__ import annotations

from pathlib import Path
from random import Random

from app.domain import recovery
from app.domain.history import History
from app.domain.live_copy import LiveCopy
from app.domain.project import Project
from app.domain.project_schema import ProjectError
from app.domain.project_write import View
from tests.drill.child import Heard, Say, run
from tests.drill.projects import digest, edit_at_random, new_history
from tests.drill.rounds import Lost, Torn


class EditDrill:
    """Half of the rounds take up the work that an earlier crash left."""

    name, writes, by_line = "edit", 30, True

    def prepare(self, folder: Path, random: Random) -> None:
        if random.random() < 0.5:
            run(lambda say: self._edit(folder, random, say, writes=5))

    def work(self, folder: Path, random: Random, say: Say) -> None:
        self._edit(folder, random, say, self.writes)

    def verify(self, folder: Path, random: Random, heard: Heard) -> None:
        works = recovery.recoverable(folder)
        if not works:
            if heard.done:
                raise Lost(f"{len(heard.done)} edits were acknowledged, nothing is offered")
            left = sorted(path.name for path in folder.iterdir())
            assert not left, f"left behind: {left}"
            return
        (work,) = works
        if work.damaged:
            raise Torn(work.damaged)
        live, number, found = recovered(work.path)
        possible = heard.possible()
        if heard.begun and found not in possible:
            kind = Lost if found in heard.begun else Torn
            raise kind(f"found {found}, possible {possible[:2]}")
        self._goes_on(live, number, random)

    def _edit(self, folder: Path, random: Random, say: Say, writes: int) -> None:
        works = recovery.recoverable(folder)
        number = 0
        if works:
            live, stored = recovery.recover(works[0].path)
            history, number = History(stored.project), stored.view.playhead
            self._say(say, number, history)  # what was there is acknowledged already
        else:
            live, history = LiveCopy(folder), new_history()
        for _ in range(writes):
            number += 1
            project = edit_at_random(history, random)
            say.begin(name_of(number, project))
            live.keep(project, View(number))
            say.done(name_of(number, project))

    def _say(self, say: Say, number: int, history: History) -> None:
        say.begin(name_of(number, history.present))
        say.done(name_of(number, history.present))

    def _goes_on(self, live: LiveCopy, number: int, random: Random) -> None:
        """The recovered work is edited on, and can be recovered once more."""
        assert live.kept is not None
        project = edit_at_random(History(live.kept), random)
        live.keep(project, View(number + 1))
        live.close()
        live, _, found = recovered(live.path)
        if found != name_of(number + 1, project):
            raise Lost("an edit after the recovery")
        live.delete()
        left = sorted(path.name for path in live.path.parent.iterdir())
        assert not left, f"left behind: {left}"


def name_of(number: int, project: Project) -> str:
    """A short name for the value kept with `number`."""
    return f"{number}:{digest(project)}"


def recovered(path: Path) -> tuple[LiveCopy, int, str]:
    """The live copy at `path` taken up, its number, and the name of what it holds."""
    try:
        live, stored = recovery.recover(path)
    except ProjectError as error:
        raise Torn(str(error)) from error
    if stored.warnings:
        raise Torn(" ".join(stored.warnings))
    return live, stored.view.playhead, name_of(stored.view.playhead, stored.project)
