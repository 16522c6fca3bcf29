"""Image sequences: opening one, and reading its frames."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np

from app.domain.clip_facts import Clip, ClipError, FrameError, Interpretation, shown
from app.domain.fingerprint import sequence_fingerprint
from app.domain.frames import FrameRange
from app.domain.image_file import read_image
from app.domain.picture import Picture
from app.domain.sequence_names import Sequence, frame_list, is_image, matching, sequences_of

FILM = Fraction(24)
LONGEST_LIST = 300  # characters
DEPTHS = {"uint8": 8, "uint16": 16, "float32": 32}


def open_sequence(path: Path, interpretation: Interpretation) -> Clip:
    """The clip of the images at `path`: a folder, one image, or a pattern. Raises ClipError."""
    chosen, others = _choose(path)
    files = tuple(
        (interpretation.first_frame if frame is None else frame, file)
        for frame, file in chosen.files
    )
    picture, broken = _first_picture(files)
    frames = FrameRange(files[0][0], files[-1][0])
    missing = frozenset(frames) - {frame for frame, _ in files}
    folder = files[0][1].parent
    height, width, _ = picture.pixels.shape
    return Clip(
        path=folder / chosen.pattern,
        kind="sequence",
        name=shown(chosen.name),
        size=(width, height),
        frames=frames,
        missing=missing,
        fps=interpretation.fps or FILM,
        pixel_aspect=Fraction(1),
        bit_depth=DEPTHS[picture.pixels.dtype.name],
        colour="scene linear" if picture.pixels.dtype == np.float32 else "sRGB (assumed)",
        fingerprint=sequence_fingerprint(files),
        warnings=_warnings(missing, others, broken),
        interpretation=interpretation,
        files=files,
    )


class SequenceReader:
    """Reads one sequence; one per thread, never shared."""

    def __init__(self, clip: Clip) -> None:
        self._clip, self._files = clip, dict(clip.files)

    def read(self, frame: int) -> Picture:
        """The picture of `frame`. Raises FrameError where it cannot be read."""
        path = self._files.get(frame)
        if path is None:
            raise FrameError(f"{self._clip.path.name} has no file for frame {frame}.", frame)
        try:
            picture = read_image(path)
        except ClipError as e:
            raise FrameError(str(e), frame) from e
        height, width, _ = picture.pixels.shape
        if (width, height) != self._clip.size:
            wanted = "{} x {}".format(*self._clip.size)
            raise FrameError(
                f"{path.name} is {width} x {height} where the sequence is {wanted}; export it anew "
                "in that size.",
                frame,
            )
        return picture

    def close(self) -> None:
        """Let go of the files; there is nothing to let go of."""


def _choose(path: Path) -> tuple[Sequence, list[Sequence]]:
    """The sequence meant by `path`, and the others in a folder given as a whole."""
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        raise ClipError(f"{folder} is not there; check the name, or choose another folder.")
    found = sequences_of(_images(folder))
    if path.is_dir():
        if not found:
            kinds = "PNG, JPEG, TIFF or EXR"
            raise ClipError(
                f"{path.name or path} holds no images; choose a folder with {kinds} files."
            )
        return found[0], found[1:]
    if path.exists():
        if not path.is_file():
            raise ClipError(f"{path.name} is not a file; choose a movie or an image sequence.")
        own = [s for s in found if any(file.name == path.name for _, file in s.files)]
        return (own or sequences_of([path]))[0], []
    meant = matching(found, path.name) if _is_pattern(path) else None
    if meant is None:
        raise ClipError(f"{path} is not there; check the name, or choose another file.")
    return meant, []


def _is_pattern(path: Path) -> bool:
    return any(mark in path.stem for mark in "#@%$")


def _images(folder: Path) -> Iterable[Path]:
    return (
        file
        for file in folder.iterdir()
        if is_image(file) and not file.name.startswith(".") and file.is_file()
    )


def _first_picture(files: tuple[tuple[int, Path], ...]) -> tuple[Picture, list[Path]]:
    """The first picture that can be read, and the files before it that cannot."""
    errors: dict[Path, ClipError] = {}
    for _, path in files:
        try:
            return read_image(path), list(errors)
        except ClipError as e:
            errors[path] = e
    raise next(iter(errors.values()))


def _warnings(
    missing: frozenset[int], others: list[Sequence], broken: list[Path]
) -> tuple[str, ...]:
    warnings = []
    if missing:
        warnings.append(f"Frames {_short(frame_list(missing))} are missing; they show as gaps.")
    if broken:
        names = _few([path.name for path in broken])
        warnings.append(f"These images cannot be read: {names}.")
    if others:
        names = _few([other.pattern for other in others])
        warnings.append(f"The folder holds other images too, which were left out: {names}.")
    return tuple(warnings)


def _short(frames: str) -> str:
    """The beginning of a list of frames that would fill the window."""
    if len(frames) <= LONGEST_LIST:
        return frames
    return frames[:LONGEST_LIST].rpartition(",")[0] + " and more"


def _few(names: list[str]) -> str:
    """At most three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return shown(", ".join(names[:3])) + more
