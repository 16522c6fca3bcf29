"""Ours is the original: each graph, and the whole loop of clicks, tracking and corrections.

Random weights are sharpened (`models.convert.original.sharpen`), so that a wrong rule shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import models.memory_bank as bank
import models.memory_tracker as tracker
import models.video_answer as video_answer
from models.base import Rgb8
from models.memory_bank import Gathered, Moment
from models.resize import squashed
from models.sam2 import Sam2
from models.tracking import TrackOptions
from models.video_answer import Drawn, Seen

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),  # minutes on a machine that others use too
    pytest.mark.filterwarnings("ignore"),
]

WHY = "needs the original SAM 2 (make test)"
parity = pytest.importorskip("models.convert.parity", reason=WHY)
parity_graphs = pytest.importorskip("models.convert.parity_graphs", reason=WHY)
original = pytest.importorskip("models.convert.original", reason=WHY)
verify = pytest.importorskip("models.convert.verify", reason=WHY)
misc = pytest.importorskip("sam2.utils.misc", reason=WHY)

Points, Whole, Go = parity.Points, parity.Whole, parity.Go

SHORT = (
    Points("a", 0, [(60, 90)], [1]),
    Points("a", 3, [(100, 60), (20, 20)], [1, 0]),
    Go(0, 9),
    Points("a", 5, [(80, 90)], [1]),
    Go(5, 8),
    Go(7, 1),
)


def compare(
    originals: Callable[..., Any],
    model: Sam2,
    pictures: Sequence[Rgb8],
    events: Sequence[Any],
    options: TrackOptions | None = None,
    family: str = "sam2.1",
) -> list[Any]:
    options = options or TrackOptions()
    theirs = originals(model.graphs.size, pictures, events, options, family)
    ours = parity.Ours(model, pictures, options)
    answers = [answer for event in events for answer in ours.play(event)]
    assert [what for what, _ in answers] == [what for what, _ in theirs]
    return [parity.compared(what, a, b) for (what, a), (_, b) in zip(theirs, answers, strict=True)]


def assert_equal(differences: Sequence[Any]) -> None:
    worst = max(differences, key=lambda difference: difference.largest)
    assert worst.largest < verify.MOST_WHOLE, worst
    assert max(difference.flipped for difference in differences) <= verify.MOST_FLIPPED


@pytest.mark.parametrize(("size", "family"), [(512, "sam2.1"), (256, "sam2")])
def test_each_graph_equals_its_part_of_the_original(
    models: Callable[..., Sam2], size: int, family: str
) -> None:
    model = models(size, family)
    found = parity_graphs.per_graph(
        original.build(original.Original(family, "tiny", size)), model, list
    )
    assert set(found) == {"encoder.onnx", "decoder.onnx", "memenc.onnx", "memattn.onnx"}
    assert max(found.values()) < verify.MOST_GRAPH, found


def test_three_layers_forward_corrected_again_and_back(
    models: Callable[..., Sam2], originals: Callable[..., Any]
) -> None:
    pictures = parity.frames(verify.COUNT, verify.SIZE)
    found = compare(originals, models(512), pictures, verify.SCENARIO)
    assert_equal(found)
    assert any(difference.absent for difference in found)
    assert not all(difference.absent for difference in found)


def test_a_model_of_full_size(models: Callable[..., Sam2], originals: Callable[..., Any]) -> None:
    events = (
        Points("a", 0, [(300, 250)], [1]),
        Whole("b", 0, (200, 200), 80),
        Go(0, 2),
        Points("a", 2, [(320, 200), (10, 10)], [1, 0]),
        Go(2, 3),
    )
    assert_equal(compare(originals, models(1024), parity.frames(4, (640, 360)), events))


def test_few_keyframes_looked_at_and_every_second_frame_remembered(
    models: Callable[..., Sam2], originals: Callable[..., Any]
) -> None:
    events = [
        *(Points("a", frame, [(40 + 10 * frame, 90)], [1]) for frame in (0, 2, 3, 8)),
        Go(0, 9),
        Go(8, 0),  # from 9 there is no keyframe behind, which the original fails on
    ]
    options = TrackOptions(conditioning=2, stride=2)
    pictures = parity.frames(10, (320, 180))
    assert_equal(compare(originals, models(256), pictures, events, options))


def test_a_model_whose_pointers_carry_no_time(
    models: Callable[..., Sam2], originals: Callable[..., Any]
) -> None:
    pictures = parity.frames(10, (320, 180))
    found = compare(originals, models(256, "sam2"), pictures, SHORT, family="sam2")
    assert_equal(found)


# Each rule of the bank, broken on purpose, at a size that is quick and less exact.
MOST_SMALL = 1e-2  # logits by which the loop as it is may differ there

Gather = Callable[..., Gathered]
REAL: Gather = bank.gather


def gathering(change: Callable[..., Gathered]) -> Callable[[pytest.MonkeyPatch, Sam2], None]:
    return lambda patch, _: patch.setattr(tracker, "gather", change)


def with_rules(**changes: Any) -> Callable[[pytest.MonkeyPatch, Sam2], None]:
    def broken(patch: pytest.MonkeyPatch, model: Sam2) -> None:
        rules = replace(model.graphs.rules, **changes)
        model.graphs = replace(model.graphs, rules=rules)

    return broken


def longer_clip(keys: Any, tracked: Any, moment: Moment, *rest: Any) -> Gathered:
    return REAL(keys, tracked, moment._replace(length=moment.length + 2), *rest)


def always_forward(keys: Any, tracked: Any, moment: Moment, *rest: Any) -> Gathered:
    return REAL(keys, tracked, moment._replace(step=1), *rest)


def times_shifted(*everything: Any) -> Gathered:
    found = REAL(*everything)
    last = found.times.max()
    return found._replace(times=np.where(found.times < last, found.times + 1, last))


def keys_timed_as_frames(*everything: Any) -> Gathered:
    found = REAL(*everything)
    return found._replace(times=np.minimum(found.times, 5))


def without_pointers(*everything: Any) -> Gathered:
    found = REAL(*everything)
    return found._replace(pointers=found.pointers[:, :1], pointer_times=found.pointer_times[:1])


def without_keys(keys: Any, tracked: Any, *rest: Any) -> Gathered:
    nearest_only = {frame: keys[frame] for frame in sorted(keys)[:1]}
    return REAL(nearest_only, tracked, *rest)


def first_pointer(patch: pytest.MonkeyPatch, _: Sam2) -> None:
    def answer(drawn: Drawn, **rules: Any) -> Seen:
        seen = ANSWER(drawn, **rules)
        return replace(seen, pointer=drawn.pointers[0])

    patch.setattr(tracker, "answer", answer)


ANSWER = video_answer.answer


def nothing_fed_back(patch: pytest.MonkeyPatch, _: Sam2) -> None:
    patch.setattr(tracker, "prior", np.zeros_like)


def no_memory_added_while_tracking(patch: pytest.MonkeyPatch, model: Sam2) -> None:
    graphs = type(model.graphs)
    look_back = graphs.look_back

    def wrong(self: Any, features: Any, *rest: Any) -> Any:
        return look_back(self, self.without_memory(features), *rest)

    patch.setattr(graphs, "look_back", wrong)


def corrections_forgotten(patch: pytest.MonkeyPatch, _: Sam2) -> None:
    settle = tracker.LayerTracker._settle

    def wrong(self: Any) -> None:
        for frame in [frame for frame in self._waiting if frame in self._ways]:
            del self._waiting[frame]
        settle(self)

    patch.setattr(tracker.LayerTracker, "_settle", wrong)


BROKEN: dict[str, Callable[[pytest.MonkeyPatch, Sam2], None]] = {
    "pointers timed by another length of the clip": gathering(longer_clip),
    "backward remembered as forward": gathering(always_forward),
    "times shifted by one": gathering(times_shifted),
    "keyframes timed as frames": gathering(keys_timed_as_frames),
    "one pointer only": gathering(without_pointers),
    "one keyframe only": gathering(without_keys),
    "five memories": with_rules(memories=5),
    "pointers of the future": with_rules(past_pointers=False),
    "keyframes remembered soft": with_rules(hard_keys=False),
    "the first mask while tracking": with_rules(several_while_tracking=False),
    "the first mask's pointer": first_pointer,
    "nothing fed back to a correction": nothing_fed_back,
    "no memory added where there is some": no_memory_added_while_tracking,
    "a correction that does not stay": corrections_forgotten,
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_shows(
    models: Callable[..., Sam2],
    originals: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    rule: str,
) -> None:
    model, pictures = models(256), parity.frames(10, (320, 180))
    BROKEN[rule](monkeypatch, model)
    found = compare(originals, model, pictures, SHORT)
    assert max(difference.largest for difference in found) > 10 * MOST_SMALL


def test_the_same_loop_unbroken(models: Callable[..., Sam2], originals: Callable[..., Any]) -> None:
    found = compare(originals, models(256), parity.frames(10, (320, 180)), SHORT)
    assert max(difference.largest for difference in found) < MOST_SMALL


def test_frames_are_read_as_the_original_reads_them(tmp_path: Any) -> None:
    picture = parity.frames(1, (333, 187))[0]
    Image.fromarray(picture).save(tmp_path / "frame.png")
    theirs, height, width = misc._load_img_as_tensor(tmp_path / "frame.png", 256)
    assert (height, width) == picture.shape[:2]
    ours = squashed(picture, 256)
    assert np.array_equal(np.rint(theirs.numpy().transpose(1, 2, 0) * 255).astype(np.uint8), ours)
