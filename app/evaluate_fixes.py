"""What a fix costs and gives: carried outward as far as it changes anything, or all tracked anew.

Both begin with the same masks, tracked from the true mask of the first frame, and the same fix: up
to three clicks on the frame whose mask is worst. All goes the way the editor goes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.davis import Scores, mean, measure, region
from app.domain.archive import LayerArchive
from app.domain.clip import Clip, open_clip
from app.domain.mask import Mask, upsample
from app.evaluate import Bits
from app.evaluate_tracking import Footage, corrected
from app.propagate import EmbeddingSource, Propagated, propagate
from app.propagation import Propagation
from app.settled import Settled
from models.base import Embedding, ModelError, Prediction
from models.ort import Cancel
from models.regrid import regridded
from models.tracking import Key, KeyMask, TrackOptions, tracker_of

LAYER = "object"


@dataclass(frozen=True, slots=True)
class Cost:
    """One way to go on after the fix."""

    touched: int  # frames whose mask was replaced
    seconds: float  # with all frames embedded before
    scores: Scores  # of the whole sequence afterwards


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix of one object on one frame, counted from 0, and what became of it."""

    object: int  # its number in the true masks
    objects: int  # that the sequence shows
    frames: int  # of the sequence
    frame: int
    before: Scores
    outward: Cost
    anew: Cost


class _Embedded(EmbeddingSource):
    """The embeddings of footage, all at hand."""

    def __init__(self, clip: Clip, footage: Footage) -> None:
        super().__init__(clip, footage.model, Cancel(), None)
        self._footage = footage
        self._first = clip.frames.first

    def __call__(self, frame: int) -> Embedding:
        return self._footage.embeddings[frame - self._first]


@dataclass
class _Shot:
    """One object of a sequence as a layer."""

    clip: Clip
    footage: Footage
    keys: dict[int, Key]
    archive: LayerArchive
    masks: dict[int, Mask]

    def run(self, passes: tuple[range, ...], settled: Settled | None = None) -> tuple[int, float]:
        """Propagate; how many masks came, and the seconds it took. Raises ModelError."""
        tracker = tracker_of(self.footage.model, TrackOptions())
        if tracker is None:
            raise ModelError(f"{self.footage.model.info.label} does not follow objects.")
        start = {LAYER: passes[0][0]}
        plan = Propagation(self.clip, {LAYER: dict(sorted(self.keys.items()))}, passes, start)
        begun, came = time.perf_counter(), 0
        source = _Embedded(self.clip, self.footage)
        archives, model = {LAYER: self.archive}, self.footage.model
        for answer in propagate(plan, tracker, model, source, archives, Cancel(), settled):
            if isinstance(answer, Propagated):
                came += not answer.is_key
                self.masks[answer.frame] = answer.mask
        source.close()
        return came, time.perf_counter() - begun

    def shown(self) -> list[Bits]:
        """The mask of every frame, empty where there is none."""
        width, height = self.clip.size
        nothing: NDArray[np.bool_] = np.zeros((height, width), np.bool_)
        frames = self.clip.frames
        return [
            upsample(self.masks[f], self.clip.size) > 0 if f in self.masks else nothing
            for f in range(frames.first, frames.last + 1)
        ]

    def fixed(self, frame: int, key: Key, archive: LayerArchive) -> _Shot:
        """This shot with one more keyframe, going on from what `archive` remembers."""
        return _Shot(self.clip, self.footage, {**self.keys, frame: key}, archive, dict(self.masks))


def fix(footage: Footage, one: int) -> Fix:
    """Track object `one`, fix its worst frame, and go on both ways. Raises ModelError."""
    clip = open_clip(footage.frames[0].parent)
    first, last = clip.frames.first, clip.frames.last
    true = footage.truth[one]
    archive = LayerArchive(None, "", recent=len(clip.frames))
    shot = _Shot(clip, footage, {first: KeyMask(true[0])}, archive, {})
    shot.run((range(first, last + 1),))
    tracked = shot.shown()
    worst = min(range(1, len(true)), key=lambda k: region(tracked[k], true[k]))
    key = corrected(footage, one, worst, _prediction(shot.masks.get(first + worst)))
    outward = shot.fixed(first + worst, key, archive)
    anew = shot.fixed(first + worst, key, LayerArchive(None, ""))
    settled = Settled(outward.masks, clip.size)
    ways = (range(first + worst, last + 1), range(first + worst, first, -1))
    near = Cost(*outward.run(ways, settled), scores=_scored(outward.shown(), true))
    whole = Cost(*anew.run((range(first, last + 1),)), scores=_scored(anew.shown(), true))
    return Fix(one, len(footage.truth), len(true), worst, _scored(tracked, true), near, whole)


def _prediction(mask: Mask | None) -> Prediction | None:
    """A stored mask as the square of logits that the model answered with."""
    if mask is None:
        return None
    x0, y0, x1, _ = mask.window
    window = (x0, y0, x1, y0 + (x1 - x0))
    square = regridded(mask.logits(), mask.window, mask.shape[1], window)
    return Prediction(square, window, mask.score)


def _scored(found: list[Bits], true: list[Bits]) -> Scores:
    return mean([measure(a, b) for a, b in zip(found, true, strict=True)])


def values(found: Mapping[str, Fix]) -> dict[str, object]:
    """The results as JSON values, by sequence."""

    def cost(one: Cost) -> dict[str, object]:
        return {"touched": one.touched, "seconds": one.seconds, "J&F": one.scores.jf}

    return {
        name: {
            "object": one.object,
            "objects": one.objects,
            "frames": one.frames,
            "frame": one.frame,
            "before": one.before.jf,
            "outward": cost(one.outward),
            "anew": cost(one.anew),
        }
        for name, one in found.items()
    }
