"""How well the review finds masks that are wrong, on sequences whose every mask is known.

A mask is bad where its IoU with the true one is below BAD. The rule's doubt of each propagated mask
is compared with that. So that the numbers are honest, the rule's weights are also fitted anew
without each sequence in turn, and tried on that one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.davis import region
from app.evaluate_tracking import (
    Footage,
    Start,
    follow,
    from_clicks,
    from_corrections,
    from_truth,
)
from models.review import WEIGHTS, Facts, review

F64: TypeAlias = NDArray[np.float64]

BAD = 0.75  # the IoU below which a mask is bad
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
STEPS, PACE, SMALL = 3000, 0.5, 0.01  # of a fit; SMALL keeps weights from growing for nothing

STARTS: dict[str, Start] = {
    "truth": from_truth,
    "1 click": from_clicks(1),
    "corrected": from_corrections,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A propagated mask: how good it is, and what the rule says."""

    sequence: str
    start: str  # a name of STARTS
    frame: int
    iou: float
    doubt: float
    reason: str
    signals: tuple[float, ...]  # in the order of WEIGHTS; what is not known is as usual

    @property
    def is_bad(self) -> bool:
        """Whether the artist should look at it."""
        return self.iou < BAD


class Rate(NamedTuple):
    """What is found at a threshold: shares of the bad masks and of the good ones."""

    recall: float
    flagged: float


class Fit(NamedTuple):
    """A rule: the factors of the signals, and the log odds where all are 0."""

    factors: F64
    base: float

    def doubts(self, signals: F64) -> F64:
        """The doubt of each row of signals, 0..1."""
        return np.asarray(1 / (1 + np.exp(-(signals @ self.factors + self.base))))


def judged(footage: Footage, start: str) -> Iterator[Judged]:
    """Every mask propagated through a sequence; keyframes are none. Raises ModelError."""
    for one, true in footage.truth.items():
        before: Facts | None = None
        for tracked in follow(footage, STARTS[start](footage, one)):
            if tracked is None:
                before = None
                continue
            doubt, before = review(tracked, before)
            if not tracked.is_key:
                iou = region(footage.shown(tracked.prediction), true[tracked.frame])
                means = before.means
                signals = tuple(means.get(key, weight.usual) for key, weight in WEIGHTS.items())
                yield Judged(footage.name, start, tracked.frame, iou, *doubt, signals)


def rate(bad: NDArray[np.bool_], doubts: F64, threshold: float) -> Rate:
    """What is found with `threshold`; NaN where there is nothing to find."""
    flagged = doubts >= threshold
    return Rate(_share(flagged[bad]), _share(flagged[~bad]))


def left_out(masks: Sequence[Judged]) -> F64:
    """The doubts by rules that were fitted on all sequences but the mask's own."""
    signals, bad = np.array([mask.signals for mask in masks]), bad_of(masks)
    names = np.array([mask.sequence for mask in masks])
    doubts = np.zeros(len(masks))
    for name in np.unique(names):
        own = names == name
        doubts[own] = fitted(signals[~own], bad[~own]).doubts(signals[own])
    return doubts


def fitted(signals: F64, bad: NDArray[np.bool_]) -> Fit:
    """A logistic rule in which no signal speaks for a mask; good and bad ones weigh the same."""
    centre, spread = signals.mean(axis=0), signals.std(axis=0) + 1e-6
    rows = (signals - centre) / spread
    weights = np.where(bad, 0.5 / max(1, bad.sum()), 0.5 / max(1, (~bad).sum()))
    factors, base = np.zeros(rows.shape[1]), 0.0
    for _ in range(STEPS):
        error = (Fit(factors, base).doubts(rows) - bad) * weights
        pull = rows.T @ error + SMALL * factors / len(factors)
        factors = np.maximum(factors - PACE * pull, 0)
        base -= PACE * float(error.sum())
    return Fit(factors / spread, base - float((factors * centre / spread).sum()))


def bad_of(masks: Sequence[Judged]) -> NDArray[np.bool_]:
    """Which of them are bad."""
    return np.array([mask.is_bad for mask in masks], bool)


def _share(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else float("nan")
