"""How doubtful a propagated mask is, and why, from what is known when it is made.

Signals speak against a mask; each is 0 at its best. What counts is their running mean since the
keyframe, for an error once made is carried on. Weighed and summed they give the doubt by a logistic
curve: from 0.5 on a mask is suspect. A signal that a model does not give is taken as usual. The
weights were fitted on the shared sequences together, see README.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from models.tracking import Tracked

KEPT = 0.8  # of the mean so far, a frame later
MOST = 1.0  # of a signal; one frame alone does not decide over all that follow


class Weight(NamedTuple):
    """How much a signal counts, and what it is on frames that are right."""

    factor: float
    usual: float


WEIGHTS: Mapping[str, Weight] = MappingProxyType(
    {
        "score": Weight(26.0, 0.019),
        "covered": Weight(15.1, 0.057),
        "area": Weight(9.5, 0.035),
        "jump": Weight(3.8, 0.029),
        "edge": Weight(15.2, 0.149),
    }
)
BASE = -3.46  # the log odds of a mask whose every signal is as usual
LOST = "lost"  # the reason where the mask is empty


@dataclass(frozen=True, slots=True)
class Facts:
    """What the next frame of a layer is compared with."""

    frame: int
    area: int  # pixels of the mask
    centre: tuple[float, float]  # of the mask, in its pixels
    motion: tuple[float, float] = (0.0, 0.0)  # of the centre, since the frame before
    means: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


class Doubt(NamedTuple):
    """How doubtful a mask is, 0..1, and the strongest reason: a name of WEIGHTS, or LOST."""

    value: float
    reason: str


SURE = Doubt(0.0, "")


def review(tracked: Tracked, before: Facts | None) -> tuple[Doubt, Facts]:
    """The doubt of an answer, and the facts to compare the next one with.

    `before` are those of the layer's frame before in the order of work, None where there is none.
    Of what a keyframe says itself there is no doubt.
    """
    inside = tracked.prediction.logits > 0
    facts = _facts(tracked.frame, inside, before)
    if tracked.is_key:
        return SURE, facts
    near = before if before is not None and abs(before.frame - tracked.frame) == 1 else None
    means = _means(_signals(tracked, inside, facts, near), near)
    facts = Facts(facts.frame, facts.area, facts.centre, facts.motion, means)
    reason = LOST if not facts.area else max(means, key=lambda name: _pull(name, means[name]))
    return Doubt(doubt_of(means), reason), facts


def doubt_of(means: Mapping[str, float]) -> float:
    """The doubt by the means of the signals, 0..1."""
    odds = BASE + sum(_pull(name, mean) for name, mean in means.items())
    return 1 / (1 + math.exp(-odds))


def _pull(name: str, mean: float) -> float:
    """How far a signal raises the log odds."""
    weight = WEIGHTS[name]
    return weight.factor * (mean - weight.usual)


def _facts(frame: int, inside: NDArray[np.bool_], before: Facts | None) -> Facts:
    moments = cv2.moments(inside.astype(np.uint8), binaryImage=True)
    area = round(moments["m00"])
    if not area:
        return Facts(frame, 0, before.centre if before else (0.0, 0.0))
    centre = moments["m10"] / area, moments["m01"] / area
    if before is None or not before.area:
        return Facts(frame, area, centre)
    return Facts(frame, area, centre, (centre[0] - before.centre[0], centre[1] - before.centre[1]))


def _signals(
    tracked: Tracked, inside: NDArray[np.bool_], now: Facts, before: Facts | None
) -> dict[str, float]:
    """What speaks against a mask, each 0..MOST.

    That an object vanishes is worth a look, that it is gone from then on is not.
    """
    signals = {"score": 1 - tracked.prediction.score}
    if now.area or (before is not None and before.area):
        signals["edge"] = _edge(inside, now.area)
    if tracked.evidence is not None:
        signals["covered"] = 1 - tracked.evidence.covered
    if before is not None:
        signals["area"] = abs(math.log((now.area + 1) / (before.area + 1)))
        signals["jump"] = _jump(now, before)
    return {name: min(max(signal, 0.0), MOST) for name, signal in signals.items()}


def _edge(inside: NDArray[np.bool_], area: int) -> float:
    """How much of the mask is its edge: much where it is finer than its pixels can tell."""
    kernel = np.ones((3, 3), np.uint8)
    core = np.count_nonzero(cv2.erode(inside.astype(np.uint8), kernel))
    return 1 - core / area if area else MOST


def _jump(now: Facts, before: Facts) -> float:
    """How far the centre came off the way it was on, in sides of the mask."""
    if not now.area or not before.area:
        return MOST if now.area != before.area else 0.0
    off = now.motion[0] - before.motion[0], now.motion[1] - before.motion[1]
    return math.hypot(*off) / math.sqrt(max(now.area, before.area))


def _means(signals: Mapping[str, float], before: Facts | None) -> Mapping[str, float]:
    known = before.means if before is not None else {}
    return {
        name: KEPT * known[name] + (1 - KEPT) * signal if name in known else signal
        for name, signal in signals.items()
    }
