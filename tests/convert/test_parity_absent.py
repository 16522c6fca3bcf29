"""Objects that go and come back, and masks that are not stable, beside the original."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

import models.memory_tracker as tracker
import models.video_answer as video_answer
from models.base import BoxClick, Click, Embedding, Rgb8
from models.sam2 import Sam2
from models.tracking import Key, KeyMask, Tracking, TrackOptions, tracker_of
from models.video_answer import Drawn, Seen

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.filterwarnings("ignore"),
]

WHY = "needs the original SAM 2 (make test)"
parity = pytest.importorskip("models.convert.parity", reason=WHY)
original = pytest.importorskip("models.convert.original", reason=WHY)
verify = pytest.importorskip("models.convert.verify", reason=WHY)

Points, Whole, Go = parity.Points, parity.Whole, parity.Go
Answers: TypeAlias = list[tuple[str, NDArray[np.float32]]]

SIZE, COUNT = 512, 6
GONE, BACK = range(2, 4), range(4, 6)
STABLE = 0.9865  # between the two prompts of `shaky`: one answer is stable, one is not
EVENTS = (
    Points("a", 0, [(60, 90)], [1]),
    Points("shaky", 0, [(296.8, 174.2), (4.7, 155.5)], [1, 0]),
    Points("shaky", 1, [(100, 60), (20, 20)], [1, 0]),
    Whole("c", 0, (160, 90), 40),
    Go(0, COUNT - 1),
)


def scene() -> list[Rgb8]:
    """A scene that is dark for two frames and bright afterwards."""
    pictures: list[Rgb8] = parity.frames(COUNT, (320, 180))
    for frame in GONE:
        pictures[frame][:] = 0
    for frame in BACK:
        pictures[frame][:] = 255 - pictures[frame] // 4
    return pictures


@pytest.fixture(scope="module")
def theirs() -> Answers:
    """What the original answers."""
    predictor = original.build(original.Original("sam2.1", "tiny", SIZE))
    predictor.sam_mask_decoder.dynamic_multimask_stability_thresh = STABLE
    playing = parity.Theirs(predictor, scene(), TrackOptions())
    return [answer for event in EVENTS for answer in playing.play(event)]


@pytest.fixture
def model(models: Callable[..., Sam2]) -> Sam2:
    """Ours, with the same threshold."""
    model = models(SIZE)
    rules = replace(model.graphs.rules, stability=(model.graphs.rules.stability[0], STABLE))
    model.graphs = replace(model.graphs, rules=rules)
    return model


def differences(theirs: Answers, model: Sam2) -> list[Any]:
    ours = parity.Ours(model, scene(), TrackOptions())
    answers = [answer for event in EVENTS for answer in ours.play(event)]
    return [parity.compared(what, a, b) for (what, a), (_, b) in zip(theirs, answers, strict=True)]


def test_who_goes_comes_back_as_in_the_original(
    theirs: Answers, model: Sam2, monkeypatch: pytest.MonkeyPatch
) -> None:
    stable: list[bool] = []
    judge = video_answer._is_stable

    def judged(*words: Any) -> bool:
        stable.append(judge(*words))
        return stable[-1]

    monkeypatch.setattr(video_answer, "_is_stable", judged)
    found = differences(theirs, model)
    assert max(one.largest for one in found) < verify.MOST_WHOLE
    assert max(one.flipped for one in found) <= verify.MOST_FLIPPED
    assert set(stable) == {True, False}
    absent = {one.what: one.absent for one in found}
    for layer in ("a", "c"):
        went = [absent[f"{layer} {frame}"] for frame in range(1, COUNT)]
        assert went == [False, True, True, False, False]


def everything_stable(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(video_answer, "_is_stable", lambda *_: True)


def pointer_of_the_mask_shown(patch: pytest.MonkeyPatch) -> None:
    def answer(drawn: Drawn, **rules: Any) -> Seen:
        seen = ANSWER(drawn, **rules)
        shown = [np.array_equal(mask, seen.logits) for mask in drawn.masks]
        return replace(seen, pointer=drawn.pointers[shown.index(True)]) if any(shown) else seen

    patch.setattr(tracker, "answer", answer)


def pointer_of_the_absent(patch: pytest.MonkeyPatch) -> None:
    def answer(drawn: Drawn, **rules: Any) -> Seen:
        seen = ANSWER(drawn, **rules)
        best = 1 + int(np.argmax(drawn.scores[1:]))
        return seen if seen.presence > 0 else replace(seen, pointer=drawn.pointers[best])

    patch.setattr(tracker, "answer", answer)


ANSWER = video_answer.answer


@pytest.mark.parametrize(
    "broken", [everything_stable, pointer_of_the_mask_shown, pointer_of_the_absent]
)
def test_a_broken_rule_shows(
    theirs: Answers, model: Sam2, monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[pytest.MonkeyPatch], None],
) -> None:  # fmt: skip
    broken(monkeypatch)
    found = differences(theirs, model)
    assert max(one.largest for one in found) > 3 * verify.MOST_WHOLE


MOST_HALF, MOST_HALF_FLIPPED = 3e-2, 3  # what half precision of embeddings and feedback may change


@pytest.mark.parametrize("backward", [False, True])
def test_the_tracker_of_the_program_is_like_the_original(
    models: Callable[..., Sam2], backward: bool
) -> None:
    """All of it: steps that are played, float16 embeddings, keyframes looked at when needed."""
    pictures, size = parity.frames(10, (320, 180)), (320, 180)
    last = 9 if backward else 0
    mask = Whole("masked", last, (200, 80), 40)
    events = (
        Points("clicked", last, [(60, 90)], [1]),
        Points("clicked", last, [(60, 90), (10, 10)], [1, 0]),
        Points("clicked", 6, [(100, 60)], [1]),
        Points("boxed", last, [], [], (100, 40, 220, 150)),
        mask,
        Go(last, 9 - last),
    )
    predictor = original.build(original.Original("sam2.1", "tiny", SIZE))
    playing = parity.Theirs(predictor, pictures, TrackOptions())
    asked = [list(playing.play(event)) for event in events][-1]
    theirs = dict(asked)

    model = models(SIZE)
    keys: dict[str, dict[int, Key]] = {
        "clicked": {last: (Click(60, 90), Click(10, 10, include=False)), 6: (Click(100, 60),)},
        "boxed": {last: (BoxClick(100, 40, 220, 150),)},
        "masked": {last: KeyMask(parity.disc(mask, size))},
    }
    tracking_tool = tracker_of(model)
    assert tracking_tool is not None

    def embedding(frame: int) -> Embedding:
        return model.encode(pictures[frame])

    order = range(9, -1, -1) if backward else range(10)
    tracking = Tracking(embedding, keys, order, range(10), step=order.step)
    compared = 0
    for answer in tracking_tool.track(tracking):
        logits = np.asarray(answer.prediction.logits, np.float32)
        one = parity.compared("", theirs[f"{answer.layer} {answer.frame}"], logits)
        assert one.largest < MOST_HALF, (answer.layer, answer.frame, one)
        assert one.flipped <= MOST_HALF_FLIPPED, (answer.layer, answer.frame, one)
        compared += 1
    assert compared == 30
