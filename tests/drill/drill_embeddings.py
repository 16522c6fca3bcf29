"""Embeddings on disk: a record reads back as it was written for its frame, or as absent."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

import numpy as np

from app.domain.cache import distance
from app.domain.embedding_store import EmbeddingStore
from tests.drill.child import Heard, Say
from tests.drill.rounds import Lost, Torn

SHAPE = (1, 64, 32, 32)  # 128 KiB
SLOTS, FRAMES = 6, 14
PLAYHEAD = 5


class EmbeddingDrill:
    """More frames than the file has room for, some of them again and again."""

    name, writes, by_line = "embeddings", 40, True

    def prepare(self, folder: Path, random: Random) -> None:
        pass

    def work(self, folder: Path, random: Random, say: Say) -> None:
        store = opened(folder)
        for version in range(self.writes):
            frame = random.randrange(FRAMES)
            arrays = made(frame, version)
            say.begin(f"{frame} {version}")
            store.put(frame, arrays)
            say.done(f"{frame} {version}")

    def verify(self, folder: Path, random: Random, heard: Heard) -> None:
        there, gone = replayed(heard)
        store = opened(folder)
        for frame in range(FRAMES):
            found = store.get(frame)
            allowed = [there[frame]] if frame in there else []
            allowed += [_words(text)[1] for text in _in_flight(heard) if _words(text)[0] == frame]
            if found is None:
                if frame in there and frame not in gone:
                    raise Lost(f"frame {frame} is not there")
            elif not any(np.array_equal(found[0], made(frame, v)[0]) for v in allowed):
                raise Torn(f"frame {frame} is none of {allowed}")
        store.close()
        self._goes_on(folder, random)

    def _goes_on(self, folder: Path, random: Random) -> None:
        store = opened(folder)
        frames = [*random.sample(range(FRAMES), 3), PLAYHEAD]
        for frame in frames:
            store.put(frame, made(frame, 1000))
        store.close()
        store = opened(folder)
        for frame in frames:
            found = store.get(frame)
            if found is None and frame == PLAYHEAD:
                raise Lost(f"frame {frame}, put after the crash")
            if found is not None and not np.array_equal(found[0], made(frame, 1000)[0]):
                raise Torn(f"frame {frame}, put after the crash")
        assert store.disk_error is None, store.disk_error
        store.close()


def opened(folder: Path) -> EmbeddingStore:
    """The store, with room for one embedding in memory."""
    store = EmbeddingStore([SHAPE], 2 * int(np.prod(SHAPE)), folder / "x.embeddings", SLOTS)
    store.playhead = PLAYHEAD
    return store


@cache
def made(frame: int, version: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float16]]]:
    """An embedding no other frame or version has."""
    random = np.random.default_rng((frame, version))
    return (random.integers(-99, 99, SHAPE).astype(np.float16),)


def replayed(heard: Heard) -> tuple[dict[int, int], set[int]]:
    """The version of each frame that must be there, and those a put in flight may have cost."""
    there: dict[int, int] = {}
    for text in heard.done:
        frame, version = _words(text)
        _make_way(there, frame)
        there[frame] = version
    after = dict(there)
    for text in _in_flight(heard):
        _make_way(after, _words(text)[0])
    return there, there.keys() - after.keys()


def _make_way(there: dict[int, int], frame: int) -> None:
    there.pop(frame, None)
    if len(there) == SLOTS:
        del there[max(there, key=lambda other: distance(other, PLAYHEAD))]


def _in_flight(heard: Heard) -> list[str]:
    return heard.begun[len(heard.done) :]


def _words(text: str) -> tuple[int, int]:
    frame, version = text.split()
    return int(frame), int(version)
