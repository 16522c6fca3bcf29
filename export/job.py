"""What to export: which mattes go where, and what stands there already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal, NamedTuple, TypeAlias

from export import WRITERS
from export.base import ExportError
from export.folders import names_in
from export.naming import distinct_names, frame_path, identity, matte_path

Mode: TypeAlias = Literal["refuse", "overwrite", "resume"]


@dataclass(frozen=True, slots=True)
class ExportJob:
    """What to write where. `mode` says what becomes of mattes that are there already."""

    out_dir: Path
    layers: tuple[str, ...]  # names as the artist gave them; unsafe and equal ones are welcome
    frames: tuple[int, ...]  # in the order of work
    size: tuple[int, int]  # (width, height) of every matte
    writer: str = "png8"  # a key of WRITERS
    mode: Mode = "refuse"
    flat: bool = False  # files are named by their frame alone; one layer needs no folder


class Target(NamedTuple):
    """One matte to write."""

    layer: int
    folder: str
    frame: int
    path: Path


class ExistingFiles(ExportError):  # noqa: N818 - it asks a question the artist can answer
    """The export would replace files; `paths` are those, ask whether to overwrite or resume."""

    def __init__(self, out_dir: Path, paths: list[Path]) -> None:
        self.paths = paths
        names = ", ".join(path.name for path in paths[:3]) + (", ..." if len(paths) > 3 else "")
        count = "1 matte is" if len(paths) == 1 else f"{len(paths)} mattes are"
        super().__init__(
            f"{count} already in {out_dir} ({names}); choose to overwrite or to resume,"
            " or another folder."
        )


def targets(job: ExportJob) -> list[Target]:
    """Every matte of the job, frame by frame, so that a frame's layers are asked for together."""
    suffix = WRITERS[job.writer].suffix
    names = distinct_names(job.layers)
    return [
        Target(layer, name, frame, job.out_dir / _place(job, name, frame, suffix))
        for frame in job.frames
        for layer, name in enumerate(names)
    ]


def _place(job: ExportJob, name: str, frame: int, suffix: str) -> PurePath:
    if not job.flat:
        return matte_path(name, frame, suffix)
    return frame_path(PurePath() if len(job.layers) == 1 else PurePath(name), frame, suffix)


def existing(job: ExportJob) -> list[Path]:
    """The files the job would replace. Raises ExportError where the folder cannot be listed."""
    plan = targets(job)
    listed = {
        folder: {identity(name) for name in names_in(folder)}
        for folder in {target.path.parent for target in plan}
    }
    return [t.path for t in plan if identity(t.path.name) in listed[t.path.parent]]
