"""A decoded frame, and its 8-bit form for the screen and the models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """One decoded frame in clip pixels (after rotation), native depth kept.

    `pixels` is (height, width, 3) RGB and read-only: uint8, uint16 over the full 16-bit scale, or
    float32 scene linear.
    """

    pixels: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"a picture is (height, width, 3), not {self.pixels.shape}")
        self.pixels.flags.writeable = False

    def rgb8(self) -> NDArray[np.uint8]:
        """Display-referred RGB, (height, width, 3) uint8, C-contiguous, read-only.

        Linear float gets the sRGB curve of IEC 61966-2-1, clipped to 0..1.
        """
        raise NotImplementedError
