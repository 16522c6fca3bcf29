"""What is known about a clip once it is opened, and how opening or reading one fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeAlias

from app.domain.frames import FrameRange

Matrix: TypeAlias = Literal["auto", "601", "709", "2020"]
Range: TypeAlias = Literal["auto", "full", "limited"]


class ClipError(Exception):
    """The clip cannot be used; the text tells the artist which file and what to do."""


class FrameError(ClipError):
    """This frame cannot be read: it is missing, damaged or of another size."""

    def __init__(self, text: str, frame: int) -> None:
        super().__init__(text)
        self.frame = frame


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What the artist decides about a clip where its file is silent or wrong."""

    first_frame: int = 1001  # movies only; a sequence keeps its own numbers
    fps: Fraction | None = None  # None: as in the file, 24 for a sequence
    matrix: Matrix = "auto"  # auto: as tagged, untagged is 709 from 720 lines up, else 601
    range: Range = "auto"  # auto: as tagged, untagged is limited


@dataclass(frozen=True, slots=True)
class MovieIndex:
    """Where the frames of a movie lie, in ticks of its time base; the rank is the frame."""

    times: tuple[int, ...]  # presentation times, ascending
    keys: tuple[int, ...]  # those of them a decoder can start from


@dataclass(frozen=True, slots=True)
class SequenceIndex:
    """The files of a sequence, and the frame number of each."""

    files: tuple[tuple[int, Path], ...]  # ascending by frame


@dataclass(frozen=True)
class Clip:
    """The facts of an opened clip; a plain value that any number of readers can share."""

    path: Path  # the movie file, or the pattern of the sequence
    kind: Literal["movie", "sequence"]
    name: str
    size: tuple[int, int]  # width, height in pixels, after rotation
    frames: FrameRange
    missing: frozenset[int]  # frames of the range for which there is no file
    fps: Fraction
    pixel_aspect: Fraction  # width of a pixel over its height
    bit_depth: int  # bits a channel; 16 or 32 for float
    colour: str  # for people, for example "BT.709 limited (assumed)"
    fingerprint: str
    warnings: tuple[str, ...]
    interpretation: Interpretation
    index: MovieIndex | SequenceIndex = field(repr=False)
