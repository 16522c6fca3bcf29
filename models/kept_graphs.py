"""Graphs as ONNX Runtime rewrote them for this machine, so that no later start does it again.

A kept graph belongs to the sha256 of its original, a version of ONNX Runtime and a processor: it
holds choices that are wrong on another one. All of it can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SUFFIX = ".onnx"
MOST = 4 << 30  # bytes of the folder; those used longest ago leave first


@dataclass(frozen=True, slots=True)
class KeptGraphs:
    """The kept forms, in `folder`, of the graph whose file has the hash `sha256`.

    A disk that fails keeps none.
    """

    folder: Path
    sha256: str

    @property
    def any(self) -> bool:
        """Whether there is a form of it, be it of another runtime: asking for more loads that."""
        return bool(self.sha256) and self._own.is_dir()

    def find(self, version: str) -> Path | None:
        """The form for this version of ONNX Runtime."""
        path = self._place(version)
        with suppress(OSError):
            os.utime(path)  # it is used
            return path
        return None

    def draft(self) -> Path | None:
        """A new name to write to; None where nothing can be written."""
        with suppress(OSError):
            self._own.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(suffix=".part", dir=self._own)
            os.close(number)
            return Path(name)
        return None

    def take(self, draft: Path, version: str) -> None:
        """Give `draft`, now whole, its place; make room for it."""
        with suppress(OSError):
            draft.replace(self._place(version))
            self._make_room()

    @property
    def _own(self) -> Path:
        return self.folder / self.sha256

    def _place(self, version: str) -> Path:
        key = f"{version} {processor()}"
        return self._own / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}{SUFFIX}"

    def _make_room(self) -> None:
        facts = {path: path.stat() for path in self.folder.glob("*/*")}
        used = sum(fact.st_size for fact in facts.values())
        for path in sorted(facts, key=lambda path: facts[path].st_mtime)[:-1]:
            if used <= MOST:
                break
            with suppress(OSError):  # another program may have it open
                path.unlink()
                used -= facts[path].st_size
                path.parent.rmdir()  # where it was the last one


@cache
def processor() -> str:
    """What this processor can do, as far as the system says."""
    facts = Path("/proc/cpuinfo")
    with suppress(OSError):
        lines = facts.read_text("utf-8", "replace").splitlines()
        told = [line for line in lines if line.startswith(("flags", "Features"))]
        return f"{platform.machine()} {told[0] if told else ''}"
    return f"{platform.machine()} {platform.processor()}"
