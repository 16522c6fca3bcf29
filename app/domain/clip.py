"""Opening clips and reading their frames: the one door for movies and image sequences."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from app.domain.clip_facts import Clip, ClipError, FrameError, Interpretation
from app.domain.picture import Picture

__all__ = [
    "Clip",
    "ClipError",
    "ClipReader",
    "FrameError",
    "Interpretation",
    "Picture",
    "open_clip",
]


def open_clip(path: Path, interpretation: Interpretation | None = None) -> Clip:
    """The facts of the clip at `path`; probes, indexes and checks it.

    `path` is a movie, a folder with an image sequence, one image of a sequence (the whole
    sequence is taken) or a pattern (plate.####.png, plate.%04d.exr). Raises ClipError.
    """
    raise NotImplementedError


class ClipReader:
    """Reads the frames of one clip; one per thread, never shared."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip

    def read(self, frame: int) -> Picture:
        """The picture of `frame`. Raises FrameError where it cannot be read."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the files; the reader cannot be used afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
