"""Frames and keyframes that turn out to be unreadable while a tracker is at work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from app.domain.archive import LayerArchive
from app.domain.mask import Mask
from app.propagate import EmbeddingSource, Lost, Propagated, Skipped, _UnreadableError, propagate
from app.propagation import Propagation
from app.settled import Settled
from models.base import CancelToken, Click, Embedding, ModelError, Rgb8
from models.ort import Cancel
from models.tracking import KeyMask, Tracked, Tracking
from tests.fakes import DiscModel
from tests.models.flow_shot import Shot, tracker_of
from tests.models.toy_images import ToyImages
from tests.project.values import plain_clip

CLICK = (Click(50.0, 50.0),)
FRAMES = range(1001, 1006)
NOTHING: Mapping[str, int] = MappingProxyType({})
KEYS = {"a": {1001: CLICK}, "b": {1001: CLICK, 1009: CLICK}}


class Source(EmbeddingSource):
    """Pictures, but for those that are damaged."""

    def __init__(self, damaged: set[int]) -> None:
        super().__init__(plain_clip(), DiscModel(), Cancel(), None)
        self.damaged = damaged

    def gap(self, frame: int) -> str | None:
        return None

    def __call__(self, frame: int) -> Embedding:
        if frame in self.damaged:
            raise _UnreadableError(frame, f"Frame {frame} is damaged.")
        return DiscModel().encode(np.zeros((90, 160, 3), np.uint8))


class Looker:
    """Looks at a layer's other keyframes when it comes to the layer on its first other frame.

    It is less sure from frame to frame, and finds the same everywhere.

    `insists`: it looks at frame 1009 whatever it is told. It says nothing of frame `blind`.
    """

    def __init__(self, *, insists: bool = False, blind: int | None = None) -> None:
        self.insists, self.blind = insists, blind
        self.answered: list[tuple[str, int]] = []

    def track(self, tracking: Tracking, cancel: CancelToken | None = None) -> Iterator[Tracked]:
        del cancel
        for frame in tracking.order:
            embedding = tracking.embeddings(frame)
            if frame == self.blind:
                continue
            for layer, keys in tracking.keys.items():
                if frame not in keys:
                    for key in [*keys, *([1009] if self.insists else [])]:
                        tracking.embeddings(key)
                found = DiscModel().decode(embedding, CLICK)
                found = replace(found, score=1 - 0.1 * (frame - FRAMES[0]))
                self.answered.append((layer, frame))
                yield Tracked(layer, frame, found, 1.0, is_key=False)


def answers(
    tracker: Looker,
    damaged: set[int],
    layers: str = "ab",
    starts: Mapping[str, int] = NOTHING,
    settled: Settled | None = None,
) -> list[Propagated | Skipped | Lost]:
    keys = {layer: KEYS[layer] for layer in layers}
    propagation = Propagation(plain_clip(), keys, (FRAMES,), starts)
    archives = {layer: LayerArchive(None, "") for layer in keys}
    source, cancel = Source(damaged), Cancel()
    return list(propagate(propagation, tracker, DiscModel(), source, archives, cancel, settled))


def masks_of(layer: str, found: list[Propagated | Skipped | Lost]) -> dict[int, Mask]:
    """The masks of a layer; the last one where a frame was answered again."""
    masks = [one for one in found if isinstance(one, Propagated) and one.layer_id == layer]
    return {one.frame: one.mask for one in masks}


@pytest.mark.parametrize("damaged", [{1009}, {1003}, {1009, 1003}, {1002, 1004}, set()])
def test_what_cannot_be_read_costs_no_layer_another_frame(damaged: set[int]) -> None:
    found = answers(Looker(), damaged)
    for layer in KEYS:
        assert masks_of(layer, found).keys() == set(FRAMES) - damaged
    assert {one.frame for one in found if isinstance(one, Skipped)} == damaged


@pytest.mark.parametrize(
    ("damaged", "starts"), [(set(), {"a": 1001, "b": 1003}), ({1009}, {}), ({1009}, {"b": 1003})]
)
def test_the_doubt_of_a_layer_depends_on_no_other(
    damaged: set[int], starts: Mapping[str, int]
) -> None:
    alone = masks_of("a", answers(Looker(), set(), "a"))
    beside = masks_of("a", answers(Looker(), damaged, "ab", starts))
    assert [beside[frame].doubt for frame in FRAMES] == [alone[frame].doubt for frame in FRAMES]
    assert len({mask.doubt for mask in alone.values()}) == len(FRAMES), "it depends on those before"


@pytest.mark.parametrize(
    ("changes", "taken"),
    [({1001, 1003}, {1001, 1002, 1003}), ({1001}, {1001}), (set(), set()), ({1005}, set())],
)
def test_a_fix_leaves_no_mask_of_before_among_those_it_changes(
    changes: set[int], taken: set[int]
) -> None:
    same = masks_of("a", answers(Looker(), set(), "a"))
    absent = Mask.absent(plain_clip().size)
    stored = {frame: absent if frame in changes else mask for frame, mask in same.items()}
    settled = Settled(stored, plain_clip().size)
    found = masks_of("a", answers(Looker(), set(), "a", settled=settled))
    assert found.keys() == taken


def test_what_was_the_same_before_an_unreadable_frame_counts_once() -> None:
    same = masks_of("a", answers(Looker(), set(), "a"))
    stored = {frame: same[frame] for frame in (1002, 1003)}
    stored[1005] = Mask.absent(plain_clip().size)
    tracker = Looker()
    settled = Settled(stored, plain_clip().size)
    found = answers(tracker, {1004}, "a", settled=settled)
    assert masks_of("a", found).keys() == {1001, 1002, 1003, 1005}
    assert [frame for _, frame in tracker.answered] == [1001, 1002, 1003, 1005]


def test_frames_of_which_nothing_is_said_are_passed_once() -> None:
    tracker = Looker(blind=1002)
    answers(tracker, {1004}, "a")
    assert [frame for _, frame in tracker.answered] == [1001, 1003, 1005]


def test_a_tracker_that_insists_on_such_a_frame_is_an_error() -> None:
    with pytest.raises(ModelError, match="Frame 1009 is damaged"):
        answers(Looker(insists=True), {1009})


def test_once_cancelled_nothing_more_comes() -> None:
    cancel = Cancel()
    archives = {layer: LayerArchive(None, "") for layer in KEYS}
    propagation = Propagation(plain_clip(), KEYS, (FRAMES,))
    coming = propagate(propagation, Looker(), DiscModel(), Source(set()), archives, cancel)
    assert isinstance(next(coming), Propagated)
    cancel.cancel()
    assert list(coming) == []


@pytest.mark.parametrize("damaged", [{1003}, {1002, 1004}, {1009, 1003}])
def test_the_flow_tracker_passes_over_what_cannot_be_read(damaged: set[int]) -> None:
    shot, model = Shot(speed=4), ToyImages()
    first, last = KeyMask(shot.truth(0)), KeyMask(shot.truth(8))
    keys = {"a": {1001: first}, "b": {1001: first, 1009: last}}

    class Pictures(Source):
        def __call__(self, frame: int) -> Embedding:
            return model.encode(self.picture(frame))

        def picture(self, frame: int) -> Rgb8:
            if frame in self.damaged:
                raise _UnreadableError(frame, f"Frame {frame} is damaged.")
            return shot.picture(frame - 1001)

    found = list(
        propagate(
            Propagation(plain_clip(), keys, (FRAMES,)),
            tracker_of(model),
            model,
            Pictures(damaged),
            {layer: LayerArchive(None, "") for layer in keys},
            Cancel(),
        )
    )
    for layer in keys:
        assert masks_of(layer, found).keys() == set(FRAMES) - damaged
    assert {one.frame for one in found if isinstance(one, Skipped)} == damaged
