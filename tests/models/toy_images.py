"""A model of single images without a graph: features are colours, a prompt is its answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.answer import Decoded
from models.base import CancelToken, Click, Embedding, Logits, ModelInfo, Prediction, Rgb8, Step
from models.redraw import FlowRules
from models.sheet import CELL, Sheet
from models.tracking import TrackOptions

PIXELS = 8  # of a frame to a cell
SIDE = 64  # logits of the square
F32 = NDArray[np.float32]


class ToyImages:
    """Frames are 128 pixels wide and 96 high: 16 x 12 cells, 64 x 48 logits of a square of 64.

    `blind` is a set of frames, told by the value of their first pixel, on which it draws nonsense.
    """

    def __init__(self) -> None:
        self.info = ModelInfo(
            id="toy",
            label="Toy",
            digest="1" * 64,
            licence="none",
            supports=frozenset({"point", "box"}),
            proposals=3,
            embedding_shapes=((4, 16, 16),),
        )
        self.rules = FlowRules()
        self.blind: set[int] = set()
        self.prompts: list[tuple[F32, F32]] = []

    def encode(self, rgb: Rgb8, cancel: CancelToken | None = None) -> Embedding:
        """The mean colours of cells."""
        height, width = rgb.shape[:2]
        tiles = rgb.reshape(height // PIXELS, PIXELS, width // PIXELS, PIXELS, 3)
        means = tiles.mean(axis=(1, 3)) - 128
        cells = np.zeros((4, 16, 16), np.float16)
        cells[:3, : means.shape[0], : means.shape[1]] = means.transpose(2, 0, 1)
        cells[3] = 10
        cells[3, 15, 15] = rgb[0, 0, 0]  # beyond the frame: which one it is
        return Embedding((cells,), (width, height))

    def sheet(self, embedding: Embedding) -> Sheet:
        """The cells, and a decoder that answers the mask it is given."""
        cells = embedding.arrays[0][:, :12, :16].transpose(1, 2, 0).astype(np.float32)
        cells /= np.linalg.norm(cells, axis=2, keepdims=True)
        blind = int(embedding.arrays[0][3, 15, 15]) in self.blind

        def decode(points: F32, labels: F32, prior: Logits | None) -> Decoded:
            assert prior is not None
            self.prompts.append((points, labels))
            mask = np.full((SIDE, SIDE), -8, np.float32)
            if blind:
                mask[:4, :4] = 8
            else:
                mask = prior.astype(np.float32)
            return Decoded(np.stack([mask] * 4), np.full(4, 0.9, np.float32))

        return Sheet(cells, decode, SIDE, (0.0, 0.0, 128.0, 128.0))

    def decode(
        self,
        embedding: Embedding,
        steps: Sequence[Step],
        prior: Logits | None = None,
        cancel: CancelToken | None = None,
    ) -> Prediction:
        """A square of 24 pixels round each click."""
        logits = np.full((SIDE, SIDE), -8, np.float16)
        for step in steps:
            assert isinstance(step, Click)
            x, y = int(step.x / 2), int(step.y / 2)
            logits[max(0, y - 6) : y + 6, max(0, x - 6) : x + 6] = 8
        return Prediction(logits, (0.0, 0.0, 128.0, 128.0), 0.9)


OPTIONS = TrackOptions()
assert CELL * 16 == SIDE
