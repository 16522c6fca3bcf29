"""SAM 2's tracker: each frame is seen in the light of what is remembered of those before.

`LayerTracker` is the loop of the original for one layer (sam2 1.1.0, sam2_video_predictor.py):
prompts, corrections and tracking in any order. `MemoryTracker` drives it through a clip.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from models.arrays import half
from models.base import CancelToken, Embedding, ModelError, Prediction
from models.memory_bank import Moment, Remembered, gather, reach
from models.memory_record import record_of, remembered_of
from models.ort import Cancel
from models.tracking import Key, KeyMask, Tracked, Tracking, TrackOptions
from models.video_answer import Seen, answer, prior, several
from models.video_graphs import Features, VideoGraphs, features_of
from models.video_prompt import NO_POINT, of_mask, played

F32: TypeAlias = NDArray[np.float32]

HELD = 8  # embeddings of keyframes, so that several layers that have them read each once


class LayerTracker:
    """One layer in a clip of `length` frames, counted from 0; points are in model pixels.

    A frame that gets a prompt after it was tracked is corrected in the light of the memories, and
    is a keyframe from then on. Prompts count once the next frame is tracked.
    """

    def __init__(
        self,
        graphs: VideoGraphs,
        options: TrackOptions,
        length: int,
        keys: Mapping[int, Remembered] | None = None,
    ) -> None:
        given = cast("MutableMapping[int, Remembered]", keys or {})  # only the first is written to
        self.keys = ChainMap[int, Remembered]({}, given)
        self.tracked: dict[int, Remembered] = {}
        self._graphs, self._options, self._length = graphs, options, length
        self._answers: dict[int, Seen] = {}
        self._ways: dict[int, int] = {}  # frame -> the step it was tracked with
        self._waiting: dict[int, Features] = {}  # frames prompted since the last one tracked

    def prompt(self, frame: int, features: Features, points: F32, labels: F32) -> Seen:
        """The answer to points (n, 2) and labels (n,), all that are on `frame`."""
        way = self._ways.get(frame)
        seen_with = (
            self._graphs.without_memory(features)
            if way is None
            else self._looking_back(frame, features, way)
        )
        before = self._answers.get(frame)
        fed = None if before is None else prior(before.logits)
        drawn = self._graphs.draw(seen_with, points, labels, fed)
        seen = answer(
            drawn,
            ambiguous=several(len(points), tracking=way is not None, rules=self._graphs.rules),
            rules=self._graphs.rules,
            no_pointer=self._graphs.constants.no_pointer,
        )
        return self._prompted(frame, features, seen)

    def take_mask(self, frame: int, features: Features, inside: NDArray[np.bool_]) -> Seen:
        """The mask (height, width) as the answer on `frame`."""
        return self._prompted(frame, features, of_mask(self._graphs, features, inside))

    def track(
        self, frame: int, features: Features, step: int, cancel: Cancel | None = None
    ) -> Seen:
        """The answer on `frame`, going forward (`step` 1) or backward (-1)."""
        self._settle()
        self._ways[frame] = step
        if frame in self.keys:
            return self._answers[frame]
        graphs = self._graphs
        drawn = graphs.draw(
            self._looking_back(frame, features, step, cancel), *NO_POINT, cancel=cancel
        )
        seen = answer(
            drawn,
            ambiguous=several(0, tracking=True, rules=graphs.rules),
            rules=graphs.rules,
            no_pointer=graphs.constants.no_pointer,
        )
        tokens = graphs.remember(features, seen.logits, seen.presence, hard=False, cancel=cancel)
        self.tracked[frame] = Remembered(tokens, seen.pointer, seen.presence)
        self._answers[frame] = seen
        return seen

    def forget_beyond(self, frame: int) -> None:
        """Let go of what no frame near `frame` looks back at; keyframes stay."""
        far = reach(self._graphs.rules, self._options) + 1
        for memories in (self.tracked, self._answers, self._ways):
            for other in list(memories):
                if abs(other - frame) > far and other not in self.keys:
                    del memories[other]

    def _looking_back(
        self, frame: int, features: Features, step: int, cancel: Cancel | None = None
    ) -> Features:
        moment = Moment(frame, step, self._length)
        found = gather(self.keys, self.tracked, moment, self._graphs.rules, self._options)
        return self._graphs.look_back(features, found, cancel)

    def _prompted(self, frame: int, features: Features, seen: Seen) -> Seen:
        self._answers[frame] = seen
        self._waiting[frame] = features
        return seen

    def _settle(self) -> None:
        for frame, features in self._waiting.items():
            self.keys[frame] = remembered_key(self._graphs, features, self._answers[frame])
            self.tracked.pop(frame, None)
        self._waiting.clear()


class MemoryTracker:
    """The tracker of a video model."""

    def __init__(self, graphs: VideoGraphs, options: TrackOptions) -> None:
        self._graphs, self._options = graphs, options

    def track(self, tracking: Tracking, cancel: CancelToken | None = None) -> Iterator[Tracked]:
        """As `models.tracking.Tracker` has it."""
        token, first = cast("Cancel | None", cancel), tracking.span.start
        pictures = _Pictures(tracking.embeddings)
        layers = {
            name: _Course(self._graphs, self._options, tracking, name, pictures, token)
            for name in tracking.keys
        }
        for frame in tracking.order:
            for name, course in layers.items():
                seen, is_key = course.seen(frame - first, tracking.step)
                width, height = pictures.size
                prediction = Prediction(half(seen.logits), (0.0, 0.0, width, height), seen.score)
                yield Tracked(name, frame, prediction, seen.presence, is_key)


class _Pictures:
    """Features by frame; those of the frame at hand are made once, however many layers ask.

    The embeddings of keyframes looked at last are held: other layers may look at them next.
    """

    def __init__(self, embeddings: Callable[[int], Embedding]) -> None:
        self.size = (0, 0)  # (width, height) of a frame in clip pixels
        self._embeddings = embeddings
        self._at_hand: tuple[int, Features] | None = None
        self._held: dict[int, Embedding] = {}  # the one looked at last is the last

    def features(self, frame: int) -> Features:
        """Those of the frame at hand."""
        if self._at_hand is None or self._at_hand[0] != frame:
            self._at_hand = frame, features_of(self._embedding(frame))
        return self._at_hand[1]

    def of_key(self, frame: int) -> Features:
        """Those of a keyframe, wherever it is."""
        if self._at_hand is not None and self._at_hand[0] == frame:
            return self._at_hand[1]
        embedding = self._held[frame] = self._embedding(frame)
        while len(self._held) > HELD:
            del self._held[next(iter(self._held))]
        return features_of(embedding)

    def _embedding(self, frame: int) -> Embedding:
        embedding = self._held.pop(frame, None) or self._embeddings(frame)
        self.size = embedding.frame_size
        return embedding


class _Known(NamedTuple):
    seen: Seen
    remembered: Remembered


class _Keys(Mapping[int, Remembered]):
    """The memories of keyframes, each made when it is first looked at; up to `most` are held."""

    def __init__(self, frames: Sequence[int], made: Callable[[int], _Known], most: int) -> None:
        self._frames = frozenset(frames)
        self._made, self._most = made, most
        self._known: dict[int, _Known] = {}  # the one looked at last is the last

    def __iter__(self) -> Iterator[int]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __contains__(self, frame: object) -> bool:
        return frame in self._frames

    def __getitem__(self, frame: int) -> Remembered:
        return self.known(frame).remembered

    def known(self, frame: int) -> _Known:
        """What the keyframe says, and what is remembered of it."""
        known = self._known.pop(frame) if frame in self._known else self._made(frame)
        self._known[frame] = known
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return known


class _Course:
    """One layer on its way through the clip; frames are counted from 0."""

    def __init__(
        self,
        graphs: VideoGraphs,
        options: TrackOptions,
        tracking: Tracking,
        layer: str,
        pictures: _Pictures,
        cancel: Cancel | None,
    ) -> None:
        if not tracking.keys[layer]:
            raise ModelError("A layer needs a keyframe to be tracked from.")
        self._graphs, self._pictures, self._cancel = graphs, pictures, cancel
        self._first = tracking.span.start
        self._said: Mapping[int, Key] = {
            frame - self._first: key for frame, key in tracking.keys[layer].items()
        }
        self._far = reach(graphs.rules, options)
        looked_at = options.conditioning + self._far if options.conditioning else len(self._said)
        self._keys = _Keys(sorted(self._said), self._made, 2 * looked_at)
        self._tracker = LayerTracker(graphs, options, len(tracking.span), self._keys)
        self._archive = tracking.archives.get(layer)
        self._begun = False

    def seen(self, frame: int, step: int) -> tuple[Seen, bool]:
        """The answer on `frame`, and whether a keyframe says it."""
        if frame in self._said:
            return self._keys.known(frame).seen, True
        if not self._begun:
            self._recall(frame, step)
            self._begun = True
        features = self._pictures.features(frame + self._first)
        seen = self._tracker.track(frame, features, step, self._cancel)
        if self._archive is not None:
            record = record_of(self._tracker.tracked[frame])
            self._archive.put(frame + self._first, record)
        self._tracker.forget_beyond(frame)
        return seen, False

    def _recall(self, frame: int, step: int) -> None:
        """Take up what was remembered of the frames before, in an earlier run."""
        if self._archive is None:
            return
        for ago in range(1, self._far + 1):
            other = frame - step * ago
            record = None if other in self._said else self._archive.get(other + self._first)
            remembered = record and remembered_of(record, self._graphs.rules, self._graphs.width)
            if remembered:
                self._tracker.tracked[other] = remembered

    def _made(self, frame: int) -> _Known:
        key = self._said[frame]
        features = self._pictures.of_key(frame + self._first)
        if isinstance(key, KeyMask):
            seen = of_mask(self._graphs, features, key.inside, self._cancel)
        else:
            seen = played(self._graphs, features, key, self._pictures.size, cancel=self._cancel)
        return _Known(seen, remembered_key(self._graphs, features, seen, self._cancel))


def remembered_key(
    graphs: VideoGraphs, features: Features, seen: Seen, cancel: Cancel | None = None
) -> Remembered:
    """What is remembered of a keyframe."""
    hard = graphs.rules.hard_keys
    tokens = graphs.remember(features, seen.logits, seen.presence, hard=hard, cancel=cancel)
    return Remembered(tokens, seen.pointer, seen.presence)
