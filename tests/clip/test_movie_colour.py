"""Colours of movies come out as the file means them, or as the artist says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.clip import Clip, ClipReader, Interpretation, open_clip
from tests.media import Recipe, write_movie

PATCH = (200, 60, 40)
BT709, BT601, BT2020 = 1, 6, 9  # as ITU-T H.273 numbers matrices
LIMITED, FULL = 1, 2
SHARP = {"preset": "ultrafast", "qp": "1"}


def flat(colour: tuple[int, int, int], size: tuple[int, int], scale: int = 1) -> NDArray[Any]:
    image = np.empty((size[1], size[0], 3), np.uint16 if scale > 1 else np.uint8)
    image[:] = np.array(colour) * scale
    return image


def encoded(
    path: Path,
    *,
    matrix: str,
    tags: dict[str, int],
    size: tuple[int, int] = (320, 180),
    full: bool = False,
    colour: tuple[int, int, int] = PATCH,
) -> Path:
    convert = {"dst_colorspace": matrix, "dst_color_range": FULL if full else LIMITED}
    recipe = Recipe(pix_fmt="yuv444p", options=SHARP, tags=tags, convert=convert)
    return write_movie(path, [flat(colour, size)] * 3, recipe)


def middle(clip: Clip) -> NDArray[Any]:
    with ClipReader(clip) as reader:
        pixels = reader.read(clip.frames.first).pixels
    return np.asarray(pixels[pixels.shape[0] // 2, pixels.shape[1] // 2], dtype=int)


def test_an_untagged_hd_movie_is_taken_as_709(tmp_path: Path) -> None:
    path = encoded(tmp_path / "hd.mp4", matrix="ITU709", tags={}, size=(1280, 720))
    clip = open_clip(path)
    assert clip.colour == "BT.709 limited (assumed)"
    assert np.abs(middle(clip) - PATCH).max() <= 2


def test_an_untagged_sd_movie_is_taken_as_601(tmp_path: Path) -> None:
    clip = open_clip(encoded(tmp_path / "sd.mp4", matrix="ITU601", tags={}))
    assert clip.colour == "BT.601 limited (assumed)"
    assert np.abs(middle(clip) - PATCH).max() <= 2


@pytest.mark.parametrize(
    ("matrix", "tag", "name"),
    [("ITU709", BT709, "BT.709"), ("ITU601", BT601, "BT.601"), ("BT2020", BT2020, "BT.2020")],
)
def test_the_tagged_matrix_is_used_whatever_the_size(
    tmp_path: Path, matrix: str, tag: int, name: str
) -> None:
    tags = {"colorspace": tag, "color_range": LIMITED}
    clip = open_clip(encoded(tmp_path / "tagged.mp4", matrix=matrix, tags=tags))
    assert clip.colour == f"{name} limited"
    assert np.abs(middle(clip) - PATCH).max() <= 2


def test_the_artist_may_choose_another_matrix(tmp_path: Path) -> None:
    path = encoded(tmp_path / "wrong.mp4", matrix="ITU709", tags={})
    assert np.abs(middle(open_clip(path)) - PATCH).max() > 5
    clip = open_clip(path, Interpretation(matrix="709", range="limited"))
    assert clip.colour == "BT.709 limited"
    assert np.abs(middle(clip) - PATCH).max() <= 2


def test_full_range_stays_full(tmp_path: Path) -> None:
    tags = {"colorspace": BT709, "color_range": FULL}
    path = encoded(tmp_path / "full.mp4", matrix="ITU709", tags=tags, full=True)
    clip = open_clip(path)
    assert clip.colour == "BT.709 full"
    assert np.abs(middle(clip) - PATCH).max() <= 2
    white = encoded(tmp_path / "w.mp4", matrix="ITU709", tags=tags, full=True, colour=(255,) * 3)
    assert middle(open_clip(white)).tolist() == [255, 255, 255]
    assert middle(open_clip(white, Interpretation(range="limited"))).tolist() == [255, 255, 255]


def test_the_artist_may_choose_another_range(tmp_path: Path) -> None:
    grey = encoded(tmp_path / "g.mp4", matrix="ITU709", tags={}, colour=(128, 128, 128))
    as_limited = middle(open_clip(grey))
    as_full = middle(open_clip(grey, Interpretation(range="full")))
    assert np.abs(as_limited - 128).max() <= 1
    assert np.abs(as_full - 126).max() <= 1  # 16 + 128 x 219 / 255


def ten_bits(luma: NDArray[np.uint16]) -> av.VideoFrame:
    """A grey yuv444p10le frame with these luma codes."""
    height, width = luma.shape
    frame = av.VideoFrame(width, height, "yuv444p10le")
    for plane, codes in zip(frame.planes, (luma, luma * 0 + 512, luma * 0 + 512), strict=True):
        rows = np.zeros((height, plane.line_size // 2), "<u2")
        rows[:, :width] = codes
        plane.update(rows.tobytes())
    return frame


@pytest.mark.parametrize(("full", "black", "white"), [(False, 64, 940), (True, 0, 1023)])
def test_ten_bits_reach_white_and_keep_their_steps(
    tmp_path: Path, *, full: bool, black: int, white: int
) -> None:
    codes = np.linspace(black, white, 320).round().astype(np.uint16)
    frame = ten_bits(np.repeat(codes[None], 180, axis=0))
    tags = {"colorspace": BT709, "color_range": FULL if full else LIMITED}
    recipe = Recipe("ffv1", "yuv444p10le", options={"level": "3"}, tags=tags)
    clip = open_clip(write_movie(tmp_path / "ramp.mkv", [frame, frame], recipe))
    assert clip.bit_depth == 10
    with ClipReader(clip) as reader:
        picture = reader.read(clip.frames.first)
    assert picture.pixels.dtype == np.uint16
    meant = (codes.astype(float) - black) / (white - black) * 65535
    assert np.abs(picture.pixels[90, :, 1] - meant).max() <= 32  # half a step of ten bits
    assert picture.rgb8()[90, 0].tolist() == [0, 0, 0]
    assert picture.rgb8()[90, -1].tolist() == [255, 255, 255]


def test_rgb_movies_need_no_matrix(tmp_path: Path) -> None:
    recipe = Recipe("ffv1", "bgr0", options={"level": "3"})
    clip = open_clip(write_movie(tmp_path / "rgb.mkv", [flat(PATCH, (320, 180))] * 2, recipe))
    assert clip.colour == "RGB"
    assert middle(clip).tolist() == list(PATCH)


def test_alpha_is_dropped(tmp_path: Path) -> None:
    recipe = Recipe("prores_ks", "yuva444p10le", options={"profile": "4"})
    clip = open_clip(
        write_movie(tmp_path / "alpha.mov", [flat(PATCH, (320, 180), 257)] * 2, recipe)
    )
    with ClipReader(clip) as reader:
        assert reader.read(1001).pixels.shape == (180, 320, 3)


def test_grey_movies_become_rgb_over_the_whole_scale(tmp_path: Path) -> None:
    recipe = Recipe("ffv1", "gray", options={"level": "3"})
    clip = open_clip(write_movie(tmp_path / "g.mkv", [flat((90,) * 3, (320, 180))] * 2, recipe))
    full, limited = (
        middle(open_clip(clip.path, Interpretation(range="full"))),
        middle(open_clip(clip.path, Interpretation(range="limited"))),
    )
    assert full[0] == full[1] == full[2]
    assert np.abs(limited - (full - 16) * 255 / 219).max() <= 1


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_named_and_warned_of(
    tmp_path: Path, transfer: int, name: str
) -> None:
    tags = {"colorspace": BT2020, "color_range": LIMITED, "color_trc": transfer}
    clip = open_clip(encoded(tmp_path / "hdr.mp4", matrix="BT2020", tags=tags))
    assert clip.colour == f"BT.2020 limited {name}"
    assert any(name in warning for warning in clip.warnings)
