"""A mask that was made elsewhere, as the picture of a file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.clip import Clip
from app.domain.clip_facts import ClipError
from app.domain.image_file import read_image
from app.domain.mask import Mask, finest
from app.domain.picture import Pixels

SUREST = 1e-4  # coverage is kept so far from 0 and 1; a mask keeps no finer steps


def read_mask_file(path: Path, clip: Clip) -> Mask:
    """The mask in the file at `path`. Raises ClipError, which names the file."""
    pixels = read_image(path).pixels
    height, width = pixels.shape[:2]
    if (width, height) != clip.size:
        raise ClipError(
            f"{path.name} is {width} x {height} pixels where {clip.name} is {clip.size[0]} x "
            f"{clip.size[1]}; export the masks in the clip's size."
        )
    return mask_of(coverage_of(pixels))


def mask_of(coverage: NDArray[np.float32]) -> Mask:
    """The mask of a clip's frame that is covered so; one larger than masks can be is shrunk."""
    height, width = coverage.shape
    if not (coverage > 0.5).any():
        return Mask.absent((width, height))
    rows, columns = finest((width, height))
    if (rows, columns) != coverage.shape:
        small = cv2.resize(coverage, (columns, rows), interpolation=cv2.INTER_AREA)
        coverage = np.asarray(small, np.float32)
    sure = np.clip(coverage, SUREST, 1 - SUREST)
    logits = np.log(sure / (1 - sure)).astype(np.float16)
    window = (0.0, 0.0, float(width), float(height))
    return Mask.pack(logits, window=window, prompt=None, model="", score=1.0)


def coverage_of(pixels: Pixels) -> NDArray[np.float32]:
    """How much of each pixel (height, width) is inside, 0..1; inside is what is above half.

    White is that of the type: one stray pixel that is brighter than the others moves no border.
    Where nothing is half as bright, the values are ids, or the mask is dim: all above 0 is inside.
    """
    grey = pixels.max(axis=2)
    white = float(np.iinfo(grey.dtype).max) if grey.dtype.kind == "u" else 1.0
    coverage: NDArray[np.float32] = np.clip(grey.astype(np.float32) / np.float32(white), 0, 1)
    if (coverage > 0.5).any():
        return coverage
    lit: NDArray[np.bool_] = grey > 0
    return lit.astype(np.float32)
