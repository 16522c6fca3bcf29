"""A decoded frame, and its 8-bit form for the screen and the models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """One decoded frame in clip pixels (after rotation), native depth kept.

    `pixels` is (height, width, 3) RGB and read-only: uint8, uint16 over the full 16-bit scale, or
    float32 scene linear.
    """

    pixels: Pixels

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"a picture is (height, width, 3), not {self.pixels.shape}")
        self.pixels.flags.writeable = False

    def rgb8(self) -> NDArray[np.uint8]:
        """Display-referred RGB, (height, width, 3) uint8, C-contiguous, read-only.

        Linear float gets the sRGB curve of IEC 61966-2-1; below 0 and NaN are black, above 1 white.
        """
        if self.pixels.dtype == np.uint8:
            image = np.ascontiguousarray(self.pixels, dtype=np.uint8)
        elif self.pixels.dtype == np.uint16:
            image = np.asarray(cv2.convertScaleAbs(self.pixels, alpha=1 / 257), dtype=np.uint8)
        else:
            with np.errstate(over="ignore"):  # beyond half float is white, as infinity
                halves = self.pixels.astype(np.float16)
            image = _srgb_of_half()[halves.view(np.uint16)]
        image.flags.writeable = False
        return image


@cache
def _srgb_of_half() -> NDArray[np.uint8]:
    """The 8-bit sRGB code of every half float, by its bits; finer than half a code everywhere."""
    linear = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
    linear = np.clip(np.nan_to_num(linear, nan=0, posinf=1, neginf=0), 0, 1)
    curve: NDArray[np.float32] = np.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return np.rint(curve * 255).astype(np.uint8)
