"""The flow tracker on a textured square that moves, with a model that needs no graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.base import Cancelled, Click, ModelError
from models.evidence import Evidence
from models.flow_course import Place, Stand
from models.flow_layer import blended
from models.ort import Cancel
from models.redraw import iou
from models.tracking import Key, KeyMask
from tests.models.flow_shot import (
    FRAMES,
    SQUARE,
    Shot,
    inside,
    same,
    track,
    tracker_of,
    tracking_of,
)
from tests.models.toy_images import ToyImages

HIDDEN = range(5, 7)


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


def test_it_stops_when_it_is_cancelled() -> None:
    shot, cancel = Shot(), Cancel()
    model = ToyImages()
    tracking = tracking_of(shot, model, {"square": {0: KeyMask(shot.truth(0))}})
    answers = tracker_of(model).track(tracking, cancel)
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
    tracking = tracking_of(shot, model, {"square": {0: KeyMask(shot.truth(0))}})
    answers = tracker_of(model).track(replace(tracking, pictures=None))
    found = {tracked.frame: tracked for tracked in answers}
    assert iou(inside(found[11]), shot.truth(11)) > 0.6
