"""Fingerprints: short texts that tell one clip's footage from another's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

EDGE = 1 << 20


def movie_fingerprint(path: Path) -> str:
    """A hex sha256 over the size of the file and its first and last MiB."""
    size = path.stat().st_size
    digest = hashlib.sha256(f"{size}:".encode())
    with path.open("rb") as file:
        digest.update(file.read(EDGE))
        file.seek(max(size - EDGE, 0))
        digest.update(file.read(EDGE))
    return digest.hexdigest()


def sequence_fingerprint(files: Iterable[Path]) -> str:
    """A hex sha256 over the name, size and modification time of every file, in order."""
    digest = hashlib.sha256()
    for path in files:
        facts = path.stat()
        digest.update(f"{path.name}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    return digest.hexdigest()
