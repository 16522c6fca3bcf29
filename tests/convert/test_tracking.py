"""Tracking as the editor asks for it: several layers, from anywhere, with and without archives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models import memory_tracker
from models.base import BoxClick, Cancelled, Click, Embedding, ModelError, Rgb8
from models.ort import Cancel
from models.sam2 import Sam2
from models.tracking import Archive, Key, KeyMask, Tracked, Tracking, TrackOptions, tracker_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),  # minutes on a machine that others use too
    pytest.mark.filterwarnings("ignore"),
]

COUNT, FIRST = 12, 1001  # frames of a clip need not start at 0
SPAN = range(FIRST, FIRST + COUNT)
MASK = np.zeros((90, 160), bool)
MASK[20:60, 40:90] = True
KEYS: Mapping[str, Mapping[int, Key]] = {
    "clicked": {FIRST: (Click(40, 45), Click(5, 5, include=False))},
    "boxed": {FIRST: (BoxClick(20, 10, 90, 70),), FIRST + 5: (Click(60, 40),)},
    "masked": {FIRST + 2: KeyMask(MASK)},
}


class Kept:
    """An archive in memory."""

    def __init__(self, records: Mapping[int, bytes] | None = None) -> None:
        self.records = dict(records or {})

    def get(self, frame: int) -> bytes | None:
        return self.records.get(frame)

    def put(self, frame: int, record: bytes) -> None:
        self.records[frame] = record


@pytest.fixture(scope="module")
def model(models: Callable[..., Sam2]) -> Sam2:
    return models(256)


@pytest.fixture(scope="module")
def embeddings(model: Sam2) -> dict[int, Embedding]:
    draw = np.random.default_rng(3)
    coarse = draw.integers(0, 255, (12, 40, 3), dtype=np.uint8)
    y, x = np.mgrid[0:90, 0:160]
    pictures: list[Rgb8] = [coarse[y // 8, x // 8 + k] for k in range(COUNT)]
    return {frame: model.encode(picture) for frame, picture in zip(SPAN, pictures, strict=True)}


def track(
    model: Sam2,
    embeddings: Mapping[int, Embedding],
    order: Sequence[int],
    keys: Mapping[str, Mapping[int, Key]] = KEYS,
    archives: Mapping[str, Archive] | None = None,
    options: TrackOptions | None = None,
    asked: Counter[int] | None = None,
    step: int = 1,
) -> list[Tracked]:
    tracker = tracker_of(model, options)
    assert tracker is not None

    def embedding(frame: int) -> Embedding:
        if asked is not None:
            asked[frame] += 1
        return embeddings[frame]

    step = -1 if len(order) > 1 and order[1] < order[0] else step
    return list(tracker.track(Tracking(embedding, keys, order, SPAN, archives or {}, step)))


def same(a: Sequence[Tracked], b: Sequence[Tracked]) -> bool:
    return [(x.layer, x.frame) for x in a] == [(x.layer, x.frame) for x in b] and all(
        np.array_equal(x.prediction.logits, y.prediction.logits) for x, y in zip(a, b, strict=True)
    )


def test_answers_come_frame_by_frame_and_layer_by_layer(
    model: Sam2, embeddings: Mapping[int, Embedding]
) -> None:
    found = track(model, embeddings, SPAN)
    assert [(x.frame, x.layer) for x in found] == [(f, layer) for f in SPAN for layer in KEYS]
    keyed = {(x.layer, x.frame) for x in found if x.is_key}
    assert keyed == {(layer, frame) for layer, keys in KEYS.items() for frame in keys}
    for x in found:
        assert x.prediction.logits.dtype == np.float16
        assert x.prediction.window == (0, 0, 160, 90)


def test_a_keyframe_says_what_a_click_said(
    model: Sam2, embeddings: Mapping[int, Embedding]
) -> None:
    steps = KEYS["clicked"][FIRST]
    assert isinstance(steps, tuple)
    (found,) = track(model, embeddings, [FIRST], {"clicked": {FIRST: steps}})
    clicked = model.decode(embeddings[FIRST], steps)
    assert np.array_equal(found.prediction.logits, clicked.logits)
    assert found.prediction.score == clicked.score


def test_a_mask_is_taken_as_it_is(model: Sam2, embeddings: Mapping[int, Embedding]) -> None:
    (found,) = track(model, embeddings, [FIRST + 2], {"masked": KEYS["masked"]})
    rows, columns = found.prediction.logits.shape
    y = (np.arange(rows) + 0.5) * 90 / rows
    x = (np.arange(columns) + 0.5) * 160 / columns
    at_centres = MASK[y.astype(int)[:, None], x.astype(int)[None]]
    differs = np.count_nonzero((found.prediction.logits > 0) != at_centres)
    assert differs <= 0.02 * at_centres.size
    assert found.presence > 0


def test_layers_do_not_change_each_other(model: Sam2, embeddings: Mapping[int, Embedding]) -> None:
    together = track(model, embeddings, SPAN)
    for layer, keys in KEYS.items():
        alone = track(model, embeddings, SPAN, {layer: keys})
        assert same(alone, [x for x in together if x.layer == layer])


def test_each_embedding_is_asked_for_once_a_frame_however_many_layers(
    model: Sam2, embeddings: Mapping[int, Embedding]
) -> None:
    asked: Counter[int] = Counter()
    click = KEYS["clicked"][FIRST]
    keys = {
        "a": {FIRST: click, FIRST + 5: click},
        "b": {FIRST: click, FIRST + 3: click},
        "c": {FIRST + 5: click, FIRST + 3: click},
    }
    track(model, embeddings, list(SPAN)[1:], keys, asked=asked)
    seen_as_keys = {
        FIRST + 3,
        FIRST + 5,
    }  # looked at on the first frame, their own turn comes later
    assert set(asked) == set(SPAN)
    assert all(times == 1 for frame, times in asked.items() if frame not in seen_as_keys)
    assert max(asked.values()) <= 2


@pytest.mark.parametrize("backward", [False, True])
def test_going_on_from_an_archive_gives_the_very_same(
    model: Sam2, embeddings: Mapping[int, Embedding], backward: bool
) -> None:
    last = FIRST + COUNT - 1
    keys = {"a": {last if backward else FIRST: KEYS["clicked"][FIRST]}}
    order = list(reversed(SPAN)) if backward else list(SPAN)
    whole = track(model, embeddings, order, keys)
    archive = Kept()
    begun = track(model, embeddings, order[:7], keys, {"a": archive})
    went_on = track(model, embeddings, order[7:], keys, {"a": archive})
    assert same(whole, begun + went_on)
    assert archive.records.keys() == set(order[1:])
    without = track(model, embeddings, order[7:], keys)
    assert not same(whole[7:], without), "the archive is what makes them the same"


def test_damaged_and_lost_records_cost_their_frames_only(
    model: Sam2, embeddings: Mapping[int, Embedding]
) -> None:
    keys, archive = {"a": KEYS["clicked"]}, Kept()
    track(model, embeddings, list(SPAN)[:8], keys, {"a": archive})
    archive.records[FIRST + 7] = b"not a record"
    del archive.records[FIRST + 6]
    damaged = track(model, embeddings, list(SPAN)[8:], keys, {"a": Kept(archive.records)})
    del archive.records[FIRST + 7]
    lost = track(model, embeddings, list(SPAN)[8:], keys, {"a": Kept(archive.records)})
    assert same(damaged, lost)
    assert not same(lost, track(model, embeddings, list(SPAN)[8:], keys))


def test_one_frame_alone_is_tracked_away_from_its_keyframe(
    model: Sam2, embeddings: Mapping[int, Embedding]
) -> None:
    keys = {"a": {FIRST + 4: KEYS["clicked"][FIRST]}}
    after = track(model, embeddings, [FIRST + 5], keys)
    assert same(after, track(model, embeddings, [FIRST + 5, FIRST + 6], keys)[:1])
    before = track(model, embeddings, [FIRST + 3], keys, step=-1)
    assert same(before, track(model, embeddings, [FIRST + 3, FIRST + 2], keys)[:1])


def test_one_frame_alone_goes_the_way_it_is_told(
    model: Sam2, embeddings: Mapping[int, Embedding]
) -> None:
    """Also where another layer, or the layer itself, has a keyframe on the other side."""
    click = KEYS["clicked"][FIRST]
    keys = {"a": {FIRST: click, FIRST + 8: click}, "b": {FIRST: click}}
    order, archive = list(range(FIRST + 7, FIRST + 2, -1)), Kept()
    whole = track(model, embeddings, order, keys, {"a": archive})
    del archive.records[order[-1]]
    alone = track(model, embeddings, order[-1:], keys, {"a": archive}, step=-1)
    assert same(alone[:1], [x for x in whole[-2:] if x.layer == "a"])


def test_an_order_that_contradicts_its_step_is_refused(embeddings: Mapping[int, Embedding]) -> None:
    for order, step in (([2, 1], 1), ([1, 2], -1), ([1, 3, 2], 1)):
        with pytest.raises(ValueError, match="not in order"):
            Tracking(embeddings.__getitem__, KEYS, order, SPAN, step=step)


def test_keyframes_far_away_are_let_go_of_and_made_anew(
    model: Sam2, embeddings: Mapping[int, Embedding], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"a": dict.fromkeys(SPAN[::2], KEYS["clicked"][FIRST])}
    options = TrackOptions(conditioning=2)
    whole = track(model, embeddings, SPAN, keys, options=options)
    made: list[int] = []
    begin = memory_tracker._Keys.__init__

    def few(keys: Any, frames: Any, make: Any, most: int) -> None:
        del most

        def noted(frame: int) -> Any:
            made.append(frame)
            return make(frame)

        begin(keys, frames, noted, 4)

    monkeypatch.setattr(memory_tracker._Keys, "__init__", few)
    assert same(whole, track(model, embeddings, SPAN, keys, options=options))
    assert len(made) > len(set(made))


def test_a_mask_smaller_than_a_model_pixel_is_not_lost(
    model: Sam2, embeddings: Mapping[int, Embedding]
) -> None:
    small = np.zeros((2160, 3840), np.bool_)
    small[1000:1004, 2000:2003] = True
    embedding = replace(embeddings[FIRST], frame_size=(3840, 2160))
    (found,) = track(model, {FIRST: embedding}, [FIRST], {"dot": {FIRST: KeyMask(small)}})
    assert found.presence > 0
    (nothing,) = track(
        model, {FIRST: embedding}, [FIRST], {"dot": {FIRST: KeyMask(np.zeros_like(small))}}
    )
    assert nothing.presence < 0


def test_pruning_changes_what_comes_after_the_memory_is_full(
    model: Sam2, embeddings: Mapping[int, Embedding]
) -> None:
    keys = {"a": KEYS["clicked"]}
    whole = track(model, embeddings, SPAN, keys)
    pruned = track(model, embeddings, SPAN, keys, options=TrackOptions(prune=True))
    assert same(whole[:7], pruned[:7])
    assert not same(whole[7:], pruned[7:])


def test_cancelling_ends_a_track(model: Sam2, embeddings: Mapping[int, Embedding]) -> None:
    cancel = Cancel()
    tracker = tracker_of(model)
    assert tracker is not None
    run = tracker.track(Tracking(embeddings.__getitem__, KEYS, SPAN, SPAN), cancel)
    next(run)
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(run)


def test_a_layer_without_a_keyframe_is_refused(
    model: Sam2, embeddings: Mapping[int, Embedding]
) -> None:
    with pytest.raises(ModelError, match="needs a keyframe"):
        track(model, embeddings, SPAN, {"a": {}})
