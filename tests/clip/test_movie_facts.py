"""What opening a movie tells: size, rate, aspect, rotation, and what to beware of."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app.domain.clip import Clip, ClipReader, Interpretation, open_clip
from tests.clip.kinds import COUNT, FAST
from tests.media import Recipe, number_of, numbered, write_movie

# An MP4's matrix (a, b, c, d) takes stored to shown: x' = ax + cy, y' = bx + dy.
MATRICES: dict[str, tuple[tuple[int, int, int, int], Callable[..., np.ndarray]]] = {
    "a quarter clockwise": ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
    "a quarter anticlockwise": ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
    "upside down": ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    "mirrored": ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    "transposed": ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
}


def patch_matrix(path: Path, matrix: tuple[int, int, int, int]) -> None:
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # the matrix of a version 0 box
    for offset, value in zip((0, 4, 12, 16), matrix, strict=True):
        data[place + offset : place + offset + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(data)


def first(clip: Clip) -> np.ndarray:
    with ClipReader(clip) as reader:
        return reader.read(clip.frames.first).rgb8()


@pytest.mark.parametrize("turn", MATRICES)
def test_a_turned_movie_is_shown_upright(tmp_path: Path, turn: str) -> None:
    matrix, turned = MATRICES[turn]
    path = write_movie(tmp_path / "phone.mp4", [numbered(7)] * 3, Recipe(aspect=Fraction(4, 3)))
    stored = first(open_clip(path))
    patch_matrix(path, matrix)
    clip = open_clip(path)
    shown = first(clip)
    assert np.array_equal(shown, turned(stored))
    assert clip.size == (shown.shape[1], shown.shape[0])
    assert clip.pixel_aspect == (Fraction(3, 4) if clip.size == (180, 320) else Fraction(4, 3))
    assert shown.flags.c_contiguous


def test_the_facts_of_a_plain_movie(movie: Callable[[str], Path]) -> None:
    path = movie("h264 mp4")
    clip = open_clip(path)
    assert (clip.kind, clip.name, clip.path) == ("movie", path.stem, path)
    assert (clip.size, clip.fps, clip.pixel_aspect) == ((320, 180), Fraction(24), Fraction(1))
    assert (clip.frames.first, len(clip.frames)) == (1001, COUNT)
    assert (clip.bit_depth, clip.missing, clip.warnings) == (8, frozenset(), ())


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(25), Fraction(60)])
def test_the_rate_is_that_of_the_file(tmp_path: Path, suffix: str, fps: Fraction) -> None:
    path = write_movie(
        tmp_path / f"rate.{suffix}", [numbered(n) for n in range(60)], Recipe(fps=fps)
    )
    clip = open_clip(path)
    assert clip.fps == fps
    assert clip.warnings == ()


def test_the_rate_may_be_chosen(movie: Callable[[str], Path]) -> None:
    assert open_clip(movie("h264 mp4"), Interpretation(fps=Fraction(25))).fps == 25


def test_a_varying_rate_is_warned_of(movie: Callable[[str], Path]) -> None:
    assert any("rate varies" in text for text in open_clip(movie("h264 variable rate")).warnings)


def test_interlacing_is_warned_of(tmp_path: Path) -> None:
    options = FAST | {"x264-params": "tff=1:keyint=12"}
    path = write_movie(
        tmp_path / "i.mp4", [numbered(n) for n in range(24)], Recipe(options=options)
    )
    assert any("interlaced" in text for text in open_clip(path).warnings)


def test_a_single_frame_is_a_movie_too(tmp_path: Path) -> None:
    clip = open_clip(write_movie(tmp_path / "one.mp4", [numbered(5)]))
    assert len(clip.frames) == 1
    assert number_of(first(clip)) == 5


def test_names_that_look_like_addresses_or_patterns_are_files(tmp_path: Path) -> None:
    for name in ("concat:a.mp4", "shot %04d.mp4", "größe #1.mp4"):
        clip = open_clip(write_movie(tmp_path / name, [numbered(9)] * 2))
        assert number_of(first(clip)) == 9


def test_fingerprints_tell_footage_apart_and_nothing_else(tmp_path: Path) -> None:
    one = write_movie(tmp_path / "one.mp4", [numbered(1)] * 3)
    other = write_movie(tmp_path / "other.mp4", [numbered(2)] * 3)
    moved = tmp_path / "moved.mp4"
    moved.write_bytes(one.read_bytes())
    prints = [open_clip(path).fingerprint for path in (one, other, moved)]
    assert prints[0] == prints[2] != prints[1]


def test_a_group_of_pictures_that_begins_with_lost_frames_starts_at_the_first_sound_one(
    tmp_path: Path,
) -> None:
    options = FAST | {"x264-params": "open-gop=1:keyint=24:bframes=3:b-adapt=0:scenecut=0"}
    whole = write_movie(
        tmp_path / "whole.ts", [numbered(n) for n in range(COUNT)], Recipe(options=options)
    )
    cut = tmp_path / "cut.ts"
    data = whole.read_bytes()
    middle = len(data) * 4 // 10 // 188 * 188
    cut.write_bytes(data[: 188 * 3] + data[middle:])  # keeps the tables at the start
    clip = open_clip(cut)
    with ClipReader(clip) as reader:
        numbers = [number_of(reader.read(frame).rgb8()) for frame in clip.frames]
    assert numbers == list(range(COUNT - len(numbers), COUNT))
    assert len(numbers) > 24
