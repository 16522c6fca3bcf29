"""Fixed-size records by frame in one file that survives restarts and is never trusted blindly.

Layout (little endian): a header of 32 bytes (magic, record bytes, slots), a table of one entry a
slot (frame i64, crc32 u32, valid u32), then the records, each aligned to 4096 bytes. A record is
written before its entry; its crc covers frame and payload, so a record torn by a crash or
overwritten by another process reads as absent.
"""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

MAGIC = b"RotocelRecords1\n"
HEADER = struct.Struct("<16sQQ")
ENTRY = struct.Struct("<qII")
ALIGN = 4096


class RecordFile:
    """Records of `record` bytes for at most `slots` frames. Raises OSError as files do.

    Safe to use from several threads. Where the file is new, foreign or made for other sizes it
    starts empty.
    """

    def __init__(self, path: Path, record: int, slots: int) -> None:
        self._lock = threading.Lock()
        self._record, self.slots = record, slots
        self._start = _aligned(HEADER.size + slots * ENTRY.size)
        self._entries: dict[int, tuple[int, int]] = {}  # frame -> slot, crc
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._open(path)
        used = {slot for slot, _ in self._entries.values()}
        self._free = [slot for slot in range(slots - 1, -1, -1) if slot not in used]
        self._frames = frozenset(self._entries)  # a snapshot: asking never waits for the disk

    def get(self, frame: int) -> bytes | None:
        """The payload, None where there is none to be trusted."""
        with self._lock:
            if frame not in self._entries or self._file.closed:
                return None
            slot, crc = self._entries[frame]
            self._file.seek(self._offset(slot))
            payload = self._file.read(self._record)
            if len(payload) == self._record and _checksum(frame, payload) == crc:
                return payload
            self._forget(frame)
            return None

    def put(self, frame: int, payload: bytes, cost: Callable[[int], float]) -> None:
        """Keep `payload`; in a full file the frame with the highest `cost` gives way."""
        if len(payload) != self._record:
            raise ValueError(f"a record is {self._record} bytes, not {len(payload)}")
        with self._lock:
            if self._file.closed:
                return  # a late result of a clip that was closed meanwhile
            if frame in self._entries:
                self._forget(frame)
            if not self._free:
                self._forget(max(self._entries, key=cost))
            slot, crc = self._free[-1], _checksum(frame, payload)
            self._file.seek(self._offset(slot))
            self._file.write(payload)
            self._write_entry(slot, frame, crc, valid=1)
            self._free.pop()
            self._entries[frame] = (slot, crc)
            self._frames = frozenset(self._entries)

    def frames(self) -> frozenset[int]:
        """The frames that have a record."""
        return self._frames

    def close(self) -> None:
        """Close the file; what it holds stays for the next time."""
        with self._lock:
            self._file.close()

    def _open(self, path: Path) -> BinaryIO:
        file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        header = HEADER.pack(MAGIC, self._record, self.slots)
        table = file.read(self._start)
        if table[: HEADER.size] == header and len(table) == self._start:
            self._read_table(table)
            return file
        file.truncate(0)
        file.seek(0)
        file.write(header.ljust(self._start, b"\0"))
        return file

    def _read_table(self, table: bytes) -> None:
        for slot in range(self.slots):
            frame, crc, valid = ENTRY.unpack_from(table, HEADER.size + slot * ENTRY.size)
            if valid == 1:
                self._entries[frame] = (slot, crc)

    def _forget(self, frame: int) -> None:
        slot, crc = self._entries.pop(frame)
        self._frames = frozenset(self._entries)
        self._free.append(slot)
        self._write_entry(slot, frame, crc, valid=0)

    def _write_entry(self, slot: int, frame: int, crc: int, *, valid: int) -> None:
        self._file.seek(HEADER.size + slot * ENTRY.size)
        self._file.write(ENTRY.pack(frame, crc, valid))

    def _offset(self, slot: int) -> int:
        return self._start + slot * _aligned(self._record)


def _aligned(size: int) -> int:
    return -(-size // ALIGN) * ALIGN


def _checksum(frame: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(struct.pack("<q", frame)))
