"""What a tracker remembers of a layer, by frame, in files that are never trusted blindly.

A record is only good for the mask it was made with: beside it stands a seal, the digest of that
mask, and it is given back only while the project still holds it.

One file a record: magic, crc32 (u32, little endian) of what follows and of the frame, the seal
(32 bytes), the record. A torn, foreign or swapped file reads as absent, so none needs to be synced.
"""

from __future__ import annotations

import hashlib
import logging
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

log = logging.getLogger(__name__)

MAGIC = b"RotocelMemory1\n\0"
HEAD = struct.Struct("<16sI32s")
SUFFIX = ".memory"
KEEP = 0.9  # of the budget is left where some had to go, so that not every write looks for room
NOTHING: Mapping[int, bytes] = MappingProxyType({})
RECENT = 24  # records of a layer held in memory, whatever becomes of the disk: so many of the
# latest, and of the first, near which the other way begins


def seal_of(content: bytes) -> bytes:
    """The seal of a mask's data: 32 bytes."""
    return hashlib.sha256(content).digest()


def archive_name(model_digest: str, clip_fingerprint: str, layer_id: str) -> str:
    """The name of the archive of one layer of one clip by one model."""
    key = f"{model_digest}\n{clip_fingerprint}\n{layer_id}"
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:32]


class _File(NamedTuple):
    time: float
    path: Path
    size: int


class ArchiveFolder:
    """All archives of this user, within `budget` bytes: records written longest ago leave first.

    A disk that fails or fills up costs only what would have been remembered: `error` says why.
    Used by one thread; other instances may use the same folder.
    """

    def __init__(self, folder: Path, budget: int) -> None:
        self._folder, self._budget = folder, budget
        self._used: int | None = None  # bytes; not known before the first write
        self.error: str | None = None

    def read(self, name: str, frame: int) -> tuple[bytes, bytes] | None:
        """The seal and the record of a frame, None where there is none to be trusted."""
        try:
            data = self._path(name, frame).read_bytes()
        except OSError:
            return None
        if len(data) < HEAD.size:
            return None
        magic, crc, seal = HEAD.unpack_from(data)
        record = data[HEAD.size :]
        if magic != MAGIC or crc != _checksum(frame, seal, record):
            return None
        return seal, record

    def write(self, name: str, frame: int, seal: bytes, record: bytes) -> None:
        """Keep a record in place of an earlier one."""
        if self.error is not None or HEAD.size + len(record) > self._budget:
            return
        path = self._path(name, frame)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._make_room(HEAD.size + len(record))
            path.write_bytes(HEAD.pack(MAGIC, _checksum(frame, seal, record), seal) + record)
        except OSError as error:
            log.warning("what the tracker remembers is not kept: %s", error)
            self.error = (
                f"What the tracker remembers cannot be kept on disk ({error.strerror or error})"
            )
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _path(self, name: str, frame: int) -> Path:
        return self._folder / name / f"{frame}{SUFFIX}"

    def _make_room(self, size: int) -> None:
        if self._used is None:
            self._used = sum(file.size for file in self._files())
        self._used += size  # of what is replaced too, until the folder is looked at again
        if self._used <= self._budget:
            return
        files = sorted(self._files())
        self._used = sum(file.size for file in files) + size
        for file in files:
            if self._used <= KEEP * self._budget:
                break
            with suppress(OSError):  # another instance may have it open, or have deleted it
                file.path.unlink()
                self._used -= file.size
                file.path.parent.rmdir()  # where it was the last one

    def _files(self) -> Iterator[_File]:
        for path in self._folder.glob(f"*/*{SUFFIX}"):
            with suppress(OSError):
                facts = path.stat()
                yield _File(facts.st_mtime, path, facts.st_size)


class LayerArchive:
    """The archive of one layer while it is tracked; without a folder it is kept in memory alone.

    `masks` are the seals of the masks that the project holds, by frame. A record and the mask it
    goes with come in any order: it is written once both are there. `recent` records are held in
    memory of the latest, and as many of the first.
    """

    def __init__(
        self,
        folder: ArchiveFolder | None,
        name: str,
        masks: Mapping[int, bytes] = NOTHING,
        recent: int = RECENT,
    ) -> None:
        self._folder, self._name, self._recent = folder, name, recent
        self._seals = dict(masks)
        self._fresh: dict[int, bytes] = {}  # records of this run, the oldest first
        self._unsealed: set[int] = set()  # frames whose record waits for its mask
        self._unfilled: set[int] = set()  # frames whose mask waits for its record

    def get(self, frame: int) -> bytes | None:
        """The record that goes with what the project holds on `frame`, None where there is none."""
        fresh = self._fresh.get(frame)
        if fresh is not None or self._folder is None:
            return fresh
        found = self._folder.read(self._name, frame)
        return found[1] if found is not None and found[0] == self._seals.get(frame) else None

    def put(self, frame: int, record: bytes) -> None:
        """Keep the record of `frame`, in place of an earlier one."""
        self._fresh.pop(frame, None)
        self._fresh[frame] = record
        if len(self._fresh) > 2 * self._recent:
            del self._fresh[list(self._fresh)[self._recent]]
        if frame in self._unfilled:
            self._write(frame)
        else:
            self._unsealed.add(frame)

    def seal(self, frame: int, seal: bytes) -> None:
        """Note the mask the project gets on `frame`."""
        self._seals[frame] = seal
        if frame in self._unsealed:
            self._write(frame)
        else:
            self._unfilled.add(frame)

    def _write(self, frame: int) -> None:
        self._unsealed.discard(frame)
        self._unfilled.discard(frame)
        record = self._fresh.get(frame)
        if self._folder is not None and record is not None:
            self._folder.write(self._name, frame, self._seals[frame], record)


def _checksum(frame: int, seal: bytes, record: bytes) -> int:
    return zlib.crc32(record, zlib.crc32(seal, zlib.crc32(struct.pack("<q", frame))))
