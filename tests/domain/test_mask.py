"""Masks: how exactly they keep what the model said, and what they do with damage."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from app.domain.mask import LONGEST_SIDE, Mask, MaskError, checked_shape, upsample
from tests.clip.test_hostile_files import png

Logits = NDArray[np.float32]

grids = arrays(
    np.float16,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.floats(-60, 60, width=16),
)


def packed(logits: NDArray[np.float16]) -> Mask:
    return Mask.pack(logits, window=(0, 0, 9, 9), prompt=None, model="fake", score=1.0)


def soft(logits: NDArray[np.float16]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


@given(grids)
def test_a_mask_keeps_the_soft_coverage_to_ten_bits(logits: NDArray[np.float16]) -> None:
    kept = packed(logits).logits()
    assert kept.shape == logits.shape
    assert np.abs(soft(kept) - soft(logits)).max() <= 1 / 1022


@given(grids)
def test_a_mask_keeps_every_pixel_on_its_side_of_the_border(logits: NDArray[np.float16]) -> None:
    assert np.array_equal(packed(logits).logits() > 0, logits > 0)


@given(grids)
def test_packing_what_was_kept_changes_nothing(logits: NDArray[np.float16]) -> None:
    mask = packed(logits)
    assert packed(mask.logits()).data == mask.data


def test_near_the_border_a_logit_is_kept_to_a_two_hundred_and_fiftieth() -> None:
    logits = np.linspace(-0.5, 0.5, 2000, dtype=np.float16).reshape(40, 50)
    error = np.abs(packed(logits).logits().astype(float) - logits)
    assert error.max() <= 1 / 250


def test_any_viewer_shows_the_inside_as_bright() -> None:
    mask = packed(np.array([[-9, -0.1, 0.1, 9]], np.float16))
    grey = cv2.imdecode(np.frombuffer(mask.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert grey is not None
    assert grey.dtype == np.uint16
    assert list(grey[0] > 32768) == [False, False, True, True]
    assert grey[0, 0] < 256
    assert grey[0, 3] > 65280


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (333, 500), (97, 61), (64, 64)])
def test_what_lies_below_the_clip_is_left_out_and_nothing_else(size: tuple[int, int]) -> None:
    logits = np.random.default_rng(3).normal(0, 4, (64, 64)).astype(np.float16)
    side = float(max(size))
    facts = {"window": (0.0, 0.0, side, side), "prompt": None, "model": "fake", "score": 1.0}
    whole = Mask.pack(logits, **facts)  # type: ignore[arg-type]
    cropped = Mask.cropped(logits, size, **facts)  # type: ignore[arg-type]
    assert np.array_equal(upsample(cropped, size), upsample(whole, size))
    assert cropped.shape[0] <= 64 * size[1] / side + 2


def test_a_damaged_mask_says_so() -> None:
    mask = packed(np.zeros((8, 8), np.float16))
    data = bytearray(mask.data)
    data[-20] ^= 0xFF
    broken = Mask(bytes(data), mask.shape, mask.window, None, "fake", 1.0)
    with pytest.raises(MaskError, match="damaged"):
        broken.logits()


def test_a_mask_of_another_size_than_noted_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    mask = packed(np.zeros((8, 8), np.float16))
    with pytest.raises(MaskError, match="size"):
        Mask(mask.data, (8, 9), mask.window, None, "fake", 1.0).logits()


def test_a_picture_of_another_kind_is_no_mask() -> None:
    with pytest.raises(MaskError, match="damaged"):
        Mask(png(8, 8), (8, 8), (0, 0, 8, 8), None, "fake", 1.0).logits()


@pytest.mark.parametrize("data", [b"", b"GIF89a", png(LONGEST_SIDE + 1, 1), png(1, 0)[:40]])
def test_what_cannot_be_a_mask_is_refused_by_its_header(data: bytes) -> None:
    with pytest.raises(MaskError):
        checked_shape(data)
