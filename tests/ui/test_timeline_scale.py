from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.frames import FrameRange
from app.ui.timeline_scale import Scale, label_step, merged, padded, runs, tick_step, timecode

SCALES = st.builds(
    lambda first, count, width, zoom, at: (
        Scale(FrameRange(first, first + count - 1), 100.0, width).fitted().zoomed(zoom, 100 + at)
    ),
    st.integers(-50, 5000),
    st.integers(1, 20000),
    st.floats(50, 4000),
    st.floats(1, 500),
    st.floats(0, 50),
)


@given(SCALES, st.floats(0, 1))
def test_the_middle_of_a_frame_lies_on_that_frame(scale: Scale, share: float) -> None:
    frame = scale.visible.first + int(share * (len(scale.visible) - 1))
    assert scale.frame_at(scale.centre_of(frame)) == frame


@given(SCALES, st.floats(0.01, 100), st.floats(0, 1))
def test_zoom_never_leaves_the_clip(scale: Scale, factor: float, share: float) -> None:
    zoomed = scale.zoomed(factor, scale.left + share * scale.width)
    assert zoomed.offset >= 0
    assert zoomed.offset + zoomed.width <= max(zoomed.content, zoomed.width) + 1e-6
    assert zoomed.pixels >= zoomed.fit_pixels - 1e-9


@given(SCALES, st.floats(0, 1), st.booleans())
def test_revealing_a_frame_shows_it(scale: Scale, share: float, by_page: bool) -> None:
    frame = scale.frames.first + int(share * (len(scale.frames) - 1))
    shown = scale.revealing(frame, by_page=by_page)
    assert shown.left - 1 <= shown.centre_of(frame) <= shown.right + 1


@given(st.floats(0.001, 90), st.floats(20, 120))
def test_numbers_on_the_ruler_have_room_and_ticks_divide_them(pixels: float, room: float) -> None:
    step = label_step(pixels, room)
    assert step * pixels >= room
    assert str(step).rstrip("0") in {"1", "2", "5"}
    assert step % tick_step(pixels, step) == 0


@given(st.sets(st.integers(0, 300)))
def test_runs_hold_exactly_the_frames(frames: set[int]) -> None:
    found = runs(frames)
    assert {frame for first, last in found for frame in range(first, last + 1)} == frames
    assert all(after[0] > before[1] + 1 for before, after in pairwise(found))


def test_runs_closer_than_a_pixel_become_one_and_hidden_ones_go() -> None:
    found = [(1, 2), (4, 5), (40, 50), (90, 99)]
    assert merged(found, FrameRange(0, 60), 2) == [(1, 5), (40, 50)]
    assert merged(found, FrameRange(45, 47), 1)[-1] == (40, 50)
    assert merged([(60, 70), (72, 80)], FrameRange(0, 60), 1) == [(60, 70)]
    assert merged([], FrameRange(0, 60), 1) == []


@pytest.mark.parametrize(
    ("frame", "frames", "text"),
    [(7, FrameRange(1, 99), "0007"), (1001, FrameRange(1001, 1132), "1001"),
     (9, FrameRange(1, 12000), "00009")],
)  # fmt: skip
def test_numbers_are_padded_to_the_longest_of_the_clip(
    frame: int, frames: FrameRange, text: str
) -> None:
    assert padded(frame, frames) == text


def test_timecode_counts_minutes_seconds_and_frames() -> None:
    assert timecode(1001 + 24 * 61 + 5, 1001, Fraction(24)) == "01:01:05"
    assert timecode(1025, 1001, Fraction(24000, 1001)) == "00:01:00"
