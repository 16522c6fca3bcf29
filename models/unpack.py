"""What a folder or a zip holds of a pack, copied out file by file, each checked on its way.

A zip comes from a stranger: names that lead elsewhere, links, and bombs are refused before anything
is written, and only what its model.json names is ever taken out.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from typing import IO, Protocol

from models.base import Cancelled, ModelError
from models.description import Description, DescriptionError, parse
from models.disk import check_room
from models.files import ordinary_size
from models.pack import MANIFEST, MOST_GRAPH, MOST_MANIFEST
from models.zip_entries import UNREADABLE, fault_of

MOST_ENTRIES = 256
MOST_BYTES = 8 << 30  # of all files together
CHUNK = 1 << 20
MOST_DIRECTORY = 1 << 20  # bytes of a zip's list of what is in it

Goes = Callable[[], bool]  # False: the artist does not want it any more


class Source(Protocol):
    """Where a pack is copied from."""

    def size_of(self, name: str) -> int:
        """The bytes of the file called `name`. Raises ModelError where there is none."""

    def open(self, name: str) -> IO[bytes]:
        """The file called `name`, to be read."""


def copy_pack(source: Source, origin: Path, folder: Path, goes: Goes = lambda: True) -> None:
    """Copy the pack in `source` into `folder`, which must not be there yet: nothing but its files.

    Every file has the sha256 of model.json. `origin` is what sentences name. Raises ModelError,
    Cancelled where `goes` says so, OSError for the disk written to.
    """
    manifest = _manifest(source, origin)
    description = parse_manifest(manifest, origin)
    sizes = {name: source.size_of(name) for name in description.files}
    for name, size in sizes.items():
        if size > MOST_GRAPH:
            raise ModelError(f"{name} in {origin} is larger than a file of a pack may be.")
    check_room(folder.parent, sum(sizes.values()), origin.name)
    folder.mkdir()
    (folder / MANIFEST).write_bytes(manifest)
    for name, sha256 in description.files.items():
        if _copy(source, name, origin, folder / name, sizes[name], goes) != sha256:
            raise ModelError(
                f"{name} in {origin} is not the file its model.json describes; get the model anew "
                "from its maker."
            )


def parse_manifest(data: bytes, origin: Path) -> Description:
    """The model.json in `data`. Raises ModelError."""
    try:
        description = parse(data)
    except DescriptionError as e:
        raise ModelError(
            f"model.json in {origin} is not a valid model description: {e}; get the model anew "
            "from its maker."
        ) from e
    if MANIFEST in description.files:
        raise ModelError(f"model.json in {origin} names itself among its files.")
    if len({name.casefold() for name in description.files}) < len(description.files):
        raise ModelError(f"model.json in {origin} names two files alike but for their capitals.")
    return description


class FolderSource:
    """A pack that is a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size_of(self, name: str) -> int:
        return ordinary_size(self._folder / name)

    def open(self, name: str) -> IO[bytes]:
        return (self._folder / name).open("rb")


class ZipSource:
    """A pack in a zip, at its top or in its only folder."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive, self._path = archive, path
        self._entries = _checked_entries(archive, path)
        places = [n.removesuffix(MANIFEST) for n in self._entries if n.split("/")[-1] == MANIFEST]
        if len(places) != 1 or places[0].count("/") > 1:
            raise ModelError(
                f"{path} is not a zip of a model: model.json must be in it once, at its top or in "
                "its only folder."
            )
        self._place = places[0]

    def size_of(self, name: str) -> int:
        entry = self._entries.get(self._place + name)
        if entry is None:
            raise ModelError(f"{name} is missing from {self._path}; get the model anew.")
        return entry.file_size

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(self._entries[self._place + name])


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The pack that `path`, a folder or a zip, holds. Raises ModelError."""
    if path.is_dir():
        yield FolderSource(path)
        return
    ordinary_size(path)
    with ExitStack() as open_files:
        try:
            file = open_files.enter_context(_Cautious(path))
            archive = open_files.enter_context(zipfile.ZipFile(file))
        except UNREADABLE as e:
            raise ModelError(f"{path} is not a whole zip ({e}); get the model anew.") from e
        yield ZipSource(archive, path)


class _Cautious(FileIO):
    """The file of a zip, whose directory zipfile reads at once and makes many objects of."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As ever, but for what is longer than a directory may be. Raises ModelError."""
        if size is not None and size > max(MOST_DIRECTORY, CHUNK):
            raise ModelError(
                f"{self.name} lists more than any model holds; get the model from its maker."
            )
        return super().read(size)


def _checked_entries(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The files of the zip by name, its folders left out. Raises ModelError."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise ModelError(f"{path} holds more than {MOST_ENTRIES} files, more than any model has.")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise ModelError(f"{path} would unfold to more than {MOST_BYTES >> 30} GiB.")
    files: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        fault = fault_of(entry)
        if fault:
            raise ModelError(f"{path} is not taken: {fault}. Get the model from its maker.")
        if entry.filename in files:
            raise ModelError(f"{path} holds {entry.filename} twice; get the model from its maker.")
        if not entry.is_dir():
            files[entry.filename] = entry
    return files


def _manifest(source: Source, origin: Path) -> bytes:
    if source.size_of(MANIFEST) > MOST_MANIFEST:
        raise ModelError(f"model.json in {origin} is larger than {MOST_MANIFEST >> 20} MiB.")
    with _reading(origin), source.open(MANIFEST) as file:
        return file.read(MOST_MANIFEST + 1)


def _copy(source: Source, name: str, origin: Path, target: Path, size: int, goes: Goes) -> str:
    """The sha256 of the file, copied; never more than `size` bytes of it."""
    digest, done = hashlib.sha256(), 0
    with target.open("xb") as out:
        with _reading(origin):
            file = source.open(name)
        with file:
            while chunk := _chunk(file, origin):
                done += len(chunk)
                if done > size:
                    raise ModelError(f"{name} in {origin} is longer than it says; it is not taken.")
                if not goes():
                    raise Cancelled
                digest.update(chunk)
                out.write(chunk)
    return digest.hexdigest()


def _chunk(file: IO[bytes], origin: Path) -> bytes:
    with _reading(origin):
        return file.read(CHUNK)


@contextmanager
def _reading(origin: Path) -> Iterator[None]:
    """Raises ModelError for what reading from `origin` brings up."""
    try:
        yield
    except UNREADABLE as e:
        raise ModelError(f"{origin} cannot be read ({e}); get the model anew.") from e
