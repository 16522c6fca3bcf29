"""The flow tracker on a textured square that moves, with a model that needs no graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.base import Cancelled, Click, ModelError, Rgb8
from models.evidence import Evidence
from models.flow_course import Place, Stand
from models.flow_layer import blended
from models.flow_tracker import FlowTracker
from models.ort import Cancel
from models.redraw import iou
from models.tracking import Key, KeyMask, Tracked, Tracking, TrackOptions
from tests.models.toy_images import ToyImages

FRAMES = 12
SPEED = 8  # a whole cell: the toy knows no finer places
SQUARE = 24
HIDDEN = range(5, 7)


@dataclass
class Shot:
    """Frames of a red, textured square that moves to the right over blue ground."""

    hidden: Sequence[int] = ()
    speed: int = SPEED
    asked: list[int] = field(default_factory=list)

    def truth(self, frame: int) -> NDArray[np.bool_]:
        inside = np.zeros((96, 128), bool)
        if frame not in self.hidden:
            x = 8 + self.speed * frame
            inside[30 : 30 + SQUARE, x : x + SQUARE] = True
        return inside

    def picture(self, frame: int) -> Rgb8:
        noise = np.random.default_rng(5)
        picture = noise.integers(0, 60, (96, 128, 3), np.uint8)
        picture[..., 2] += 150
        square = noise.integers(0, 60, (SQUARE, SQUARE, 3), np.uint8)
        square[..., 0] += 180
        picture[self.truth(frame)] = square.reshape(-1, 3)[: int(self.truth(frame).sum())]
        picture[0, 0] = frame
        return picture


def track(
    shot: Shot,
    keys: Mapping[int, Key],
    order: Sequence[int] = range(FRAMES),
    model: ToyImages | None = None,
    cancel: Cancel | None = None,
    archive: dict[int, bytes] | None = None,
    step: int = 1,
) -> dict[int, Tracked]:
    model = model or ToyImages()
    tracker = FlowTracker(model, model, TrackOptions(), model.rules)

    def embedding(frame: int):  # type: ignore[no-untyped-def] # noqa: ANN202
        shot.asked.append(frame)
        return model.encode(shot.picture(frame))

    tracking = Tracking(
        embedding,
        {"square": keys},
        order,
        range(FRAMES),
        {} if archive is None else {"square": Shelf(archive)},
        -1 if len(order) > 1 and order[1] < order[0] else step,
        shot.picture,
    )
    return {tracked.frame: tracked for tracked in tracker.track(tracking, cancel)}


@dataclass
class Shelf:
    """An archive in memory."""

    records: dict[int, bytes]

    def get(self, frame: int) -> bytes | None:
        return self.records.get(frame)

    def put(self, frame: int, record: bytes) -> None:
        self.records[frame] = record


def inside(tracked: Tracked) -> NDArray[np.bool_]:
    """The mask at the size of the frame."""
    mask = tracked.prediction.logits[:48] > 0
    return mask.repeat(2, axis=0).repeat(2, axis=1)


def same(a: Tracked, b: Tracked) -> bool:
    return np.array_equal(a.prediction.logits, b.prediction.logits)


def test_a_moving_square_is_followed_both_ways() -> None:
    shot = Shot()
    forward = track(shot, {0: KeyMask(shot.truth(0))})
    backward = track(shot, {11: KeyMask(shot.truth(11))}, range(11, -1, -1))
    for found in (forward, backward):
        assert sorted(found) == list(range(FRAMES))
        for frame, tracked in found.items():
            assert iou(inside(tracked), shot.truth(frame)) > 0.8, frame
            assert tracked.presence > 0
    assert forward[0].is_key
    assert not forward[1].is_key


def test_clicks_are_a_keyframe_as_the_model_answers_them() -> None:
    shot = Shot()
    found = track(shot, {0: (Click(20, 42),)})
    assert found[0].prediction.score == pytest.approx(0.9)
    assert inside(found[0]).sum() == 24 * 24
    assert iou(inside(found[6]), shot.truth(6)) > 0.6


def test_every_frame_is_embedded_once_where_one_keyframe_leads() -> None:
    shot = Shot()
    track(shot, {0: KeyMask(shot.truth(0))})
    assert shot.asked == list(range(FRAMES))


def test_the_model_is_prompted_with_the_box_of_what_is_expected() -> None:
    shot, model = Shot(), ToyImages()
    track(shot, {0: KeyMask(shot.truth(0))}, range(2), model)
    ((corners, labels),) = model.prompts
    assert labels.tolist() == [2, 3]
    # a cell of the toy is 8 pixels of the frame and 16 of the model
    assert np.abs(corners - 2 * np.array([[16, 30], [40, 54]])).max() <= 8


def stand(logit: float, evidence: Evidence | None = None) -> Stand:
    return Stand(
        np.full((4, 4), logit, np.float16),
        heeded=True,
        place=Place(0, 4, 0, 4, 4, 0),
        evidence=evidence,
    )


def test_between_two_keyframes_both_are_heard_the_nearer_one_more() -> None:
    found = [blended(stand(-8), stand(8), share).logits[0, 0] for share in (0, 0.25, 0.5, 1)]
    assert found == [-8, -4, 0, 8]


def test_what_looks_less_like_the_object_is_heard_less() -> None:
    good = Evidence(0.9, 0.9, 0.9, likeness=0.9, covered=0.9, area=1.0, drawn=True)
    gone = replace(good, covered=0.1)
    assert blended(stand(-8, gone), stand(8, good), 0.2).logits[0, 0] > 7
    assert blended(stand(-8, gone), stand(8, gone), 0.5).logits[0, 0] == 0
    both = blended(stand(-8, gone), stand(8, good), 0.2).evidence
    assert both is not None
    assert both.both == 0


def test_a_keyframe_ahead_finds_what_the_one_behind_has_lost() -> None:
    shot, model = Shot(), ToyImages()
    model.rules = replace(model.rules, keys=0.0, key_votes=0.0)  # flow and last frames alone
    lost = KeyMask(np.zeros((96, 128), bool))
    found = track(shot, {0: lost, 11: KeyMask(shot.truth(11))}, model=model)
    assert iou(inside(found[6]), shot.truth(6)) > 0.6


def test_a_layer_that_is_lost_says_so_once_and_asks_for_a_keyframe() -> None:
    shot, model = Shot(hidden=range(2, 10)), ToyImages()
    model.rules = replace(model.rules, patience=3)
    found = track(shot, {0: KeyMask(shot.truth(0))}, model=model)
    lost = [frame for frame, tracked in found.items() if tracked.lost]
    assert lost == [max(found)]
    assert lost[0] in range(4, 7)
    assert not inside(found[lost[0]]).any()
    assert found[lost[0]].presence < 0
    keys: dict[int, Key] = {0: KeyMask(shot.truth(0)), 10: KeyMask(shot.truth(10))}
    again = track(shot, keys, model=model)
    assert iou(inside(again[11]), shot.truth(11)) > 0.8


def test_what_is_hidden_for_a_while_is_found_again() -> None:
    shot = Shot(hidden=HIDDEN)
    found = track(shot, {0: KeyMask(shot.truth(0))})
    for frame in HIDDEN:
        assert inside(found[frame]).sum() < 0.1 * SQUARE**2
    for frame in range(8, FRAMES):
        assert iou(inside(found[frame]), shot.truth(frame)) > 0.7, frame


def test_a_drawing_unlike_all_else_is_not_taken() -> None:
    shot, model = Shot(), ToyImages()
    model.blind = {6}
    found = track(shot, {0: KeyMask(shot.truth(0))}, model=model)
    assert iou(inside(found[6]), shot.truth(6)) > 0.7
    evidence = [found[frame].evidence for frame in (5, 6)]
    assert [one.drawn for one in evidence if one] == [True, False]
    assert evidence[1] is not None
    assert evidence[1].agreement < 0.2


def test_the_answer_is_the_same_again_and_with_other_frames_asked_for() -> None:
    shot = Shot()
    keys: dict[int, Key] = {2: KeyMask(shot.truth(2)), 9: KeyMask(shot.truth(9))}
    first, again = track(shot, keys), track(shot, keys)
    part = track(shot, keys, range(5, 8))
    assert all(same(first[frame], again[frame]) for frame in first)
    assert all(same(first[frame], part[frame]) for frame in part)


def test_going_on_from_records_is_as_going_through() -> None:
    shot, records = Shot(), dict[int, bytes]()
    whole = track(shot, {0: KeyMask(shot.truth(0))}, archive=records)
    shot.asked.clear()
    rest = track(shot, {0: KeyMask(shot.truth(0))}, range(8, FRAMES), archive=records)
    assert all(same(whole[frame], rest[frame]) for frame in range(8, FRAMES))
    assert 4 not in shot.asked
    spoilt = dict.fromkeys(records, b"rfl1 nothing of the kind")
    rest = track(shot, {0: KeyMask(shot.truth(0))}, range(8, FRAMES), archive=spoilt)
    assert all(same(whole[frame], rest[frame]) for frame in range(8, FRAMES))


def test_it_stops_when_it_is_cancelled() -> None:
    shot, cancel = Shot(), Cancel()
    model = ToyImages()
    tracker = FlowTracker(model, model, TrackOptions(), model.rules)
    tracking = Tracking(
        lambda frame: model.encode(shot.picture(frame)),
        {"square": {0: KeyMask(shot.truth(0))}},
        range(FRAMES),
        range(FRAMES),
        pictures=shot.picture,
    )
    answers = tracker.track(tracking, cancel)
    next(answers)
    next(answers)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(answers)


def test_a_layer_needs_a_keyframe() -> None:
    with pytest.raises(ModelError, match="keyframe"):
        track(Shot(), {})


def test_without_pictures_features_alone_lead() -> None:
    shot, model = Shot(speed=8), ToyImages()
    tracker = FlowTracker(model, model, TrackOptions(), model.rules)
    tracking = Tracking(
        lambda frame: model.encode(shot.picture(frame)),
        {"square": {0: KeyMask(shot.truth(0))}},
        range(FRAMES),
        range(FRAMES),
    )
    found = {tracked.frame: tracked for tracked in tracker.track(tracking)}
    assert iou(inside(found[11]), shot.truth(11)) > 0.6
