"""What a process that is measured does: runs when a line asks, and tells what it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from models.bench.memory import memory
from models.lines import Values


class Taken(NamedTuple):
    """What a piece of work took."""

    seconds: float  # on the wall
    cpu: float  # seconds of all cores together: other programs move it less


Run: TypeAlias = Callable[[int], Taken]  # given a seed
Ready: TypeAlias = tuple[Values, Run]  # the first line, and what is run


def timed(work: Callable[[], object]) -> Taken:
    """What `work` takes."""
    cpu, started = time.process_time(), time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return Taken(seconds, time.process_time() - cpu)


def serving(ready: Values, run: Run) -> tuple[Values, Callable[[Values], Values]]:
    """The first line and the answers, for `models.lines.answer_lines`."""

    def answer(request: Values) -> Values:
        taken = run(int(request["seed"]))
        return {**taken._asdict(), **memory()._asdict()}

    return {**ready, "now": memory().now}, answer
