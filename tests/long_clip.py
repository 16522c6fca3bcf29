"""A clip of thousands of frames, made on the spot: a disc wanders over a background that drifts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.media import write_movie

SIZE = (1280, 720)
RADIUS = 90
DRIFT = 40  # pixels that the background goes to each side
PLAIN = (60, 150), (60, 150), (60, 150)  # the darkest and the lightest of each channel
ORANGE = (200, 255), (110, 170), (0, 60)


def long_clip(path: Path, frames: int) -> Path:
    """`path`, holding the movie: H.264, about 10 MB a thousand frames."""
    return write_movie(path, _pictures(frames))


def place(index: int) -> tuple[int, int]:
    """The middle of the disc on the frame at `index`, 0 the first."""
    width, height = SIZE
    across, down = np.sin(index / 61), np.sin(index / 47)
    return round(width / 2 + 420 * across), round(height / 2 + 180 * down)


def _pictures(frames: int) -> Iterator[NDArray[np.uint8]]:
    width, height = SIZE
    dice = np.random.default_rng(5)
    background = _texture(dice, (width + 2 * DRIFT, height + 2 * DRIFT), PLAIN)
    side = 2 * RADIUS
    surface = _texture(dice, (side, side), ORANGE)
    inside = cv2.circle(np.zeros((side, side), np.uint8), (RADIUS, RADIUS), RADIUS, 255, -1)
    for index in range(frames):
        left = DRIFT + round(DRIFT * np.sin(index / 90))
        top = DRIFT + round(DRIFT * np.cos(index / 130))
        picture = background[top : top + height, left : left + width].copy()
        x, y = place(index)
        under = picture[y - RADIUS : y + RADIUS, x - RADIUS : x + RADIUS]
        cv2.copyTo(surface, inside, under)
        yield picture


def _texture(
    dice: np.random.Generator, size: tuple[int, int], colours: tuple[tuple[int, int], ...]
) -> NDArray[np.uint8]:
    """Clouds of eight pixels."""
    width, height = size
    small = [dice.integers(*span, (height // 8, width // 8), dtype=np.uint8) for span in colours]
    return np.asarray(cv2.resize(np.dstack(small), size, interpolation=cv2.INTER_CUBIC), np.uint8)
