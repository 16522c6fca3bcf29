"""`rotocel evaluate clicks`: how good the model is, by simulated clicks on known masks."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from app.cli_progress import telling
from app.cli_results import add_json, check_writable, write_json
from app.cli_words import Parser, UsageError
from app.evaluate import Folders, Row, Summary, find_sets, run_clicks, summary, table
from app.headless import BUNDLED, load_model
from app.settings import Settings


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    parser.add_argument("--frames", type=Path, nargs="+", metavar="DIR", help="folders of frames")
    parser.add_argument(
        "--masks", type=Path, nargs="+", metavar="DIR", help="folders of PNG masks, one each"
    )
    parser.add_argument(
        "--sets", type=Path, metavar="DIR", help="the four known sets in DIR, beside their curve"
    )
    parser.add_argument("--pack", default=BUNDLED, metavar="NAME", help="the model to evaluate")
    parser.add_argument("--clicks", type=int, default=20, metavar="N", help="at most; default: 20")
    parser.add_argument(
        "--per-folder", type=int, default=0, metavar="N", help="this many frames of each folder"
    )
    parser.add_argument(
        "--max-objects", type=int, default=0, metavar="N", help="the N largest of each frame"
    )
    parser.add_argument("--ids", action="store_true", help="grey masks hold object numbers")
    add_json(parser, "every object's result")


def run(chosen: Namespace, settings: Settings) -> int:
    """Print the table of means. Raises UsageError, CommandError, EvaluationError, ModelError."""
    if chosen.clicks < 1:
        raise UsageError("--clicks should be 1 or more.")
    sets = _sets(chosen)
    check_writable(chosen.json)
    model = load_model(settings, chosen.pack)
    found: dict[str, list[Row]] = {}
    with telling() as tell:
        for name, folders in sets.items():
            found[name] = run_clicks(
                model,
                folders,
                clicks=chosen.clicks,
                max_objects=chosen.max_objects,
                progress=tell,
            )
    summaries = {name: summary(rows, chosen.clicks) for name, rows in found.items()}
    print(table(summaries))
    if chosen.json:
        _write(chosen.json, model.info.id, found, summaries)
    return 0


def _sets(chosen: Namespace) -> Mapping[str, Sequence[Folders]]:
    if chosen.sets and (chosen.frames or chosen.masks):
        raise UsageError("Give either --sets, or --frames and --masks.")
    if chosen.sets:
        return find_sets(chosen.sets)
    frames, masks = chosen.frames or [], chosen.masks or []
    if not frames or len(frames) != len(masks):
        raise UsageError("Give --frames and --masks with as many folders each.")
    pairs = zip(frames, masks, strict=True)
    return {"given": [Folders(f, m, chosen.per_folder, ids=chosen.ids) for f, m in pairs]}


def _write(
    path: Path, model: str, rows: Mapping[str, Sequence[Row]], means: Mapping[str, Summary]
) -> None:
    values = {
        "model": model,
        "summary": {name: asdict(mean) for name, mean in means.items()},
        "objects": {name: [asdict(row) for row in found] for name, found in rows.items()},
    }
    write_json(path, values)
