"""Which pixels of a mask's picture are inside."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.cli_mask_file import read_mask
from app.domain.clip import Clip, open_clip
from tests.cli.disc import SIZE


@pytest.fixture
def opened(clip: Path) -> Clip:
    """The tiny clip."""
    return open_clip(clip)


@pytest.mark.parametrize(
    ("kind", "around", "object_", "stray"),
    [
        (np.uint8, 0, 255, 0),
        (np.uint8, 80, 140, 140),  # the brightest moves no border
        (np.uint8, 0, 1, 0),  # an id
        (np.uint8, 0, 90, 2),  # dim
        (np.uint16, 30000, 36000, 65535),
        (np.uint16, 0, 255, 1),  # 8 bits in a file of 16
    ],
)
def test_inside_is_what_is_brighter_than_half_of_white_else_than_black(
    opened: Clip, tmp_path: Path, kind: type[np.uint8 | np.uint16],
    around: int, object_: int, stray: int,
) -> None:  # fmt: skip
    picture = np.full(SIZE[::-1], around, kind)
    picture[20:40, 30:60] = object_
    picture[0, 0] = stray
    cv2.imwrite(str(tmp_path / "mask.png"), picture)
    wanted = np.zeros(SIZE[::-1], bool)
    wanted[20:40, 30:60] = True
    wanted[0, 0] = stray > 0
    assert np.array_equal(read_mask(tmp_path / "mask.png", opened).inside, wanted)
