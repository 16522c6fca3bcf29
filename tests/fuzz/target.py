"""What a fuzz target is, and what counts as a defect.

A target is a file `target_NAME.py` beside this one and its NAME in TARGETS. It holds SEEDS, inputs
to start from, and `fuzz(data)`: the sentence `data` was refused with, None where it was taken. It
raises only on a defect.

Where the program tries such input in a process of its own first, a target may also have
`contained(data)`: the sentence with which that ends. It is asked about what ended `fuzz`.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, cast

TARGETS = ("pack", "sequence", "project")
SLOW = 3.0  # seconds of this process for one small input


class Defect(Exception):  # noqa: N818 - what it reports is the fault of another
    """An input was not taken and not refused as it should be."""


class Target(Protocol):
    """A module that can be fuzzed."""

    SEEDS: Sequence[bytes]

    def fuzz(self, data: bytes) -> str | None:
        """The sentence `data` is refused with, None where it is taken."""


def target_of(name: str) -> Target:
    """The target called `name`; a name with dots is that of any module."""
    module = name if "." in name else f"tests.fuzz.target_{name}"
    return cast("Target", importlib.import_module(module))


def refusal(work: Callable[[], object], error: type[Exception], names: Iterable[str]) -> str | None:
    """The sentence `work` is refused with, its first name being NAME; None where it succeeds.

    Raises Defect where it takes too long, or where the sentence of its `error` is not one line
    that names one of `names`; lets every other exception through.
    """
    started = time.process_time()
    sentence = None
    try:
        work()
    except error as e:
        sentence = str(e)
    took = time.process_time() - started
    if took > SLOW:
        raise Defect(f"took {took:.0f} s")
    if sentence is None:
        return None
    names = [name for name in names if name]
    _check(sentence, names)
    first = max((name for name in names if sentence.startswith(name)), key=len, default="")
    return "NAME" + sentence[len(first) :] if first else sentence


def _check(sentence: str, names: Iterable[str]) -> None:
    if sentence.splitlines() != [sentence] or not sentence.strip():
        raise Defect(f"not one line: {sentence!r}")
    if not any(name in sentence for name in names):
        raise Defect(f"names no file: {sentence!r}")
    sentence.encode()  # raises where no terminal could show it
