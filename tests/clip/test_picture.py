"""Pictures keep their depth, and show as 8 bits."""

from __future__ import annotations

import numpy as np
import pytest

from app.domain.picture import Picture


def test_eight_bits_show_as_they_are() -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert np.array_equal(Picture(pixels).rgb8(), pixels)


def test_sixteen_bits_are_rounded_to_eight() -> None:
    every = np.arange(65536, dtype=np.uint16)
    shown = Picture(np.stack([every] * 3, axis=-1)[None]).rgb8()[0, :, 0]
    assert np.abs(shown - every / 257).max() <= 0.5
    assert np.array_equal(shown[::257], np.arange(256))


def test_every_eight_bit_code_survives_linear_light_and_back() -> None:
    code = np.arange(256) / 255
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    pixels = np.stack([light.astype(np.float32)] * 3, axis=-1)[None]
    assert np.array_equal(Picture(pixels).rgb8()[0, :, 1], np.arange(256))


def test_light_beyond_the_screen_is_black_or_white() -> None:
    values = np.array([-1, np.nan, -np.inf, 1.5, 1e30, np.inf], np.float32)
    shown = Picture(np.stack([values] * 3, axis=-1)[None]).rgb8()[0, :, 0]
    assert shown.tolist() == [0, 0, 0, 255, 255, 255]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_pixels_can_be_written_by_nobody(dtype: type[np.generic]) -> None:
    picture = Picture(np.zeros((4, 5, 3), dtype))
    shown = picture.rgb8()
    assert shown.flags.c_contiguous
    assert not shown.flags.writeable
    assert not picture.pixels.flags.writeable


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 4), (1, 4, 5, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a picture is"):
        Picture(np.zeros(shape, np.uint8))
