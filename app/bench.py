"""The latency protocol: each graph and a click of a pack, on every device, beside the original.

Every contestant of a task has a process of its own and runs in turn with the others; tasks follow
each other. So load from elsewhere meets all of them alike: ratios mean more than milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.original import Which
from models.base import ModelError
from models.bench.contest import Plan, Sample, take_turns
from models.bench.feeds import graphs_of
from models.bench.gemm import OPERATIONS
from models.library import Pack
from models.lines import Lines
from models.ort import DEVICES, runtime_module

OURS = "app.bench_worker"
THEIRS = "models.convert.bench_original"
ORIGINAL = "PyTorch"
CLICK, GEMM, START = "click", "gemm", "start"
MATRICES = Plan(runs=8, warmup=1)  # of GEMM, before every series: the peak is the fastest of all


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be measured, and how often."""

    tasks: tuple[str, ...]
    plan: Plan
    series: int = 1  # how often over, each time in new processes
    starts: int = 3


@dataclass(frozen=True, slots=True)
class Task:
    """What was measured: the samples of each contestant, by its name, in order of the rounds."""

    name: str
    samples: dict[str, list[Sample]]
    operations: int | None = None  # of one run; None for a click


@dataclass(frozen=True, slots=True)
class Report:
    """All that was measured of a pack."""

    pack: str
    tasks: list[Task]
    gemm: dict[str, list[Sample]]  # products of matrices, each of `models.bench.gemm.OPERATIONS`
    starts: dict[str, list[float]]  # seconds from nothing to a model that is ready
    notes: list[str] = field(default_factory=list)

    def peak(self, who: str) -> float | None:
        """Operations a second of the fastest product of matrices of a contestant."""
        samples = self.gemm.get(who)
        return OPERATIONS / min(one.seconds for one in samples) if samples else None


class Process:
    """A contestant: a process that runs when asked."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        """Start it, which takes `started` seconds. Raises ModelError."""
        begun = time.perf_counter()
        self._lines = Lines(module, arguments)
        try:
            self.ready = self._lines.read()
        except ModelError:
            self._lines.close()
            raise
        self.started = time.perf_counter() - begun

    def run(self, seed: int) -> Sample:
        """One run. Raises ModelError where the process complains or ends."""
        told = self._lines.ask({"seed": seed})
        return Sample(told["seconds"], told["cpu"], told["now"], told["peak"])

    def close(self) -> None:
        """End it."""
        self._lines.close()


def tasks_of(pack: Pack) -> tuple[str, ...]:
    """What can be measured of a pack."""
    return (*graphs_of(pack), CLICK)


def devices() -> list[str]:
    """The devices whose providers are installed, the CPU first. Raises ModelError."""
    available = runtime_module().get_available_providers()
    others = [name for name, (provider, _) in DEVICES.items() if provider in available]
    return ["cpu", *(name for name in others if name != "cpu")]


def bench(
    pack: Pack,
    wish: Wish,
    original: Which | None,
    on: Sequence[str],
    progress: Callable[[str], None],
) -> Report:
    """Measure `pack` on the devices `on`. `progress` is told of each step. Raises ModelError."""
    report = Report(pack.info.label, [], {}, {})
    for name in wish.tasks:
        samples: dict[str, list[Sample]] = {}
        for number in range(wish.series):
            progress(f"{name}, series {number + 1} of {wish.series}")
            for what, plan, into in ((GEMM, MATRICES, report.gemm), (name, wish.plan, samples)):
                for who, found in _measured(what, pack, plan, original, on, report).items():
                    into.setdefault(who, []).extend(found)
        report.tasks.append(Task(name, samples, None if name == CLICK else _operations(pack, name)))
    progress("starts")
    report.starts.update(_starts(pack, wish.starts, original, on))
    return report


def _measured(
    name: str, pack: Pack, plan: Plan, original: Which | None, on: Sequence[str], report: Report
) -> dict[str, list[Sample]]:
    """One series of a task, by the name of the contestant."""
    running: dict[str, Process] = {}
    try:
        for device in on:
            process = Process(OURS, [name, str(pack.folder), f"--device={device}"])
            who = str(process.ready["device"])
            if who in running:  # a device that gave up: what runs is the CPU once more
                process.close()
                note = f"{DEVICES[device][1]} did not take {name}: it ran on the CPU instead."
                report.notes.append(note)
                continue
            running[who] = process
        if original:
            running[ORIGINAL] = Process(THEIRS, [name, *original.arguments()])
        return take_turns(running, plan)
    finally:
        for process in running.values():
            process.close()


def _operations(pack: Pack, name: str) -> int:
    process = Process(OURS, ["count", str(pack.folder), f"--graph={name}"])
    process.close()
    return int(process.ready["operations"])


def _starts(
    pack: Pack, count: int, original: Which | None, on: Sequence[str]
) -> dict[str, list[float]]:
    """Seconds of each start, in turns; the first of each only warms the disk's cache."""
    found: dict[str, list[float]] = {}
    commands = [(OURS, [START, str(pack.folder), f"--device={device}"]) for device in on]
    if original:
        commands.append((THEIRS, [START, *original.arguments()]))
    for number in range(count + 1):
        for module, arguments in commands:
            process = Process(module, arguments)
            process.close()
            if number:
                found.setdefault(str(process.ready["device"]), []).append(process.started)
    return found
