"""The doubt of a propagated mask: what raises it, what does not, and why."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import Prediction
from models.evidence import Evidence
from models.review import SURE, WEIGHTS, Doubt, Facts, doubt_of, review
from models.tracking import Tracked

GOOD = Evidence(0.98, 0.95, 0.9, 0.9, 0.95, 1.0, drawn=True)
SUSPECT = 0.5


def disc(
    frame: int,
    x: float = 100.0,
    radius: int = 40,
    *,
    score: float = 0.98,
    evidence: Evidence | None = GOOD,
    is_key: bool = False,
) -> Tracked:
    """A disc as a tracker gives it; of radius 0 there is nothing."""
    logits = np.full((256, 256), -8, np.float32)
    if radius:
        cv2.circle(logits, (round(x), 100), radius, 8, -1)
    prediction = Prediction(logits.astype(np.float16), (0.0, 0.0, 256.0, 256.0), score)
    return Tracked("layer", frame, prediction, 10.0, is_key, evidence)


def reviewed(answers: Iterable[Tracked]) -> list[Doubt]:
    """The doubts of answers, one after the other."""
    before: Facts | None = None
    doubts = []
    for answer in answers:
        doubt, before = review(answer, before)
        doubts.append(doubt)
    return doubts


def steady(count: int) -> list[Tracked]:
    """A keyframe and a disc that moves on evenly."""
    return [disc(frame, 60 + 4 * frame, is_key=frame == 0) for frame in range(count)]


def test_what_is_as_before_is_not_suspect() -> None:
    doubts = reviewed(steady(20))
    assert doubts[0] == SURE
    assert max(doubt.value for doubt in doubts) < 0.1


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (disc(10, 100, score=0.3), "score"),
        (disc(10, 100, evidence=replace(GOOD, covered=0.1)), "covered"),
        (disc(10, 100, radius=80), "area"),
        (disc(10, 240), "jump"),
        (disc(10, 100, radius=1), "edge"),
        (disc(10, radius=0, score=0.0), "lost"),
    ],
)
def test_one_odd_frame_raises_the_doubt_and_is_named(odd: Tracked, reason: str) -> None:
    usual, strange = reviewed(steady(11))[-1], reviewed([*steady(10), odd])[-1]
    assert strange.value > 2 * usual.value
    if reason != "edge":  # a disc that shrinks to a dot is told by its size first
        assert strange.reason == reason


def test_what_is_finer_than_the_model_can_draw_is_suspect() -> None:
    key = disc(0, radius=2, is_key=True)
    doubt = reviewed([key, *(disc(frame, radius=2) for frame in range(1, 5))])[-1]
    assert doubt.value > SUSPECT
    assert doubt.reason == "edge"


def test_an_error_is_carried_on_and_forgotten_slowly_or_at_a_keyframe() -> None:
    bad = [disc(frame, 100, score=0.6, evidence=None) for frame in range(1, 10)]
    good = [disc(frame, 100) for frame in range(10, 40)]
    doubts = reviewed([disc(0, is_key=True), *bad, *good])
    assert doubts[9].value > SUSPECT
    assert doubts[10].value > SUSPECT
    assert doubts[-1].value < 0.1
    fixed = reviewed([disc(0, is_key=True), *bad, disc(10, 100, is_key=True), disc(11, 100)])
    assert fixed[-2:] == [SURE, reviewed([disc(0, is_key=True), disc(1)])[-1]]


def test_evidence_that_a_model_does_not_give_is_as_usual() -> None:
    usual = replace(GOOD, covered=1 - WEIGHTS["covered"].usual)
    with_it, without = (
        reviewed([disc(0, is_key=True), disc(1, evidence=evidence)])[-1]
        for evidence in (usual, None)
    )
    assert with_it.value == pytest.approx(without.value)


def test_vanishing_is_told_once_where_the_model_is_sure_of_it() -> None:
    gone = [disc(frame, radius=0, evidence=None) for frame in range(5, 15)]
    doubts = reviewed([*steady(5), *gone])[5:]
    assert doubts[0].value > SUSPECT
    assert doubts[0].reason == "lost"
    assert max(doubt.value for doubt in doubts[1:]) < SUSPECT


@pytest.mark.parametrize("frame", [5, 12])
def test_a_frame_that_is_no_neighbour_is_compared_with_nothing(frame: int) -> None:
    before = review(disc(8), None)[1]
    far = disc(frame, 200, radius=10)
    assert review(far, before)[0] == review(far, None)[0]


def test_going_backward_is_going_forward() -> None:
    back = [disc(20 - at, 60 + 4 * at, is_key=at == 0) for at in range(10)]
    assert reviewed(back) == reviewed(steady(10))


signals = st.fixed_dictionaries({name: st.floats(0, 1) for name in WEIGHTS})


@given(signals, st.sampled_from(list(WEIGHTS)), st.floats(0, 1))
def test_no_signal_speaks_for_a_mask(means: dict[str, float], name: str, more: float) -> None:
    worse = means | {name: min(1.0, means[name] + more)}
    assert 0 <= doubt_of(means) <= doubt_of(worse) <= 1


def test_it_is_cheap() -> None:
    answers = steady(20)
    start = time.process_time()
    reviewed(answers)
    assert (time.process_time() - start) / len(answers) < 0.003
