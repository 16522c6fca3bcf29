"""Colour of movies: which matrix and range a frame has, and its way to RGB.

A movie that does not say its matrix is taken as BT.709 from 720 lines up, else as BT.601 (FFmpeg
alone would take 601 always); one that does not say its range is taken as limited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import av
import cv2
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from numpy.typing import NDArray

from app.domain.clip_facts import Interpretation, MovieDecoding, Orientation
from app.domain.picture import Picture, Pixels

HIGH_DEFINITION = 720
LIMITED, FULL = 1, 2  # as FFmpeg numbers ranges
# The numbers of ITU-T H.273 matrices, and how FFmpeg's scaler numbers the same.
SCALER_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
MATRIX_NAMES = {1: "BT.709", 4: "FCC", 5: "BT.601", 7: "SMPTE 240M", 9: "BT.2020"}
CHOSEN_MATRIX = {"601": 5, "709": 1, "2020": 9}
TRANSFERS = {8: "linear", 16: "PQ", 18: "HLG"}  # those that look wrong where shown as they are


@dataclass(frozen=True, slots=True)
class Coding:
    """How the samples of a movie stand for colours."""

    matrix: int  # as FFmpeg's scaler numbers it
    full_range: bool
    text: str  # for people
    warning: str = ""


def coding_of(frame: av.VideoFrame, interpretation: Interpretation) -> Coding:
    """The coding of `frame` as its tags say, the interpretation where it differs, else assumed."""
    transfer = TRANSFERS.get(frame.color_trc, "")
    warning = f"The colours are {transfer}; they are shown without conversion." if transfer else ""
    if not _is_luma_chroma(frame):
        return Coding(1, full_range=True, text=f"RGB {transfer}".strip(), warning=warning)
    matrix = SCALER_MATRIX.get(frame.colorspace)
    full = {LIMITED: False, FULL: True}.get(frame.color_range)
    if frame.format.name.startswith("yuvj"):
        full = True
    assumed = (matrix is None and interpretation.matrix == "auto") or (
        full is None and interpretation.range == "auto"
    )
    if interpretation.matrix != "auto":
        matrix = CHOSEN_MATRIX[interpretation.matrix]
    if interpretation.range != "auto":
        full = interpretation.range == "full"
    if matrix is None:
        matrix = 1 if frame.height >= HIGH_DEFINITION else 5
    words = [MATRIX_NAMES[matrix], "full" if full else "limited", transfer]
    text = " ".join(word for word in words if word) + (" (assumed)" if assumed else "")
    return Coding(matrix, full_range=bool(full), text=text, warning=warning)


def bit_depth(frame: av.VideoFrame) -> int:
    """The bits a channel of `frame`; 8 for palettes."""
    depth = max((part.bits for part in frame.format.components), default=8)
    return max(depth, 8)


def to_picture(frame: av.VideoFrame, decoding: MovieDecoding) -> Picture:
    """`frame` as RGB at its own depth, turned as the movie says."""
    pixels: Pixels
    if _is_float(frame):
        pixels = np.asarray(frame.to_ndarray(format="gbrpf32le"), dtype=np.float32)
    elif bit_depth(frame) > 8:
        pixels = _deep(_to_rgb(frame, "rgb48le", decoding), frame, decoding)
    else:
        pixels = np.asarray(_to_rgb(frame, "rgb24", decoding), dtype=np.uint8)
    return Picture(_turned(_stretched(pixels, frame, decoding), decoding.orientation))


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """How the display matrix of `frame` turns its pixels, to the nearest quarter."""
    sides = cast("SideDataContainer", frame.side_data)  # annotated as less than it is
    if "DISPLAYMATRIX" not in sides:
        return Orientation()
    a, b, _, c, d = np.frombuffer(bytes(sides["DISPLAYMATRIX"])[:20], dtype=np.int32).tolist()
    if abs(a) >= abs(b):
        return Orientation(mirror_x=a < 0, mirror_y=d < 0)
    return Orientation(swap=True, mirror_x=c < 0, mirror_y=b < 0)


def _to_rgb(
    frame: av.VideoFrame, form: str, decoding: MovieDecoding
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    pixels = frame.to_ndarray(
        format=form,
        src_colorspace=decoding.matrix,
        src_color_range=FULL if decoding.full_range else LIMITED,
    )
    return cast("NDArray[np.uint8] | NDArray[np.uint16]", pixels)


def _deep(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], frame: av.VideoFrame, decoding: MovieDecoding
) -> NDArray[np.uint16]:
    """16-bit RGB with white at 65535, where FFmpeg puts it at 255 or 1023 times a power of two."""
    if not _is_luma_chroma(frame) or _is_grey(frame):
        return np.asarray(pixels, dtype=np.uint16)
    depth = bit_depth(frame)
    white = ((1 << depth) - 1) << (16 - depth) if decoding.full_range else 65283
    return np.asarray(cv2.multiply(pixels, (65535 / white,) * 4), dtype=np.uint16)


def _stretched(pixels: Pixels, frame: av.VideoFrame, decoding: MovieDecoding) -> Pixels:
    """Limited grey over the whole scale; FFmpeg's scaler leaves grey as it is."""
    if decoding.full_range or not _is_grey(frame):
        return pixels
    unit = 257 if pixels.dtype == np.uint16 else 1
    wide = (pixels.astype(np.float32) - 16 * unit) * np.float32(255 / 219)
    stretched: Pixels = np.clip(np.rint(wide), 0, 255 * unit).astype(pixels.dtype)
    return stretched


def _turned(pixels: Pixels, way: Orientation) -> Pixels:
    if way.swap:
        pixels = cv2.transpose(pixels)
    if way.mirror_x:
        pixels = cv2.flip(pixels, 1)
    if way.mirror_y:
        pixels = cv2.flip(pixels, 0)
    return pixels


def _is_float(frame: av.VideoFrame) -> bool:
    return "f32" in frame.format.name or "f16" in frame.format.name


def _is_grey(frame: av.VideoFrame) -> bool:
    return frame.format.name.startswith(("gray", "ya8", "ya16"))


def _is_luma_chroma(frame: av.VideoFrame) -> bool:
    name = frame.format.name
    return not (frame.format.is_rgb or name.startswith(("pal8", "bayer", "mono", "xyz")))
