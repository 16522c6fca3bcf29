"""The picture of a mask that a command line names, made into the mask of a keyframe."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from app.cli_words import CommandError
from app.domain.clip import Clip
from app.domain.image_file import read_image
from app.mask_picture import coverage_of
from models.tracking import KeyMask


def read_mask(path: Path, clip: Clip) -> KeyMask:
    """The mask in the file `path`. Raises CommandError, ClipError, which name the file."""
    with suppress(OSError):  # which is told below
        _check_is_file(path)
    pixels = read_image(path).pixels
    height, width = pixels.shape[:2]
    if (width, height) != clip.size:
        raise CommandError(
            f"{path.name} is {width}x{height} pixels, {clip.name} is {clip.size[0]}x{clip.size[1]};"
            " give a mask of the clip's size."
        )
    inside = coverage_of(pixels) > 0.5
    if not inside.any():
        raise CommandError(f"{path.name} is black all over; paint the object white.")
    return KeyMask(inside)


def _check_is_file(path: Path) -> None:
    """What `read_image` would say of a clip, said of a mask."""
    if not path.exists():
        raise CommandError(f"{path} is not there; check the path.")
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not a file"
        raise CommandError(f"{path} is {what}; give a mask PNG.")
