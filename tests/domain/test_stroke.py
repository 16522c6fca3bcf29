"""Strokes as pictures: where they lie, how soft their edge is, what they leave alone."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, pi

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.domain.mask import Mask, MaskError, finest, upsample
from app.domain.matte import coverage
from app.domain.stroke import Stroke, thinnest

SIZE = (60, 40)
Places = list[tuple[float, float]]
places = st.lists(st.tuples(st.floats(-20, 80), st.floats(-20, 60)), min_size=1, max_size=4)
diameters = st.floats(2, 30)
few = settings(max_examples=60, deadline=None)


def stroke(
    way: Places,
    diameter: float = 10,
    before: Mask | None = None,
    size: tuple[int, int] = SIZE,
    *,
    include: bool = True,
    aspect: float = 1.0,
) -> Stroke:
    made = Stroke(before, size, diameter, include=include, aspect=aspect)
    for x, y in way:
        made.go_to(x, y)
    return made


def matte(mask: Mask, size: tuple[int, int] = SIZE) -> NDArray[np.float32]:
    """What is exported, 0..1."""
    return coverage(upsample(mask, size))


def painted(way: Places, diameter: float = 10) -> NDArray[np.float32]:
    return matte(stroke(way, diameter).mask())


def soft_mask(seed: int, size: tuple[int, int] = SIZE) -> Mask:
    """A mask of clip size with some of everything, as an import or another stroke gives."""
    logits = np.random.default_rng(seed).normal(0, 4, size[::-1]).astype(np.float16)
    window = (0.0, 0.0, float(size[0]), float(size[1]))
    return Mask.pack(logits, window=window, prompt=None, model="", score=1.0)


@few
@given(st.floats(20, 30), st.floats(15, 25), st.floats(2, 24))
def test_a_dot_is_as_large_as_the_brush_wherever_it_lies(x: float, y: float, wide: float) -> None:
    """The straight edges that a matte is made of tell small curves a little large."""
    rel = 0.12 if wide < 4 else 0.03
    assert painted([(x, y)], wide).sum() == pytest.approx(pi * (wide / 2) ** 2, rel=rel)


@few
@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_a_dot_lies_where_it_was_put_to_a_fraction_of_a_pixel(x: float, y: float) -> None:
    alpha = painted([(30 + x, 20 + y)], 12)
    rows, columns = np.mgrid[0:40, 0:60] + 0.5
    middle = (alpha * columns).sum() / alpha.sum(), (alpha * rows).sum() / alpha.sum()
    assert middle == pytest.approx((30 + x, 20 + y), abs=0.02)


@pytest.mark.parametrize("wide", [2, 3, 7.5, 20])
def test_a_dot_is_the_same_from_all_sides(wide: float) -> None:
    alpha = painted([(30, 20)], wide)
    assert alpha.max() > 0.5
    for other in (alpha[::-1], alpha[:, ::-1], np.pad(alpha, ((10, 10), (0, 0))).T[10:-10]):
        assert np.abs(alpha - other).max() < 0.01


def test_the_edge_is_one_pixel_wide_and_lies_at_the_radius() -> None:
    row = painted([(30.5, 20.5)], 20)[20]
    assert row[:20].max() == 0
    assert row[20:41] == pytest.approx([0.5, *[1] * 19, 0.5], abs=0.01)
    quarter = painted([(30.75, 20.5)], 20)[20]
    assert quarter[[20, 21, 40]] == pytest.approx([0.25, 1, 0.75], abs=0.02)


@few
@given(places, diameters, st.integers(-7, 7), st.integers(-5, 5))
def test_moved_by_whole_pixels_it_is_the_very_same(
    way: Places, wide: float, right: int, down: int
) -> None:
    large = (160, 140)
    here = matte(stroke([(x + 50, y + 50) for x, y in way], wide, size=large).mask(), large)
    way = [(x + 50 + right, y + 50 + down) for x, y in way]
    there = matte(stroke(way, wide, size=large).mask(), large)
    assert np.abs(np.roll(here, (down, right), (0, 1)) - there).max() < 0.01


@few
@given(places, diameters)
def test_it_is_cut_at_the_borders_of_the_picture(way: Places, wide: float) -> None:
    """What is beside the picture changes nothing in it, but for the border's own half pixels."""
    large = (160, 140)
    whole = stroke([(x + 50, y + 50) for x, y in way], wide, size=large).mask()
    inside = matte(whole, large)[50:90, 50:110]
    assert np.abs(painted(way, wide) - inside)[1:-1, 1:-1].max() < 0.01


@few
@given(places, diameters)
def test_what_is_added_and_taken_away_again_is_gone(way: Places, wide: float) -> None:
    mask = stroke(way, wide).mask()
    assert stroke(way, wide, mask, include=False).mask().empty


@few
@given(places, diameters)
def test_taking_away_is_adding_to_what_is_outside(way: Places, wide: float) -> None:
    full = stroke([(30, 20)], 200).mask()
    left = matte(stroke(way, wide, full, include=False).mask())
    assert np.abs(left + painted(way, wide) - 1).max() < 0.01


@few
@given(places, diameters, st.integers(0, 99), st.booleans())
def test_where_the_brush_did_not_go_the_mask_stays_to_the_last_step(
    way: Places, wide: float, seed: int, include: bool
) -> None:
    before = soft_mask(seed)
    after = stroke(way, wide, before, include=include).mask()
    rows, columns = np.mgrid[0:40, 0:60] + 0.5
    near = np.zeros((40, 60), np.bool_)
    for (x0, y0), (x1, y1) in zip(way, way[1:] or way, strict=False):
        for part in np.linspace(0, 1, 200):
            x, y = x0 + part * (x1 - x0), y0 + part * (y1 - y0)
            near |= np.hypot(columns - x, rows - y) < wide / 2 + 3.5
    assert (after.logits() == before.logits())[~near].all()


@few
@given(places, diameters, st.integers(0, 99), st.booleans())
def test_what_is_seen_while_painting_is_what_is_exported(
    way: Places, wide: float, seed: int, include: bool
) -> None:
    made = stroke(way, wide, soft_mask(seed), include=include)
    assert np.abs(made.matte - 255.0 * matte(made.mask())).max() <= 2


@few
@given(places, diameters, st.integers(0, 99), st.booleans())
def test_the_same_stroke_again_changes_nothing(
    way: Places, wide: float, seed: int, include: bool
) -> None:
    once = stroke(way, wide, soft_mask(seed), include=include).mask()
    twice = stroke(way, wide, once, include=include).mask()
    assert np.abs(matte(twice) - matte(once)).max() < 0.02


def test_a_line_is_the_same_in_one_go_and_in_many() -> None:
    many = [(10 + part * 40, 8 + part * 20) for part in np.linspace(0, 1, 23)]
    assert np.abs(painted(many) - painted([many[0], many[-1]])).max() < 0.01
    area = pi * 25 + 10 * hypot(40, 20)
    assert painted(many).sum() == pytest.approx(area, rel=0.01)


def test_unsure_pixels_around_do_not_blur_it() -> None:
    window = (0.0, 0.0, 60.0, 40.0)
    unsure = np.full((40, 60), -0.1, np.float16)
    mask = Mask.pack(unsure, window=window, prompt=None, model="", score=1.0)
    over = matte(stroke([(20, 20), (40, 24)], before=mask).mask())
    assert np.abs(over - painted([(20, 20), (40, 24)])).max() < 0.01


def test_a_mask_of_the_model_is_gone_on_with() -> None:
    logits = np.full((8, 8), -6, np.float16)
    logits[2:6, 2:6] = 6
    mask = Mask.pack(logits, window=(0, 0, 60, 60), prompt=None, model="m", score=0.5)
    made = stroke([(5, 35)], 6, mask).mask()
    assert (made.prompt, made.model, made.shape) == (None, "", (40, 60))
    assert np.abs(matte(made) - np.maximum(matte(mask), painted([(5, 35)], 6))).max() < 0.02


def test_it_is_round_on_the_screen_where_pixels_are_not_square() -> None:
    alpha = matte(stroke([(30, 20)], 20, aspect=2.0).mask())
    assert alpha[20].sum() == pytest.approx(10, abs=0.2)
    assert alpha[:, 30].sum() == pytest.approx(20, abs=0.2)


def test_of_a_large_clip_the_mask_is_as_fine_as_masks_are() -> None:
    size = (3840, 2160)
    made = stroke([(1000, 700), (1400, 700)], 100, size=size)
    mask = made.mask()
    assert mask.shape == finest(size) == (1152, 2048)
    assert made.matte.shape == (2160, 3840)
    alpha = matte(mask, size)
    assert alpha.sum() == pytest.approx(pi * 50**2 + 400 * 100, rel=0.005)
    assert np.nonzero(alpha > 0.5)[1].mean() + 0.5 == pytest.approx(1200, abs=0.5)
    again = stroke([(3000, 1500)], 100, mask, size)
    assert (again.mask().logits() == mask.logits())[:, :1500].all()


@pytest.mark.parametrize("include", [True, False])
def test_on_a_large_clip_too_what_is_seen_is_what_is_exported(include: bool) -> None:
    size = (2100, 500)
    rng = np.random.default_rng(4)
    coarse = cv2.resize(rng.normal(0, 5, (60, 256)).astype(np.float32), (256, 60))
    window = (0.0, 0.0, 2100.0, 60 * 2100 / 256)  # as a model answers
    before = Mask.pack(coarse.astype(np.float16), window=window, prompt=None, model="", score=1.0)
    made = stroke([(300, 100), (700.3, 260.8), (2090, 490)], 60, before, size, include=include)
    seen, kept = made.matte.astype(int), np.rint(matte(made.mask(), size) * 255).astype(int)
    assert np.abs(seen - kept).max() <= 2


def test_a_stroke_that_leaves_all_as_it_is_has_changed_nothing() -> None:
    beside = stroke([(-40, 20)], 20)
    assert not beside.changed
    mask = stroke([(30, 20)], 30).mask()
    assert not stroke([(30, 20)], 8, mask).changed
    assert not stroke([(2, 2)], 3, mask, include=False).changed
    assert stroke([(44, 20)], 8, mask).changed


@pytest.mark.parametrize("aspect", [0.5, 2.0])
def test_the_thinnest_line_has_no_holes_where_pixels_are_not_square(aspect: float) -> None:
    for offset in np.linspace(0, 2, 9):
        way = [(20 + offset, 3.0), (22 + offset, 37.0)]
        made = stroke(way, thinnest(SIZE, aspect), aspect=aspect)
        assert (upsample(made.mask(), SIZE) > 0)[4:-4].any(axis=1).all()


@pytest.mark.parametrize("size", [SIZE, (3840, 2160)])
def test_the_thinnest_line_has_no_holes(size: tuple[int, int]) -> None:
    for offset in np.linspace(0, 2, 9):
        way = [(3.0, 12 + offset), (size[0] - 3.0, 14 + 2 * offset)]
        inside = upsample(stroke(way, thinnest(size), size=size).mask(), size) > 0
        assert inside[:, 4:-4].any(axis=0).all()


def test_a_damaged_mask_is_told() -> None:
    broken = replace(soft_mask(1), data=soft_mask(1).data[:50])
    with pytest.raises(MaskError):
        Stroke(broken, SIZE, 5)
