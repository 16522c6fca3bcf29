"""8-bit grey PNG: one channel, black outside, no gamma or colour profile chunk, for data it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from export.base import Alpha, ExportError

# Mattes are flat: unfiltered they are much faster to write and to read back, and still small.
FLAT = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
)

Codes: TypeAlias = NDArray[np.uint8]  # (height, width), 0..255


@dataclass(frozen=True, slots=True)
class Png8:
    """Alpha times 255, rounded to nearest."""

    key: str = "png8"
    label: str = "PNG, 8-bit grey"
    suffix: str = ".png"

    def write(self, path: Path, alpha: Alpha) -> None:
        """Write `alpha` to `path`. Raises OSError."""
        # OpenCV opens files by their name in the system's code page: bytes pass every name.
        path.write_bytes(cv2.imencode(".png", _codes(alpha), FLAT)[1].tobytes())

    def read(self, path: Path) -> Alpha:
        """The matte in `path`. Raises OSError, or ExportError where it is no 8-bit grey PNG."""
        data = np.frombuffer(path.read_bytes(), np.uint8)
        codes = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if codes is None or codes.ndim != 2 or codes.dtype != np.uint8:
            raise ExportError(f"{path} is not a whole 8-bit grey PNG; export this frame again.")
        return _alpha(codes)

    def rounded(self, alpha: Alpha) -> Alpha:
        """`alpha` on the nearest of 256 steps."""
        return _alpha(_codes(alpha))


def _codes(alpha: Alpha) -> Codes:
    codes: Codes = cv2.convertScaleAbs(alpha, alpha=255)
    return codes


def _alpha(codes: Codes) -> Alpha:
    return codes.astype(np.float32) / np.float32(255)
