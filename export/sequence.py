"""Exporting mattes as image sequences: one folder a layer, one file a frame."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from export import WRITERS
from export.base import Alpha, ExportError, FrameError, MatteWriter
from export.folders import folders
from export.job import ExistingFiles, ExportJob, Target, existing, targets
from export.report import Progress, Report
from export.whole_file import write_whole

MatteSource: TypeAlias = Callable[[int, int], Alpha | None]


def export(job: ExportJob, alpha: MatteSource) -> Generator[Progress | Report, None, None]:
    """Write the job's mattes; yields a `Progress` after each one and the `Report` last.

    `alpha(layer_index, frame)` returns the matte, None where there is no mask (written black), or
    raises `FrameError` (not written, listed). Closing the generator cancels: finished mattes stay,
    nothing else does. Raises ExportError: before anything is touched where files exist
    (`ExistingFiles`) or the folder cannot be used, later where the disk fails.
    """
    present = existing(job)
    if present and job.mode == "refuse":
        raise ExistingFiles(job.out_dir, present)
    return _Run(job, alpha).steps()


@dataclass
class _Run:
    """The tally of an export under way."""

    job: ExportJob
    alpha: MatteSource
    sizes: dict[Target, int] = field(default_factory=dict)  # bytes of the files written
    kept: int = 0
    replaced: int = 0
    failed: list[Target] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    black: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.writer: MatteWriter = WRITERS[self.job.writer]
        self.empty = np.zeros(self.job.size[::-1], np.float32)

    def steps(self) -> Generator[Progress | Report, None, None]:
        """The progress after each matte, then the report."""
        plan = targets(self.job)
        started = time.monotonic()
        with folders({target.path.parent for target in plan}, self.writer.suffix):
            for done, target in enumerate(plan, 1):
                self._step(target)
                worked = done - self.kept
                rate = worked / max(time.monotonic() - started, 1e-6)
                eta = (len(plan) - done) / rate if worked else 0.0
                yield Progress(done, len(plan), target.path, rate, eta)
            yield self._report(time.monotonic() - started)

    def _step(self, target: Target) -> None:
        try:
            matte = self._matte(target)
        except FrameError as e:
            self._fail(target, e)
            return
        if matte is None:
            self.black[target.folder].append(target.frame)
        whole = self.empty if matte is None else matte
        if self.job.mode == "resume" and target.path.exists():
            if self._is_there(target.path, whole):
                self.kept += 1
                return
            self.replaced += 1
        self.sizes[target] = write_whole(self.writer, target.path, whole)

    def _matte(self, target: Target) -> Alpha | None:
        matte = self.alpha(target.layer, target.frame)
        if matte is not None and matte.shape != self.empty.shape:
            raise FrameError(f"its matte is {matte.shape[::-1]}, the clip {self.job.size}.")
        if matte is not None and not (matte.min() >= 0 and matte.max() <= 1):
            raise FrameError("its matte has values outside 0..1.")
        return matte

    def _fail(self, target: Target, error: FrameError) -> None:
        older = " The older file there was left as it is." if target.path.exists() else ""
        self.errors.append(f"{target.folder} frame {target.frame} not written: {error}{older}")
        self.failed.append(target)

    def _is_there(self, path: Path, matte: Alpha) -> bool:
        """Whether the file holds this very matte: one made before a correction does not."""
        try:
            return np.array_equal(self.writer.read(path), self.writer.rounded(matte))
        except (OSError, ExportError):
            return False

    def _report(self, seconds: float) -> Report:
        missing: dict[str, list[int]] = defaultdict(list)
        for target in sorted([*self.failed, *self._vanished()], key=lambda target: target.frame):
            missing[target.folder].append(target.frame)
        return Report(
            self.job.out_dir,
            len(self.sizes),
            self.kept,
            dict(self.black),
            dict(missing),
            tuple(self.errors),
            seconds,
            replaced=self.replaced,
        )

    def _vanished(self) -> list[Target]:
        """The mattes written but, by somebody else's doing, no longer there as they were."""
        return [target for target, size in self.sizes.items() if _size(target.path) != size]


def _size(path: Path) -> int | None:
    """The size of a file in bytes, None where it cannot be told."""
    try:
        return path.stat().st_size
    except OSError:
        return None
