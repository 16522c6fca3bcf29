"""A model that draws discs: quick, exact, and able to wait until a test lets it go on."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed

import numpy as np

from models.base import (
    BoxClick,
    Cancelled,
    CancelToken,
    Click,
    Embedding,
    Logits,
    MaskStep,
    ModelInfo,
    Prediction,
    Rgb8,
    Step,
)
from models.ort import Cancel
from models.regrid import regridded
from models.tracking import Key, KeyMask, Tracked, Tracking, TrackOptions

SIDE = 64
RADIUS = 20.0  # clip pixels


class DiscModel:
    """Answers include points with discs, exclude points with holes, a box with itself.

    `encoding` and `decoding` are gates: cleared, the next call waits until they are set.
    """

    def __init__(self) -> None:
        self.info = ModelInfo(
            id="disc",
            label="Disc",
            digest="0" * 64,
            licence="none",
            supports=frozenset({"point", "box"}),
            proposals=3,
            embedding_shapes=((1, 4, 4, 4),),
        )
        self.encoding, self.decoding = threading.Event(), threading.Event()
        self.encoding.set()
        self.decoding.set()
        self.encoded: list[int] = []  # the brightness of the frames, in order
        self.decoded: list[tuple[Step, ...]] = []
        self.fault: Exception | None = None

    def encode(self, rgb: Rgb8, cancel: CancelToken | None = None) -> Embedding:
        """An embedding that remembers the frame's size only."""
        del cancel
        assert self.encoding.wait(20)
        if self.fault:
            raise self.fault
        self.encoded.append(int(rgb.mean()))
        height, width = rgb.shape[:2]
        return Embedding((np.zeros((1, 4, 4, 4), np.float16),), (width, height))

    def decode(
        self,
        embedding: Embedding,
        steps: Sequence[Step],
        prior: Logits | None = None,
        cancel: CancelToken | None = None,
    ) -> Prediction:
        """Discs and holes, in order."""
        del prior
        wait(self.decoding, cancel)
        self.decoded.append(tuple(steps))
        width, height = embedding.frame_size
        side = max(width, height)
        y, x = (np.mgrid[0:SIDE, 0:SIDE] + 0.5) * side / SIDE
        logits = np.full((SIDE, SIDE), -10.0)
        window = (0.0, 0.0, float(side), float(side))
        for step in steps:
            if isinstance(step, MaskStep):
                logits = regridded(step.logits, step.window, SIDE, window).astype(np.float64)
            elif isinstance(step, BoxClick):
                inside = np.minimum.reduce([x - step.x0, step.x1 - x, y - step.y0, step.y1 - y])
                logits = np.maximum(logits, inside)
            elif isinstance(step, Click):
                disc = RADIUS + 5 * step.proposal - np.hypot(x - step.x, y - step.y)
                logits = np.maximum(logits, disc) if step.include else np.minimum(logits, -disc)
        return Prediction(logits.astype(np.float16), window, 0.9)


def wait(gate: threading.Event, cancel: CancelToken | None) -> None:
    """Wait at the gate. Raises Cancelled where the token fires meanwhile."""
    for _ in range(2000):
        if isinstance(cancel, Cancel) and cancel.fired:
            raise Cancelled
        if gate.wait(0.01):
            return
    raise AssertionError("nobody opened the gate")


SPEED = 4.0  # clip pixels a frame by which the tracked disc moves to the right
GONE = 200.0  # clip pixels from the left at which it is no longer there


class TrackingDiscModel(DiscModel):
    """Follows a disc that moves to the right by SPEED pixels a frame.

    `tracking` is a gate: cleared, each answer waits until it is set, or `let` through.
    """

    def __init__(self) -> None:
        super().__init__()
        self.info = changed(
            self.info, label="Tracking disc", supports=self.info.supports | {"track"}
        )
        self.tracking = threading.Event()
        self.tracking.set()
        self._passes = threading.Semaphore(0)
        self.tracked: list[tuple[str, int]] = []
        self.loses: int | None = None  # the frame from which on it finds nothing but keyframes
        self.looks_at: int | None = None  # a frame asked for before each answer
        self.options: list[TrackOptions] = []

    def let(self, answers: int) -> None:
        """Let so many answers through the gate."""
        self._passes.release(answers)

    def shut(self) -> None:
        """Let nothing through any more, whatever was let through before."""
        self.tracking.clear()
        while self._passes.acquire(blocking=False):
            pass

    def may_answer(self) -> bool:
        """Whether the next answer may go through the gate; waits for it a little."""
        return self.tracking.is_set() or self._passes.acquire(timeout=0.01)

    def tracker(self, options: TrackOptions) -> DiscTracker:
        """A tracker that draws discs."""
        self.options.append(options)
        return DiscTracker(self)


@dataclass
class DiscTracker:
    """Remembers the place of each layer's disc by frame, and moves on from the frame before.

    Of a frame whose neighbour it does not remember it knows less: there the disc stands where the
    nearest keyframe has it.
    """

    model: TrackingDiscModel

    def track(self, tracking: Tracking, cancel: CancelToken | None = None) -> Iterator[Tracked]:
        """The discs, as the contract says."""
        order = list(tracking.order)
        way = -1 if len(order) > 1 and order[1] < order[0] else 1
        lost: set[str] = set()
        for frame in order:
            assert frame in tracking.span
            embedding = tracking.embeddings(frame)
            if self.model.looks_at is not None:
                tracking.embeddings(self.model.looks_at)
            for layer, keys in tracking.keys.items():
                while not self.model.may_answer():
                    if isinstance(cancel, Cancel) and cancel.fired:
                        raise Cancelled
                loses = self.model.loses
                if loses is not None and frame >= loses and frame not in keys:
                    if layer not in lost:
                        lost.add(layer)
                        nothing = changed(
                            self.model.decode(embedding, (Click(0, 0),)),
                            logits=np.full((SIDE, SIDE), -10, np.float16),
                        )
                        yield Tracked(layer, frame, nothing, -1.0, is_key=False, lost=True)
                    continue
                lost.discard(layer)
                x, y = self._place(tracking, layer, keys, frame, way)
                if frame not in keys:
                    tracking.archives[layer].put(frame, struct.pack("<dd", x, y))
                self.model.tracked.append((layer, frame))
                prediction = self.model.decode(embedding, (Click(x, y),))
                presence = GONE - x
                if presence <= 0:
                    prediction = changed(prediction, logits=np.full((SIDE, SIDE), -10, np.float16))
                yield Tracked(layer, frame, prediction, presence, frame in keys)

    def _place(
        self, tracking: Tracking, layer: str, keys: Mapping[int, Key], frame: int, way: int
    ) -> tuple[float, float]:
        if frame in keys:
            return middle(keys[frame])
        if frame - way in keys:
            x, y = middle(keys[frame - way])
            return x + way * SPEED, y
        record = tracking.archives[layer].get(frame - way)
        if record is not None:
            x, y = struct.unpack("<dd", record)
            return x + way * SPEED, y
        return middle(keys[min(keys, key=lambda key: abs(key - frame))])


def middle(key: Key) -> tuple[float, float]:
    """Where the disc of a key is: at its last including click, or in the middle of its mask."""
    if isinstance(key, KeyMask):
        if not key.inside.any():
            return 2 * GONE, 0.0
        y, x = np.nonzero(key.inside)
        return float(x.mean() + 0.5), float(y.mean() + 0.5)
    clicks = [step for step in key if isinstance(step, Click) and step.include]
    if clicks:
        return clicks[-1].x, clicks[-1].y
    (box,) = (step for step in key if isinstance(step, BoxClick))
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
