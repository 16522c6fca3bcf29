"""Propagating masks from keyframes outward: the one way, for window and command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain, takewhile

import cv2
import numpy as np
from numpy.typing import NDArray

from app.clip_caches import ClipCaches
from app.domain.archive import RECENT, ArchiveFolder, LayerArchive, archive_name, seal_of
from app.domain.clip import Clip, FrameError
from app.domain.mask import Mask
from app.domain.project import LayerId, Project
from app.jobs import FrameSource
from app.propagation import Keys, Propagation
from app.settled import Settled
from models.base import Cancelled, Embedding, Model, ModelError, ModelInfo, Prediction
from models.ort import Cancel
from models.review import Doubt, Facts, review
from models.tracking import Tracked, Tracker, Tracking


@dataclass(frozen=True, eq=False, slots=True)
class Propagated:
    """The mask of one layer on one frame, and the seconds it took."""

    layer_id: LayerId
    frame: int
    mask: Mask
    presence: float  # the tracker's logit that the object is there; above 0 it is
    is_key: bool  # whether this is what a keyframe says itself
    encoder: float  # seconds; 0 for all but the first layer of a frame
    tracker: float  # seconds


@dataclass(frozen=True, slots=True)
class Skipped:
    """A frame that cannot be read, and why."""

    frame: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Lost:
    """A layer was lost: from `frame` on it has no masks until it is found again."""

    layer_id: LayerId
    frame: int
    blank: Sequence[int] = ()  # that frame and those after it, up to the layer's next keyframe


class _UnreadableError(Exception):
    def __init__(self, frame: int, sentence: str) -> None:
        super().__init__(sentence)
        self.frame = frame


PICTURE = 512  # pixels of the longer side of the pictures that trackers look at
PICTURES = 8  # of them at hand


class EmbeddingSource:
    """Embeddings of a clip's frames, for one thread: those at hand, else read and encoded now.

    `caches` are those of the window, where there is one: what is encoded is kept there as long as
    nothing else has to leave for it, and `kept` is called: somebody may wait for it. `seconds` is
    what the encoder took so far, `looked_at` the frame asked for last.
    """

    def __init__(
        self,
        clip: Clip,
        model: Model,
        cancel: Cancel,
        caches: ClipCaches | None,
        kept: Callable[[], None] = lambda: None,
    ) -> None:
        self._clip, self._model, self._cancel, self._caches = clip, model, cancel, caches
        self._kept = kept
        self._frames = FrameSource()
        self._small: dict[int, NDArray[np.uint8]] = {}  # the pictures asked for or encoded last
        self.seconds = 0.0
        self.looked_at: int | None = None

    def gap(self, frame: int) -> str | None:
        """Why `frame` cannot be read, as far as is known beforehand."""
        if self._caches is not None and frame in self._caches.gaps:
            return self._caches.gaps[frame]
        if frame not in self._clip.frames or frame in self._clip.missing:
            return f"Frame {frame} is missing from {self._clip.name}."
        return None

    def __call__(self, frame: int) -> Embedding:
        """The embedding of `frame`. Raises _UnreadableError, ModelError, Cancelled."""
        self.looked_at, caches = frame, self._caches
        known = caches.embedding(frame) if caches else None
        if known is not None:
            return known
        picture = self._read(frame)
        self._keep_small(frame, picture)
        start = time.perf_counter()
        try:
            embedding = self._model.encode(picture, self._cancel)
        except ModelError as e:
            raise ModelError(f"Frame {frame} of {self._clip.name}: {e}") from e
        self.seconds += time.perf_counter() - start
        if caches is not None and len(caches.embedded_frames()) < caches.embeddings_that_fit:
            caches.keep_embedding(frame, embedding)
            self._kept()
        return embedding

    def picture(self, frame: int) -> NDArray[np.uint8]:
        """`frame` itself, small. Raises _UnreadableError."""
        if frame not in self._small:
            self._keep_small(frame, self._read(frame))
        return self._small[frame]

    def close(self) -> None:
        """Let go of the clip's files."""
        self._frames.close()

    def _read(self, frame: int) -> NDArray[np.uint8]:
        caches = self._caches
        gap = self.gap(frame)
        if gap is not None:
            raise _UnreadableError(frame, gap)
        picture = caches.frames.get(frame) if caches else None
        if picture is not None:
            return picture
        try:
            return self._frames.rgb8(self._clip, frame)
        except FrameError as e:
            if caches is not None:
                caches.gaps[frame] = str(e)
            raise _UnreadableError(frame, str(e)) from e

    def _keep_small(self, frame: int, picture: NDArray[np.uint8]) -> None:
        height, width = picture.shape[:2]
        scale = min(1.0, PICTURE / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        self._small.pop(frame, None)
        self._small[frame] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        if len(self._small) > PICTURES:
            del self._small[next(iter(self._small))]


def archives_of(
    propagation: Propagation,
    project: Project,
    info: ModelInfo,
    folder: ArchiveFolder | None,
    recent: int = RECENT,
) -> dict[LayerId, LayerArchive]:
    """The archives of the layers, which give back what goes with the masks of `project`.

    `recent` is how many records of a layer are held in memory, whatever becomes of the disk.
    """
    found = {}
    layers = {layer.id: layer for layer in project.layers}
    for layer_id in propagation.keys:
        name = archive_name(info.digest, propagation.clip.fingerprint.key, layer_id)
        layer = layers.get(layer_id)
        masks = layer.masks if layer else {}
        found[layer_id] = LayerArchive(
            folder,
            name,
            {frame: seal_of(mask.data) for frame, mask in masks.items() if mask.prompt is None},
            recent=recent,
        )
    return found


def propagate(
    propagation: Propagation,
    tracker: Tracker,
    model: Model,
    source: EmbeddingSource,
    archives: Mapping[LayerId, LayerArchive],
    cancel: Cancel,
    settled: Settled | None = None,
) -> Generator[Propagated | Skipped | Lost]:
    """The masks, frame by frame as they come; a frame that cannot be read is skipped, and said.

    So is a layer that is lost; the others go on. With `settled` each way ends where it says so,
    after the last mask that changes something.

    `source` is left open. To cancel, fire `cancel` from any thread: the generator ends within
    milliseconds; or close it. Raises ModelError.
    """
    unreadable: set[int] = set()
    try:
        for order in propagation.passes:
            if settled is not None:
                settled.begin()
            run = _Pass(order, propagation, tracker, model, source, archives, cancel, unreadable)
            with closing(run.answers()) as answers:
                yield from _taken(answers, archives, settled)
    except Cancelled:
        return


def _taken(
    answers: Iterator[Propagated | Skipped | Lost],
    archives: Mapping[LayerId, LayerArchive],
    settled: Settled | None,
) -> Iterator[Propagated | Skipped | Lost]:
    """Those of `answers` that are to be taken, sealed; they end where nothing changes any more.

    One that changes nothing is held back: with a change beyond it, it belongs to what is carried
    on, and a mask of before left there would flicker.
    """
    held: list[Propagated] = []
    for answer in answers:
        if isinstance(answer, Propagated) and not answer.is_key:
            held.append(answer)
            if settled is not None and settled.same(answer.frame, answer.mask):
                if settled.over:
                    return
                continue
            for one in held:
                archives[one.layer_id].seal(one.frame, seal_of(one.mask.data))
                yield one
            held.clear()
        else:
            yield answer


@dataclass
class _Pass:
    """One way through the clip, in `order`."""

    order: range
    propagation: Propagation
    tracker: Tracker
    model: Model
    source: EmbeddingSource
    archives: Mapping[LayerId, LayerArchive]
    cancel: Cancel
    unreadable: set[int]
    facts: dict[LayerId, dict[int, Facts]] = field(default_factory=dict)  # by frame; the last two

    def answers(self) -> Generator[Propagated | Skipped | Lost]:
        """The answers, for each layer on its own span."""
        stretches = list(self.propagation.stretches(self.order))
        for frame in chain.from_iterable(frames for _, frames in stretches):
            gap = self.source.gap(frame)
            if gap is not None and frame not in self.unreadable:
                self.unreadable.add(frame)
                yield Skipped(frame, gap)
        for layers, frames in stretches:
            yield from self._stretch(layers, frames)

    def _stretch(
        self, layers: Collection[LayerId], frames: range
    ) -> Generator[Propagated | Skipped | Lost]:
        """The answers for `layers`; after a frame that cannot be read the tracker starts anew."""
        left = list(frames)
        while left := [frame for frame in left if frame not in self.unreadable]:
            keys = self._keys(layers)
            came: dict[int, int] = {}  # answers, by frame
            try:
                for answer in self._track(keys, left, frames.step) if keys else ():
                    came[answer.frame] = came.get(answer.frame, 0) + 1
                    yield answer
            except _UnreadableError as e:
                if e.frame in self.unreadable:
                    raise ModelError(str(e)) from e  # the tracker insists on it
                self.unreadable.add(e.frame)
                yield Skipped(e.frame, str(e))
                last = _last_whole(came, len(keys))
                left = left if last is None else left[left.index(last) + 1 :]
            else:
                return

    def _track(self, keys: Keys, left: Sequence[int], step: int) -> Iterator[Propagated | Lost]:
        span = self.propagation.clip.frames
        tracking = Tracking(
            self.source,
            keys,
            tuple(left),
            range(span.first, span.last + 1),
            self.archives,
            step,
            self.source.picture,
            frozenset(self.unreadable),
        )
        clock = _Clock(self.source)
        for tracked in self.tracker.track(tracking, self.cancel):
            if tracked.lost:
                yield Lost(tracked.layer, tracked.frame, self._blank(tracked))
                continue
            doubt = self._doubt(tracked)
            mask = replace(self._mask(tracked.prediction), doubt=doubt.value, reason=doubt.reason)
            encoder, rest = clock.lap()
            yield Propagated(
                tracked.layer, tracked.frame, mask, tracked.presence, tracked.is_key, encoder, rest
            )
            if self.cancel.fired:
                raise Cancelled
            clock.lap()

    def _blank(self, lost: Tracked) -> Sequence[int]:
        span, keys = self.propagation.span(lost.layer, self.order), self.propagation.keys
        left = span[span.index(lost.frame) :]
        return tuple(takewhile(lambda frame: frame not in keys[lost.layer], left))

    def _doubt(self, tracked: Tracked) -> Doubt:
        """By the layer's frame before, however often the tracker began anew.

        A frame is answered again where another layer's answer did not come: it is not its own
        frame before.
        """
        facts = self.facts.setdefault(tracked.layer, {})
        facts.pop(tracked.frame, None)
        before = next(reversed(facts.values()), None)
        doubt, facts[tracked.frame] = review(tracked, before)
        if len(facts) > 2:
            del facts[next(iter(facts))]
        return doubt

    def _mask(self, prediction: Prediction) -> Mask:
        return Mask.cropped(
            prediction.logits,
            self.propagation.clip.size,
            window=prediction.window,
            prompt=None,
            model=self.model.info.id,
            score=min(max(prediction.score, 0.0), 1.0),
        )

    def _keys(self, layers: Collection[LayerId]) -> Keys:
        """The keys that can be looked at; a layer without any is not tracked."""
        readable = {
            layer: {f: key for f, key in keys.items() if f not in self.unreadable}
            for layer, keys in self.propagation.keys.items()
            if layer in layers
        }
        return {layer: keys for layer, keys in readable.items() if keys}


def _last_whole(came: Mapping[int, int], layers: int) -> int | None:
    """The last frame that every layer was answered on: of the last one some may be missing."""
    frames, counts = list(came), list(came.values())
    usual = counts[-2] if len(counts) > 1 else layers
    if counts and counts[-1] < usual:
        frames.pop()
    return frames[-1] if frames else None


class _Clock:
    """Seconds since the last look, those of the encoder apart."""

    def __init__(self, source: EmbeddingSource) -> None:
        self._source = source
        self._at, self._encoded = time.perf_counter(), source.seconds

    def lap(self) -> tuple[float, float]:
        """(encoder, all else)."""
        at, encoded = time.perf_counter(), self._source.seconds
        encoder = encoded - self._encoded
        rest = at - self._at - encoder
        self._at, self._encoded = at, encoded
        return encoder, rest
