"""Tracking in the middle of a very long clip, in the real window: `python -m tests.bench_long`.

A movie of 5,000 frames is made and opened, and every cache filled, as after hours of work. Then
the object is clicked in the middle, and the bundled model follows it for 200 frames. During the
first half of them the artist scrubs and clicks on other frames. Printed are the gaps of a 5 ms
timer on the GUI thread, how long those clicks wait, the memory as it goes on, and the seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest

from app.clip_caches import MB
from app.settings import Settings
from app.ui.main_window import MainWindow
from models.base import Embedding
from models.bench.memory import memory
from tests.bench import click, gaps, only, opened, row, titles, wait
from tests.long_clip import long_clip, place

FRAMES, TRACKED, START = 5000, 200, 2400  # of the clip, to be tracked, from where on
IDLE = 5000  # ms
SAMPLE = 250  # ms between two looks at the memory
SCRUB = 40  # ms that the artist's hand rests on a frame
REST = 1000  # ms that the artist looks at one
QUARTERS = 4  # of the run, of which the memory is told


class Sample(NamedTuple):
    """The memory, in MB, when so many frames were tracked."""

    frames: int
    resident: float
    caches: float  # what they say they hold


class Found(NamedTuple):
    """What was measured; times in ms."""

    gaps: Mapping[str, Sequence[float]]
    waits: Sequence[float]  # from a click to its mask
    frames: tuple[int, int]  # tracked while the artist worked, and after
    seconds: tuple[float, float]
    samples: Sequence[Sample]


class Artist:
    """What an artist does while a clip is tracked: scrubs, looks, clicks on another frame."""

    def __init__(self, window: MainWindow, start: int) -> None:
        self._window, self._start = window, start
        self._moves = self._all_moves()
        self._timer = QTimer(singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._move)
        self.waits: list[float] = []

    def begin(self) -> None:
        """Work until told to stop."""
        self._move()

    def stop(self) -> None:
        """Do nothing more."""
        self._timer.stop()

    def _move(self) -> None:
        self._timer.start(next(self._moves))

    def _all_moves(self) -> Iterator[int]:
        """Does one thing after another; yields the ms until the next."""
        session = self._window.session
        for number in count(1):
            for frame in (*range(0, 150, 3), *range(150, -30, -3)):
                session.seek(self._start + frame)
                yield SCRUB
            yield REST
            session.seek(self._start - 5 * number)
            yield REST
            yield from self._click()

    def _click(self) -> Iterator[int]:
        session = self._window.session
        frame, clip, layer = session.playhead, session.clip, session.selected
        assert clip is not None
        assert layer is not None
        began = time.perf_counter()
        click(self._window, *place(frame - clip.frames.first))
        while session.is_pending(layer, frame):
            yield 1
        self.waits.append(1000 * (time.perf_counter() - began))


class Track:
    """A tracking in the middle of the clip, looked at while it runs."""

    def __init__(self, window: MainWindow, tracked: int) -> None:
        self._window, self._session, self._tracked = window, window.session, tracked
        clip = self._session.clip
        assert clip is not None
        self._start = clip.frames.first + START
        self._samples: list[Sample] = []
        self._timer = QTimer(interval=SAMPLE)
        self._timer.timeout.connect(self._look)
        self._loop, self._goal = QEventLoop(), 0

    def run(self) -> Found:
        """Click, go to work, and look."""
        session = self._session
        session.edit("Middle", only(self._start, self._start + self._tracked))
        session.seek(self._start)
        fill(self._window)
        click(self._window, *place(START))
        wait(lambda: not session.is_pending(str(session.selected), self._start))
        gaps_found = {"nothing to do": idle_gaps()}
        artist = Artist(self._window, self._start)
        QTest.keySequence(self._window.viewer, "F")
        assert session.propagating
        self._timer.start()
        began = time.perf_counter()
        artist.begin()
        gaps_found["tracking, artist at work"] = self._gaps_until(self._tracked // 2)
        artist.stop()
        half, done = time.perf_counter(), self._samples[-1].frames
        gaps_found["tracking, nobody at work"] = self._gaps_until(self._tracked)
        seconds = half - began, time.perf_counter() - half
        return Found(gaps_found, artist.waits, (done, self._tracked - done), seconds, self._samples)

    def _gaps_until(self, frames: int) -> list[float]:
        self._goal = frames
        return gaps(self._loop)

    def _look(self) -> None:
        layer = self._session.selected_layer
        assert layer is not None
        done = sum(frame > self._start for frame in layer.masks)
        resident = memory().now or 0  # where the system does not tell
        self._samples.append(Sample(done, resident / MB, held(self._window) / MB))
        if done >= self._goal or not self._session.propagating:
            self._loop.quit()


def fill(window: MainWindow) -> None:
    """Fill the caches, as hours of work do: pictures round here, embeddings of frames far away."""
    session = window.session
    caches, here = session.caches, session.playhead
    assert caches is not None
    wait(lambda: here in caches.embedded_frames() and window.viewer.is_current)
    wait(lambda: len(caches.frames.keys()) >= caches.frames_that_fit)
    like = caches.embedding(here)
    assert like is not None
    for index in range(Settings().embeddings_mb * MB // session.model.embedding_bytes):
        copies = tuple(array.copy() for array in like.arrays)
        caches.keep_embedding(caches.clip.frames.first + index, Embedding(copies, like.frame_size))


def held(window: MainWindow) -> int:
    """The bytes that the caches say they hold."""
    caches = window.session.caches
    assert caches is not None
    small = (caches.contours, caches.answers, caches.priors, caches.previews, caches.thumbnails)
    return caches.ram_bytes + sum(cache.bytes for cache in small)


def idle_gaps() -> list[float]:
    """`gaps` while nothing happens."""
    loop = QEventLoop()
    QTimer.singleShot(IDLE, loop.quit)
    return gaps(loop)


def quarters(samples: Sequence[Sample], value: Callable[[Sample], float]) -> list[float]:
    """The highest `value` in each quarter of the frames, and before them the first."""
    most, parts = samples[-1].frames, [[value(samples[0])], *([] for _ in range(QUARTERS))]
    for sample in samples:
        parts[1 + min(QUARTERS - 1, QUARTERS * sample.frames // most)].append(value(sample))
    return [max(part, default=0.0) for part in parts]


def show(found: Found) -> None:
    """Print the tables."""
    print(titles())
    for name, times in found.gaps.items():
        print(row(f"GUI timer, {name}", times))
    if found.waits:
        print(row("click elsewhere to its mask", found.waits))
    heads = ("start", *(f"{part}/{QUARTERS}" for part in range(1, QUARTERS + 1)))
    print(f"\n{'MB, at most, by quarters':34}{''.join(f'{head:>9}' for head in heads)}")
    for name, value in MEMORY.items():
        print(f"{name:34}{''.join(f'{mb:9.0f}' for mb in quarters(found.samples, value))}")
    print(f"\n{'seconds a frame':34}")
    for name, frames, seconds in zip(
        ("artist at work", "nobody at work"), found.frames, found.seconds, strict=True
    ):
        print(f"{name:34}{seconds / max(1, frames):9.2f}")


MEMORY: Mapping[str, Callable[[Sample], float]] = {
    "resident": lambda sample: sample.resident,
    "of it, held by caches": lambda sample: sample.caches,
    "all else": lambda sample: sample.resident - sample.caches,
}


def values(found: Found) -> dict[str, object]:
    """What was measured, for a file."""
    shares = dict(zip(("median", "p95", "p99", "max"), (50, 95, 99, 100), strict=True))
    rows = {**found.gaps, "click elsewhere": found.waits}
    return {
        "milliseconds": {
            name: {share: float(np.percentile(times, at)) for share, at in shares.items()}
            for name, times in rows.items()
            if times
        },
        "frames": found.frames,
        "seconds": found.seconds,
        "megabytes": [sample._asdict() for sample in found.samples],
    }


def main() -> int:
    """Make the clip, track, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_long", description=__doc__)
    parser.add_argument("--tracked", type=int, default=TRACKED, help="frames to track")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = long_clip(Path(folder) / "long.mp4", FRAMES)
        settings = Settings(encode_ahead=False)  # tracking finds no frame encoded beforehand
        with opened(clip, settings) as window:
            found = Track(window, chosen.tracked).run()
    show(found)
    if chosen.json:
        chosen.json.write_text(json.dumps(values(found), indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
