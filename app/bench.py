"""The latency protocol: each graph and a click of a pack, on every device, beside the original.

Every contestant of a task has a process of its own and runs in turn with the others; tasks follow
each other. So load from elsewhere meets all of them alike: ratios mean more than milliseconds.
Devices are looked at first: one that leaves a graph to the CPU is left out, which a note says.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from app.original import Which
from models.base import ModelError
from models.bench.contest import Plan, Sample, take_turns
from models.bench.feeds import graphs_of
from models.bench.gemm import OPERATIONS
from models.lines import Lines
from models.ort import DEVICES, runtime_module
from models.pack import Pack

OURS = "app.bench_worker"
THEIRS = "models.convert.bench_original"
ORIGINAL = "PyTorch CPU"  # whichever device ours runs on
CLICK, GEMM, START = "click", "gemm", "start"
CPU = "cpu"
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
    tasks: list[Task] = field(default_factory=list)
    gemm: dict[str, list[Sample]] = field(default_factory=dict)  # products, each of `OPERATIONS`
    starts: dict[str, list[float]] = field(default_factory=dict)  # seconds until a model is ready
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
    return [CPU, *(name for name in others if name != CPU)]


def bench(
    report: Report,
    pack: Pack,
    wish: Wish,
    original: Which | None,
    on: Sequence[str],
    progress: Callable[[str], None],
) -> Iterator[None]:
    """Measure `pack` on the devices `on` into `report`; yields each time it holds something more.

    `progress` is told of each step. Raises ModelError; what was measured before stays.
    """
    progress("devices")
    used, notes = _usable(pack, on)
    report.notes.extend(notes)
    for name in wish.tasks:
        samples: dict[str, list[Sample]] = {}
        for number in range(wish.series):
            progress(f"{name}, series {number + 1} of {wish.series}")
            for what, plan, into in ((GEMM, MATRICES, report.gemm), (name, wish.plan, samples)):
                for who, found in _measured(what, pack, plan, original, used).items():
                    into.setdefault(who, []).extend(found)
        report.tasks.append(Task(name, samples, None if name == CLICK else _operations(pack, name)))
        yield
    progress("starts")
    report.starts.update(_starts(pack, wish.starts, original, used))
    yield


def _usable(pack: Pack, on: Sequence[str]) -> tuple[list[str], list[str]]:
    """The devices of `on` that take everything, and a note for each other; the CPU where none does.

    One that falls back would be measured as the CPU once more.
    """
    taken = [device for device in on if device == CPU or _takes(pack, device)]
    used = taken or [CPU]
    where = " and ".join(DEVICES[device][1] for device in used)
    left_out = [DEVICES[device][1] for device in on if device not in taken]
    return used, [f"{name} did not take this model; measured on {where}." for name in left_out]


def _takes(pack: Pack, device: str) -> bool:
    return all(_name(_ready(what, pack, device)) == DEVICES[device][1] for what in (START, GEMM))


def _ready(what: str, pack: Pack, device: str, *more: str) -> Process:
    process = Process(OURS, [what, str(pack.folder), f"--device={device}", *more])
    process.close()
    return process


def _name(process: Process) -> str:
    return str(process.ready["device"])


def _measured(
    name: str, pack: Pack, plan: Plan, original: Which | None, on: Sequence[str]
) -> dict[str, list[Sample]]:
    """One series of a task, by the name of the contestant."""
    running: dict[str, Process] = {}
    try:
        for device in on:
            who = DEVICES[device][1]
            running[who] = Process(OURS, [name, str(pack.folder), f"--device={device}"])
            _check_device(running[who], who, name)
        if original:
            running[ORIGINAL] = Process(THEIRS, [name, *original.arguments()])
        return take_turns(running, plan)
    finally:
        for process in running.values():
            process.close()


def _check_device(process: Process, who: str, what: str) -> None:
    """Raises ModelError where a device that took everything before now leaves it to the CPU."""
    if _name(process) != who:
        raise ModelError(f"{who} did not take {what} this time; measure again when it is free.")


def _operations(pack: Pack, name: str) -> int:
    process = Process(OURS, ["count", str(pack.folder), f"--graph={name}"])
    process.close()
    return int(process.ready["operations"])


def _starts(
    pack: Pack, count: int, original: Which | None, on: Sequence[str]
) -> dict[str, list[float]]:
    """Seconds of each start, in turns; the first of each only warms caches.

    Graphs are kept as they were rewritten, as those of the program are.
    """
    with tempfile.TemporaryDirectory() as kept:
        return _starts_with(pack, count, original, on, kept)


def _starts_with(
    pack: Pack, count: int, original: Which | None, on: Sequence[str], kept: str
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for number in range(count + 1):
        started = {}
        for device in on:
            process = _ready(START, pack, device, f"--kept={kept}")
            _check_device(process, DEVICES[device][1], "a start")
            started[DEVICES[device][1]] = process.started
        if original:
            process = Process(THEIRS, [START, *original.arguments()])
            process.close()
            started[ORIGINAL] = process.started
        for who, seconds in started.items() if number else ():
            found.setdefault(who, []).append(seconds)
    return found
