"""`rotocel matte`: prompts in, mattes out, without a window."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from app.cli_progress import telling
from app.cli_project import asked_frames, build
from app.cli_words import AddWord, CommandError, Parser, box, exclude, frame_range, include, layer
from app.domain.clip import open_clip
from app.domain.project import LayerId, Project
from app.export_mattes import AnswerSource, MaskSource, export_mattes, export_targets
from app.headless import load_model
from app.settings import Settings
from export import WRITERS
from export.contact_sheet import Cell, contact_sheet, save, spread
from export.job import ExistingFiles, Mode
from export.report import Progress, Report

MOST_CELLS = 9  # of a contact sheet


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    add_clip_and_words(parser)
    add_frames(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where mattes go")
    add_mode(parser)
    add_pack(parser)
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="write a contact sheet (PNG)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


CLIP = "a movie, an image sequence's folder or pattern"


def add_clip_and_words(
    parser: Parser, usual: str = "the first frame asked for", what: str = CLIP
) -> None:
    """Describe the clip, and the prompts of its layers; without a frame they are on `usual`."""
    parser.add_argument("clip", type=Path, help=what)
    place, action = "X,Y[@FRAME]", AddWord
    parser.add_argument(
        "--point", dest="words", action=action, type=include, metavar=place,
        help=f"a pixel of the object; without a frame, on {usual}",
    )  # fmt: skip
    parser.add_argument(
        "--not", dest="words", action=action, type=exclude, metavar=place,
        help="a pixel outside the object",
    )  # fmt: skip
    parser.add_argument(
        "--box", dest="words", action=action, type=box, metavar="X0,Y0,X1,Y1[@FRAME]",
        help="two corners of a box round the object",
    )  # fmt: skip
    parser.add_argument(
        "--layer", dest="words", action=action, type=layer, metavar="NAME",
        help="what follows belongs to the layer of this name",
    )  # fmt: skip


def add_frames(parser: Parser) -> None:
    """Describe the frames to work on."""
    parser.add_argument(
        "--frames",
        type=frame_range,
        metavar="A-B",
        help="frames to write, negative ones as --frames=-5--2; default: the whole clip",
    )


def add_pack(parser: Parser) -> None:
    """Describe which model answers."""
    parser.add_argument(
        "--pack", default="", metavar="NAME", help="the model that answers; default: the chosen one"
    )


def add_mode(parser: Parser) -> None:
    """Describe what becomes of mattes that are there already."""
    there = parser.add_mutually_exclusive_group()
    there.add_argument("--overwrite", action="store_true", help="replace mattes in DIR")
    there.add_argument(
        "--resume", action="store_true", help="write what is missing in DIR or was made otherwise"
    )


def mode_of(chosen: Namespace) -> Mode:
    """What becomes of mattes that are there already."""
    return "overwrite" if chosen.overwrite else "resume" if chosen.resume else "refuse"


def run(chosen: Namespace, settings: Settings) -> int:
    """Write the mattes; 0 when all are there, 1 when some could not be made.

    Raises UsageError and the errors of clip, model and export.
    """
    clip = open_clip(chosen.clip)
    frames = asked_frames(clip, chosen.frames)
    project, layers = build(clip, frames, chosen.words or [])
    mode = mode_of(chosen)
    if chosen.sheet and mode == "refuse" and chosen.sheet.exists():
        raise CommandError(f"{chosen.sheet} is already there; add --overwrite or choose a name.")
    model = load_model(settings, chosen.pack)
    with closing(MaskSource(clip, model)) as source:
        report = written(project, layers, list(frames), chosen.out, mode, source)
        if chosen.sheet:
            save_sheet(chosen.sheet, project, layers, chosen.out, source)
    tell(report, chosen.sheet, as_json=chosen.json)
    return 0 if report.complete else 1


def written(
    project: Project,
    layers: Sequence[LayerId],
    frames: Sequence[int],
    out: Path,
    mode: Mode,
    source: AnswerSource,
) -> Report:
    """Export, with progress on the terminal. Raises ExportError."""
    return carried_out(
        lambda: export_mattes(project, layers, frames, out, mode, source), out, "mattes"
    )


def carried_out(start: Callable[[], Generator[Progress | Report]], out: Path, files: str) -> Report:
    """Run an export of `files`, "mattes" or "masks", and show its progress. Raises ExportError."""
    try:
        steps = start()
    except ExistingFiles as e:
        one = f"1 {files.removesuffix('s')} is"
        count = f"{len(e.paths)} {files} are" if len(e.paths) > 1 else one
        raise CommandError(
            f"{count} already in {out}; add --overwrite or --resume, or choose another folder."
        ) from e
    report: Report | None = None
    with closing(steps), telling() as tell:
        for step in steps:
            if isinstance(step, Report):
                report = replace(step, files=files)
            else:
                tell(_standing(step, files))
    if report is None:
        raise CommandError("The export ended without a report.")
    return report


def _standing(progress: Progress, files: str) -> str:
    left = f", {progress.rate:.2f} a second, {progress.eta:.0f} s left" if progress.rate else ""
    return f"{progress.done} of {progress.total} {files}{left}"


def save_sheet(
    path: Path, project: Project, layers: Sequence[LayerId], out: Path, source: MaskSource
) -> None:
    """A sheet of frames with a prompt, read back from the mattes written. Raises ExportError."""
    prompted = [(x, frame) for x in layers for frame in project.layer(x).keyframes]
    chosen = spread(range(len(prompted)), MOST_CELLS)
    cells = []
    for layer_id, frame in (prompted[index] for index in chosen):
        (target,) = export_targets(project, layers, [frame], out)[layer_id]
        if target.is_file():  # one that could not be made is in the report
            label = f"{project.layer(layer_id).name}  {frame}"
            cells.append(Cell(label, source.picture(frame), WRITERS["png8"].read(target)))
    if not cells:
        raise CommandError(f"No matte was written, so {path} would be empty and was not made.")
    name = project.clip.name if project.clip else ""
    save(path, contact_sheet(cells, name, f"{len(cells)} of {len(prompted)} frames with a prompt"))


def tell(report: Report, sheet: Path | None, *, as_json: bool) -> None:
    """Print the report, for people or for programs."""
    if as_json:
        print(json.dumps(as_values(report, sheet)))
        return
    for sentence in report.sentences:
        print(sentence)
    if sheet:
        print(f"The contact sheet is {sheet}.")


def as_values(report: Report, sheet: Path | None) -> dict[str, object]:
    """The report as JSON holds it."""
    return {
        "out": str(report.out_dir),
        "written": report.written,
        "kept": report.kept,
        "replaced": report.replaced,
        "black": {name: list(frames) for name, frames in report.black.items()},
        "missing": {name: list(frames) for name, frames in report.missing.items()},
        "errors": list(report.errors),
        "seconds": round(report.seconds, 3),
        "complete": report.complete,
        "sheet": str(sheet) if sheet else None,
    }
