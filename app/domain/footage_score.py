"""How much speaks for some files being a clip's footage: nothing is decoded to say so.

What costs more is asked only where what costs less agrees: the content where the sizes are equal,
for a sequence the sizes where the number of files is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from enum import IntEnum
from pathlib import Path, PureWindowsPath

from app.domain.clip_facts import Clip
from app.domain.fingerprint import movie_sample, sequence_sample
from app.domain.sequence_names import Sequence, is_image, sequences_of

MOVIES = (  # by name only: whether a file is one shows when it is opened
    ".3g2 .3gp .apng .asf .av1 .avi .bik .dv .flv .gif .gxf .h264 .hevc .ivf .m2ts .m2v .m4v .mj2 "
    ".mjpeg .mkv .mov .mp4 .mpeg .mpg .mts .mxf .nut .obu .ogg .ogv .r3d .rm .swf .ts .webm .wmv "
    ".wtv .y4m"
)


class Score(IntEnum):
    """How much speaks for some footage being the clip's."""

    ALIKE = 1  # the same name but for its extension or its digits
    NAME = 2
    SIZE = 3  # as many bytes; of a sequence also as many files
    CONTENT = 4

    def reason(self, name: str) -> str:
        """A sentence for the artist about the footage called `name`."""
        return {
            Score.ALIKE: f"{name} has a similar name.",
            Score.NAME: f"{name} has the same name, but other content.",
            Score.SIZE: f"{name} has the same size in bytes, but other content.",
            Score.CONTENT: f"{name} is the same footage, by its content.",
        }[self]


def scores(
    wanted: Clip, files: Iterable[Path], check: Callable[[], None]
) -> Iterator[tuple[Path, Score]]:
    """The movies and sequences among the files of one folder for which something speaks.

    Sequences are given by their pattern. What cannot be read is left out. `check` is called often,
    and ends this by raising.
    """
    images = []
    for path in files:
        check()
        if is_image(path):
            images.append(path)
        elif score := _movie_score(wanted, path):
            yield path, score
    for sequence in sequences_of(images):
        check()
        if score := _sequence_score(wanted, sequence, check):
            yield sequence.files[0][1].with_name(sequence.pattern), score


def _movie_score(wanted: Clip, path: Path) -> Score | None:
    is_movie = path.suffix.lower() in (*MOVIES.split(), wanted.path.suffix.lower())
    with suppress(OSError):
        if wanted.kind == "movie" and path.stat().st_size == wanted.fingerprint.bytes:
            if movie_sample(path) == wanted.fingerprint.sample:
                return Score.CONTENT
            return Score.SIZE if is_movie else None
        return _name_score(wanted, path.name, {path.stem}) if is_movie else None
    return None


def _sequence_score(wanted: Clip, sequence: Sequence, check: Callable[[], None]) -> Score | None:
    first = wanted.interpretation.first_frame
    files = [(first if frame is None else frame, path) for frame, path in sequence.files]
    with suppress(OSError):
        if (
            wanted.kind == "sequence"
            and len(files) == wanted.fingerprint.frames
            and _bytes(files, check) == wanted.fingerprint.bytes
        ):
            same = sequence_sample(files) == wanted.fingerprint.sample
            return Score.CONTENT if same else Score.SIZE
        return _name_score(wanted, sequence.pattern, {sequence.name, sequence.own_name})
    return None


def _bytes(files: Iterable[tuple[int, Path]], check: Callable[[], None]) -> int:
    total = 0
    for _, path in files:
        check()
        total += path.stat().st_size
    return total


def _name_score(wanted: Clip, file_name: str, names: Collection[str]) -> Score | None:
    """By the name of the file or pattern, and by those of the clip: ####.png alone says nothing."""
    if _folded(wanted.name) not in map(_folded, names):
        return None
    wanted_file = PureWindowsPath(wanted.path).name  # the project may come from another system
    return Score.NAME if _folded(file_name) == _folded(wanted_file) else Score.ALIKE


def _folded(name: str) -> str:
    """The name as file systems compare it that ignore case, or write accents apart."""
    return unicodedata.normalize("NFC", name).casefold()
