"""How long a start takes and what it holds: `python -m tests.bench_start [PROGRAM...]`.

Each PROGRAM, and Rotocel from source, is started in turns on an X display of its own, until its log
says that the window is painted and answers. "cold" is after the machine forgot all files it read
(root only), "first" in an empty home, "again" in a home it knows. Last it opens the demo and rests
until nothing is encoded any more; its memory is what no other program shares.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.display import display

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "resources" / "demo" / "bigbuckbunny.mp4"
CACHES = Path("/proc/sys/vm/drop_caches")
ANSWERS = "the window answers"
PATIENCE = 120.0  # seconds
REST = 4.0  # seconds in which a program that is done uses hardly any processor time
IDLE = 0.15  # its share of one processor then: the window looks at some things by a clock

Environment = Mapping[str, str]


@contextmanager
def started(command: Sequence[str], home: Path, env: Environment) -> Iterator[tuple[int, float]]:
    """The program with its window up: its process and the seconds that took."""
    homes = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    log = home / "STATE" / "rotocel" / "log" / "rotocel.log"
    before = answers(log)
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env={**env, **homes})
    try:
        until(lambda: answers(log) > before, process)
        yield process.pid, time.perf_counter() - begun
    finally:
        time.sleep(0.5)  # Qt complains of a window that goes while it is painted first
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def answers(log: Path) -> int:
    """How many windows have said so in `log`."""
    return log.read_text("utf-8").count(ANSWERS) if log.exists() else 0


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait. Raises RuntimeError where the program ends or takes too long."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("the program ended, or no window came")
        time.sleep(0.002)


def start_once(command: Sequence[str], home: Path, env: Environment) -> float:
    """Seconds from the command to a window that answers."""
    with started(command, home, env) as (_, seconds):
        return seconds


def memory_at_rest(command: Sequence[str], home: Path, env: Environment) -> tuple[int, int]:
    """MB of the program with the demo open and embedded: then, and at most."""
    with started([*command, str(DEMO)], home, env) as (pid, _):
        end = time.monotonic() + 5 * PATIENCE
        while time.monotonic() < end:
            before = processor_seconds(family(pid))
            time.sleep(REST)
            if processor_seconds(family(pid)) - before < IDLE * REST:
                break
        return (
            sum(kilobytes(p, "smaps_rollup", "Pss") for p in family(pid)) // 1024,
            sum(kilobytes(p, "status", "VmHWM") for p in family(pid)) // 1024,
        )


def family(pid: int) -> list[int]:
    """The process and those it began: a program in one file begins itself again."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(one for child in children for one in family(int(child)))]


def processor_seconds(pids: Sequence[int]) -> float:
    """What all threads of these processes used so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def kilobytes(pid: int, file: str, key: str) -> int:
    """A figure that the kernel keeps of a process."""
    text = Path(f"/proc/{pid}/{file}").read_text("ascii")
    found = re.search(rf"^{key}:\s+(\d+) kB$", text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"/proc/{pid}/{file} has no {key}")
    return int(found[1])


def homes(known: Path, round_: int) -> Iterator[tuple[str, Path]]:
    """The starts of a round and their homes; the one that is `known` is so from the second on.

    The cold one comes first: it leaves the files in the memory of the machine.
    """
    yield "cold", known
    yield "first", known.with_name(f"{known.name} {round_}")
    yield "again", known


def forget_files() -> bool:
    """Let the kernel forget what it read; False where only root may."""
    os.sync()
    try:
        CACHES.write_text("3", "ascii")
    except OSError:
        return False
    return True


def spread(seconds: Sequence[float]) -> str:
    """Median and range, as a cell of the table."""
    if not seconds:
        return "-"
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("programs", nargs="*", type=Path, metavar="PROGRAM")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    commands = {str(path): [str(path.resolve())] for path in chosen.programs}
    commands["from source"] = [sys.executable, "-m", "app"]
    times: dict[tuple[str, str], list[float]] = {}
    print("| program | cold s | first s | again s | MB at rest with the demo | MB at most |")
    print("|---|---|---|---|---|---|")
    with display() as env, tempfile.TemporaryDirectory() as scratch:
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # from source: compiled once
        for round_ in range(chosen.rounds):
            for name, command in commands.items():
                for kind, home in homes(Path(scratch) / name.replace("/", "-"), round_):
                    if kind != "cold" or forget_files():
                        times.setdefault((name, kind), []).append(start_once(command, home, env))
        for name, command in commands.items():
            rest, most = memory_at_rest(command, Path(scratch) / name.replace("/", "-"), env)
            cells = [spread(times.get((name, kind), [])) for kind in ("cold", "first", "again")]
            print(f"| {name} | {' | '.join(cells)} | {rest} | {most} |", flush=True)


if __name__ == "__main__":
    main()
