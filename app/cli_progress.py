"""How far a command is, told on stderr."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO, TypeAlias

Tell: TypeAlias = Callable[[str], None]

EVERY = 5.0  # seconds between two lines where they are kept, as in a log


@contextmanager
def telling(every: float | None = None) -> Iterator[Tell]:
    """What takes sentences of progress, one after the other.

    A terminal shows the newest on a line that is empty again in the end. Elsewhere, in a pipe or a
    file, a line is added every `every` seconds at most (EVERY where none is given), and none in the
    first: with 0, each one.
    """
    if sys.stderr is None:  # a program with a window has none on Windows
        yield lambda _: None
    elif sys.stderr.isatty():
        show = _line_of(sys.stderr)
        try:
            yield show
        finally:
            show("")
    else:
        yield _log_on(sys.stderr, EVERY if every is None else every)


def _line_of(terminal: TextIO) -> Tell:
    def show(text: str) -> None:
        width = shutil.get_terminal_size().columns - 1  # a line that wraps cannot be written over
        terminal.write(f"\r\033[K{text[:width]}")
        terminal.flush()

    return show


def _log_on(log: TextIO, every: float) -> Tell:
    told = time.monotonic()

    def add(text: str) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= every:
            told = now
            log.write(f"{text}\n")
            log.flush()

    return add
