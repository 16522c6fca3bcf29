"""`rotocel evaluate coco`: a model and its original on points of known objects."""

from __future__ import annotations

from argparse import Namespace
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from app.cli_progress import telling
from app.cli_results import add_json, check_writable, write_json
from app.cli_words import CommandError, Parser, UsageError
from app.coco_layout import find_photos
from app.evaluate_coco import run_points, table
from app.headless import BUNDLED, load_pack
from app.original import Answerer, Which, which
from app.settings import Settings
from models.pack import Pack


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="pictures and instances*.json, or masks"
    )
    parser.add_argument("--pack", default=BUNDLED, metavar="NAME", help="the model, or its folder")
    parser.add_argument(
        "--points", type=int, nargs="+", default=[1, 3], metavar="N", help="points; default: 1 3"
    )
    theirs = parser.add_mutually_exclusive_group()
    theirs.add_argument(
        "--original", type=Path, metavar="CHECKPOINT", help="compare with the original's weights"
    )
    theirs.add_argument(
        "--original-random", type=int, metavar="SEED", help="compare with random weights"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the points drawn")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="the first N pictures")
    parser.add_argument(
        "--min-area", type=int, default=100, metavar="N", help="skip smaller objects; default: 100"
    )
    add_json(parser, "every object's result")


def run(chosen: Namespace, settings: Settings) -> int:
    """Print the table of means. Raises UsageError, CommandError, EvaluationError, ModelError."""
    if min(chosen.points) < 1 or chosen.limit < 0 or chosen.seed < 0:
        raise UsageError("--points should be 1 or more, --limit and --seed not negative.")
    if chosen.min_area < 1:
        raise UsageError("--min-area should be 1 or more: no point lies on an empty object.")
    check_writable(chosen.json)
    photos = find_photos(chosen.folder)[: chosen.limit or None]
    pack, model = load_pack(settings, chosen.pack)
    original = _original(chosen, pack)
    with ExitStack() as stack:
        tell = stack.enter_context(telling())
        rows = run_points(
            model,
            photos,
            sorted(set(chosen.points)),
            seed=chosen.seed,
            min_area=chosen.min_area,
            original=stack.enter_context(Answerer(original)) if original else None,
            progress=tell,
        )
    print(table(rows))
    if not original:
        print(_without(pack))
    if chosen.json:
        objects = [asdict(row) for row in rows]
        write_json(chosen.json, {"model": model.info.id, "seed": chosen.seed, "objects": objects})
    return 0


def _original(chosen: Namespace, pack: Pack) -> Which | None:
    if chosen.original is None and chosen.original_random is None:
        return None
    found = which(pack, chosen.original, chosen.original_random)
    if found is None:
        raise CommandError(f"{pack.info.label} has no original that can be run here.")
    return found


def _without(pack: Pack) -> str:
    if which(pack) is None:
        return f"{pack.info.label} has no original that can be run here: its columns are left out."
    return "The original was not asked for (--original, --original-random)."
