"""A small disk of our own that can be filled up, and freed again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MB = 1 << 20
SIZE = 32 * MB


@dataclass(frozen=True)
class Disk:
    """A disk mounted at `folder`."""

    folder: Path

    def fill(self, left: int) -> None:
        """Leave `left` bytes free."""
        facts = os.statvfs(self.folder)
        with self._filler.open("wb") as file:
            file.write(bytes(max(0, facts.f_bavail * facts.f_frsize - left)))

    def free(self) -> None:
        """Make the space free again."""
        self._filler.unlink(missing_ok=True)

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A disk of SIZE bytes at `folder`. Raises PermissionError, which says why there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder))
    try:
        yield Disk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


@contextmanager
def read_only_disk(folder: Path) -> Iterator[None]:
    """What lies in `folder` cannot be written inside. Raises PermissionError as above."""
    _run("mount", "--bind", str(folder), str(folder))
    try:
        _run("mount", "-o", "remount,ro,bind", str(folder))
        yield
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise PermissionError(f"there is no {command[0]} here") from error
    if told.returncode:
        raise PermissionError(f"{' '.join(command[:3])} is not permitted: {told.stderr.strip()}")
