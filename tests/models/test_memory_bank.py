"""The rules of the bank, each by itself; that they are the original's, tests/convert shows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import ModelError
from models.memory_bank import (
    Gathered,
    Moment,
    Remembered,
    as_bf16,
    as_float,
    gather,
    nearest,
    pruned,
    reach,
)
from models.memory_record import record_of, remembered_of
from models.tracking import TrackOptions
from models.tracking_rules import TrackingRules

TOKENS, CHANNELS, WIDTH = 5, 3, 4  # not square, so that nothing can be taken for a grid
RULES = TrackingRules(tokens=TOKENS, channels=CHANNELS)
ALL = TrackOptions(conditioning=0)


def remembered(frame: int) -> Remembered:
    """A memory that tells which frame it is of."""
    tokens = np.full((TOKENS, CHANNELS), frame, np.float32)
    return Remembered(as_bf16(tokens), np.full(WIDTH, frame, np.float32), 1.0)


def memories(*frames: int) -> Mapping[int, Remembered]:
    return {frame: remembered(frame) for frame in frames}


def looked_at(found: Gathered) -> list[tuple[int, int]]:
    """(frame, row of the table of times) of each memory."""
    frames = found.tokens[0, :, 0, 0].astype(int)
    return list(zip(frames.tolist(), found.times.tolist(), strict=True))


def pointers(found: Gathered) -> list[tuple[int, float]]:
    """(frame, time) of each pointer."""
    return [
        (int(pointer[0]), round(float(time), 4))
        for pointer, time in zip(found.pointers[0], found.pointer_times, strict=True)
    ]


def test_a_keyframe_and_the_six_frames_before_with_the_newest_last() -> None:
    found = gather(memories(0), memories(*range(1, 10)), Moment(10, 1, 20), RULES, ALL)
    assert looked_at(found) == [(0, 6), (4, 5), (5, 4), (6, 3), (7, 2), (8, 1), (9, 0)]
    assert found.tokens.shape == (1, 7, TOKENS, CHANNELS)
    ages = [(0, 10), *((10 - ago, ago) for ago in range(1, 10))]
    assert pointers(found) == [(frame, round(ago / 15, 4)) for frame, ago in ages]


def test_backward_is_the_mirror() -> None:
    found = gather(memories(19), memories(*range(10, 19)), Moment(9, -1, 20), RULES, ALL)
    assert looked_at(found) == [(19, 6), (15, 5), (14, 4), (13, 3), (12, 2), (11, 1), (10, 0)]
    assert pointers(found)[0] == (19, round(10 / 15, 4))


def test_a_keyframe_ahead_is_looked_at_but_its_pointer_is_not() -> None:
    found = gather(memories(0, 8), memories(4), Moment(5, 1, 20), RULES, ALL)
    assert looked_at(found) == [(0, 6), (8, 6), (4, 0)]
    assert [frame for frame, _ in pointers(found)] == [0, 4]


def test_the_time_of_pointers_depends_on_a_short_clip() -> None:
    found = gather(memories(0), memories(1), Moment(2, 1, 5), RULES, ALL)
    assert pointers(found) == [(0, 0.5), (1, 0.25)]


def test_a_far_keyframe_counts_as_a_frame_where_it_lies_among_them() -> None:
    options = TrackOptions(conditioning=2)
    found = gather(memories(0, 5, 8, 12), memories(7, 9), Moment(10, 1, 20), RULES, options)
    assert looked_at(found) == [(8, 6), (12, 6), (5, 4), (7, 2), (9, 0)]
    assert [frame for frame, _ in pointers(found)] == [8, 9, 7, 5, 0]


def test_with_a_stride_the_last_frame_and_every_other_count() -> None:
    options = TrackOptions(conditioning=0, stride=3)
    found = gather(memories(0), memories(*range(1, 31)), Moment(20, 1, 40), RULES, options)
    assert [frame for frame, _ in looked_at(found)] == [0, 6, 9, 12, 15, 18, 19]
    found = gather(memories(39), memories(*range(10, 39)), Moment(10, -1, 40), RULES, options)
    assert [frame for frame, _ in looked_at(found)] == [39, 24, 21, 18, 15, 12, 11]


def test_nothing_is_looked_at_beyond_reach() -> None:
    options = TrackOptions(conditioning=0, stride=3)
    far = reach(RULES, options)
    moment = Moment(60, 1, 100)
    near = memories(*range(60 - far, 60))
    whole = gather(memories(0), memories(*range(1, 60)), moment, RULES, options)
    assert looked_at(whole) == looked_at(gather(memories(0), near, moment, RULES, options))
    assert pointers(whole) == pointers(gather(memories(0), near, moment, RULES, options))


def test_only_keyframes_that_count_are_computed() -> None:
    asked: list[int] = []

    class Costly(dict[int, Remembered]):
        def __getitem__(self, frame: int) -> Remembered:
            asked.append(frame)
            return super().__getitem__(frame)

    keys = Costly(memories(0, 100, 200, 300, 400))
    gather(keys, {}, Moment(210, 1, 500), RULES, TrackOptions(conditioning=2))
    assert set(asked) == {200, 300}


@given(st.sets(st.integers(0, 60), min_size=1), st.integers(0, 60), st.integers(2, 6))
def test_the_nearest_on_both_sides_come_first(keys: set[int], frame: int, most: int) -> None:
    found = nearest(keys, frame, most)
    assert len(found) == min(most, len(keys))
    assert found == sorted(set(found) & keys)
    before, after = [k for k in keys if k < frame], [k for k in keys if k >= frame]
    assert not before or max(before) in found
    assert not after or min(after) in found
    sides = {*(before and [max(before)]), *(after and [min(after)])}
    left = [abs(k - frame) for k in keys - set(found)]
    taken = [abs(k - frame) for k in set(found) - sides]
    assert not left or not taken or max(taken) <= min(left)


def test_pruning_leaves_out_what_repeats_the_newest_but_never_first_or_newest() -> None:
    directions = [[1, 0, 0], [0, 1, 0], [1, 0.1, 0], [0, 0, 1], [1, 0, 0.2], [0, 1, 1], [1, 0, 0]]
    held = []
    for k, direction in enumerate(directions):
        tokens = as_bf16(np.tile(np.array(direction, np.float32), (TOKENS, 1)))
        held.append((6 - k, Remembered(tokens, np.zeros(WIDTH, np.float32), 1.0)))
    assert [row for row, _ in pruned(held, 1)] == [6, 5, 3, 1, 0]
    assert [row for row, _ in pruned(held, 3)] == [6, 5, 4, 1, 0], "keyframes stay"
    options = TrackOptions(conditioning=0, prune=True)
    found = gather(memories(0), memories(*range(1, 10)), Moment(10, 1, 20), RULES, options)
    assert len(found.times) == RULES.memories - 2
    assert len(pointers(found)) == 10, "pointers are not pruned"
    few = gather(memories(0), memories(1), Moment(2, 1, 20), RULES, options)
    assert len(few.times) == 2


def test_with_nothing_to_look_back_at_it_is_an_error_of_the_model() -> None:
    with pytest.raises(ModelError, match="needs a keyframe"):
        gather({}, {}, Moment(3, 1, 9), RULES, TrackOptions())


@pytest.mark.parametrize(("value", "finite"), [(1e30, True), (np.inf, False), (np.nan, False)])
def test_a_record_that_holds_no_numbers_is_none(value: float, finite: bool) -> None:
    tokens = np.zeros((TOKENS, CHANNELS), np.float32)
    tokens[1, 1] = value
    record = record_of(Remembered(as_bf16(tokens), np.zeros(WIDTH, np.float32), 1.0))
    assert (remembered_of(record, RULES, WIDTH) is not None) is finite


@given(st.lists(st.floats(width=32, min_value=-(2.0**100), max_value=2.0**100)))
def test_bfloat16_is_the_nearest_and_even_at_ties(values: list[float]) -> None:
    exact = np.array(values, np.float32)
    bits = as_bf16(exact)
    for value, code in zip(exact, bits, strict=True):
        here = float(as_float(np.array([code], np.uint16))[0])
        for other in (int(code) - 1, int(code) + 1):
            if not 0 <= other <= 0xFFFF or (other ^ int(code)) & 0x8000:
                continue
            there = float(as_float(np.array([other], np.uint16))[0])
            gap, other_gap = abs(float(value) - here), abs(float(value) - there)
            assert gap < other_gap or (gap == other_gap and code % 2 == 0) or not np.isfinite(there)


def test_a_record_gives_back_exactly_what_was_remembered() -> None:
    draw = np.random.default_rng(1)
    tokens = as_bf16(draw.standard_normal((TOKENS, CHANNELS)).astype(np.float32))
    made = Remembered(tokens, draw.standard_normal(WIDTH).astype(np.float32), -3.25)
    back = remembered_of(record_of(made), RULES, WIDTH)
    assert back is not None
    assert (back.tokens == tokens).all()
    assert (back.pointer == made.pointer).all()
    assert back.presence == -3.25


@pytest.mark.parametrize("damage", [b"", b"x", None])
def test_a_record_of_another_kind_or_shape_is_none(damage: bytes | None) -> None:
    record = record_of(remembered(3))
    assert remembered_of(record[:-1] if damage is None else damage, RULES, WIDTH) is None
    assert remembered_of(b"xxxx" + record[4:], RULES, WIDTH) is None
    assert remembered_of(record, TrackingRules(tokens=6, channels=3), WIDTH) is None
    nan = np.float32(np.nan).tobytes()
    assert remembered_of(record[:4] + nan + record[8:], RULES, WIDTH) is None
