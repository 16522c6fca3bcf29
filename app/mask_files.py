"""Which file of an import is the mask of which frame, by the names of the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.clip import Clip
from app.domain.clip_facts import ClipError, shown
from app.domain.sequence_names import frame_list, is_image, sequences_of, split_name


@dataclass(frozen=True)
class MaskFiles:
    """The files to read, by frame, ascending, and the frames for which the clip has no place."""

    files: dict[int, Path]
    beyond: tuple[int, ...]


def mask_files(paths: Sequence[Path], clip: Clip, playhead: int) -> MaskFiles:
    """The masks that `paths` mean: files, or one folder with a sequence in it.

    Frame numbers are those in the names; files without any follow each other from the playhead on,
    in the order of their names. Raises ClipError, which says what to do.
    """
    files = _in_folder(paths[0]) if len(paths) == 1 and paths[0].is_dir() else sorted(paths)
    numbered = _numbered(files, playhead)
    inside = {frame: path for frame, path in sorted(numbered.items()) if frame in clip.frames}
    if not inside:
        raise ClipError(
            f"These masks are for frames {frame_list(numbered)}, {clip.name} has "
            f"{clip.frames.first}-{clip.frames.last}; give the files the clip's frame numbers."
        )
    return MaskFiles(inside, tuple(sorted(numbered.keys() - inside.keys())))


def _in_folder(folder: Path) -> list[Path]:
    """The images in a folder. Raises ClipError where they are none, or several sequences."""
    try:
        paths = [path for path in folder.iterdir() if path.name[0] != "." and is_image(path)]
    except OSError as e:
        raise ClipError(f"{folder} cannot be read ({e.strerror}); choose another folder.") from e
    found = sequences_of(paths)
    if not found:
        raise ClipError(f"{folder.name} holds no images; choose a folder of PNG files.")
    if len(found) > 1 and any(len(sequence.files) > 1 for sequence in found):
        names = shown(", ".join(sequence.pattern for sequence in found[:3]))
        raise ClipError(
            f"{folder.name} holds several sequences ({names}); choose the files of one with "
            "Import masks."
        )
    return sorted(paths)


def _numbered(files: Sequence[Path], playhead: int) -> dict[int, Path]:
    numbers = [split_name(path.name)[1] for path in files]
    if all(number is None for number in numbers):
        return dict(enumerate(files, playhead))
    found: dict[int, Path] = {}
    for number, path in zip(numbers, files, strict=True):
        if number is None:
            raise ClipError(
                f"{path.name} has no frame number where other files have one; name it like them, "
                "or import it alone."
            )
        if number in found:
            raise ClipError(
                f"{found[number].name} and {path.name} are both for frame {number}; choose one."
            )
        found[number] = path
    return found
