"""What every tracker offers: masks of layers on frame after frame, from keyframes outward."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.base import CancelToken, Embedding, Model, Prediction, Rgb8, Step
from models.evidence import Evidence


@dataclass(frozen=True, eq=False, slots=True)
class KeyMask:
    """A mask the artist made or took over, at clip resolution: (height, width), True inside."""

    inside: NDArray[np.bool_]


Key: TypeAlias = tuple[Step, ...] | KeyMask  # what a layer surely is on one frame


@runtime_checkable
class Archive(Protocol):
    """Where a tracker puts what it remembers of one layer, frame by frame, to go on from later.

    A record is bytes of the tracker's own making. An archive may lose records: the tracker then
    goes on with less.
    """

    def get(self, frame: int) -> bytes | None:
        """The record of `frame`, None where there is none."""

    def put(self, frame: int, record: bytes) -> None:
        """Keep the record of `frame`, in place of an earlier one."""


@dataclass(frozen=True, eq=False, slots=True)
class Tracking:
    """What is to be tracked.

    `embeddings` gives the embedding of a frame of `span`: of those in `order` once each, however
    many layers there are, and of keyframes when they are looked at. A tracker that comes to a
    frame from both sides may ask for frames on the way from a keyframe to `order`, too.
    `keys` holds what is sure, by layer and frame: at least one frame a layer. `order` names the
    frames to answer, in the order of work: 12, 13, 14, or 12, 11, 10 with a `step` of -1.
    `archives`, by layer, make it possible to start anywhere in what was tracked before. `pictures`
    gives a frame itself, in any size of its proportions; trackers that look at embeddings alone do
    without. `gaps` are frames that cannot be seen; none is in `order`, nor a keyframe. Raises
    ValueError where order and step contradict each other.
    """

    embeddings: Callable[[int], Embedding]
    keys: Mapping[str, Mapping[int, Key]]
    order: Sequence[int]
    span: range  # the frames of the clip
    archives: Mapping[str, Archive] = field(default_factory=lambda: MappingProxyType({}))
    step: int = 1  # 1 forward, -1 backward: of one frame alone, the order does not say
    pictures: Callable[[int], Rgb8] | None = None
    gaps: Collection[int] = frozenset()

    def __post_init__(self) -> None:
        if any((b - a) * self.step <= 0 for a, b in pairwise(self.order)):
            raise ValueError(f"frames are not in order for a step of {self.step}: {self.order}")


@dataclass(frozen=True, eq=False, slots=True)
class Tracked:
    """The answer for one layer on one frame.

    A tracker may lose a layer: the frame it notices on is answered with an empty mask that is not
    to be kept, and nothing more is answered until the layer is found again, at a keyframe at last.
    """

    layer: str
    frame: int
    prediction: Prediction
    presence: float  # the model's logit that the object is on the frame at all; above 0 it is
    is_key: bool  # whether this is what a keyframe says itself
    evidence: Evidence | None = None  # what speaks for the answer, where the tracker tells
    lost: bool = False  # whether a keyframe is needed here to go on


class Tracker(Protocol):
    """Follows layers through a clip."""

    def track(self, tracking: Tracking, cancel: CancelToken | None = None) -> Iterator[Tracked]:
        """The answers frame by frame in `tracking.order`, and layer by layer within a frame.

        Not iterating on is stopping; `cancel` also ends the graph that runs. Raises Cancelled,
        ModelError, and what `tracking.embeddings` raises.
        """


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """How a memory is used; the defaults are the model's own rules but for `conditioning`."""

    conditioning: int = 4  # keyframes looked at on each frame, the nearest; 0: all of them
    stride: int = 1  # of the frames remembered, the newest aside
    prune: bool = False  # Efficient Frame Pruning: leave out memories that repeat the newest one


@runtime_checkable
class Tracks(Protocol):
    """A model that objects can be tracked with."""

    def tracker(self, options: TrackOptions) -> Tracker:
        """A tracker on this model's graphs."""


def tracker_of(model: Model, options: TrackOptions | None = None) -> Tracker | None:
    """The tracker of `model`, its own memory or one on top of single images; None without one."""
    return model.tracker(options or TrackOptions()) if isinstance(model, Tracks) else None
