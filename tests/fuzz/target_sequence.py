"""Image sequences: any names in a folder, and any name or pattern asked for in it.

An input is what is asked for and the names there are, each after a NUL. A name may begin with what
it is: `d:` a folder, `p:` a pipe, `l:` a link to itself, `b:` a broken image; else it is an image.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from app.domain.clip import ClipError, ClipReader, open_clip
from app.domain.clip_facts import shown
from app.domain.sequence_names import LONGEST, frame_list, matching, sequences_of, split_name
from tests.fuzz.target import Defect, refusal

PIXELS = cv2.imencode(".png", np.zeros((2, 3, 3), np.uint8))[1].tobytes()
MOST_NAMES = 12
PLACE = "a folder of plates"

_room = tempfile.TemporaryDirectory(prefix="rotocel-fuzz-", ignore_cleanup_errors=True)
FOLDER = Path(_room.name) / PLACE


def fuzz(data: bytes) -> str | None:
    """Split the names alone, then open what is asked for in a folder that has them."""
    asked, *names = (os.fsdecode(part) for part in data.split(b"\0"))
    _split(asked, names)
    FOLDER.mkdir()
    try:
        for name in names[:MOST_NAMES]:
            with suppress(OSError):  # no such name can be there
                _make(name)
        path = FOLDER / asked.lstrip("/")
        asked_for = [str(path), str(path.parent), path.name]
        known = [PLACE, *map(shown, asked_for), *(shown(path.name) for path in FOLDER.iterdir())]
        return refusal(lambda: _open(path), ClipError, known)
    finally:
        shutil.rmtree(FOLDER)


def _split(asked: str, names: list[str]) -> None:
    found = sequences_of(Path(name) for name in [asked, *names])
    matching(found, asked)
    for sequence in found:
        frames = [frame for frame, _ in sequence.files if frame is not None]
        frame_list(frames)
        if any(abs(frame) >= 10**LONGEST for frame in frames):
            raise Defect(f"a frame out of bounds: {frames!r}")
        if frames and matching([sequence], sequence.pattern) is None:
            raise Defect(f"{sequence.pattern!r} does not find its own files")
    for name in names:
        base, frame, suffix = split_name(name)
        if frame is None and base + suffix != Path(name).name:
            raise Defect(f"{name!r} lost a part")


def _make(name: str) -> None:
    kind, bare = name[:2], name[2:]
    path = FOLDER / (bare if kind in {"d:", "p:", "l:", "b:"} else name).replace("/", "_")
    if kind == "d:":
        path.mkdir()
    elif kind == "p:" and hasattr(os, "mkfifo"):
        os.mkfifo(path)
    elif kind == "l:":
        path.symlink_to(path)
    else:
        path.write_bytes(PIXELS[:-20] if kind == "b:" else PIXELS)


def _open(path: Path) -> None:
    if ".." in path.parts:  # elsewhere lie files of others
        return
    clip = open_clip(path)
    with ClipReader(clip) as reader:
        reader.read(clip.frames.first)


SEEDS = tuple(
    text.encode()
    for text in (
        "\0plate.0001.png\0plate.0002.png\0b:plate.0003.png",
        "plate.####.png\0plate.0001.png\0plate.-0002.png\0plate.2.png",
        "p.%04d.png\0p.0001.png\0p.1.png\0d:p.0002.png\0p:p.0003.png\0l:p.0004.png",
        "p.$F4.png\0p.0001.png\0p.10000.png",
        "p.@@@.tif\0p.001.tif",
        "٣.0001.png\0٣.0001.png\0e\u0301.png\0é.png",
        "a\n.1.png\0a\n.1.png\0-5.png\0.png\0 .png",
        "%0999999999d.png\x00999999999.png\x009999999999.png\x001.png",
        "x.exr\0x.exr\0x.jpg\0x.0001.mov",
    )
)
