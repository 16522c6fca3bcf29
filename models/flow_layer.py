"""One layer of a flow tracking: which keyframes a frame is reached from, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.arrays import half
from models.base import Model, ModelError, Prediction
from models.flow_ahead import REACH, Ahead
from models.flow_course import Begin, Course, Stand, Views
from models.flow_frames import Frames
from models.flow_keys import Keyframes
from models.flow_record import Origin, origin_of, record_of, stand_of
from models.redraw import FlowRules, iou
from models.sheet import OUTSIDE
from models.tracking import Tracked, Tracking, TrackOptions

SEEN = 10.0  # the logit of being there
DOUBT = 8.0  # how sharply two stands on one frame are told apart by how well they fit


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
        self._name, self._frames, self._rules = name, frames, rules
        self._keys = Keyframes(model, frames, tracking.keys[name], options.conditioning)
        self._archive = tracking.archives.get(name)
        self._behind: Course | None = None
        self._ahead: Ahead | None = None
        self._lost = False  # whether nothing was known on the frame answered last

    def coming(self, frame: int, step: int) -> Ahead | None:
        """What comes from the keyframe ahead and is to be led to `frame`; None without such one."""
        _, ahead = self._sides(frame, step)
        if frame in self._keys or ahead is None:
            return None
        if self._ahead is None or not self._ahead.leads(ahead, frame, -step):
            self._ahead = Ahead(self._begun(frame, ahead, -step))
        return self._ahead

    def answer(self, frame: int, step: int) -> Tracked | None:
        """The answer on `frame`, going forward (`step` 1) or backward (-1).

        What is `coming` has been led there. Where the layer is lost, the first frame is answered as
        such and no other one.
        """
        if frame in self._keys:
            self._lost = False
            said = self._keys.said(frame)
            return self._told(frame, said.stand, said.score, is_key=True)
        stand = self._stand(frame, step)
        if stand is not None:
            self._lost = False
            return self._told(frame, stand, stand.evidence.score if stand.evidence else 0.0)
        if self._lost:
            return None
        self._lost = True
        sheet = self._frames.sheet(frame)
        nothing = Prediction(sheet.padded(np.full(sheet.shape, OUTSIDE)), sheet.window, 0.0)
        return Tracked(self._name, frame, nothing, -SEEN, is_key=False, lost=True)

    def _told(self, frame: int, stand: Stand, score: float, *, is_key: bool = False) -> Tracked:
        sheet = self._frames.sheet(frame)
        prediction = Prediction(sheet.padded(stand.logits), sheet.window, score)
        presence = SEEN if stand.area else -SEEN
        return Tracked(self._name, frame, prediction, presence, is_key, stand.evidence)

    def _sides(self, frame: int, step: int) -> tuple[int | None, int | None]:
        """The keyframes behind and ahead that are felt on `frame`."""
        behind, ahead = self._keys.sides(frame, step)
        far = behind is not None and ahead is not None and abs(ahead - frame) > REACH
        return behind, None if far else ahead

    def _stand(self, frame: int, step: int) -> Stand | None:
        """By the keyframes on both sides, one of them, or neither."""
        behind, ahead = self._sides(frame, step)
        there = self._ahead.stand(frame) if ahead is not None and self._ahead else None
        here = None if behind is None else self._from_behind(frame, behind, step)
        if here is None or there is None or behind is None or ahead is None:
            return there if here is None else here
        share = 1 - abs(ahead - frame) / min(abs(ahead - behind), REACH + 1)
        return blended(here, there, share)

    def _from_behind(self, frame: int, key: int, step: int) -> Stand | None:
        """The stand on `frame` by the keyframe behind; it is recorded."""
        course = self._behind
        if course is None or not course.leads(key, frame, step):
            course = self._behind = self._begun(self._frames.beside(frame, -step), key, step)
        while course.frame != frame and not course.lost:
            course.go()
        if course.lost:
            return None
        if self._archive is not None:
            heard = frozenset(course.heard)
            origin = Origin(key, heard, self._keys.digest(heard))
            self._archive.put(frame, record_of(course.stand, origin))
        return course.stand

    def _begun(self, frame: int, key: int, step: int) -> Course:
        """A course from `key` that is not beyond `frame`: from the records nearest to that.

        Where there are not enough of them in a row, it begins with the keyframe.
        """
        found: dict[int, Stand] = {}  # the last one first
        heard = frozenset({key})
        while frame != key and len(found) < self._rules.recent:
            record = self._recorded(frame, key)
            if record is None:
                found, heard = {}, frozenset({key})
            else:
                heard |= record[1]
                found[frame] = record[0]
            frame = self._frames.beside(frame, -step)
        if frame == key:
            found[key] = self._keys.said(key).stand
        begin = Begin(key, step, dict(reversed(found.items())), heard)
        views = Views(self._frames.sheet, self._frames.motion, self._frames.beside)
        return Course(views, self._rules, self._keys.looked_at, begin)

    def _recorded(self, frame: int, key: int) -> tuple[Stand, frozenset[int]] | None:
        """The stand recorded on `frame`, and the keyframes heard on the way there.

        None where it comes from another keyframe than `key`, or one that was heard says something
        else by now. Those that are new since do not count: so a fix does not track the clip anew.
        """
        record = self._archive.get(frame) if self._archive is not None else None
        origin = None if record is None else origin_of(record)
        if record is None or origin is None or origin.key != key:
            return None
        if origin.digest != self._keys.digest(origin.heard):
            return None
        stand = stand_of(record, self._frames.shape)
        return None if stand is None else (stand, origin.heard)


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
