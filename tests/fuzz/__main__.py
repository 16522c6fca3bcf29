"""Throws inputs at what reads files of strangers; says what was found and where it lies.

python -m tests.fuzz [TARGET ...] [--inputs N] [--seed S] [--seconds S] [--atheris]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from tests.fuzz.runner import FINDS, Outcome, run
from tests.fuzz.target import TARGETS

COLUMNS = "target inputs accepted rejected defects crashes hangs contained sentences seconds"
MOST_SHOWN = 10
A_DAY = 86_400


def main() -> int:
    """The exit code: 0 where nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--inputs", type=int, default=100_000, help="for each target")
    parser.add_argument("--seed", type=int, default=1, help="the same inputs for the same seed")
    parser.add_argument("--seconds", type=int, default=A_DAY, help="at most, for each target")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    parser.add_argument("--sentences", action="store_true", help="list them")
    parser.add_argument("--atheris", action="store_true", help="guided by coverage (Linux)")
    wish = parser.parse_args()
    unknown = set(wish.targets) - set(TARGETS)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}: {', '.join(TARGETS)}")
    names = wish.targets or TARGETS
    if wish.atheris:
        return max(_guided(name, wish) for name in names)
    print(_row(COLUMNS.split()))
    outcomes = []
    for name in names:
        outcome = run(name, wish.inputs, wish.seed, wish.jobs, wish.seconds)
        outcomes.append(outcome)
        _tell(outcome, wish.sentences)
    return 0 if all(outcome.clean for outcome in outcomes) else 1


def _guided(name: str, wish: argparse.Namespace) -> int:
    numbers = [str(wish.inputs), str(wish.seed), str(wish.seconds)]
    command = [sys.executable, "-m", "tests.fuzz.guided", name, *numbers, str(FINDS)]
    return int(subprocess.run(command, check=False).returncode != 0)


def _tell(outcome: Outcome, sentences: bool) -> None:
    found = (outcome.defects, outcome.crashes, outcome.hangs, outcome.contained)
    counts = [outcome.inputs, outcome.taken, outcome.refused, *map(len, found)]
    counts += [len(outcome.sentences), round(outcome.seconds)]
    print(_row([outcome.name, *map(str, counts)]), flush=True)
    for kind, finds in zip(("defect", "crash", "hang", "contained"), found, strict=True):
        for find in finds[:MOST_SHOWN]:
            print(f"  {kind}: {find}")
        if len(finds) > MOST_SHOWN:
            print(f"  and {len(finds) - MOST_SHOWN} more of that kind in {FINDS}")
    for sentence in sorted(outcome.sentences) if sentences else ():
        print(f"  {sentence}")


def _row(cells: list[str]) -> str:
    return cells[0].ljust(10) + "".join(cell.rjust(10) for cell in cells[1:])


if __name__ == "__main__":
    sys.exit(main())
