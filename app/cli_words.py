"""Arguments as typed, made into values; wrong ones get one sentence."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeAlias

from app.domain.frames import FrameRange
from app.domain.project import Box, Point


class UsageError(Exception):
    """The command was typed in a way that has no meaning; the text says what to type."""


class CommandError(Exception):
    """The command could not do its work; the text says why."""


class At(NamedTuple):
    """A point or box and its frame; None is the frame where the work begins."""

    step: Point | Box
    frame: int | None


class NewLayer(NamedTuple):
    """The layer that the steps after it belong to."""

    name: str


class MaskAt(NamedTuple):
    """The file of a mask and its frame; None is the frame where the work begins."""

    path: Path
    frame: int | None


Word: TypeAlias = At | NewLayer | MaskAt


def described(what: str) -> str:
    """What a command does, a few words, as a sentence; names among them keep their letters."""
    return f"{what[:1].upper()}{what[1:]}."


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageError instead of ending the program."""

    def error(self, message: str) -> NoReturn:
        """Raises UsageError in one sentence that names the command to ask for help."""
        raise UsageError(f"{message}; see `{self.prog} --help`.")


class AddWord(argparse.Action):
    """Appends to the one list of words, so that the order typed is kept."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse hands it over
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or []), values])


def include(text: str) -> At:
    """X,Y[@FRAME] as a point inside the object."""
    (x, y), frame = _numbers(text, 2)
    return At(Point(x, y, include=True), frame)


def exclude(text: str) -> At:
    """X,Y[@FRAME] as a point outside the object."""
    (x, y), frame = _numbers(text, 2)
    return At(Point(x, y, include=False), frame)


def box(text: str) -> At:
    """X0,Y0,X1,Y1[@FRAME] as a box; any two opposite corners will do."""
    (x0, y0, x1, y1), frame = _numbers(text, 4)
    if x0 == x1 or y0 == y1:
        raise argparse.ArgumentTypeError(f"the box {text} is empty")
    return At(Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), frame)


def mask(text: str) -> MaskAt:
    """PNG[@FRAME]; a name that ends in @ and a number needs the frame written after it."""
    path, at, frame = text.rpartition("@")
    if at and re.fullmatch(r"-?\d+", frame):
        found = MaskAt(Path(path), int(frame))
    else:
        found = MaskAt(Path(text), None)
    if not found.path.name:
        raise argparse.ArgumentTypeError(f"{text} should be like mask.png or mask.png@FRAME")
    return found


def at_least(least: int) -> Callable[[str], int]:
    """A whole number that is not below `least`."""

    def number(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} should be a whole number, {least} or more")
        return int(text)

    return number


def layer(text: str) -> NewLayer:
    """A layer's name."""
    name = " ".join(text.split())
    if not name:
        raise argparse.ArgumentTypeError("a layer needs a name")
    return NewLayer(name)


def frame_range(text: str) -> FrameRange:
    """A-B, both included, or the one frame A; frame numbers may be negative."""
    found = re.fullmatch(r"(-?\d+)(?:-(-?\d+))?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text} should be like 1001-1024, or one frame")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise argparse.ArgumentTypeError(f"{text} ends before it starts")
    return FrameRange(first, last)


def _numbers(text: str, count: int) -> tuple[list[float], int | None]:
    wanted = ",".join(["X", "Y"] if count == 2 else ["X0", "Y0", "X1", "Y1"])
    place, at, frame = text.partition("@")
    try:
        numbers = [float(part) for part in place.split(",")]
        number = int(frame) if at else None
    except ValueError:
        numbers, number = [], None
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise argparse.ArgumentTypeError(f"{text} should be like {wanted} or {wanted}@FRAME")
    return numbers, number
