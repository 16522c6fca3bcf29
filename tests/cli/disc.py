"""A tiny clip: a bright disc on noise, one PNG a frame."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (320, 240)
FRAMES = (1001, 1002, 1003)
RADIUS = 50


def centre(frame: int) -> tuple[int, int]:
    """The disc's middle, moving to the right."""
    return 110 + 40 * (frame - FRAMES[0]), 120


def disc(frame: int) -> NDArray[np.bool_]:
    """The pixels of the disc, (height, width) bool."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    cx, cy = centre(frame)
    inside: NDArray[np.bool_] = (x - cx) ** 2 + (y - cy) ** 2 <= RADIUS**2
    return inside


def make_clip(folder: Path) -> Path:
    """Writes the clip into `folder` and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    for frame in FRAMES:
        picture = rng.integers(0, 90, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        picture[disc(frame)] = (60, 160, 240)
        cv2.imwrite(str(folder / f"plate.{frame}.png"), picture)
    return folder


def overlap(matte: NDArray[np.uint8], frame: int) -> float:
    """The IoU of a written matte with the disc."""
    inside, wanted = matte >= 128, disc(frame)
    return float((inside & wanted).sum() / (inside | wanted).sum())
