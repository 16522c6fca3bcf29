"""The saved project that a command works on: its footage, and the layers asked for."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from app.cli_project import asked_frames
from app.cli_words import CommandError
from app.domain.clip import Clip
from app.domain.frames import FrameRange
from app.domain.project import Layer, Project
from app.domain.project_read import read_project
from app.footage_jobs import chosen_footage, same_footage


@dataclass(frozen=True)
class Saved:
    """A project with its footage; the clip is offline where that was not found."""

    home: Path
    project: Project
    clip: Clip
    reason: str  # why the footage was not found, or where it differs; else empty

    def frames(self, asked: FrameRange | None) -> FrameRange:
        """The frames asked for, else those of in/out. Raises UsageError, CommandError."""
        frames = asked_frames(self.clip, asked) if asked else self.project.work_range
        if frames is None:
            raise CommandError(f"{self.home.name} has no frames to work on.")
        return frames

    def layers(self, names: Collection[str]) -> list[Layer]:
        """The layers of these names, or all where there are none. Raises CommandError."""
        known = {layer.name for layer in self.project.layers}
        if not known:
            raise CommandError(f"{self.home.name} has no layers yet; click an object in it.")
        for name in names:
            if name not in known:
                there = ", ".join(sorted(known))
                raise CommandError(f"There is no layer {name}; there are {there}.")
        return [layer for layer in self.project.layers if not names or layer.name in names]


def read_saved(home: Path, footage: Path | None) -> Saved:
    """The project in the file `home`; `footage` stands in for its own. Tells what is damaged.

    Raises ProjectError, and CommandError for a project without a clip and footage that is unfit.
    """
    stored = read_project(home)
    for warning in stored.warnings:
        sys.stderr.write(f"rotocel: {warning}\n")
    project = stored.project
    if project.clip is None:
        raise CommandError(f"{home.name} has no clip yet; open it and link footage.")
    if footage is None:
        clip, reason = same_footage(project, stored.relative, home)
    else:
        clip, reason = chosen_footage(project, footage)
        if clip is None:
            raise CommandError(reason)
    clip = clip or project.clip
    return Saved(home, replace(project, clip=clip), clip, reason)
