"""Looking for footage that could be a clip which is not where it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from app.domain.clip_facts import Clip
from app.domain.footage_score import Score, scores

MOST_ENTRIES = 20_000  # files and folders looked at
MOST_CANDIDATES = 12
Check: TypeAlias = Callable[[], None]  # raises _Ended where the search has to end


@dataclass(frozen=True, slots=True)
class Candidate:
    """Footage that could be the clip; `path` is what `open_clip` takes."""

    path: Path
    score: Score
    reason: str


def find_candidates(
    wanted: Clip, folders: Sequence[Path], *, until: Callable[[], bool] = lambda: False
) -> list[Candidate]:
    """Footage in these folders and right below them that could be `wanted`, the best first.

    Of equals the one from the earlier folder comes first, then by name. Ends with what it has once
    `until` says so. Linked and hidden folders are left out, and so is what cannot be read. Which
    folders are safe to look into is up to the caller: this one looks at servers too.
    """
    found: list[tuple[int, Candidate]] = []

    def check() -> None:
        if until():
            raise _EndedError

    with suppress(_EndedError):
        for at, files in _files(folders, check):
            for path, score in scores(wanted, files, check):
                found.append((at, Candidate(path, score, score.reason(path.name))))
    found.sort(key=lambda each: (-each[1].score, each[0], each[1].path.name, each[1].path))
    return [candidate for _, candidate in found[:MOST_CANDIDATES]]


class _EndedError(Exception):
    """The search was told to end."""


def _files(folders: Sequence[Path], check: Check) -> Iterator[tuple[int, list[Path]]]:
    """The files of each folder, then those of the folders in them, with the place in `folders`."""
    budget = iter(range(MOST_ENTRIES))
    seen: set[str] = set()
    below: list[tuple[int, Path]] = []
    for at, folder in enumerate(folders):
        files, inner = _list(folder, budget, seen, check)
        below += [(at, path) for path in sorted(inner)]
        yield at, files
    for at, folder in below:
        yield at, _list(folder, budget, seen, check)[0]


def _list(
    folder: Path, budget: Iterator[int], seen: set[str], check: Check
) -> tuple[list[Path], list[Path]]:
    """The files and the folders in a folder; none where it was seen or cannot be read."""
    files: list[Path] = []
    inner: list[Path] = []
    with suppress(OSError, ValueError):
        real = os.path.realpath(folder)
        if real in seen:
            return files, inner
        seen.add(real)
        with os.scandir(folder) as entries:
            for _, entry in zip(budget, entries, strict=False):
                check()
                if kind := _kind(entry):
                    (files if kind == "file" else inner).append(Path(entry.path))
    return files, inner


def _kind(entry: os.DirEntry[str]) -> str:
    """A "folder", a regular "file", or nothing to look at; a link to a file is that file."""
    if entry.name.startswith("."):
        return ""
    try:
        if entry.is_dir(follow_symlinks=False):
            return "folder"
        return "file" if entry.is_file() else ""
    except OSError:
        return ""
