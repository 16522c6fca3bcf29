"""Footage that is found again is told from other footage, in a sentence that says how."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.clip import Clip, Interpretation, open_clip
from app.domain.footage import Match, compare
from app.domain.frames import FrameRange
from tests.clip.stored import images, movie, stored

USED = frozenset({1001, 1004})
NONE: frozenset[int] = frozenset()


def fit(wanted: Clip, path: Path, used: frozenset[int] = USED) -> Match:
    return compare(wanted, open_clip(path, wanted.interpretation), used)


def test_moved_and_renamed_movies_are_the_same(tmp_path: Path) -> None:
    wanted = stored(movie(tmp_path / "plate.mp4"))
    shutil.move(tmp_path / "plate.mp4", tmp_path / "take two.mov")
    said = "take two.mov is the footage the project was made on."
    assert fit(wanted, tmp_path / "take two.mov") == Match("same", said)


def test_copied_and_renamed_sequences_are_the_same(tmp_path: Path) -> None:
    wanted = stored(images(tmp_path / "shot" / "plate.#.png", range(1001, 1005)))
    images(tmp_path / "copy" / "bg_#.png", range(1001, 1005))
    assert fit(wanted, tmp_path / "copy").kind == "same"


def test_a_movie_replaced_in_place_is_other_footage(tmp_path: Path) -> None:
    path = movie(tmp_path / "plate.mp4")
    wanted = stored(path)
    movie(path, range(50, 56))
    said = "plate.mp4 has as many frames of the same size, but other content."
    assert fit(wanted, path) == Match("other", said)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (range(1001, 1031), "has 24 frames more"),
        (range(1001, 1006), "has 1 frame fewer"),
        (range(1000, 1006), "starts at frame 1000 instead of 1001"),
        (range(999, 1007), "has 2 frames more and starts at frame 999 instead of 1001"),
        ([1001, 1002, 1004, 1006], "has 2 gaps more"),
        ([1001, *range(1003, 1008)], "has 1 frame more and has 1 gap more"),
    ],
)
def test_other_footage_says_how_it_differs(
    tmp_path: Path, frames: list[int] | range, said: str
) -> None:
    wanted = stored(images(tmp_path / "was" / "plate.#.png", range(1001, 1007)))
    found = images(tmp_path / "now" / "plate.#.png", frames)
    assert fit(wanted, found) == Match("other", f"plate.####.png {said}.")


def test_a_movie_may_stand_in_for_a_sequence(tmp_path: Path) -> None:
    wanted = stored(images(tmp_path / "shot" / "plate.#.png", range(1001, 1007)))
    said = "plate.mov is a movie instead of an image sequence."
    assert fit(wanted, movie(tmp_path / "plate.mov")) == Match("other", said)
    said = "plate.####.png is an image sequence instead of a movie and has 1 frame fewer."
    found = images(tmp_path / "cut" / "plate.#.png", range(1001, 1006))
    assert fit(stored(tmp_path / "plate.mov"), found) == Match("other", said)


def test_another_picture_size_cannot_be_used(tmp_path: Path) -> None:
    wanted = stored(movie(tmp_path / "plate.mp4"))
    found = movie(tmp_path / "proxy" / "plate.mp4", size=(352, 192))
    said = "plate.mp4 is 352 x 192, the project was made on 320 x 180."
    assert fit(wanted, found, NONE) == Match("unfit", said)


def test_footage_without_the_frames_that_are_used_cannot_be_used(tmp_path: Path) -> None:
    wanted = stored(images(tmp_path / "shot" / "plate.#.png", range(1001, 1007)))
    found = images(tmp_path / "cut" / "plate.#.png", range(1001, 1005))
    assert fit(wanted, found, USED).kind == "other"
    has = "plate.####.png has the frames 1001 to 1004, but the project has prompts or masks on "
    for lost, which in (({1005}, "frame 1005"), ({1006, 1005}, "2 frames from 1005 on")):
        said = f"{has}{which}; choose footage that has them."
        assert fit(wanted, found, USED | lost) == Match("unfit", said)


def test_a_used_frame_may_be_a_gap(tmp_path: Path) -> None:
    wanted = stored(images(tmp_path / "shot" / "plate.#.png", range(1001, 1007)))
    found = images(tmp_path / "cut" / "plate.#.png", [1001, 1002, 1006])
    assert fit(wanted, found, frozenset({1004})).kind == "other"


def test_the_interpretation_of_the_project_numbers_a_movie(tmp_path: Path) -> None:
    path = movie(tmp_path / "plate.mp4")
    first = Interpretation(first_frame=1)
    wanted = open_clip(path, first)
    assert wanted.frames == FrameRange(1, 6)
    assert compare(wanted, open_clip(path, first), frozenset({1})).kind == "same"
    said = "plate.mp4 starts at frame 1001 instead of 1."
    assert compare(wanted, open_clip(path), NONE) == Match("other", said)
    assert compare(wanted, open_clip(path), frozenset({1})).kind == "unfit"


def test_touched_files_are_the_same_footage(tmp_path: Path) -> None:
    clip = open_clip(images(tmp_path / "plate.#.png", range(1001, 1003)))
    touched = replace(clip, fingerprint=replace(clip.fingerprint, stamp="later"))
    assert compare(clip, touched, NONE).kind == "same"
