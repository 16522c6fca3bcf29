"""Contestants run in turns, so that whatever else the machine does meanwhile meets all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

FEWEST = 5  # rounds, however slow
REST = 0.05  # seconds before each run: threads of PyTorch spin on for a while and slow down others


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: how long it took, and what its process held after it and at most."""

    seconds: float
    cpu: float = 0.0  # seconds of all cores together
    now: int | None = None  # bytes
    peak: int | None = None


class Contestant(Protocol):
    """Something to be measured."""

    def run(self, seed: int) -> Sample:
        """Run once, on values of `seed`. Raises ModelError."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often: `warmup` rounds that do not count, then `runs`, or fewer once `budget` is spent.

    FEWEST rounds are run whatever they take. `budget` is seconds of all contestants together.
    """

    runs: int
    warmup: int
    budget: float | None = None


def take_turns(
    contestants: Mapping[str, Contestant],
    plan: Plan,
    clock: Callable[[], float] = time.perf_counter,
    rest: Callable[[float], None] = time.sleep,
) -> dict[str, list[Sample]]:
    """The samples of each contestant: first, second, first, second; all see the same seeds."""
    for seed in range(plan.warmup):
        for contestant in contestants.values():
            contestant.run(seed)
    samples: dict[str, list[Sample]] = {name: [] for name in contestants}
    started = clock()
    for number in range(plan.runs):
        spent = plan.budget is not None and clock() - started > plan.budget
        if spent and number >= min(FEWEST, plan.runs):
            break
        for name, contestant in contestants.items():
            rest(REST)
            samples[name].append(contestant.run(plan.warmup + number))
    return samples


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of many values, and where the middle half and nine tenths of them lie."""

    median: float
    quartiles: tuple[float, float]
    ends: tuple[float, float]  # 5 and 95 per cent
    least: float


def spread(values: list[float]) -> Spread:
    """The spread of at least one value."""
    low, quarter, median, three, high = (
        float(v) for v in np.percentile(values, [5, 25, 50, 75, 95])
    )
    return Spread(median, (quarter, three), (low, high), min(values))


@dataclass(frozen=True, slots=True)
class Ratio:
    """How one contestant's time compares with another's; below 1 it is faster."""

    medians: float  # the ratio of the medians
    quartiles: tuple[float, float]  # of the ratios round by round


def ratio(ours: list[float], theirs: list[float]) -> Ratio:
    """The ratio of times taken in the same rounds."""
    rounds = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Ratio(float(np.median(ours) / np.median(theirs)), spread(rounds).quartiles)
