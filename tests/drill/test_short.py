"""The drills run, find nothing in a few rounds, and do find what is planted.

In a process of their own: they fork, which a process with threads must not.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.drill.planted import PLANTED

ROOT = Path(__file__).parents[2]
ROUNDS = {"edit": 20, "save": 15, "export": 15, "embeddings": 20, "program": 2, "full": 8}
PLANTED_ROUNDS = {"embeddings": 150, "export": 5, "program": 6, "save": 60, "full": 12}  # else 25


def drill(name: str, rounds: int, *more: str) -> tuple[int, dict[str, int], str]:
    """The exit code, the numbers of the drill's line, and all it printed."""
    command = [sys.executable, "-m", "tests.drill", name, "--rounds", str(rounds), *more]
    ran = subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    titles, line, *_ = ran.stdout.splitlines() or ["", ""]
    if "skipped" in line:
        pytest.skip(line)
    assert line.startswith(name), ran.stdout + ran.stderr
    return (
        ran.returncode,
        dict(zip(titles.split()[1:], map(int, line.split()[1:]), strict=True)),
        ran.stdout,
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ROUNDS)
def test_nothing_is_lost_or_torn_in_a_few_rounds(name: str) -> None:
    code, numbers, printed = drill(name, ROUNDS[name], "--seed", "7")
    assert code == 0, printed
    assert numbers["lost"] == numbers["torn"] == numbers["other"] == 0
    assert numbers["acknowledged"] > numbers["rounds"] >= ROUNDS[name]
    assert numbers["faults"] == numbers["rounds"] or name == "full"
    assert numbers["faults"] > 1


@pytest.mark.timeout(300)
@pytest.mark.parametrize("plant", PLANTED)
def test_what_is_planted_is_found(plant: str) -> None:
    name = PLANTED[plant][0]
    rounds = PLANTED_ROUNDS.get(name, 25)
    code, numbers, printed = drill(name, rounds, "--seed", "7", "--plant", plant)
    assert code == 1, printed
    assert numbers["lost"] + numbers["torn"] + numbers["other"] > 0
