"""A mask: the model's low-resolution answer, kept soft, and its way to clip pixels."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from app.domain.project import Prompt


NOTHING = -1024.0  # the logit of a pixel that surely is not the object, as in SAM 2


@dataclass(frozen=True, slots=True)
class Mask:
    """Logits over a window of the frame, compressed; above 0 is inside the object.

    The window's left and top are whole clip pixels; its right and bottom may be fractions and may
    lie outside the frame (a model that pads to a square covers more than the frame).
    `prompt` is the question this mask answers; None for a mask that no prompt made.
    """

    data: bytes  # zlib of float16 logits, row by row
    shape: tuple[int, int]  # (rows, columns) of the logits
    window: tuple[float, float, float, float]  # (x0, y0, x1, y1) in clip pixels
    prompt: Prompt | None
    model: str  # id of the model that answered
    score: float  # the model's own estimate of the mask's IoU, 0..1

    @classmethod
    def pack(
        cls,
        logits: NDArray[np.float16],
        *,
        window: tuple[float, float, float, float],
        prompt: Prompt | None,
        model: str,
        score: float,
    ) -> Mask:
        """A mask holding `logits` (rows, columns), compressed without loss."""
        data = zlib.compress(np.ascontiguousarray(logits, np.float16).tobytes(), 1)
        rows, columns = logits.shape
        return cls(data, (rows, columns), window, prompt, model, score)

    def logits(self) -> NDArray[np.float16]:
        """The logits, (rows, columns) float16, read-only."""
        return np.frombuffer(zlib.decompress(self.data), np.float16).reshape(self.shape)


def upsample(mask: Mask, size: tuple[int, int]) -> NDArray[np.float32]:
    """Logits at clip resolution: (height, width) float32 for `size` = (width, height).

    Bilinear with aligned pixel centres: clip pixel x is read at logit column
    (x + 0.5 - x0) * columns / (x1 - x0) - 0.5. Outside the window the value is NOTHING.
    """
    width, height = size
    x0, y0, x1, y1 = mask.window
    left, top = int(x0), int(y0)
    rows, columns = mask.shape
    fx, fy = (x1 - x0) / columns, (y1 - y0) / rows
    needed = min(rows, int((height - top) / fy) + 2)  # a padded square wastes its lower part
    low = mask.logits()[:needed].astype(np.float32)
    part: NDArray[np.float32] = cv2.resize(low, None, fx=fx, fy=fy, interpolation=cv2.INTER_LINEAR)
    part = part[: height - top, : width - left]
    down = height - top - part.shape[0]
    right = width - left - part.shape[1]
    if not (left or top or down or right):
        return part
    border = cv2.BORDER_CONSTANT
    whole: NDArray[np.float32] = cv2.copyMakeBorder(
        part, top, down, left, right, border, value=NOTHING
    )
    return whole
