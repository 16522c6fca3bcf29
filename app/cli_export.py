"""`rotocel export`: the mattes of a saved project, without a window."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from app.cli_matte import add_mode, add_pack, mode_of, tell, written
from app.cli_project import asked_frames
from app.cli_words import CommandError, Parser, frame_range
from app.domain.clip import Clip
from app.domain.project import LayerId, Project
from app.domain.project_read import Stored, read_project
from app.export_mattes import MaskSource
from app.footage_jobs import chosen_footage, same_footage
from app.headless import load_model
from app.settings import Settings


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    parser.add_argument("project", type=Path, help="a .roto file")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where mattes go")
    parser.add_argument(
        "--layer", action="append", metavar="NAME", help="only this layer; may be given again"
    )
    parser.add_argument(
        "--frames", type=frame_range, metavar="A-B", help="default: the project's in/out range"
    )
    parser.add_argument(
        "--clip", type=Path, metavar="CLIP", help="the footage, where it is not found by itself"
    )
    add_mode(parser)
    add_pack(parser)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(chosen: Namespace, settings: Settings) -> int:
    """Write the mattes; 0 when all are there, 1 when some could not be made.

    Raises UsageError, ProjectError and the errors of model and export.
    """
    stored = read_project(chosen.project)
    for warning in stored.warnings:
        sys.stderr.write(f"rotocel: {warning}\n")
    clip = _footage(stored, chosen.project, chosen.clip)
    project = replace(stored.project, clip=clip)
    frames = asked_frames(clip, chosen.frames) if chosen.frames else project.work_range
    if frames is None:
        raise CommandError(f"{chosen.project.name} has no frames to export.")
    layers = _layers(project, chosen.layer, chosen.project)
    model = load_model(settings, chosen.pack)
    with closing(MaskSource(clip, model)) as source:
        report = written(project, layers, list(frames), chosen.out, mode_of(chosen), source)
    tell(report, None, as_json=chosen.json)
    return 0 if report.complete else 1


def _footage(stored: Stored, home: Path, chosen: Path | None) -> Clip:
    """The project's footage; offline where it is missing, as masks that are there need none."""
    if stored.project.clip is None:
        raise CommandError(f"{home.name} has no clip yet; there is nothing to export.")
    if chosen is not None:
        clip, reason = chosen_footage(stored.project, chosen)
        if clip is None:
            raise CommandError(reason)
    else:
        clip, reason = same_footage(stored.project, stored.relative, home)
        reason = f"{reason} Only masks that are stored can be exported." if reason else ""
    if reason:
        sys.stderr.write(f"rotocel: {reason}\n")
    return clip or stored.project.clip


def _layers(project: Project, names: list[str] | None, home: Path) -> list[LayerId]:
    if not project.layers:
        raise CommandError(f"{home.name} has no layers yet; there is nothing to export.")
    known = {layer.name for layer in project.layers}
    for name in names or []:
        if name not in known:
            raise CommandError(f"There is no layer {name}; there are {', '.join(sorted(known))}.")
    return [layer.id for layer in project.layers if not names or layer.name in names]
