"""Opening clips and reading their frames: the one door for movies and image sequences."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from app.domain.clip_facts import Clip, ClipError, FrameError, Interpretation, check_name
from app.domain.movie import open_movie
from app.domain.movie_reader import MovieReader
from app.domain.picture import Picture
from app.domain.sequence import SequenceReader, open_sequence
from app.domain.sequence_names import is_image

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
    interpretation = interpretation or Interpretation()
    check_name(path)
    try:
        if path.is_dir() or is_image(path):
            return open_sequence(path, interpretation)
        if not path.exists():
            raise ClipError(f"{path} is not there; check the name, or choose another file.")
        if not path.is_file():
            raise ClipError(f"{path.name} is not a file; choose a movie or an image sequence.")
        with path.open("rb"):  # FFmpeg's own words for a file it may not read are less clear
            return open_movie(path, interpretation)
    except PermissionError as e:
        raise ClipError(f"{path.name} may not be read; ask for the right to read it.") from e
    except OSError as e:
        raise ClipError(f"{path.name} cannot be read ({e.strerror}); check the disk.") from e


class _OfflineReader:
    """Stands where footage is not at hand."""

    def __init__(self, clip: Clip) -> None:
        self._name = clip.path.name

    def read(self, frame: int) -> Picture:
        """Raises FrameError."""
        raise FrameError(f"{self._name} is not at hand; use File > Link footage.", frame)

    def close(self) -> None:
        """Nothing to let go of."""


def _reader(clip: Clip) -> MovieReader | SequenceReader | _OfflineReader:
    if clip.offline:
        return _OfflineReader(clip)
    return MovieReader(clip) if clip.kind == "movie" else SequenceReader(clip)


class ClipReader:
    """Reads the frames of one clip; one per thread, never shared."""

    def __init__(self, clip: Clip) -> None:
        self._reader = _reader(clip)

    def read(self, frame: int) -> Picture:
        """The picture of `frame`. Raises FrameError where it cannot be read."""
        return self._reader.read(frame)

    def close(self) -> None:
        """Let go of the files; the reader cannot be used afterwards."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
