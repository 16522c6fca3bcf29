"""A frame as the flow tracker sees it: features in cells, a decoder, and the grid they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.answer import Decode
from models.base import Embedding, Logits

F32: TypeAlias = NDArray[np.float32]

CELL = 4  # logits to a cell of the embedding, either way
OUTSIDE = -10.0  # the logit of what lies beyond the frame


@dataclass(frozen=True, eq=False, slots=True)
class Sheet:
    """What a single-image model knows of one frame.

    `cells` (rows, columns, channels) are the features of the frame without the padding, each of
    length 1. Masks of a sheet are (CELL * rows, CELL * columns), the top left part of the square of
    `side` x `side` logits that the decoder draws; the square covers `window` in clip pixels.
    """

    cells: F32
    decode: Decode
    side: int
    window: tuple[float, float, float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of a mask."""
        rows, columns = self.cells.shape[:2]
        return CELL * rows, CELL * columns

    def cut(self, square: NDArray[np.floating]) -> F32:
        """The part of the square of logits that shows the frame."""
        rows, columns = self.shape
        return square[..., :rows, :columns].astype(np.float32)

    def padded(self, logits: NDArray[np.floating]) -> Logits:
        """The square with `logits` (rows, columns) in its place and nothing beyond the frame."""
        rows, columns = self.shape
        square = np.full((self.side, self.side), OUTSIDE, np.float16)
        square[:rows, :columns] = logits
        return square


@runtime_checkable
class SingleImages(Protocol):
    """A model of single images that shows its features and takes masks as prompts."""

    def sheet(self, embedding: Embedding) -> Sheet:
        """What it knows of a frame. Raises ModelError."""
