"""Resizing exactly as SAM 2 was fed: Pillow's antialiased filters."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.base import Rgb8

F32: TypeAlias = NDArray[np.float32]


def squashed(rgb: Rgb8, size: int) -> Rgb8:
    """The frame squashed to a square of side `size`, whatever its proportions.

    Bicubic and antialiased on bytes, as the video predictor reads its frames (sam2 1.1.0,
    utils/misc.py, `_load_img_as_tensor`).
    """
    if rgb.shape[:2] == (size, size):
        return rgb
    picture = Image.fromarray(np.ascontiguousarray(rgb))
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))


def soft_resized(plane: F32, width: int, height: int) -> F32:
    """A plane of float32 at another size: bilinear, antialiased where it shrinks."""
    if plane.shape == (height, width):
        return plane
    picture = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR), np.float32)
