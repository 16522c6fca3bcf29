"""A model that draws discs: quick, exact, and able to wait until a test lets it go on."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from models.base import (
    BoxClick,
    CancelToken,
    Click,
    Embedding,
    Logits,
    ModelInfo,
    Prediction,
    Rgb8,
    Step,
)

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
        self, embedding: Embedding, steps: Sequence[Step], prior: Logits | None = None
    ) -> Prediction:
        """Discs and holes, in order."""
        del prior
        assert self.decoding.wait(20)
        self.decoded.append(tuple(steps))
        width, height = embedding.frame_size
        side = max(width, height)
        y, x = (np.mgrid[0:SIDE, 0:SIDE] + 0.5) * side / SIDE
        logits = np.full((SIDE, SIDE), -10.0)
        for step in steps:
            if isinstance(step, BoxClick):
                inside = np.minimum.reduce([x - step.x0, step.x1 - x, y - step.y0, step.y1 - y])
                logits = np.maximum(logits, inside)
            elif isinstance(step, Click):
                disc = RADIUS + 5 * step.proposal - np.hypot(x - step.x, y - step.y)
                logits = np.maximum(logits, disc) if step.include else np.minimum(logits, -disc)
        return Prediction(logits.astype(np.float16), (0.0, 0.0, float(side), float(side)), 0.9)
