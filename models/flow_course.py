"""One layer on its way through the clip by flow and memory: from frame to frame, one direction."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.evidence import Evidence
from models.flow import Motion
from models.read_out import Memory, Window, around, read, remembered
from models.redraw import FlowRules, Opinions, logits_of, probability, redrawn
from models.sheet import CELL, Sheet

F32: TypeAlias = NDArray[np.float32]


class Place(NamedTuple):
    """Where an object was seen last, in pixels of a mask; the ends are not included."""

    top: int
    bottom: int
    left: int
    right: int
    side: int  # how large it is; what is hidden of it is forgotten slowly
    ago: int  # frames since it was seen


@dataclass(frozen=True, eq=False, slots=True)
class Stand:
    """Where a layer stands on one frame.

    `logits` (rows, columns) are rounded to float16, so that going on from a record and going on
    from memory are the same. `heeded`: whether later frames look back at this one.
    """

    logits: NDArray[np.float16]
    heeded: bool
    place: Place
    evidence: Evidence | None = None  # None on keyframes, and where it was read from a record

    @property
    def mask(self) -> F32:
        """0..1."""
        return probability(self.logits)

    @property
    def fit(self) -> float:
        """How well it agrees with all that speaks for it, 0..1; 1 on keyframes."""
        told = self.evidence
        if told is None:
            return 1.0
        both = told.likeness + told.covered
        return told.agreement * 2 * told.likeness * told.covered / both if both else 0.0

    @property
    def area(self) -> int:
        """Pixels inside."""
        return int(np.count_nonzero(self.logits > 0))


@dataclass(frozen=True, eq=False, slots=True)
class Views:
    """What a course sees: frames as sheets, and how one came about from another."""

    sheet: Callable[[int], Sheet]
    motion: Callable[[int, int], Motion]  # (the frame before, the frame now)
    beside: Callable[[int, int], int]  # the frame next to one in steps of 1 or -1


class Begin(NamedTuple):
    """Where a course begins: it comes from the keyframe `key` in steps of `step`, 1 or -1.

    `stands` are those of the last frames up to its start, the start last; `heard` are the keyframes
    looked at on the way there, `key` among them.
    """

    key: int
    step: int
    stands: Mapping[int, Stand]
    heard: frozenset[int]


class Course:
    """From a keyframe to the next, or until it is lost.

    `keys` gives what is remembered of the keyframes that a frame looks at.
    """

    def __init__(
        self,
        views: Views,
        rules: FlowRules,
        keys: Callable[[int], Mapping[int, Memory]],
        begin: Begin,
    ) -> None:
        self._views, self._rules, self._keys = views, rules, keys
        self.key, self.step = begin.key, begin.step
        self.heard = set(begin.heard)
        self._stands = dict(begin.stands)
        self.frame, self.stand = list(begin.stands.items())[-1]
        self._memories: dict[int, Memory] = {}  # of the frames heeded

    @property
    def lost(self) -> bool:
        """Whether the object has not been seen for so long that going on is guessing."""
        return self.stand.place.ago >= self._rules.patience

    @property
    def stands(self) -> Mapping[int, Stand]:
        """Those of the last frames, as far as known, the newest last."""
        return self._stands

    def leads(self, key: int, frame: int, step: int) -> bool:
        """Whether it comes from `key` in steps of `step` and is not beyond `frame`."""
        return (self.key, self.step) == (key, step) and (frame - self.frame) * step >= 0

    def go(self) -> Stand:
        """The stand on the next frame."""
        before, now = self.frame, self._views.beside(self.frame, self.step)
        sheet = self._views.sheet(now)
        motion = self._views.motion(before, now)
        looked_at, carried = self._keys(now), motion.carried(self.stand.mask)
        self.heard |= looked_at.keys()
        keys, rules = list(looked_at.values()), self._rules
        last = self._last(before) or keys
        opinions = Opinions(
            carried,
            motion.trust,
            self._near(carried, keys, sheet.cells),
            read(last, sheet.cells, around(carried), rules.sharpness, rules.reach),
        )
        found = redrawn(sheet, opinions, self.stand.area, rules)
        heeded = found.evidence.agreement >= rules.alike
        place = place_of(found.logits > 0, self.stand.place, rules.shrink, seen=heeded)
        stand = Stand(found.logits.astype(np.float16), heeded, place, found.evidence)
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

    def _near(self, carried: F32, keys: list[Memory], cells: F32) -> F32:
        """What the keyframes say, the less heard the further from where the object was.

        So far off that nothing could be heard of it, nothing is read.
        """
        rules = self._rules
        place = place_of(carried > 0.5, self.stand.place, 1.0, seen=True)
        side = place.side * (1 + self.stand.place.ago)
        found = read(keys, cells, about(place, side * rules.earshot, cells), rules.sharpness)
        rows, columns = np.ogrid[: found.shape[0], : found.shape[1]]
        below = np.maximum(place.top - rows, rows + 1 - place.bottom).clip(0)
        beside = np.maximum(place.left - columns, columns + 1 - place.right).clip(0)
        price = rules.price * np.maximum(np.hypot(below, beside) / side - rules.free, 0)
        return probability(logits_of(found) - price.astype(np.float32))


def about(place: Place, more: float, cells: F32) -> Window:
    """The cells of (rows, columns, channels) within `more` pixels of a mask about `place`."""
    return Window(
        max(0, int(place.top - more) // CELL),
        min(cells.shape[0], math.ceil((place.bottom + more) / CELL)),
        max(0, int(place.left - more) // CELL),
        min(cells.shape[1], math.ceil((place.right + more) / CELL)),
    )


def place_of(
    inside: NDArray[np.bool_], before: Place | None, shrink: float, *, seen: bool
) -> Place:
    """Where the object of a mask is; where it was `before`, if it is not `seen` now.

    `shrink` is what is left of its size before, where less of it is visible now.
    """
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not seen or not len(rows):
        if before is not None:
            return before._replace(ago=before.ago + 1)
        height, width = inside.shape
        return Place(0, height, 0, width, max(height, width), 0)
    box = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    side = max(box[1] - box[0], box[3] - box[2])
    return Place(*box, max(side, int(shrink * before.side) if before else 0), 0)
