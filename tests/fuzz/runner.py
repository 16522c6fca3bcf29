"""Runs a target in child processes and gathers what came of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.child import PROGRESS
from tests.fuzz.mutate import input_of
from tests.fuzz.target import target_of

FINDS = Path("build/fuzz")
BATCH = 10_000  # inputs for one child
PATIENCE = 20.0  # seconds without progress: a hang
ONE_AT_A_TIME = threading.Lock()
STARTING = 120.0  # seconds a child may take to its first input


@dataclass(slots=True)
class Outcome:
    """What came of the inputs of one target."""

    name: str
    inputs: int = 0
    taken: int = 0
    refused: int = 0
    sentences: set[str] = field(default_factory=set)
    defects: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    contained: list[str] = field(default_factory=list)  # crashes and hangs the program survives
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not (self.defects or self.crashes or self.hangs)

    def add(self, other: Outcome) -> None:
        """Count what `other` has as well."""
        self.inputs += other.inputs
        self.taken += other.taken
        self.refused += other.refused
        self.sentences |= other.sentences
        self.defects += other.defects
        self.crashes += other.crashes
        self.hangs += other.hangs
        self.contained += other.contained


def run(
    name: str, inputs: int, seed: int, jobs: int, seconds: float, finds: Path = FINDS
) -> Outcome:
    """The outcome of `inputs` inputs, fewer where `seconds` are over before."""
    started = time.monotonic()
    total = Outcome(name)
    size = min(BATCH, -(-inputs // jobs))
    batches = [range(n, min(n + size, inputs)) for n in range(0, inputs, size)]
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(lambda b: _batch(name, seed, b, started + seconds, finds), batches):
            total.add(part)
    total.seconds = time.monotonic() - started
    return total


def _batch(name: str, seed: int, batch: range, deadline: float, finds: Path) -> Outcome:
    """One batch; after an input that ends its child a new child goes on with the next."""
    total = Outcome(name)
    rest = batch
    while rest and time.monotonic() < deadline:
        part, rest = _child(name, seed, rest, deadline, finds)
        total.add(part)
    return total


def _child(
    name: str, seed: int, batch: range, deadline: float, finds: Path
) -> tuple[Outcome, range]:
    """What one child did, and what it left over."""
    with tempfile.TemporaryDirectory(prefix="rotocel-fuzz-") as folder:
        progress, said, noise = (Path(folder) / each for each in ("progress", "said", "noise"))
        progress.write_bytes(PROGRESS.pack(-1, 0, 0))
        command = [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz.child", name, str(seed)]
        command += [str(batch.start), str(batch.stop), str(progress), str(said)]
        with _started(command, noise) as process:
            end = _watch(process, progress, deadline)
        index, taken, refused = PROGRESS.unpack(progress.read_bytes())
        if index < 0:
            raise RuntimeError(f"{name} did not start: {noise.read_text(errors='replace')[-2000:]}")
        part = Outcome(name, min(index + 1, batch.stop) - batch.start, taken, refused)
        _heard(part, said, seed, finds)
        if end in {"hang", "crash"}:
            words = [*noise.read_text(errors="replace").strip().splitlines(), "no words"]
            what = f"{end}, code {process.returncode}: {words[0]}"
            _ended(part, end, seed, index, what, finds)
        return part, range(index + 1, batch.stop)


def _ended(part: Outcome, end: str, seed: int, index: int, what: str, finds: Path) -> None:
    """Note an input that ended its child as contained, as a crash or as a hang."""
    target = target_of(part.name)
    data = input_of(part.name, target.SEEDS, seed, index)
    contained = getattr(target, "contained", None)
    sentence = None
    if contained:
        with ONE_AT_A_TIME:
            sentence = contained(data)
    found = part.contained if sentence else part.crashes if end == "crash" else part.hangs
    found.append(save(part.name, seed, index, what, finds))
    part.refused += sentence is not None


@contextmanager
def _started(command: list[str], noise: Path) -> Iterator[subprocess.Popen[bytes]]:
    with noise.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _watch(process: subprocess.Popen[bytes], progress: Path, deadline: float) -> str:
    """How the child ended: "done", "late", "hang" or "crash"."""
    before, since = progress.read_bytes(), time.monotonic()
    while process.poll() is None:
        now, state = time.monotonic(), progress.read_bytes()
        if state != before:
            before, since = state, now
        starting = PROGRESS.unpack(state)[0] < 0
        if now - since > (STARTING if starting else PATIENCE):
            return "hang"
        if now > deadline and not starting:
            return "late"
        time.sleep(0.1)
    return "crash" if process.returncode else "done"


def _heard(part: Outcome, said: Path, seed: int, finds: Path) -> None:
    for line in said.read_text(encoding="utf-8").splitlines():
        what = json.loads(line)
        if "sentence" in what:
            part.sentences.add(what["sentence"])
        else:
            part.defects.append(save(part.name, seed, what["index"], what["defect"], finds))


def save(name: str, seed: int, index: int, what: str, finds: Path) -> str:
    """Where the input was put, and what it did, in a line."""
    finds.mkdir(parents=True, exist_ok=True)
    path = finds / f"{name}-{seed}-{index}.bin"
    path.write_bytes(input_of(name, target_of(name).SEEDS, seed, index))
    return f"{path}: {what}"
