"""Kills the program with SIGKILL and fills its disk, again and again; says what was lost.

python -m tests.drill [DRILL ...] [--rounds N] [--seed S] [--first N] [--plant FAULT]

A kill is no power cut: the system still writes what it has in its caches. That data is put on the
disk before a file takes its name is tested in tests/project/test_save.py.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.drill.drill_edit import EditDrill
from tests.drill.drill_embeddings import EmbeddingDrill
from tests.drill.drill_export import ExportDrill
from tests.drill.drill_full import LEVELS, full_rounds
from tests.drill.drill_program import ProgramDrill
from tests.drill.drill_save import SaveDrill
from tests.drill.planted import PLANTED
from tests.drill.rounds import KEPT, Drill, Outcome, kill_rounds

KILLS: dict[str, tuple[Drill, int]] = {
    drill.name: (drill, rounds)
    for drill, rounds in (
        (EditDrill(), 400),
        (SaveDrill(), 300),
        (ExportDrill(), 300),
        (EmbeddingDrill(), 600),
        (ProgramDrill(), 15),
    )
}
DRILLS = (*KILLS, "full")
COLUMNS = "drill rounds before in after faults acknowledged lost torn other seconds"
NOTE = (
    "before, in, after: where a kill hit, seen from a write. A kill is no power cut: the system\n"
    "still writes its caches; tests/project/test_save.py shows that data is synced before a rename."
)


def main() -> int:
    """The exit code: 0 where nothing was lost and nothing torn."""
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("drills", nargs="*", metavar="DRILL", help=f"of {', '.join(DRILLS)}")
    parser.add_argument("--rounds", type=int, help="of each drill; for full, how many fill levels")
    parser.add_argument("--seed", type=int, default=1, help="the same work, kills as planned")
    parser.add_argument("--first", type=int, default=0, help="the first round")
    parser.add_argument("--plant", choices=PLANTED, help="a fault that the drill must find")
    wish = parser.parse_args()
    if wish.plant:
        PLANTED[wish.plant][1]()
    unknown = set(wish.drills) - set(DRILLS)
    if unknown:
        parser.error(f"there is no drill {', '.join(sorted(unknown))}: {', '.join(DRILLS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is mounted is unmounted then, too
    logging.disable(logging.CRITICAL)  # what is not kept is logged, and expected here
    print(_row(COLUMNS.split()), flush=True)
    outcomes = [_tell(_runner(name, wish)) for name in wish.drills or DRILLS]
    print(NOTE)
    return 0 if all(outcome.clean for outcome in outcomes) else 1


def _runner(name: str, wish: argparse.Namespace) -> Callable[[Path], Outcome]:
    if name == "full":
        return lambda folder: full_rounds(wish.rounds or LEVELS, folder)
    drill, rounds = KILLS[name]
    numbers = range(wish.first, wish.first + (wish.rounds or rounds))

    def run(folder: Path) -> Outcome:
        kept = folder / "kept" if wish.plant else KEPT  # what was planted is nothing to look at
        return kill_rounds(drill, numbers, wish.seed, folder, kept)

    return run


def _tell(run: Callable[[Path], Outcome]) -> Outcome:
    folder = Path(tempfile.mkdtemp(prefix="rotocel-drill-"))
    try:
        outcome = run(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if outcome.skipped:
        print(f"{outcome.name.ljust(12)}skipped: {outcome.skipped}", flush=True)
        return outcome
    counts = [outcome.rounds, *outcome.hits.values(), outcome.faults, outcome.acknowledged]
    counts += [outcome.lost, outcome.torn, outcome.other, round(outcome.seconds)]
    print(_row([outcome.name, *map(str, counts)]), flush=True)
    for find in outcome.finds:
        print(f"  {find}", flush=True)
    return outcome


def _row(cells: list[str]) -> str:
    return cells[0].ljust(12) + "".join(f" {cell:>7}" for cell in cells[1:])


if __name__ == "__main__":
    sys.exit(main())
