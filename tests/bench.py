"""How quickly the real window answers, with the bundled model: `python -m tests.bench`.

Prints the gaps of a 5 ms timer on the GUI thread while an encode runs, and the time from a mouse
click to the painted mask on an embedded frame beside what the decoder alone takes for it.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app import paths
from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.project import Project
from app.gui_garbage import GuiGarbage
from app.headless import load_model
from app.jobs import answer
from app.settings import Settings
from app.ui import theme
from app.ui.main_window import MainWindow
from app.window import Store, make_window

CLICKS = 60
SECONDS = 15.0
PATIENCE = 60.0


class Painted(QObject):
    """Notes when the canvas was last painted."""

    at = 0.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            watched.event(event)
            watched.installEventFilter(self)
            self.at = time.perf_counter()
            return True
        return False


def wait(condition: Callable[[], bool], progress: Callable[[], object] = lambda: None) -> None:
    """Run the event loop until `condition` holds.

    Raises TimeoutError where it does not for PATIENCE seconds in which `progress` stays the same.
    """
    until, before = time.perf_counter() + PATIENCE, progress()
    while not condition():
        if (now := progress()) != before:
            until, before = time.perf_counter() + PATIENCE, now
        if time.perf_counter() > until:
            raise TimeoutError
        QApplication.processEvents()
        time.sleep(0.0005)


def gaps(loop: QEventLoop) -> list[float]:
    """Milliseconds between the ticks of a 5 ms timer while `loop` runs."""
    ticks: list[float] = []
    timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=5)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()
    loop.exec()
    timer.stop()
    return [1000 * gap for gap in np.diff(ticks)]


def encoding_gaps(window: MainWindow) -> list[float]:
    """`gaps` while frames are encoded."""
    session = window.session
    wait(lambda: session._crew.embedding is not None)
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * SECONDS), loop.quit)
    return gaps(loop)


def click(window: MainWindow, x: float, y: float) -> None:
    """A click of the mouse at (x, y) in pixels of the clip."""
    place = window.viewer.view.to_widget(x, y).toPoint()
    QTest.mouseClick(window.viewer, Qt.MouseButton.LeftButton, pos=place)


def clicks(window: MainWindow) -> tuple[list[float], list[float], list[float]]:
    """(click to painted mask, the decoder alone, differences), milliseconds a click.

    Click and bare decode take turns, so that both meet the same machine.
    """
    session, viewer = window.session, window.viewer
    clip, caches = session.clip, session._caches
    assert clip is not None
    assert caches is not None
    frame = session.playhead
    wait(lambda: frame in session.embedded_frames())
    embedding = caches.embedding(frame)
    assert embedding is not None
    painted, dice = Painted(), random.Random(7)
    viewer.installEventFilter(painted)
    whole, bare = [], []
    for _ in range(CLICKS):
        x, y = dice.uniform(100, clip.size[0] - 100), dice.uniform(100, clip.size[1] - 100)
        start = time.perf_counter()
        click(window, x, y)
        layer_id = session.selected
        assert layer_id is not None
        wait(lambda layer_id=layer_id: not session.is_pending(layer_id, frame))  # type: ignore[misc]
        answered = time.perf_counter()
        wait(lambda answered=answered: painted.at > answered)  # type: ignore[misc]
        whole.append(1000 * (painted.at - start))
        prompt = session.project.layer(layer_id).prompts[frame]
        start = time.perf_counter()
        answer(session._model, embedding, prompt)
        bare.append(1000 * (time.perf_counter() - start))
        session.clear_prompt()
        caches.answers.clear()
    viewer.removeEventFilter(painted)
    return whole, bare, [a - b for a, b in zip(whole, bare, strict=True)]


def row(name: str, values: Sequence[float]) -> str:
    """One line of the table."""
    middle, high, most = np.median(values), np.percentile(values, [95, 99]), max(values)
    return f"{name:34}{middle:9.1f}{high[0]:9.1f}{high[1]:9.1f}{most:9.1f}{len(values):8}"


@contextmanager
def opened(clip: Path, settings: Settings | None = None) -> Iterator[MainWindow]:
    """The window on `clip`, its first frame shown, in a home of its own, with the bundled model."""
    app = QApplication(sys.argv[:1])
    theme.apply(app)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        os.environ["XDG_CONFIG_HOME"] = name
        store = Store(home / "settings.json")
        store.change(settings or Settings())
        model = load_model(store.settings)
        window = make_window(model, store, home / "cache", home / "recovery")
        window.show()
        garbage = GuiGarbage(app)  # as app.window has it, when the window is made
        window.session.open(clip)
        wait(lambda: window.viewer.is_current)
        yield window
        garbage.stop()
        window.shut_down()


def titles() -> str:
    """The line above the rows of the table."""
    return f"{'milliseconds':34}{'median':>9}{'p95':>9}{'p99':>9}{'max':>9}{'count':>8}"


def main() -> int:
    """Run both and print the table."""
    with opened(paths.demo_clip()) as window:
        print(titles())
        print(row("GUI timer (5 ms) while encoding", encoding_gaps(window)))
        frame = window.session.playhead
        window.session.edit("One frame", only(frame, frame))  # nothing to encode beside the clicks
        wait(lambda: window.session._crew.embedding is None)
        for name, values in zip(
            ("click to painted mask", "decoder alone, same prompt", "everything but the decoder"),
            clicks(window),
            strict=True,
        ):
            print(row(name, values))
    return 0


def only(first: int, last: int) -> Callable[[Project], Project]:
    """The edit that sets in and out."""
    return partial(edits.set_in_out, in_out=FrameRange(first, last))


if __name__ == "__main__":
    sys.exit(main())
