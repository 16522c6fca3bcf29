"""Embeddings by frame: a budget of memory over a budget of disk."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.domain.cache import ByteCache, distance
from app.domain.frames import FrameRange
from app.domain.record_file import RecordFile

log = logging.getLogger(__name__)

OUTSIDE = 1e9  # more than any distance inside a clip

Arrays: TypeAlias = tuple[NDArray[np.float16], ...]


class EmbeddingStore:
    """The embeddings of one clip by one model, keyed by frame index (0 is the clip's first).

    A disk that fails or fills up costs only speed: the store goes on in memory alone and
    `disk_error` says why. Used by two lanes at once.
    """

    def __init__(
        self,
        shapes: Sequence[tuple[int, ...]],
        ram_bytes: int,
        path: Path | None = None,
        slots: int = 0,
    ) -> None:
        self._shapes = tuple(shapes)
        self._ram: ByteCache[int, Arrays] = ByteCache(ram_bytes, _size)
        self._ram.cost = self._cost
        self._disk: RecordFile | None = None
        self.playhead = 0
        self.work_range: FrameRange | None = None  # frames outside it give way first
        self.disk_error: str | None = None
        if path is not None and slots > 0:
            try:
                self._disk = RecordFile(path, self.record_bytes, slots)
            except OSError as error:
                self._lose_disk(error)

    @property
    def record_bytes(self) -> int:
        """Bytes of one embedding."""
        return sum(2 * int(np.prod(shape)) for shape in self._shapes)

    @property
    def ram_bytes(self) -> int:
        """Bytes of memory in use."""
        return self._ram.bytes

    @property
    def capacity(self) -> int:
        """How many embeddings memory and disk hold together at the least."""
        in_memory = max(1, self._ram.budget // self.record_bytes)
        disk = self._disk  # another thread may let go of it
        return max(in_memory, disk.slots if disk else 0)

    def get(self, frame: int) -> Arrays | None:
        """The embedding of `frame`, or None."""
        arrays = self._ram.get(frame)
        disk = self._disk
        if arrays is None and disk is not None:
            arrays = self._read(disk, frame)
        return arrays

    def put(self, frame: int, arrays: Arrays) -> None:
        """Keep the embedding of `frame`; the ones farthest from the playhead give way."""
        shapes = tuple(array.shape for array in arrays)
        if shapes != self._shapes:
            raise ValueError(f"an embedding has shapes {self._shapes}, not {shapes}")
        self._ram.put(frame, arrays)
        disk = self._disk
        if disk is None:
            return
        try:
            payload = b"".join(array.tobytes() for array in arrays)
            disk.put(frame, payload, self._cost)
        except OSError as error:
            self._lose_disk(error)

    def frames(self) -> frozenset[int]:
        """The frames whose embedding is at hand."""
        disk = self._disk
        on_disk = disk.frames() if disk else frozenset()
        return self._ram.keys() | on_disk

    def close(self) -> None:
        """Let go of the file; memory is freed with the store."""
        disk, self._disk = self._disk, None
        if disk is not None:
            disk.close()

    def _read(self, disk: RecordFile, frame: int) -> Arrays | None:
        try:
            payload = disk.get(frame)
        except OSError as error:
            self._lose_disk(error)
            return None
        if payload is None:
            return None
        arrays, start = [], 0
        for shape in self._shapes:
            count = int(np.prod(shape))
            flat = np.frombuffer(payload, np.float16, count, start)
            arrays.append(flat.reshape(shape))
            start += 2 * count
        self._ram.put(frame, tuple(arrays))
        return tuple(arrays)

    def _cost(self, frame: int) -> float:
        outside = self.work_range is not None and frame not in self.work_range
        away = distance(frame, self.playhead)
        return away + OUTSIDE if outside and away else away

    def _lose_disk(self, error: OSError) -> None:
        log.warning("embeddings stay in memory only: %s", error)
        self.disk_error = f"Embeddings cannot be kept on disk ({error.strerror or error})"
        self.close()


def store_path(folder: Path, model_digest: str, clip_fingerprint: str) -> Path:
    """The file for one model's embeddings of one clip."""
    key = hashlib.sha256(f"{model_digest}\n{clip_fingerprint}".encode()).hexdigest()
    return folder / f"{key[:32]}.embeddings"


def make_room(folder: Path, keep: Path, budget: int) -> int:
    """Delete the embeddings of clips used longest ago until `folder` fits `budget` bytes.

    Returns the bytes left for `keep`, whose own bytes are not counted.
    """
    files = []
    for path in folder.glob("*.embeddings"):
        with suppress(OSError):  # another instance may have deleted it just now
            if path != keep:
                files.append((path.stat().st_mtime, _disk_bytes(path.stat()), path))
    left = budget - sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if left >= budget // 2:
            break
        with suppress(OSError):  # another instance may have it open
            path.unlink()
            left += size
    return max(0, left)


def _disk_bytes(stat: os.stat_result) -> int:
    return int(getattr(stat, "st_blocks", -(-stat.st_size // 512)) * 512)


def _size(arrays: Arrays) -> int:
    return sum(array.nbytes for array in arrays)
