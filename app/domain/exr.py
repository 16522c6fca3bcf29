"""Reading OpenEXR: the colour channels over the display window, scene linear."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import Imath  # type: ignore[import-untyped]  # a module of the OpenEXR wheel
import numpy as np
import OpenEXR
from numpy.typing import NDArray

from app.domain.limits import check_size

FLOAT = Imath.PixelType(Imath.PixelType.FLOAT)


class ExrError(Exception):
    """The file cannot be read as a colour picture; the text says why."""


@dataclass(frozen=True, slots=True)
class Window:
    """A box of pixels, its last row and column one beyond."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top


def read_exr(path: Path) -> NDArray[np.float32]:
    """The picture in `path`, (height, width, 3) float32 linear RGB.

    It covers the display window: what the data window lacks is black, what it has beyond is left
    out. Y alone is grey; other channels are not read. Raises ExrError, and ClipError for its size.
    """
    try:
        file = OpenEXR.InputFile(str(path))
    except (OSError, RuntimeError, ValueError) as e:
        raise ExrError("it is damaged or no OpenEXR file") from e
    try:
        return _read(file, path.name)
    except (OSError, RuntimeError, ValueError, MemoryError) as e:
        raise ExrError("its pixels are damaged") from e
    finally:
        file.close()


def _read(file: OpenEXR.InputFile, name: str) -> NDArray[np.float32]:
    header = file.header()
    display, data = _window(header["displayWindow"]), _window(header["dataWindow"])
    check_size(name, *display.size)
    check_size(name, *data.size)
    channels = _colour_channels(header["channels"])
    width, height = data.size
    planes = [
        np.frombuffer(plane, np.float32).reshape(height, width)
        for plane in file.channels(channels, FLOAT)
    ]
    return _placed(np.stack(planes * (3 // len(planes)), axis=-1), data, display)


def _colour_channels(channels: dict[str, Imath.Channel]) -> list[str]:
    for wanted in (["R", "G", "B"], ["Y"]):
        if all(name in channels for name in wanted):
            if any((channels[n].xSampling, channels[n].ySampling) != (1, 1) for n in wanted):
                raise ExrError("its channels are subsampled")
            return wanted
    raise ExrError(f"it has neither R, G, B nor Y but {', '.join(sorted(channels))[:80]}")


def _window(box: Imath.Box2i) -> Window:
    return Window(box.min.x, box.min.y, box.max.x + 1, box.max.y + 1)


def _placed(pixels: NDArray[np.float32], data: Window, display: Window) -> NDArray[np.float32]:
    """`pixels` of the data window moved into the display window."""
    if data == display:
        return pixels
    width, height = display.size
    canvas = np.zeros((height, width, 3), np.float32)
    left, top = max(data.left, display.left), max(data.top, display.top)
    right, bottom = min(data.right, display.right), min(data.bottom, display.bottom)
    if left < right and top < bottom:
        canvas[
            top - display.top : bottom - display.top, left - display.left : right - display.left
        ] = pixels[top - data.top : bottom - data.top, left - data.left : right - data.left]
    return canvas
