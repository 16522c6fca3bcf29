"""What is known about a clip once it is opened, and how opening or reading one fails."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeAlias

from app.domain.fingerprint import Fingerprint
from app.domain.frames import FrameRange

Matrix: TypeAlias = Literal["auto", "601", "709", "2020"]
Range: TypeAlias = Literal["auto", "full", "limited"]


UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class ClipError(Exception):
    """The clip cannot be used; the text, one line, tells the artist which file and what to do.

    What no line can show (a line break in the name of a file) stands as `?` in it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(shown(text))


class FrameError(ClipError):
    """This frame cannot be read: it is missing, damaged or of another size."""

    def __init__(self, text: str, frame: int) -> None:
        super().__init__(text)
        self.frame = frame


def shown(text: str) -> str:
    """`text` as one line that can be shown, printed and stored."""
    return UNSHOWABLE.sub("?", text)


def check_name(path: Path) -> None:
    """Raise ClipError where the name of `path` is not Unicode: OpenEXR crashes on such a one."""
    try:
        str(path).encode()
    except UnicodeEncodeError as e:
        raise ClipError(f"{path} has a name that is not Unicode; rename it.") from e


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What the artist decides about a clip where its file is silent or wrong."""

    first_frame: int = 1001  # movies and unnumbered images; a sequence keeps its own numbers
    fps: Fraction | None = None  # None: as in the file, 24 for a sequence
    matrix: Matrix = "auto"  # auto: as tagged, untagged is 709 from 720 lines up, else 601
    range: Range = "auto"  # auto: as tagged, untagged is limited


@dataclass(frozen=True, slots=True)
class Orientation:
    """How stored pixels are turned for viewing: first swap rows and columns, then mirror."""

    swap: bool = False
    mirror_x: bool = False
    mirror_y: bool = False


@dataclass(frozen=True, slots=True)
class MovieIndex:
    """Where the frames of a movie lie; a frame's rank counts from 0 in order of presentation.

    A counted movie has timestamps that cannot be trusted: its ranks are the order in which the
    decoder gives the frames, so it can only be read from its start.
    """

    times: tuple[int, ...]  # presentation times in ticks of the stream, ascending
    keys: tuple[int, ...]  # presentation times a decoder can start from, ascending
    order: tuple[int, ...] = ()  # the ranks in the order of decoding; empty: as presented
    counted: bool = False


@dataclass(frozen=True, slots=True)
class MovieDecoding:
    """How the frames of a movie become pictures."""

    size: tuple[int, int]  # width, height as stored
    strict: bool  # whether the decoder may reject what it finds odd
    orientation: Orientation
    matrix: int  # the matrix as FFmpeg's software scaler numbers it
    full_range: bool


@dataclass(frozen=True)
class Clip:
    """The facts of an opened clip; a plain value that any number of readers can share."""

    path: Path  # the movie, the single image, or the pattern of the sequence (plate.####.png)
    kind: Literal["movie", "sequence"]
    name: str
    size: tuple[int, int]  # width, height in pixels, after rotation
    frames: FrameRange
    missing: frozenset[int]  # frames of the range for which there is no file
    fps: Fraction
    pixel_aspect: Fraction  # width of a pixel over its height
    bit_depth: int  # bits a channel; 16 or 32 for float
    colour: str  # for people, for example "BT.709 limited (assumed)"
    fingerprint: Fingerprint
    warnings: tuple[str, ...]
    interpretation: Interpretation
    index: MovieIndex | None = field(default=None, repr=False)  # movies only
    decoding: MovieDecoding | None = None  # movies only
    files: tuple[tuple[int, Path], ...] = field(default=(), repr=False)  # sequences: by frame
    offline: bool = False  # the footage is not at hand: no frame can be read
