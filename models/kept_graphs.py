"""Graphs as ONNX Runtime rewrote them for this machine, so that no later start does it again.

A kept graph belongs to the sha256 of its original, a version of ONNX Runtime and a processor: it
holds choices that are wrong on another one. It is a folder with the weights in a file of their own,
which need not be read then: they are mapped into memory. All of it can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

GRAPH, WEIGHTS = "graph.onnx", "weights.bin"
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
        """The graph for this version of ONNX Runtime."""
        place = self._place(version)
        with suppress(OSError):
            os.utime(place)  # it is used
            return place / GRAPH
        return None

    def draft(self) -> Path | None:
        """A new folder, in which GRAPH and WEIGHTS may be written; None where nothing can be."""
        with suppress(OSError):
            self._own.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(suffix=".part", dir=self._own))
        return None

    def take(self, draft: Path, version: str) -> None:
        """Give `draft`, now whole, its place; make room for it."""
        place = self._place(version)
        shutil.rmtree(place, ignore_errors=True)  # a torn one
        with suppress(OSError):
            draft.replace(place)
            self._make_room()
        shutil.rmtree(draft, ignore_errors=True)  # where another program was quicker

    @property
    def _own(self) -> Path:
        return self.folder / self.sha256

    def _place(self, version: str) -> Path:
        key = f"{version} {processor()}"
        return self._own / hashlib.sha256(key.encode()).hexdigest()[:32]

    def _make_room(self) -> None:
        sizes = {place: _size(place) for place in self.folder.glob("*/*")}
        used = sum(sizes.values())
        for place in sorted(sizes, key=lambda place: place.stat().st_mtime)[:-1]:
            if used <= MOST:
                break
            with suppress(OSError):  # another program may have it open
                shutil.rmtree(place)
                used -= sizes[place]
                place.parent.rmdir()  # where it was the last one


def _size(place: Path) -> int:
    return sum(path.stat().st_size for path in place.iterdir())


@cache
def processor() -> str:
    """What this processor can do, as far as the system says."""
    facts = Path("/proc/cpuinfo")
    with suppress(OSError):
        lines = facts.read_text("utf-8", "replace").splitlines()
        told = [line for line in lines if line.startswith(("flags", "Features"))]
        return f"{platform.machine()} {told[0] if told else ''}"
    return f"{platform.machine()} {platform.processor()}"
