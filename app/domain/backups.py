"""Backups: what a project file was before each save, beside it in a folder of their own.

They are numbered, so that a clock that goes back cannot mix up their order.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

KEPT = 10
NUMBER = re.compile(r"(?P<stem>.*)\.(?P<number>\d{4,9})", re.DOTALL)
LONGEST_NAME = 255  # bytes of a file name on most systems


@dataclass(frozen=True, slots=True)
class Backup:
    """An earlier state of a project file."""

    path: Path
    number: int  # ascending: the higher, the later
    when: float  # seconds since 1970, when it was saved
    bytes: int


def folder_of(home: Path) -> Path:
    """Where the backups of the project file `home` lie."""
    return beside(Path(os.path.realpath(home)), "", ".backups", stem=True)


def backups_of(home: Path) -> list[Backup]:
    """The backups of a project file, the latest first; none where they cannot be listed."""
    found = []
    with suppress(OSError):
        for path in folder_of(home).iterdir():
            match = NUMBER.fullmatch(path.stem)
            if match and path.suffix == home.suffix and path.is_file():
                facts = path.stat()
                found.append(Backup(path, int(match["number"]), facts.st_mtime, facts.st_size))
    return sorted(found, key=lambda backup: -backup.number)


def keep_backup(home: Path) -> None:
    """Make the file at `home`, which is about to be replaced, a backup. Raises OSError.

    It is linked where the disk can do that: no bytes are copied, and there is no moment without it.
    """
    earlier = backups_of(home)
    if not home.exists() or (earlier and earlier[0].path.samefile(home)):
        return  # a save that failed at the last moment has made it one already
    folder = folder_of(home)
    folder.mkdir(exist_ok=True)
    number = earlier[0].number + 1 if earlier else 1
    target = folder / f"{folder.stem}.{number:04}{home.suffix}"
    try:
        os.link(home, target)
    except OSError:
        part = target.with_suffix(".part")
        try:
            shutil.copy2(home, part)
            with part.open("r+b") as file:
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def prune(home: Path) -> None:
    """Delete the oldest backups beyond KEPT; call it once the file has been replaced."""
    for backup in backups_of(home)[KEPT:]:
        with suppress(OSError):  # one that cannot be deleted is one too many, no more
            backup.path.unlink()


def beside(home: Path, before: str, after: str, *, stem: bool = False) -> Path:
    """The path beside `home` called like it with something before and after.

    A name that would be too long is cut, and told from others like it by a hash.
    """
    name = os.fsencode(home.stem if stem else home.name)
    room = LONGEST_NAME - len(os.fsencode(before + after)) - 16  # for what is added to it later
    text = name.decode(errors="ignore")
    if len(name) > room or os.fsencode(text) != name:
        mark = hashlib.sha256(name).hexdigest()[:8]
        text = name[: room - len(mark)].decode(errors="ignore") + mark
    return home.with_name(f"{before}{text}{after}")
