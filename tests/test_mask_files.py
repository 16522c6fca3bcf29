"""Masks made elsewhere: which file is for which frame, and what its picture says."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.domain.clip_facts import ClipError
from app.domain.mask import LONGEST_SIDE, upsample
from app.mask_files import mask_files
from app.mask_picture import coverage_of, mask_of, read_mask_file
from tests.project.values import SIZE, plain_clip

CLIP = plain_clip()  # 1001 to 1100, 640 x 360
PLAYHEAD = 1050


def touched(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return [folder / name for name in names]


def found(paths: list[Path]) -> dict[int, str]:
    return {frame: path.name for frame, path in mask_files(paths, CLIP, PLAYHEAD).files.items()}


def test_frame_numbers_are_those_in_the_names(tmp_path: Path) -> None:
    paths = touched(tmp_path, "m.1003.png", "m.1001.png", "other_1002.png")
    assert found(paths) == {1001: "m.1001.png", 1002: "other_1002.png", 1003: "m.1003.png"}


def test_a_folder_is_its_sequence(tmp_path: Path) -> None:
    touched(tmp_path / "masks", "m.1002.png", "m.1001.png", "notes.txt", ".m.1003.png")
    assert found([tmp_path / "masks"]) == {1001: "m.1001.png", 1002: "m.1002.png"}


def test_names_without_numbers_follow_each_other_from_the_playhead(tmp_path: Path) -> None:
    paths = touched(tmp_path, "b.png", "a.png")
    assert found(paths) == {1050: "a.png", 1051: "b.png"}
    assert found(touched(tmp_path, "rabbit.png")) == {1050: "rabbit.png"}


def test_frames_that_the_clip_has_not_are_told(tmp_path: Path) -> None:
    paths = touched(tmp_path, "m.1000.png", "m.1100.png", "m.1101.png")
    there = mask_files(paths, CLIP, PLAYHEAD)
    assert (list(there.files), there.beyond) == ([1100], (1000, 1101))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["m.1.png", "m.2.png"], r"for frames 1-2, rabbit has 1001-1100; give the files"),
        (["m.1001.png", "m.png"], r"m\.png has no frame number where other files have one; name"),
        (["a.1001.png", "b.1001.png"], r"a\.1001\.png and b\.1001\.png are both for frame 1001"),
    ],
)
def test_names_that_say_no_one_thing_are_refused(
    tmp_path: Path, names: list[str], sentence: str
) -> None:
    with pytest.raises(ClipError, match=sentence):
        mask_files(touched(tmp_path, *names), CLIP, PLAYHEAD)


def test_a_folder_of_several_sequences_is_refused(tmp_path: Path) -> None:
    touched(tmp_path / "masks", "a.1001.png", "a.1002.png", "b.1001.png")
    with pytest.raises(ClipError, match=r"masks holds several sequences \(a\.####\.png, b"):
        mask_files([tmp_path / "masks"], CLIP, PLAYHEAD)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    touched(tmp_path / "masks", "notes.txt")
    with pytest.raises(ClipError, match="masks holds no images; choose a folder of PNG"):
        mask_files([tmp_path / "masks"], CLIP, PLAYHEAD)


def test_a_matte_comes_back_as_it_was(tmp_path: Path) -> None:
    """Softness too, to one step in 255."""
    grey = np.tile(np.linspace(0, 255, SIZE[0]).astype(np.uint8), (SIZE[1], 1))
    path = tmp_path / "m.png"
    cv2.imwrite(str(path), grey)
    mask = read_mask_file(path, CLIP)
    alpha = 1 / (1 + np.exp(-upsample(mask, SIZE)))
    assert np.abs(alpha * 255 - grey).max() <= 1
    assert np.array_equal(upsample(mask, SIZE) > 0, grey > 127)
    assert mask.prompt is None
    assert not mask.empty


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.png"
    cv2.imwrite(str(path), np.zeros((36, 64), np.uint8))
    with pytest.raises(ClipError, match=r"m\.png is 64 x 36 pixels where rabbit is 640 x 360; ex"):
        read_mask_file(path, CLIP)


def test_a_black_mask_says_that_the_object_is_absent() -> None:
    assert mask_of(np.zeros((360, 640), np.float32)).empty


def test_a_mask_larger_than_masks_can_be_is_shrunk_and_keeps_its_place() -> None:
    size = (4096, 2160)
    coverage = np.zeros(size[::-1], np.float32)
    coverage[1000:1100, 2000:2200] = 1
    mask = mask_of(coverage)
    assert max(mask.shape) == LONGEST_SIDE
    inside = upsample(mask, size) > 0
    assert (inside != (coverage > 0.5)).sum() <= 1200  # two pixels along its border


@pytest.mark.parametrize(
    ("values", "inside"),
    [
        (np.array([[0, 127, 128, 255]], np.uint8), [0, 0, 1, 1]),
        (np.array([[0, 1, 2, 3]], np.uint8), [0, 1, 1, 1]),  # numbers of objects
        (np.array([[0, 40_000, 65_535, 1]], np.uint16), [0, 1, 1, 0]),
        (np.array([[0, 0.4, 1, 9]], np.float32), [0, 0, 1, 1]),
    ],
)
def test_what_is_inside(values: np.ndarray[tuple[int, int]], inside: list[int]) -> None:
    pixels = np.repeat(values[:, :, None], 3, axis=2)
    assert ((coverage_of(pixels) > 0.5) == np.array([inside], bool)).all()
