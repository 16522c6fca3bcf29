"""Fingerprints: what tells one clip's footage from another's, wherever it lies and is called."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

EDGE = 1 << 20  # bytes looked at on both ends of a movie
PART = 1 << 16  # the same for an image
IMAGES = 16  # how many images of a sequence are looked into


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Two clips whose fingerprints are equal hold the same footage, as far as samples tell."""

    bytes: int  # of all files together
    sample: str  # hex sha256 over parts of the content, and the size of every file
    frames: int
    times: str  # hex sha256 over the presentation times, of a sequence over its frame numbers
    stamp: str = field(default="", compare=False)  # changes whenever a file of a sequence does

    @property
    def key(self) -> str:
        """A text for caches, whose content is worth nothing once any file was touched."""
        parts = f"{self.bytes}\n{self.sample}\n{self.frames}\n{self.times}\n{self.stamp}"
        return hashlib.sha256(parts.encode()).hexdigest()


def movie_fingerprint(path: Path, times: Sequence[int]) -> Fingerprint:
    """The fingerprint of the movie at `path` with these presentation times. Raises OSError."""
    return Fingerprint(path.stat().st_size, movie_sample(path), len(times), _digest(times))


def movie_sample(path: Path) -> str:
    """A hex sha256 over the size of the file and its first and last MiB. Raises OSError."""
    digest = hashlib.sha256()
    _add_edges(digest, path, EDGE)
    return digest.hexdigest()


def sequence_fingerprint(files: Sequence[tuple[int, Path]]) -> Fingerprint:
    """The fingerprint of images by frame. Raises OSError."""
    facts = [path.stat() for _, path in files]
    stamp = hashlib.sha256()
    for (_, path), fact in zip(files, facts, strict=True):
        stamp.update(f"{path.name}\0{fact.st_mtime_ns}\0".encode(errors="surrogateescape"))
    frames = [frame for frame, _ in files]
    size = sum(fact.st_size for fact in facts)
    return Fingerprint(size, sequence_sample(files), len(files), _digest(frames), stamp.hexdigest())


def sequence_sample(files: Sequence[tuple[int, Path]]) -> str:
    """A hex sha256 over frame and size of every image, and over parts of some. Raises OSError.

    Names are left out: a sequence that was renamed is the same footage.
    """
    digest = hashlib.sha256()
    for frame, path in files:
        digest.update(f"{frame} {path.stat().st_size}\n".encode())
    step = max(1, -(-len(files) // IMAGES))
    for _, path in files[::step]:
        _add_edges(digest, path, PART)
    return digest.hexdigest()


def _add_edges(digest: hashlib._Hash, path: Path, edge: int) -> None:
    size = path.stat().st_size
    digest.update(f"{size}:".encode())
    with path.open("rb") as file:
        digest.update(file.read(edge))
        file.seek(max(size - edge, 0))
        digest.update(file.read(edge))


def _digest(numbers: Iterable[int]) -> str:
    return hashlib.sha256(np.fromiter(numbers, "<i8").tobytes()).hexdigest()
