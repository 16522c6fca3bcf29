"""One layer of a flow tracking: which keyframes a frame is reached from, and what comes of it."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from models.arrays import half
from models.base import Model, ModelError, Prediction
from models.flow_course import Course, Stand, Views, place_of
from models.flow_frames import Frames, covered, shrunk
from models.flow_record import record_of, stand_of
from models.read_out import Memory, remembered
from models.redraw import FlowRules, iou, logits_of
from models.sheet import OUTSIDE, Sheet
from models.tracking import Key, KeyMask, Tracked, Tracking, TrackOptions

REACH = 120  # frames from which the keyframe ahead is felt, where there is one behind
SEEN = 10.0  # the logit of being there
DOUBT = 8.0  # how sharply two stands on one frame are told apart by how well they fit


class _Ahead(NamedTuple):
    """What a keyframe ahead says of the frames before it, up to `last`."""

    key: int
    last: int
    stands: Mapping[int, Stand]

    def covers(self, key: int, frame: int) -> bool:
        """Whether it is from `key` and was led on to `frame`."""
        return self.key == key and abs(frame - key) <= abs(self.last - key)


class Layer:
    """One layer of a tracking."""

    def __init__(
        self,
        model: Model,
        frames: Frames,
        tracking: Tracking,
        name: str,
        options: TrackOptions,
        rules: FlowRules,
    ) -> None:
        if not tracking.keys[name]:
            raise ModelError("A layer needs a keyframe to be tracked from.")
        self._model, self._frames, self._rules = model, frames, rules
        self._name, self._conditioning = name, options.conditioning
        self._keys: Mapping[int, Key] = tracking.keys[name]
        self._archive = tracking.archives.get(name)
        self._stands: dict[int, Stand] = {}  # on keyframes
        self._scores: dict[int, float] = {}
        self._memories: dict[int, Memory] = {}
        self._behind: Course | None = None
        self._ahead: _Ahead | None = None
        self._lost = False  # whether nothing was known on the frame answered last

    def answer(self, frame: int, step: int) -> Tracked | None:
        """The answer on `frame`, going forward (`step` 1) or backward (-1).

        Where the layer is lost, the first frame is answered as such and no other one.
        """
        sheet = self._frames.sheet(frame)
        if frame in self._keys:
            self._lost = False
            return self._told(frame, self._key(frame), sheet, is_key=True)
        stand = self._stand(frame, step)
        if stand is not None:
            self._lost = False
            return self._told(frame, stand, sheet)
        if self._lost:
            return None
        self._lost = True
        nothing = Prediction(sheet.padded(np.full(sheet.shape, OUTSIDE)), sheet.window, 0.0)
        return Tracked(self._name, frame, nothing, -SEEN, is_key=False, lost=True)

    def _stand(self, frame: int, step: int) -> Stand | None:
        """By the keyframes on both sides, one of them, or neither."""
        along = partial(operator.mul, step)
        behind = max((k for k in self._keys if (frame - k) * step > 0), key=along, default=None)
        ahead = min((k for k in self._keys if (k - frame) * step > 0), key=along, default=None)
        felt = ahead is not None and (behind is None or abs(ahead - frame) <= REACH)
        there = self._from_ahead(frame, ahead, step) if ahead is not None and felt else None
        here = None if behind is None else self._from_behind(frame, behind, step)  # and recorded
        if here is None or there is None or behind is None or ahead is None:
            return there if here is None else here
        share = 1 - abs(ahead - frame) / min(abs(ahead - behind), REACH + 1)
        return blended(here, there, share)

    def _told(self, frame: int, stand: Stand, sheet: Sheet, *, is_key: bool = False) -> Tracked:
        evidence = stand.evidence
        score = self._scores[frame] if is_key else evidence.score if evidence else 0.0
        prediction = Prediction(sheet.padded(stand.logits), sheet.window, score)
        presence = SEEN if stand.area else -SEEN
        return Tracked(self._name, frame, prediction, presence, is_key, evidence)

    def _from_behind(self, frame: int, key: int, step: int) -> Stand | None:
        course = self._behind
        if course is None or not course.leads(key, frame, step):
            course = self._behind = self._resumed(frame, key, step)
        while course.frame != frame and not course.lost:
            course.go()
        if course.lost:
            return None
        if self._archive is not None:
            self._archive.put(frame, record_of(course.stand, step))
        return course.stand

    def _resumed(self, frame: int, key: int, step: int) -> Course:
        """A course to `frame`: from the frame before, as recorded, else from the keyframe."""
        earlier: dict[int, Stand] = {}
        for ago in range(1, self._rules.recent + 1):
            other = frame - ago * step
            stand = self._key(other) if other == key else self._recorded(other, step)
            if stand is None:
                break
            earlier[other] = stand
            if other == key:
                break
        known = len(earlier) == self._rules.recent or key in earlier
        if frame - step in earlier and known:
            return self._course(key, frame - step, earlier[frame - step], step, earlier)
        return self._course(key, key, self._key(key), step, {})

    def _recorded(self, frame: int, step: int) -> Stand | None:
        record = self._archive.get(frame) if self._archive is not None else None
        return None if record is None else stand_of(record, step, self._frames.sheet(frame).shape)

    def _from_ahead(self, frame: int, key: int, step: int) -> Stand | None:
        """The stand on `frame` by the keyframe ahead; all up to it are made when first asked.

        Where one was recorded, coming from there, it stays: a fix does not track the clip anew.
        """
        recorded = self._recorded(frame, -step) if self._ahead is None else None
        if recorded is not None:
            return None if recorded.place.ago >= self._rules.patience else recorded
        if self._ahead is None or not self._ahead.covers(key, frame):
            course = self._course(key, key, self._key(key), -step, {})
            stands: dict[int, Stand] = {}
            while course.frame != frame and not course.lost:
                stand = course.go()
                stands[course.frame] = stand
            self._ahead = _Ahead(key, frame, stands)
        stand_ahead = self._ahead.stands.get(frame)
        lost = stand_ahead is None or stand_ahead.place.ago >= self._rules.patience
        return None if lost else stand_ahead

    def _course(
        self, key: int, frame: int, stand: Stand, step: int, earlier: Mapping[int, Stand]
    ) -> Course:
        views = Views(self._frames.sheet, self._frames.motion)
        return Course(views, self._rules, self._looked_at, key, (frame, stand), step, earlier)

    def _looked_at(self, frame: int) -> list[Memory]:
        """What is remembered of the keyframes nearest to `frame`."""
        nearest = sorted(self._keys, key=lambda key: (abs(key - frame), key))
        chosen = sorted(nearest[: self._conditioning or None])
        for key in chosen:
            if key not in self._memories:
                cells, mask = self._frames.sheet(key).cells, self._key(key).mask
                self._memories[key] = remembered(cells, mask, everywhere=True)
        return [self._memories[key] for key in chosen]

    def _key(self, frame: int) -> Stand:
        """What the keyframe says."""
        if frame not in self._stands:
            key = self._keys[frame]
            embedding, sheet = self._frames.seen(frame)
            if isinstance(key, KeyMask):
                logits, score = logits_of(shrunk(key.inside, covered(embedding, sheet), sheet)), 1.0
            else:
                answer = self._model.decode(embedding, key)
                logits, score = sheet.cut(answer.logits), answer.score
            self._stands[frame] = Stand(
                half(logits), heeded=True, place=place_of(logits > 0, None, 1.0, seen=True)
            )
            self._scores[frame] = score
        return self._stands[frame]


def blended(here: Stand, there: Stand, share: float) -> Stand:
    """Between two stands on one frame, in logits; `share` of the second, 0..1, by distance.

    The one that looks less like the object on the keyframes is heard less.
    """
    sure = (1 - share) * here.fit**DOUBT, share * there.fit**DOUBT
    if sum(sure) > 0:
        share = sure[1] / sum(sure)
    logits = (1 - share) * here.logits.astype(np.float32) + share * there.logits
    nearer, other = (here, there) if share < 0.5 else (there, here)
    evidence = nearer.evidence
    if evidence is not None:
        evidence = replace(evidence, both=iou(nearer.logits > 0, other.logits > 0))
    return Stand(half(logits), nearer.heeded, nearer.place, evidence)
