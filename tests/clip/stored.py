"""Clips as a project file keeps them, and footage to compare them with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2

from app.domain.clip import Clip, open_clip
from tests.media import SIZE, numbered, write_movie


def stored(path: Path) -> Clip:
    """The facts of the clip at `path` that are left once its footage is not at hand."""
    return replace(open_clip(path), offline=True, index=None, decoding=None, files=())


def movie(path: Path, numbers: Iterable[int] = range(6), size: tuple[int, int] = SIZE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_movie(path, (numbered(number, size) for number in numbers))


def images(pattern: Path, frames: Iterable[int], shift: int = 0) -> Path:
    """`pattern`, one #, after the images are written; the same number makes the same bytes."""
    pattern.parent.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        data = cv2.imencode(pattern.suffix, numbered(frame % 4096 + shift))[1].tobytes()
        pattern.with_name(pattern.name.replace("#", f"{frame:04}")).write_bytes(data)
    return pattern.with_name(pattern.name.replace("#", "####"))
