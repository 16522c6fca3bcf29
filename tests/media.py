"""Test media made on the spot: pictures that carry their own number, and movies of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

SIZE = (320, 180)
BITS = 16  # twelve for the number, four for its check
COLUMNS = 8
BLOCK = 40


def _check(number: int) -> int:
    return (number ^ (number >> 4) ^ (number >> 8) ^ 0b1010) & 15


def numbered(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """A (height, width, 3) uint8 picture with `number` (0..4095) in black and white squares.

    Below the two rows of squares a pattern moves, so that codecs have motion to predict.
    """
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack(
        [(x + 3 * number) % 256, (y * 2 + number) % 256, (x // 2 + y - 2 * number) % 256], axis=-1
    ).astype(np.uint8)
    word = number | _check(number) << 12
    for bit in range(BITS):
        row, column = divmod(bit, COLUMNS)
        rows = slice(row * BLOCK, (row + 1) * BLOCK)
        image[rows, column * BLOCK : (column + 1) * BLOCK] = 255 if word >> bit & 1 else 0
    return image


def number_of(image: NDArray[np.uint8]) -> int:
    """The number a `numbered` picture carries. Raises ValueError where the squares make none."""
    word = 0
    for bit in range(BITS):
        row, column = divmod(bit, COLUMNS)
        top, left = row * BLOCK + BLOCK // 4, column * BLOCK + BLOCK // 4
        level = image[top : top + BLOCK // 2, left : left + BLOCK // 2].mean()
        if 80 < level < 175:
            raise ValueError(f"square {bit} is neither black nor white ({level:.0f})")
        word |= int(level > 127) << bit
    number, check = word & 4095, word >> 12
    if check != _check(number):
        raise ValueError(f"the squares read {number} but their check does not fit")
    return number


@dataclass
class Recipe:
    """How to encode a test movie; the defaults make a long GOP H.264 with B-frames."""

    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    fps: Fraction = Fraction(24)
    options: dict[str, str] = field(
        default_factory=lambda: {
            "g": "48",
            "bf": "3",
            "preset": "ultrafast",
            "x264-params": "bframes=3:b-pyramid=normal:scenecut=0",
        }
    )
    tags: dict[str, int] = field(default_factory=dict)  # codec context attributes
    convert: dict[str, Any] = field(default_factory=dict)  # how RGB becomes the pix_fmt
    rotation: int = 0
    aspect: Fraction | None = None
    container_options: dict[str, str] = field(default_factory=dict)


def write_movie(
    path: Path,
    pictures: Iterable[NDArray[Any] | av.VideoFrame],
    recipe: Recipe | None = None,
    times: Sequence[int] | None = None,
) -> Path:
    """`path`, holding `pictures` ((h, w, 3) uint8 or uint16, or frames) as `recipe` says.

    `times` are presentation times in 1/(1000 fps) units for a variable frame rate.
    """
    recipe = recipe or Recipe()
    tick = 1 / (recipe.fps * (1000 if times else 1))
    frames = map(_frame, pictures)
    first = next(frames)
    with av.open(str(path), "w", options=recipe.container_options) as container:
        stream = _stream(container, recipe, first, tick)
        for count, frame in enumerate(chain([first], frames)):
            converted = frame.reformat(format=recipe.pix_fmt, **recipe.convert)
            converted.pts = times[count] if times else count
            converted.time_base = tick
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return path


def _frame(picture: NDArray[Any] | av.VideoFrame) -> av.VideoFrame:
    if isinstance(picture, av.VideoFrame):
        return picture
    deep = picture.dtype == np.uint16
    return av.VideoFrame.from_ndarray(picture, format="rgb48le" if deep else "rgb24")


def _stream(
    container: OutputContainer, recipe: Recipe, frame: av.VideoFrame, tick: Fraction
) -> av.VideoStream:
    stream = container.add_stream(recipe.codec, rate=recipe.fps, options=recipe.options)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = frame.width, frame.height
    stream.pix_fmt = recipe.pix_fmt
    context = stream.codec_context
    context.time_base = tick
    if recipe.aspect:
        context.sample_aspect_ratio = recipe.aspect
    for name, value in recipe.tags.items():
        setattr(context, name, value)
    if recipe.rotation:
        stream.set_display_rotation(recipe.rotation)
    return stream


def shift_movie(source: Path, target: Path, ticks: int) -> None:
    """Copy a movie without encoding anew, every timestamp later by `ticks` of its stream."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.pts is not None and packet.dts is not None:
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = stream
                new.mux(packet)


def patch_edit_list(path: Path, frames: int, tick: int) -> None:
    """Let the edit list of an MP4 hide its first `frames`, each of `tick` media units.

    That is what a trim without encoding anew leaves: the packets are there, to be decoded only.
    """
    data = bytearray(path.read_bytes())
    entry = data.index(b"elst") + 12  # past version, flags and the count of entries
    media_time = int.from_bytes(data[entry + 4 : entry + 8], "big") + frames * tick
    data[entry + 4 : entry + 8] = media_time.to_bytes(4, "big")
    path.write_bytes(data)


def patch_packet(path: Path, number: int, *, keep: float = 0.0) -> None:
    """Overwrite a movie's packet, counted in decoding order, with zeros past a share kept."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        packet = bytes(packets[number])
    data = bytearray(path.read_bytes())
    assert data.count(packet) == 1
    start, end = data.index(packet) + int(len(packet) * keep), data.index(packet) + len(packet)
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
