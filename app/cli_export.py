"""`rotocel export`: the mattes of a saved project, without a window."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import closing
from pathlib import Path

from app.cli_matte import add_mode, add_pack, mode_of, tell, written
from app.cli_saved import read_saved
from app.cli_words import Parser, frame_range
from app.export_mattes import MaskSource
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
    saved = read_saved(chosen.project, chosen.clip)
    if saved.reason:
        rest = " Only masks that are stored can be exported." if saved.clip.offline else ""
        sys.stderr.write(f"rotocel: {saved.reason}{rest}\n")
    frames = saved.frames(chosen.frames)
    layers = [layer.id for layer in saved.layers(chosen.layer or ())]
    model = load_model(settings, chosen.pack)
    with closing(MaskSource(saved.clip, model)) as source:
        report = written(saved.project, layers, list(frames), chosen.out, mode_of(chosen), source)
    tell(report, None, as_json=chosen.json)
    return 0 if report.complete else 1
