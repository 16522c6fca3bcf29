"""A target whose seeds do everything a target can do, to see that the harness sees it."""

from __future__ import annotations

import os
import time

from tests.fuzz.target import refusal

SEEDS = (b"taken", b"refused", b"defect", b"unnamed", b"crash", b"contained", b"hang", b"taken too")


class ToyError(Exception):
    """What the toy refuses with."""


def fuzz(data: bytes) -> str | None:
    """Do what `data` says."""
    return refusal(lambda: _do(data), ToyError, ["toy.bin"])


def contained(data: bytes) -> str | None:
    """One of the crashes is one the program survives."""
    return "toy.bin ends the program." if data == b"contained" else None


def _do(data: bytes) -> None:
    if data == b"refused":
        raise ToyError("toy.bin cannot be read.")
    if data == b"unnamed":
        raise ToyError("Something went wrong.")
    if data == b"defect":
        raise KeyError("toy")
    if data in {b"crash", b"contained"}:
        os.abort()
    if data == b"hang":
        time.sleep(60)
