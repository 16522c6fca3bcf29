"""Which model suits this machine, from a measurement of three seconds and what models are known to
cost.

The costs were measured once, on one machine; here they are scaled by how fast this one multiplies
matrices. That is right within a factor of two, which is enough to choose by: the sizes differ by
more.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from models.gemm import Speed, measure
from models.ort import Runtime, runtime_module

REFERENCE = 410.0  # GFLOP/s of the machine that COSTS were measured on
CLICK_BUDGET = 1.5  # seconds for the first click on a frame: what an artist waits now and then
TRACK_BUDGET = 1.0  # seconds a frame and layer: a shot of 100 frames in under two minutes
HEADROOM = 1 << 30  # bytes left for footage and everything else

MEASURED = (
    "measured with ONNX Runtime 1.32 in float32 on 2 cores of an AMD EPYC (Zen 5), 7 frames of "
    "memory and 16 pointers; random weights, which cost the same"
)
DERIVED = (
    "derived: the memory is that of tiny, and the encoder slower by what the maker's published "
    "speeds (91, 85, 64 and 40 frames a second on an A100) differ"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a model takes on the reference machine, in seconds and bytes; `source` says whence."""

    name: str  # as a pack's label begins
    size: int  # side of the square it works on, in model pixels
    encode: float  # once a frame
    decode: float  # each click
    remember: float | None  # memory encoder and attention, each tracked frame; None: cannot track
    memory: int  # most bytes while it works
    source: str


MB = 1_000_000
TINY_ENCODE, TINY_DECODE, TINY_REMEMBER = 1.118, 0.036, 1.965 + 0.075


def _larger(name: str, fps: int, memory: int) -> Cost:
    """A larger SAM 2.1: what it takes more than tiny is its encoder's."""
    more = (91 / fps - 1) * (TINY_ENCODE + TINY_DECODE + TINY_REMEMBER)
    encode = TINY_ENCODE + more
    return Cost(name, 1024, encode, TINY_DECODE, TINY_REMEMBER, memory * MB, DERIVED)


COSTS = (  # from the best masks to the quickest
    _larger("SAM 2.1 large", 40, 2600),
    _larger("SAM 2.1 base plus", 64, 1600),
    _larger("SAM 2.1 small", 85, 1250),
    Cost("SAM 2.1 tiny", 1024, TINY_ENCODE, TINY_DECODE, TINY_REMEMBER, 1200 * MB, MEASURED),
    Cost("SAM 2.1 tiny", 512, 0.282, 0.022, 0.190 + 0.033, 480 * MB, MEASURED),
    Cost("MobileSAM", 1024, 0.470, 0.036, None, 410 * MB, MEASURED),
)
CLICK_ORDER = (0, 1, 2, 3, 5, 4)  # of COSTS: at 512 pixels fine detail is lost, so it comes last


@dataclass(frozen=True, slots=True)
class Machine:
    """What was found out about this machine."""

    speed: Speed
    cores: int
    free: int | None  # bytes of memory; None where the system does not say
    providers: tuple[str, ...]  # of ONNX Runtime, in its order


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a model would take here, in seconds."""

    cost: Cost
    click: float  # the first click on a frame
    answer: float  # every further click
    track: float | None  # a tracked frame and layer; None: it cannot track
    fits: bool  # in memory

    @property
    def title(self) -> str:
        """E.g. SAM 2.1 tiny at 512."""
        return f"{self.cost.name} at {self.cost.size}"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to click with and what to track with here."""

    machine: Machine
    estimates: tuple[Estimate, ...]
    click: Estimate
    track: Estimate

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was measured and what follows from it, for people."""
        return _sentences(self)


def recommend(runtime: Runtime, seconds: float = 2.0) -> Recommendation:
    """Measure this machine for about `seconds`, and choose. Raises ModelError."""
    speed = measure(runtime, seconds)
    providers = tuple(runtime_module().get_available_providers())
    return choose(Machine(speed, os.cpu_count() or 1, free_memory(), providers))


def choose(machine: Machine) -> Recommendation:
    """The best models whose times are within the budgets; the quickest, where none is."""
    estimates = tuple(_estimate(cost, machine) for cost in COSTS)
    clickers = [estimates[n] for n in CLICK_ORDER]
    trackers = [item for item in estimates if item.track is not None]
    click = _first(clickers, [item.click for item in clickers], CLICK_BUDGET)
    track = _first(trackers, [item.track or 0.0 for item in trackers], TRACK_BUDGET)
    return Recommendation(machine, estimates, click, track)


def free_memory() -> int | None:
    """Bytes of memory that programs can still have; None where the system does not say."""
    if sys.platform == "win32":
        return _free_on_windows()
    with suppress(OSError, ValueError):
        found = re.search(r"^MemAvailable:\s+(\d+) kB$", _meminfo(), re.MULTILINE)
        return int(found[1]) * 1024 if found else None
    return None


def _meminfo() -> str:
    return Path("/proc/meminfo").read_text("ascii")


def _free_on_windows() -> int | None:
    """The field ullAvailPhys of MEMORYSTATUSEX."""
    facts = (ctypes.c_uint64 * 8)(64)  # dwLength and dwMemoryLoad share the first
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
    return facts[2] if kernel.GlobalMemoryStatusEx(ctypes.byref(facts)) else None


def _estimate(cost: Cost, machine: Machine) -> Estimate:
    slower = REFERENCE / machine.speed.gflops
    click, answer = (cost.encode + cost.decode) * slower, cost.decode * slower
    track = None
    if cost.remember is not None:
        track = (cost.encode + cost.decode + cost.remember) * slower
    fits = machine.free is None or cost.memory + HEADROOM <= machine.free
    return Estimate(cost, click, answer, track, fits)


def _first(estimates: Sequence[Estimate], times: Sequence[float], budget: float) -> Estimate:
    pairs = list(zip(estimates, times, strict=True))
    for estimate, seconds in pairs:
        if estimate.fits and seconds <= budget:
            return estimate
    fitting = [pair for pair in pairs if pair[0].fits] or pairs
    return min(fitting, key=lambda pair: pair[1])[0]


def _sentences(found: Recommendation) -> tuple[str, ...]:
    machine, click, track = found.machine, found.click, found.track
    speed = machine.speed
    memory = "unknown" if machine.free is None else f"{machine.free / (1 << 30):.1f} GiB"
    assert track.track is not None
    slow = "" if track.track <= 2 * TRACK_BUDGET else "; slow here, better left to run by itself"
    measured = (
        f"Measured: {speed.gflops:.0f} GFLOP/s in float32 matrix products on {speed.device} "
        f"({speed.runs} runs in {speed.seconds:.1f} s); {machine.cores} cores, free memory "
        f"{memory}."
    )
    if speed.is_busy:
        measured += " Other work took part of the processor, which is allowed for."
    to_click = (
        f"Click with {click.title}: about {_time(click.click)} for the first click on a frame, "
        f"then {_time(click.answer)} each."
    )
    to_track = f"Track with {track.title}: about {_time(track.track)} a frame and layer{slow}."
    return measured, to_click, to_track


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.95 else f"{1000 * seconds:.0f} ms"
