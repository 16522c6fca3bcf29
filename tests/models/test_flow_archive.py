"""What the flow tracker takes up of earlier runs, and what it does not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from models.base import BoxClick, Click, MaskStep
from models.flow_keys import digest_of
from models.flow_record import HEAD, origin_of, stand_of
from models.tracking import Key, KeyMask
from tests.models.flow_shot import FRAMES, Shot, same, track
from tests.models.toy_images import ToyImages

SLOW = 4
SHAPE = (48, 64)  # of the toy's masks


def bad(shot: Shot, frame: int) -> KeyMask:
    """A mask that takes in far too much."""
    inside: NDArray[np.bool_] = shot.truth(frame)
    rows, columns = np.nonzero(inside)
    top, left = max(0, rows.min() - 16), max(0, columns.min() - 16)
    inside[top : rows.max() + 16, left : columns.max() + 16] = True
    return KeyMask(inside)


def right(shot: Shot, *frames: int) -> dict[int, Key]:
    return {frame: KeyMask(shot.truth(frame)) for frame in frames}


def test_going_on_from_records_is_as_going_through() -> None:
    shot, records = Shot(), dict[int, bytes]()
    whole = track(shot, right(shot, 0), archive=records)
    shot.asked.clear()
    rest = track(shot, right(shot, 0), range(8, FRAMES), archive=records)
    assert all(same(whole[frame], rest[frame]) for frame in range(8, FRAMES))
    assert 4 not in shot.asked


def _keys(shot: Shot) -> Mapping[str, tuple[Mapping[int, Key], range, Mapping[int, Key], range]]:
    """By name: the keyframes and the order of a first run, and those of a second one."""
    there, back = range(1, 12), range(19, -1, -1)
    return {
        "another keyframe ahead": ({20: bad(shot, 20)}, back, right(shot, 0, 12), there),
        "a keyframe nearer by": (right(shot, 20), back, right(shot, 0, 12, 20), there),
        "the keyframe ahead corrected": ({12: bad(shot, 12)}, back[8:], right(shot, 0, 12), there),
        "one that was heard corrected": (
            {0: bad(shot, 0), **right(shot, 12)},
            back[8:19],
            right(shot, 0, 12),
            there,
        ),
        "one that was heard taken away": (
            {**right(shot, 0, 12), 16: bad(shot, 16)},
            back[8:19],
            right(shot, 0, 12),
            there,
        ),
        "the keyframe behind corrected": ({0: bad(shot, 0)}, there, right(shot, 0), range(8, 12)),
        "another keyframe behind": ({0: bad(shot, 0)}, there, right(shot, 4), range(8, 12)),
    }


@pytest.mark.parametrize("name", _keys(Shot(speed=SLOW)))
def test_what_came_of_other_keyframes_is_not_taken_up(name: str) -> None:
    shot = Shot(speed=SLOW)
    before, way, keys, order = _keys(shot)[name]
    records: dict[int, bytes] = {}
    track(shot, before, way, archive=records)
    assert set(order) - keys.keys() <= records.keys()
    without, having = track(shot, keys, order), track(shot, keys, order, archive=records)
    assert all(same(having[frame], without[frame]) for frame in order)


def drawn(archive: dict[int, bytes] | None) -> int:
    """How many masks are drawn for two frames before a fix on 6, coming from keyframe 0."""
    shot, model = Shot(), ToyImages()
    track(shot, right(shot, 0, 6), (5, 4), model, archive=None if archive is None else {**archive})
    return len(model.prompts)


def test_a_fix_takes_what_the_keyframe_ahead_said_from_the_records() -> None:
    shot, records = Shot(), dict[int, bytes]()
    track(shot, right(shot, 0), archive=records)
    assert drawn(None) == 5 + 2
    assert drawn(records) == 2
    for torn in (5, 4):
        rest = {frame: record for frame, record in records.items() if frame != torn}
        assert drawn(rest) == 5 - (torn - 1) + 2, "from the last three in a row"


def test_keyframes_heard_before_a_run_went_on_count_as_heard() -> None:
    shot, records = Shot(speed=SLOW), dict[int, bytes]()
    keys = {**right(shot, 1, 2, 3, 12, 13, 14), 0: bad(shot, 0)}
    track(shot, keys, range(4, 7), archive=records)
    track(shot, keys, range(7, 11), archive=records)  # too far off to look at 0
    told = [origin_of(records[frame]) for frame in (6, 10)]
    assert all(one is not None and {0, 1, 2, 3} <= one.heard for one in told)
    keys = right(shot, 0, 1, 2, 3, 12, 13, 14)
    without, having = track(shot, keys, (11,)), track(shot, keys, (11,), archive=records)
    assert same(having[11], without[11])


def test_records_of_another_kind_and_damaged_ones_are_refused() -> None:
    shot, records = Shot(), dict[int, bytes]()
    whole = track(shot, right(shot, 0), archive=records)
    record = records[4]
    assert stand_of(record, SHAPE) is not None
    assert stand_of(record, (48, 60)) is None
    assert stand_of(record[:40], SHAPE) is None
    assert stand_of(record[:-9], SHAPE) is None
    assert stand_of(record[:-60] + bytes(60), SHAPE) is None
    old = b"rfl2" + record[4:]
    for spoilt in (b"", record[:10], record[: HEAD.size], old):
        assert origin_of(spoilt) is None
    for spoilt in (old, record[:-9]):
        archive = dict.fromkeys(records, spoilt)
        rest = track(shot, right(shot, 0), range(8, FRAMES), archive=archive)
        assert all(same(whole[frame], rest[frame]) for frame in range(8, FRAMES))


def test_keyframes_that_say_something_else_have_another_digest() -> None:
    bits = np.zeros((4, 8), bool)
    logits = np.zeros((4, 4), np.float16)
    keys: list[Key] = [
        KeyMask(bits),
        KeyMask(bits.reshape(8, 4)),
        KeyMask(~bits),
        (Click(1, 2),),
        (Click(1, 2, include=False),),
        (Click(1, 2), Click(3, 4)),
        (BoxClick(1, 2, 3, 4),),
        (MaskStep(logits, (0, 0, 4, 4)),),
        (MaskStep(logits, (0, 0, 4, 5)),),
        (MaskStep(logits + 1, (0, 0, 4, 4)),),
        (MaskStep(logits, (0, 0, 4, 4)), Click(1, 2)),
    ]
    assert len({digest_of(key) for key in keys}) == len(keys)
    assert digest_of(keys[0]) == digest_of(KeyMask(bits.copy()))
