"""Kill drills: rounds of work in a child that is killed, and what is found afterwards."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from typing import Protocol

from tests.drill.child import ROOT, Heard, Kill, Say, run, told

KEPT = ROOT / "build" / "drill"  # the folders of the rounds that failed
WAYS = ("start", *["acknowledgement"] * 3, *["moment"] * 5, *["line"] * 5, *["call"] * 5)


class Lost(AssertionError):  # noqa: N818 - said of what was promised
    """What was acknowledged is not there."""


class Torn(AssertionError):  # noqa: N818
    """A file under its final name is not whole, or a mixture."""


class Drill(Protocol):
    """Work whose writes can be killed, and what must be found afterwards."""

    name: str
    writes: int  # of one round
    by_line: bool  # whether the work is done in the thread that began it

    def prepare(self, folder: Path, random: Random) -> None:
        """What is there before; done in the parent."""

    def work(self, folder: Path, random: Random, say: Say) -> None:
        """The work, done in the child: it says what it is about to put on the disk, and has put."""

    def verify(self, folder: Path, random: Random, heard: Heard) -> None:
        """Look at what the killed child left. Raises Lost, Torn, or anything else."""


@dataclass(slots=True)
class Outcome:
    """What a drill found."""

    name: str
    rounds: int = 0
    hits: dict[str, int] = field(default_factory=lambda: {"before": 0, "in": 0, "after": 0})
    faults: int = 0  # injected
    acknowledged: int = 0
    lost: int = 0
    torn: int = 0
    other: int = 0
    seconds: float = 0.0
    finds: list[str] = field(default_factory=list)
    skipped: str = ""  # why it was not done

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not (self.lost or self.torn or self.other)

    def found(self, error: Exception, where: str) -> None:
        """Note what went wrong."""
        self.lost += isinstance(error, Lost)
        self.torn += isinstance(error, Torn)
        self.other += not isinstance(error, (Lost, Torn))
        self.finds.append(f"{told(error)}\n    {where}")


@dataclass(frozen=True, slots=True)
class Pace:
    """What it takes until the first write, and then one write."""

    start: float
    seconds: float
    lines: int
    calls: int


def kill_rounds(drill: Drill, rounds: range, seed: int, folder: Path, kept: Path = KEPT) -> Outcome:
    """Run the `rounds` of a drill in `folder`; those that fail keep theirs in `kept`."""
    outcome, started = Outcome(drill.name), time.monotonic()
    pace = _pace(drill, folder / "pace", seed)
    for number in rounds:
        here = folder / f"{drill.name}-{seed}-{number}"
        try:
            _round(drill, here, f"{seed}/{drill.name}/{number}", pace, outcome)
        except Exception as error:  # noqa: BLE001 - whatever is found is told
            outcome.found(error, _keep(here, kept, f"{drill.name} --seed {seed} --first {number}"))
        shutil.rmtree(here, ignore_errors=True)
    outcome.seconds = time.monotonic() - started
    return outcome


def _round(drill: Drill, here: Path, seed: str, pace: Pace, outcome: Outcome) -> None:
    here.mkdir(parents=True)
    drill.prepare(here, Random(seed))
    kill = _planned(drill, Random(f"{seed}/kill"), pace)
    heard = run(lambda say: drill.work(here, Random(f"{seed}/work"), say), kill)
    outcome.rounds += 1
    outcome.faults += heard.killed
    outcome.hits[heard.where] += 1
    outcome.acknowledged += len(heard.done)
    if heard.error:
        raise RuntimeError(heard.error)
    drill.verify(here, Random(f"{seed}/after"), heard)


def _planned(drill: Drill, random: Random, pace: Pace) -> Kill:
    """A moment spread evenly over the work."""
    at = random.choice(WAYS)
    write, part = random.randrange(drill.writes), random.random()
    if at == "start":
        return Kill("start", seconds=part * pace.start)
    if at == "acknowledgement":
        return Kill("acknowledgement", write)
    if at == "line" and drill.by_line:
        return Kill("line", write, count=int(part * pace.lines))
    if at == "call" and pace.calls:
        return Kill("call", write, count=int(part * pace.calls))
    return Kill("moment", write, seconds=1.2 * part * pace.seconds)


def _pace(drill: Drill, folder: Path, seed: int) -> Pace:
    """Measured in two rounds that nobody kills."""
    heard = []
    for count in (False, True):
        folder.mkdir(parents=True)
        drill.prepare(folder, Random(seed))
        heard.append(run(lambda say: drill.work(folder, Random(seed), say), count=count))
        shutil.rmtree(folder)
        if heard[-1].error:
            raise RuntimeError(heard[-1].error)
    quick, counted = heard
    gaps = [b - a for a, b in zip(quick.moments, quick.moments[1:], strict=False)]
    return Pace(
        quick.moments[0] - quick.started,
        median(gaps),
        _typical(counted.lines),
        _typical(counted.calls),
    )


def _typical(counts: list[int]) -> int:
    return round(median(counts or [0]))


def _keep(here: Path, kept: Path, words: str) -> str:
    kept /= here.name
    shutil.rmtree(kept, ignore_errors=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    if here.exists():
        shutil.copytree(here, kept, symlinks=True)
    return f"kept in {kept}; again: python -m tests.drill {words} --rounds 1"
