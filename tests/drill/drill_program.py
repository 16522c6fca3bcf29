"""The whole session with its event loop and its lanes, killed while an artist works."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import cv2
import numpy as np
from PySide6.QtCore import QCoreApplication, QTimer

from app.domain import edits, recovery
from app.domain.project import Project
from app.project_jobs import Kept
from app.session import Session
from app.settings import Settings
from tests.drill.child import Heard, Say, run
from tests.drill.projects import digest
from tests.drill.rounds import Lost, Torn
from tests.fakes import DiscModel

FRAMES = range(1001, 1005)
BREATH = 15  # ms between two edits, so that not all become one
HOME = "shot.roto"
NOTHING = "nothing"  # a clip nobody worked on, which recovery need not offer


class ProgramDrill:
    """Edits, saves, seeks and undo; an edit is acknowledged when the session hears it is kept."""

    name, writes, by_line = "program", 20, False

    def prepare(self, folder: Path, random: Random) -> None:
        plate = folder / "plate"
        plate.mkdir()
        for frame in FRAMES:
            image = np.full((90, 160, 3), frame % 200, np.uint8)
            (plate / f"plate.{frame}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())

    def work(self, folder: Path, random: Random, say: Say) -> None:
        _in_a_session(folder, lambda session: _Artist(session, folder, random, say, self.writes))

    def verify(self, folder: Path, random: Random, heard: Heard) -> None:
        works = recovery.recoverable(folder / "recovery")
        home = folder / HOME
        path = works[0].path if works else home if home.exists() else None
        if path is None:
            if heard.done and NOTHING not in heard.possible():  # all was undone again
                raise Lost(f"{len(heard.done)} edits were acknowledged, nothing is offered")
            return
        assert len(works) <= 1
        again = run(lambda say: _in_a_session(folder, lambda session: _Reader(session, path, say)))
        if again.error:
            raise RuntimeError(again.error)
        (found,) = again.done
        if found not in heard.possible():
            kind = Lost if found in heard.begun else Torn
            raise kind(f"{path.name} holds {found}, possible are {heard.possible()[:3]}")


def _in_a_session(folder: Path, use: Callable[[Session], object]) -> None:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    qt = QCoreApplication([])
    session = Session(DiscModel(), Settings(), folder / "cache", folder / "recovery")
    user = use(session)
    qt.exec()
    session.shutdown()
    del user


def _name_of(project: Project) -> str:
    return digest(project) if project.layers else NOTHING


class _Artist:
    """Edits as an artist does, only faster."""

    def __init__(
        self, session: Session, folder: Path, random: Random, say: Say, edits_left: int
    ) -> None:
        self._session, self._home, self._random, self._say = session, folder / HOME, random, say
        self._left, self._begun = edits_left, ""
        self._timer = QTimer(interval=BREATH)
        self._timer.timeout.connect(self._edit)
        session.clip_changed.connect(self._timer.start)
        session.project_changed.connect(self._begin)
        session._crew.answered.connect(self._hear)
        session.open(folder / "plate")

    def _begin(self) -> None:
        now = _name_of(self._session.project)
        if now != self._begun:
            self._begun = now
            self._say.begin(now)

    def _hear(self, answer: object) -> None:
        if isinstance(answer, Kept):
            self._say.done(_name_of(answer.project))

    def _edit(self) -> None:
        session, random = self._session, self._random
        self._left -= 1
        if self._left < 0:
            self._timer.stop()
            QTimer.singleShot(300, QCoreApplication.quit)
            return
        choice = random.random()
        if choice < 0.1 and session.project.layers:
            session.files.save(self._home)
        elif choice < 0.2:
            session.undo()
        elif choice < 0.3:
            session.seek(random.choice(FRAMES))
        elif choice < 0.4:
            session.edit("Add layer", edits.add_layer)
        else:
            session.add_point(random.random() * 160, random.random() * 90, include=True)


class _Reader:
    """Opens what is left as the next start does, and says what it holds."""

    def __init__(self, session: Session, path: Path, say: Say) -> None:
        self._session, self._say = session, say
        session.files.footage_changed.connect(self._on_footage)
        session.message_sent.connect(self._on_message)
        session.began.connect(self._say_what_is_there)
        self._found = ""
        if path.name == HOME:
            session.open(path)
        else:
            session.files.recover(path)

    def _say_what_is_there(self) -> None:
        self._found = _name_of(self._session.project)

    def _on_footage(self) -> None:
        clip = self._session.clip
        assert clip is not None
        assert not clip.offline
        self._say.done(self._found)
        QCoreApplication.quit()

    def _on_message(self, message: object) -> None:
        self._say.error(str(message))
        QCoreApplication.quit()
