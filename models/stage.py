"""Folders that come into their place whole or not at all, by one rename.

What is on its way in or out lies in a folder of its own beside the others, two levels deep, so that
nobody takes it for an installed one; a program that is killed leaves it for the next to clear away.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from models.base import ModelError
from models.disk import alone, put_on_disk, sync_folder

STAGE = ".new-"  # folders of what is not installed yet, or not any more
OLD = "old"  # in such a folder: what is being replaced, under its own name
GONE = "gone"  # and what is being removed


@dataclass(frozen=True, slots=True)
class Stage:
    """An empty `folder` to make something in; it goes with all that is left in it."""

    folder: Path

    def put_in_place(self, staged: Path, place: Path) -> None:
        """Give `staged` the name `place`; what is there goes to the stage. Raises OSError."""
        for path in (staged, *staged.rglob("*")):
            if path.is_file():
                put_on_disk(path)
            elif path.is_dir():
                sync_folder(path)
        old = self.folder / OLD / place.name
        if is_there(place):
            old.parent.mkdir()
            place.rename(old)
        try:
            staged.rename(place)
        except OSError:
            if is_there(old):
                old.rename(place)
            raise
        sync_folder(place.parent)

    def take_away(self, place: Path) -> None:
        """Have nothing at `place`: at once, what is slow comes after. Raises OSError."""
        (self.folder / GONE).mkdir()
        place.rename(self.folder / GONE / place.name)
        sync_folder(place.parent)


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages in `folder`, one at a time; `what` is in it, as a sentence names it."""

    folder: Path
    what: str

    @contextmanager
    def open(self) -> Iterator[Stage]:
        """A fresh stage. Raises ModelError while another program has one, OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        busy = f"Another Rotocel changes {self.what} in {self.folder}; wait for it."
        with alone(self._lock, busy):
            self._tidy()
            folder = Path(tempfile.mkdtemp(prefix=STAGE, dir=self.folder))
            try:
                yield Stage(folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def tidy(self) -> None:
        """Clear away what a killed program left, unless another one is at work just now."""
        with suppress(ModelError, OSError):
            if any(self.folder.glob(f"{STAGE}*")):
                with alone(self._lock, ""):
                    self._tidy()

    @property
    def _lock(self) -> Path:
        return self.folder / ".lock"

    def _tidy(self) -> None:
        """Clear away; what a killed program was replacing comes back."""
        for stage in self.folder.glob(f"{STAGE}*"):
            for old in (stage / OLD).glob("*"):
                if not is_there(self.folder / old.name):
                    old.rename(self.folder / old.name)
            shutil.rmtree(stage, ignore_errors=True)


def is_there(path: Path) -> bool:
    """Whether the name is taken, be it by a link that leads nowhere."""
    return path.exists() or path.is_symlink()
