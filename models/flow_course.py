"""One layer on its way through the clip by flow and memory: from frame to frame, one direction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from models.evidence import Evidence
from models.flow import Motion
from models.read_out import Memory, around, read, remembered, remembered_far, whole
from models.redraw import FlowRules, Opinions, logits_of, probability, redrawn
from models.sheet import Sheet

F32: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Stand:
    """Where a layer stands on one frame.

    `logits` (rows, columns) are rounded to float16, so that going on from a record and going on
    from memory are the same. `heeded`: whether later frames look back at this one.
    """

    logits: NDArray[np.float16]
    heeded: bool
    side: float  # of the object's box, in its pixels; what is hidden of it is forgotten slowly
    evidence: Evidence | None = None  # None on keyframes, and where it was read from a record

    @property
    def mask(self) -> F32:
        """0..1."""
        return probability(self.logits)

    @property
    def area(self) -> int:
        """Pixels inside."""
        return int(np.count_nonzero(self.logits > 0))


@dataclass(frozen=True, eq=False, slots=True)
class Views:
    """What a course sees: frames as sheets, and how one came about from another."""

    sheet: Callable[[int], Sheet]
    motion: Callable[[int, int], Motion]  # (the frame before, the frame now)


class Course:
    """From a keyframe to the next, or to the end; `step` is 1 or -1.

    `keys` gives what is remembered of the keyframes that a frame looks at. It starts at `frame`,
    where `stand` is known; `earlier` are the stands of the frames before that, as far as known.
    """

    def __init__(
        self,
        views: Views,
        rules: FlowRules,
        keys: Callable[[int], list[Memory]],
        start: tuple[int, Stand],
        step: int,
        earlier: Mapping[int, Stand],
    ) -> None:
        self._views, self._rules, self._keys = views, rules, keys
        self.step = step
        self.frame, self.stand = start
        self._lost = 0
        self._fars = {}
        self._stands = dict(earlier) | {self.frame: self.stand}
        self._memories: dict[int, Memory] = {}  # of the frames heeded

    def go(self) -> Stand:
        """The stand on the next frame."""
        before, now = self.frame, self.frame + self.step
        sheet = self._views.sheet(now)
        motion = self._views.motion(before, now)
        keys, carried = self._keys(now), motion.carried(self.stand.mask)
        rules = self._rules
        last = self._last(before) or keys
        opinions = Opinions(
            carried,
            motion.trust,
            self._near(
                carried,
                read(keys + self._far(before), sheet.cells, whole(sheet.cells), rules.sharpness),
            ),
            read(last, sheet.cells, around(carried), rules.sharpness, rules.reach),
        )
        found = redrawn(sheet, opinions, self.stand.area, rules)
        heeded = found.evidence.agreement >= rules.alike
        side = float(np.float32(max(side_of(found.logits > 0), rules.shrink * self.stand.side)))
        stand = Stand(found.logits.astype(np.float16), heeded, side, found.evidence)
        self._lost = 0 if heeded else self._lost + 1
        self.frame, self.stand = now, stand
        self._stands[now] = stand
        for frame in [f for f in self._stands if abs(f - now) > rules.recent]:
            del self._stands[frame]
            self._memories.pop(frame, None)
        return stand

    def _last(self, before: int) -> list[Memory]:
        """What is remembered of the frames just before, the oldest first."""
        found = []
        for ago in range(self._rules.recent - 1, -1, -1):
            frame = before - ago * self.step
            stand = self._stands.get(frame)
            if stand is None or not stand.heeded:
                continue
            if frame not in self._memories:
                cells = self._views.sheet(frame).cells
                self._memories[frame] = remembered(cells, stand.mask, everywhere=False)
            found.append(self._memories[frame])
        return found

    def _near(self, carried: F32, keys: F32) -> F32:
        """What the keyframes say, the less heard the further from where the object was."""
        inside = carried > 0.5
        if not inside.any():
            return keys
        off = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
        off /= self.stand.side * (1 + self._lost)
        rules = self._rules
        return probability(logits_of(keys) - rules.price * np.maximum(off - rules.free, 0))

    def _far(self, before: int) -> list[Memory]:
        stand = self._stands.get(before)
        if not self._rules.far or stand is None or not stand.heeded:
            return []
        if before not in self._fars:
            cells = self._views.sheet(before).cells
            self._fars = {before: remembered_far(cells, stand.mask)}
        return [self._fars[before]]


def side_of(inside: NDArray[np.bool_]) -> float:
    """The longer side of the box round `inside`, in its pixels; 1 at least."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return 1.0
    return float(max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1)
