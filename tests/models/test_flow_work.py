"""What the flow tracker looks at, how often, and what it holds meanwhile."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.base import Embedding
from models.flow import Grey, Motion, motion
from models.flow_keys import Keyframes
from models.read_out import Memory
from models.redraw import iou
from models.tracking import Key, KeyMask
from tests.models.flow_shot import FRAMES, Shot, inside, same, track, tracker_of, tracking_of
from tests.models.toy_images import ToyImages

LAST = 110


def layers(shot: Shot, *far: int) -> dict[str, dict[int, Key]]:
    """A layer for each of `far`, with keyframes there and on 0."""
    return {f"to {n}": {f: KeyMask(shot.truth(f)) for f in (0, n)} for n in far}


@pytest.mark.parametrize("far", [(LAST,), (LAST, LAST), (LAST, 80), (LAST, 80, 50)])
def test_between_far_keyframes_every_frame_is_embedded_once_for_all_layers(
    far: tuple[int, ...],
) -> None:
    shot, model = Shot(speed=0), ToyImages()
    tracking = tracking_of(shot, model, layers(shot, *far), range(LAST + 1))
    found = list(tracker_of(model).track(replace(tracking, pictures=None)))
    assert len(found) == len(set(far)) * (LAST + 1)
    assert sorted(shot.asked) == list(range(LAST + 1))


def test_flow_is_found_once_for_all_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []

    def noting(before: Grey, now: Grey) -> Motion:
        found.append(1)
        return motion(before, now)

    monkeypatch.setattr("models.flow_frames.motion", noting)
    shot, model = Shot(speed=0), ToyImages()
    tracking = tracking_of(shot, model, layers(shot, 9, 10, 11), range(9))
    list(tracker_of(model).track(tracking))
    assert len(found) == 10 + 8, "back from 11 to 1, and on from 0 to 8"


def test_nothing_is_looked_at_once_every_layer_is_lost() -> None:
    shot, model = Shot(hidden=range(2, 40), speed=0), ToyImages()
    model.rules = replace(model.rules, patience=3)
    found = track(shot, {0: KeyMask(shot.truth(0))}, range(40), model)
    assert [frame for frame, tracked in found.items() if tracked.lost] == [max(found)]
    assert max(shot.asked) == max(found)


def test_nothing_is_looked_at_beyond_where_what_comes_from_ahead_is_lost() -> None:
    shot, model = Shot(hidden=range(2, 9), speed=0), ToyImages()
    model.rules = replace(model.rules, patience=3)
    found = track(shot, {11: KeyMask(shot.truth(11))}, model=model)
    assert [frame for frame, tracked in found.items() if tracked.lost] == [0]
    assert not set(shot.asked) & set(range(1, 5))
    assert iou(inside(found[10]), shot.truth(10)) > 0.8


def test_a_layer_that_is_lost_holds_no_other_one_up() -> None:
    shot, model = Shot(speed=0), ToyImages()
    model.rules = replace(model.rules, patience=3)
    elsewhere = np.zeros((96, 128), bool)
    keys: dict[str, dict[int, Key]] = {
        "nowhere": {0: KeyMask(elsewhere)},
        "square": {0: KeyMask(shot.truth(0))},
    }
    found = list(tracker_of(model).track(tracking_of(shot, model, keys)))
    assert [one.frame for one in found if one.layer == "square"] == list(range(FRAMES))
    lost = [one.frame for one in found if one.layer == "nowhere"]
    assert lost == list(range(max(lost) + 1))
    assert max(lost) < FRAMES - 1


def test_keyframes_looked_at_long_ago_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[weakref.ref[NDArray[np.float16] | NDArray[np.float32]]] = []

    def noting(made: Callable[[Keyframes, int], object]) -> Callable[[Keyframes, int], object]:
        def wrapped(keys: Keyframes, frame: int) -> object:
            found = made(keys, frame)
            array = found.features if isinstance(found, Memory) else found.stand.logits  # type: ignore[attr-defined]
            held.append(weakref.ref(array))
            return found

        return wrapped

    monkeypatch.setattr(Keyframes, "_read", noting(Keyframes._read))
    monkeypatch.setattr(Keyframes, "_remembered", noting(Keyframes._remembered))
    shot, model = Shot(speed=0), ToyImages()
    keys: dict[int, Key] = {frame: KeyMask(shot.truth(frame)) for frame in range(0, 80, 2)}
    alive = 0
    for _ in tracker_of(model).track(tracking_of(shot, model, {"square": keys}, range(80))):
        alive = max(alive, sum(one() is not None for one in held))
    assert len(held) == 2 * len(keys), "each is made once"
    assert alive < 30


def test_where_all_keyframes_lie_ahead_few_stands_are_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shot = Shot()
    keys = {11: KeyMask(shot.truth(11))}
    models = ToyImages(), ToyImages()
    plenty = track(shot, keys, model=models[0])
    monkeypatch.setattr("models.flow_ahead.REACH", 5)
    few = track(shot, keys, model=models[1])
    assert all(same(plenty[frame], few[frame]) for frame in range(FRAMES))
    assert len(models[0].prompts) == 11
    assert len(models[1].prompts) == 11 + 6 + 1


def test_frames_that_cannot_be_seen_are_passed_over() -> None:
    shot, model = Shot(speed=4), ToyImages()

    def embedding(frame: int) -> Embedding:
        assert frame not in gaps
        return model.encode(shot.picture(frame))

    gaps = {4, 5, 9}
    keys: dict[str, dict[int, Key]] = {
        "one": {0: KeyMask(shot.truth(0))},
        "both": {0: KeyMask(shot.truth(0)), 11: KeyMask(shot.truth(11))},
    }
    order = [frame for frame in range(FRAMES) if frame not in gaps]
    tracking = replace(tracking_of(shot, model, keys, order), gaps=gaps, embeddings=embedding)
    found = list(tracker_of(model).track(tracking))
    assert {one.frame for one in found if one.layer == "one"} == set(order)
    assert min(iou(inside(one), shot.truth(one.frame)) for one in found) > 0.6
