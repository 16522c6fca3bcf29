"""Frames and keyframes that turn out to be unreadable while a tracker is at work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app.domain.archive import LayerArchive
from app.propagate import EmbeddingSource, Lost, Propagated, Skipped, _UnreadableError, propagate
from app.propagation import Propagation
from models.base import CancelToken, Click, Embedding, ModelError, Rgb8
from models.ort import Cancel
from models.tracking import KeyMask, Tracked, Tracking
from tests.fakes import DiscModel
from tests.models.flow_shot import Shot, tracker_of
from tests.models.toy_images import ToyImages
from tests.project.values import plain_clip

CLICK = (Click(50.0, 50.0),)
FRAMES = range(1001, 1006)
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

    `insists`: it looks at frame 1009 whatever it is told.
    """

    def __init__(self, *, insists: bool = False) -> None:
        self.insists = insists

    def track(self, tracking: Tracking, cancel: CancelToken | None = None) -> Iterator[Tracked]:
        del cancel
        for frame in tracking.order:
            embedding = tracking.embeddings(frame)
            for layer, keys in tracking.keys.items():
                if frame not in keys:
                    for key in [*keys, *([1009] if self.insists else [])]:
                        tracking.embeddings(key)
                yield Tracked(layer, frame, DiscModel().decode(embedding, CLICK), 1.0, is_key=False)


def answers(tracker: Looker, damaged: set[int]) -> list[Propagated | Skipped | Lost]:
    propagation = Propagation(plain_clip(), KEYS, (FRAMES,))
    archives = {layer: LayerArchive(None, "") for layer in KEYS}
    return list(propagate(propagation, tracker, DiscModel(), Source(damaged), archives, Cancel()))


def frames_of(layer: str, found: list[Propagated | Skipped | Lost]) -> set[int]:
    return {one.frame for one in found if isinstance(one, Propagated) and one.layer_id == layer}


@pytest.mark.parametrize("damaged", [{1009}, {1003}, {1009, 1003}, {1002, 1004}, set()])
def test_what_cannot_be_read_costs_no_layer_another_frame(damaged: set[int]) -> None:
    found = answers(Looker(), damaged)
    for layer in KEYS:
        assert frames_of(layer, found) == set(FRAMES) - damaged
    assert {one.frame for one in found if isinstance(one, Skipped)} == damaged


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
        assert frames_of(layer, found) == set(FRAMES) - damaged
    assert {one.frame for one in found if isinstance(one, Skipped)} == damaged
