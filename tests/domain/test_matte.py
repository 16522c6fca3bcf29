"""Mattes: crisp, antialiased, and true to the mask they come from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from app.domain import matte
from app.domain.mask import Mask
from app.domain.project import Layer

Logits = NDArray[np.float32]

finite = st.floats(-60, 60, width=32)
grids = arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=finite)


def layer_with(logits: Logits, window: tuple[float, float, float, float]) -> Layer:
    mask = Mask.pack(logits.astype(np.float16), window=window, prompt=None, model="fake", score=1.0)
    return Layer("a", "Rabbit", masks={1001: mask})


def disc(size: int, radius: float, centre: tuple[float, float], steepness: float) -> Logits:
    """Logits above 0 inside a circle; centre and radius in pixels."""
    y, x = np.mgrid[:size, :size] + 0.5
    distance = radius - np.hypot(x - centre[0], y - centre[1])
    logits: Logits = (steepness * distance).astype(np.float32)
    return logits


def straight_edge(angle: float, offset: float, steepness: float) -> tuple[Logits, Logits]:
    """Logits above 0 on one side of a line through a 32 x 32 frame, and the true coverage."""
    fine = 16
    y, x = (np.mgrid[: 32 * fine, : 32 * fine] + 0.5) / fine - 16
    side = np.cos(angle) * x + np.sin(angle) * y + offset
    truth = (side > 0).reshape(32, fine, 32, fine).mean(axis=(1, 3), dtype=np.float32)
    y, x = np.mgrid[:32, :32] + 0.5 - 16
    return (steepness * (np.cos(angle) * x + np.sin(angle) * y + offset)).astype(np.float32), truth


def test_a_frame_without_a_mask_has_no_matte() -> None:
    layer = layer_with(np.ones((4, 4), np.float32), (0, 0, 4, 4))
    assert matte.alpha(layer, 1002, (4, 4)) is None
    assert matte.binary(layer, 1002, (4, 4)) is None


def test_the_matte_has_the_size_of_the_clip_whatever_the_mask_has() -> None:
    layer = layer_with(disc(16, 5, (8, 8), 3), (0, 0, 48, 48))
    alpha = matte.alpha(layer, 1001, (48, 27))
    assert alpha is not None
    assert alpha.shape == (27, 48)
    assert alpha.dtype == np.float32


@given(grids)
def test_coverage_is_at_least_half_exactly_where_the_logit_is_positive(logits: Logits) -> None:
    alpha = matte.coverage(logits)
    np.testing.assert_array_equal(alpha >= 0.5, logits > 0)
    assert alpha.min() >= 0
    assert alpha.max() <= 1


@given(grids)
def test_eight_bits_keep_the_same_side_of_the_edge(logits: Logits) -> None:
    codes = np.rint(matte.coverage(logits) * 255)
    np.testing.assert_array_equal(codes >= 128, logits > 0)


@given(grids)
def test_the_binary_matte_is_the_matte_at_one_half(logits: Logits) -> None:
    layer = layer_with(logits, (0, 0, 20, 20))
    alpha, binary = (ask(layer, 1001, (20, 15)) for ask in (matte.alpha, matte.binary))
    assert alpha is not None
    assert binary is not None
    np.testing.assert_array_equal(alpha >= 0.5, binary)


@pytest.mark.parametrize("radius", [1.5, 4.0, 10.3, 40.0])
@pytest.mark.parametrize("centre", [(50.0, 50.0), (50.5, 49.75)])
@pytest.mark.parametrize("steepness", [0.01, 1.0, 30.0])
def test_the_area_of_a_disc_is_right_to_one_percent_whatever_the_steepness(
    radius: float, centre: tuple[float, float], steepness: float
) -> None:
    area = matte.coverage(disc(100, radius, centre, steepness)).sum(dtype=np.float64)
    truth = np.pi * radius**2
    assert area == pytest.approx(truth, rel=0.01 if radius > 2 else 0.06)


@given(st.floats(0, 2 * np.pi), st.floats(-3, 3), st.sampled_from([0.05, 1.0, 40.0]))
def test_a_straight_edge_covers_what_it_covers(
    angle: float, offset: float, steepness: float
) -> None:
    logits, truth = straight_edge(angle, offset, steepness)
    # The truth is itself counted on 16 x 16 samples a pixel: 1/32 on an edge along a pixel row.
    np.testing.assert_allclose(matte.coverage(logits)[1:-1, 1:-1], truth[1:-1, 1:-1], atol=0.04)


def test_the_edge_is_one_pixel_wide_and_a_diagonal_one_at_most_two() -> None:
    upright, _ = straight_edge(0, 0.3, 0.02)
    partial = (matte.coverage(upright) % 1 != 0).sum(axis=1)
    assert partial.max() == 1
    diagonal, _ = straight_edge(np.pi / 4, 0.3, 0.02)
    partial = (matte.coverage(diagonal) % 1 != 0).sum(axis=1)
    assert partial.max() == 2


def test_an_edge_moves_smoothly_with_the_object() -> None:
    totals = [
        float(matte.coverage(straight_edge(0, offset, 5)[0])[5].sum())
        for offset in np.linspace(-1, 1, 21)
    ]
    np.testing.assert_allclose(np.diff(totals), 0.1, atol=1e-3)


def test_a_flat_region_near_zero_is_wholly_inside_or_outside() -> None:
    for level in (1e-6, 0.2):
        assert (matte.coverage(np.full((5, 5), level, np.float32)) == 1).all()
        assert (matte.coverage(np.full((5, 5), -level, np.float32)) == 0).all()
    assert (matte.coverage(np.zeros((5, 5), np.float32)) == 0).all()


def test_the_border_of_the_window_cuts_between_two_pixels() -> None:
    layer = layer_with(np.full((4, 4), 30, np.float32), (2, 1, 6, 5))
    alpha = matte.alpha(layer, 1001, (9, 8))
    expected = np.zeros((8, 9), np.float32)
    expected[1:5, 2:6] = 1
    assert alpha is not None
    np.testing.assert_array_equal(alpha, expected)


def test_an_object_cut_by_the_frame_is_whole_to_its_last_pixel() -> None:
    edge, _ = straight_edge(0, 3, 1)
    alpha = matte.coverage(edge)
    assert (alpha[:, -1] == 1).all()
    assert (alpha[0] == alpha[-1]).all()
