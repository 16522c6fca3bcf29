"""A textured square that moves, and the flow tracker on it with a model that needs no graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from models.base import Embedding, Rgb8
from models.flow_tracker import FlowTracker
from models.ort import Cancel
from models.tracking import Key, Tracked, Tracking, TrackOptions
from tests.models.toy_images import ToyImages

FRAMES = 12
SPEED = 8  # a whole cell: the toy knows no finer places
SQUARE = 24


@dataclass
class Shot:
    """Frames of a red, textured square that moves to the right over blue ground."""

    hidden: Sequence[int] = ()
    speed: int = SPEED
    asked: list[int] = field(default_factory=list)

    def truth(self, frame: int) -> NDArray[np.bool_]:
        inside = np.zeros((96, 128), bool)
        if frame not in self.hidden:
            x = 8 + self.speed * frame
            inside[30 : 30 + SQUARE, x : x + SQUARE] = True
        return inside

    def picture(self, frame: int) -> Rgb8:
        noise = np.random.default_rng(5)
        picture = noise.integers(0, 60, (96, 128, 3), np.uint8)
        picture[..., 2] += 150
        square = noise.integers(0, 60, (SQUARE, SQUARE, 3), np.uint8)
        square[..., 0] += 180
        picture[self.truth(frame)] = square.reshape(-1, 3)[: int(self.truth(frame).sum())]
        picture[0, 0] = frame
        return picture


def track(
    shot: Shot,
    keys: Mapping[int, Key],
    order: Sequence[int] = range(FRAMES),
    model: ToyImages | None = None,
    cancel: Cancel | None = None,
    archive: dict[int, bytes] | None = None,
    step: int = 1,
) -> dict[int, Tracked]:
    """The answers for one layer, by frame."""
    model = model or ToyImages()
    archives = {} if archive is None else {"square": Shelf(archive)}
    tracking = replace(tracking_of(shot, model, {"square": keys}, order, step), archives=archives)
    return {one.frame: one for one in tracker_of(model).track(tracking, cancel)}


def tracker_of(model: ToyImages) -> FlowTracker:
    return FlowTracker(model, model, TrackOptions(), model.rules)


def tracking_of(
    shot: Shot,
    model: ToyImages,
    keys: Mapping[str, Mapping[int, Key]],
    order: Sequence[int] = range(FRAMES),
    step: int = 1,
) -> Tracking:
    """A tracking that notes in `shot` which frames are embedded."""

    def embedding(frame: int) -> Embedding:
        shot.asked.append(frame)
        return model.encode(shot.picture(frame))

    way = -1 if len(order) > 1 and order[1] < order[0] else step
    span = range(max(FRAMES, *order) + 1)
    return Tracking(embedding, keys, order, span, step=way, pictures=shot.picture)


@dataclass
class Shelf:
    """An archive in memory."""

    records: dict[int, bytes]

    def get(self, frame: int) -> bytes | None:
        return self.records.get(frame)

    def put(self, frame: int, record: bytes) -> None:
        self.records[frame] = record


def inside(tracked: Tracked) -> NDArray[np.bool_]:
    """The mask at the size of the frame."""
    mask = tracked.prediction.logits[:48] > 0
    return mask.repeat(2, axis=0).repeat(2, axis=1)


def same(a: Tracked, b: Tracked) -> bool:
    return np.array_equal(a.prediction.logits, b.prediction.logits)
