"""Damage is never hidden: a frame is right to the pixel, or it is an error naming it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.clip import Clip, ClipError, ClipReader, FrameError, open_clip
from tests.clip.kinds import COUNT
from tests.media import Recipe, number_of, numbered, patch_packet, shift_movie, write_movie

PREDICTED, BETWEEN = 17, 20  # in decoding order: a P-frame others lean on, and a B-frame


def damaged(source: Path, folder: Path, packet: int, keep: float) -> Path:
    path = folder / source.name
    shutil.copy(source, path)
    patch_packet(path, packet, keep=keep)
    return path


def outcome(clip: Clip, frames: list[int]) -> dict[int, NDArray[Any] | None]:
    """The pixels of each frame, None where it is an error."""
    found: dict[int, NDArray[Any] | None] = {}
    named = True
    with ClipReader(clip) as reader:
        for frame in frames:
            try:
                found[frame] = reader.read(frame).pixels
            except FrameError as e:
                found[frame] = None
                named &= e.frame == frame and str(frame) in str(e)
    assert named
    return found


# FFV1 and VP9 are not here: their decoders make up for damage without a word.
KINDS = ["h264 mp4", "h264 mkv", "h264 open gop", "mpeg4 avi", "prores mov", "mjpeg mov"]
CASES = [
    (kind, packet, keep) for kind in KINDS for packet in (PREDICTED, BETWEEN) for keep in (0.0, 0.4)
]
CASES.append(("hevc 10-bit mp4", PREDICTED, 0.0))


@pytest.mark.parametrize(("kind", "packet", "keep"), CASES)
def test_what_damage_leaves_is_right_and_the_rest_is_an_error(
    movie: Callable[[str], Path], tmp_path: Path, kind: str, packet: int, keep: float
) -> None:
    whole = open_clip(movie(kind))
    clip = open_clip(damaged(movie(kind), tmp_path, packet, keep))
    assert len(clip.frames) == COUNT
    frames = list(clip.frames)
    found = outcome(clip, frames)
    lost = [frame for frame in frames if found[frame] is None]
    assert lost
    assert len(lost) <= 48  # no more than the rest of one group of pictures
    read = {frame: pixels for frame, pixels in found.items() if pixels is not None}
    with ClipReader(whole) as true:
        for frame, pixels in read.items():
            assert np.array_equal(pixels, true.read(frame).pixels), frame


def test_damage_shows_alike_in_whatever_order_frames_are_asked_for(
    movie: Callable[[str], Path], tmp_path: Path
) -> None:
    clip = open_clip(damaged(movie("h264 mp4"), tmp_path, PREDICTED, 0.4))
    frames = list(clip.frames)
    in_order = outcome(clip, frames)
    for order in (frames[::-1], frames[17:20] + frames[10:17], frames[18:19], frames[60:]):
        for frame, pixels in outcome(clip, order).items():
            assert (pixels is None) == (in_order[frame] is None), frame


def test_frames_after_the_damaged_group_are_read(
    movie: Callable[[str], Path], tmp_path: Path
) -> None:
    clip = open_clip(damaged(movie("h264 mp4"), tmp_path, PREDICTED, 0.0))
    with ClipReader(clip) as reader:
        with pytest.raises(FrameError, match="damaged"):
            reader.read(1001 + 20)
        assert number_of(reader.read(1001 + 48).rgb8()) == 48


@pytest.mark.parametrize("share", [0.35, 0.6, 0.9])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
def test_a_movie_cut_off_opens_with_what_it_has(tmp_path: Path, suffix: str, share: float) -> None:
    recipe = Recipe(container_options={"movflags": "+faststart"} if suffix == "mp4" else {})
    if suffix == "avi":
        recipe = Recipe("mpeg4", options={"g": "24", "bf": "2", "b": "1M"})
    path = write_movie(tmp_path / f"cut.{suffix}", (numbered(n) for n in range(COUNT)), recipe)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    clip = open_clip(path)
    assert COUNT * share * 0.5 < len(clip.frames) < COUNT
    if suffix != "ts":  # a transport stream does not say how long it was to be
        assert any("cut off" in warning for warning in clip.warnings)
    found = outcome(clip, list(clip.frames))
    pictures = list(found.values())
    if suffix == "ts":  # its last picture may be half there; FFmpeg does not say so each time
        pictures.pop()
    numbers = [number_of(pixels) for pixels in pictures if pixels is not None]
    assert len(numbers) >= len(clip.frames) - 4
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0


@pytest.mark.parametrize("share", [0.01, 0.5, 0.97])
def test_an_mp4_cut_off_before_its_index_says_so(
    movie: Callable[[str], Path], tmp_path: Path, share: float
) -> None:
    path = tmp_path / "recording.mp4"
    data = movie("h264 mp4").read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ClipError, match=r"recording\.mp4 .*cut off"):
        open_clip(path)


def test_a_change_of_size_inside_a_movie_is_an_error_for_those_frames(tmp_path: Path) -> None:
    small, large = (320, 180), (352, 192)
    parts = [
        write_movie(tmp_path / f"{size[0]}.ts", (numbered(n, size) for n in range(24)))
        for size in (small, large)
    ]
    shift_movie(parts[1], tmp_path / "later.ts", 24 * 3750)
    path = tmp_path / "both.ts"
    path.write_bytes(parts[0].read_bytes() + (tmp_path / "later.ts").read_bytes())
    clip = open_clip(path)
    assert clip.size == small
    with ClipReader(clip) as reader:
        assert number_of(reader.read(1001 + 20).rgb8()) == 20
        with pytest.raises(FrameError, match="352 x 192"):
            reader.read(1001 + 30)
        assert number_of(reader.read(1001 + 3).rgb8()) == 3


def test_damage_makes_no_noise_on_the_terminal(
    movie: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = open_clip(damaged(movie("h264 mp4"), tmp_path, PREDICTED, 0.4))
    outcome(clip, list(clip.frames))
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
