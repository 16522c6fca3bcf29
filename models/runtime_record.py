"""What an installed runtime pack consists of: noted as it is unpacked, compared before it runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

RECORD = "runtime.json"  # in the folder of an installed pack
CODE = re.compile(
    r"\.(py|pyc|pyd|so|dll|dylib)$|\.so\.", re.IGNORECASE
)  # what may be run by its name
CACHES = "__pycache__"  # Python makes them, of what was compared
NO_FILE = -1  # the size of what is no ordinary file
CHUNK = 1 << 20

UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError)


class Part(NamedTuple):
    """A file of the pack."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """Which list a pack was made by, and its files by their names, with slashes."""

    made_by: str
    files: Mapping[str, Part]

    def write(self, folder: Path) -> None:
        """Write it into `folder`, without what Python makes anew. Raises OSError."""
        files = {name: part for name, part in self.files.items() if CACHES not in name.split("/")}
        said = {"list": self.made_by, "files": files}
        (folder / RECORD).write_text(json.dumps(said), "utf-8")

    def difference(self, folder: Path) -> str:
        """What is not as it was, by names and sizes, in a few words; empty where all is.

        Code that nobody noted counts, other files do not. Raises OSError.
        """
        missing = dict(self.files)
        for name, size in _found(folder):
            part = missing.pop(name, None)
            if part is None:
                if name != RECORD and (size == NO_FILE or CODE.search(name)):
                    return f"{name} was not installed"
            elif size != part.size:
                return f"{name} has another size"
        return f"{min(missing)} is missing" if missing else ""

    def changed(self, folder: Path, progress: Callable[[int], None]) -> str:
        """The name of a file with another sha256, empty where there is none. Raises OSError."""
        for name, part in self.files.items():
            digest = hashlib.sha256()
            with (folder / name).open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    progress(len(chunk))
            if digest.hexdigest() != part.sha256:
                return name
        return ""


def read_record(folder: Path) -> Record:
    """The record in `folder`. Raises one of UNREADABLE."""
    said = json.loads((folder / RECORD).read_bytes())
    files = {name: Part(int(size), str(sha)) for name, (size, sha) in said["files"].items()}
    return Record(str(said["list"]), files)


def _found(folder: Path | str, prefix: str = "") -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if not entry.is_dir(follow_symlinks=False):
                ordinary = entry.is_file(follow_symlinks=False)
                yield name, entry.stat(follow_symlinks=False).st_size if ordinary else NO_FILE
            elif entry.name != CACHES:
                yield from _found(entry.path, f"{name}/")
