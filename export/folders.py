"""The folders an export writes into: made before, swept of leftovers, gone again if unused."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from export.whole_file import plain_errors

FRAME = re.compile(r"\.-?\d+")  # what a file named by its frame alone begins with


def names_in(folder: Path) -> list[str]:
    """The names in `folder`, none where there is no folder. Raises ExportError."""
    with plain_errors(folder):
        try:
            return os.listdir(folder)  # noqa: PTH208 - names are wanted, not paths
        except FileNotFoundError:
            return []


@contextlib.contextmanager
def folders(wanted: Iterable[Path], suffix: str) -> Iterator[None]:
    """Makes the `wanted` folders; those made here and still empty at the end are removed.

    Half-written files that a killed export left in them are removed. Raises ExportError.
    """
    made: list[Path] = []
    try:
        for folder in sorted(wanted):
            with plain_errors(folder):
                _make(folder, made)
                _sweep(folder, suffix)
        yield
    finally:
        for folder in reversed(made):
            with contextlib.suppress(OSError):  # not empty: it is used
                folder.rmdir()


def _make(folder: Path, made: list[Path]) -> None:
    """Makes `folder` and its parents; adds those that were not there to `made`."""
    for path in reversed((folder, *folder.parents)):
        if not path.exists():
            path.mkdir()
            made.append(path)


def _sweep(folder: Path, suffix: str) -> None:
    for name in names_in(folder):
        stem = name.removesuffix(f"{suffix}.part")
        if stem != name and (stem.startswith(f".{folder.name}.") or FRAME.fullmatch(stem)):
            (folder / name).unlink()
