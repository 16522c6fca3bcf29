"""`rotocel evaluate fixes`: what a fix costs, carried outward or with all tracked anew."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from app.cli_progress import telling
from app.cli_results import add_json, check_writable, write_json
from app.cli_words import Parser, UsageError
from app.evaluate_fixes import Fix, fix, values
from app.evaluate_tracking import find_footage, read_footage
from app.headless import BUNDLED, load_model
from app.settings import Settings


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    parser.add_argument(
        "--sets", type=Path, required=True, metavar="DIR",
        help="folder of sequences, each with frames and masks; or of a folder davis of them",
    )  # fmt: skip
    parser.add_argument("--pack", default=BUNDLED, metavar="NAME", help="the model to evaluate")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="these sequences, not all"
    )
    add_json(parser, "every number")


def run(chosen: Namespace, settings: Settings) -> int:
    """Print the table. Raises UsageError, EvaluationError, ModelError."""
    folders = {one.frames.parent.name: one for one in find_footage(chosen.sets)}
    if unknown := sorted(set(chosen.only) - folders.keys()):
        raise UsageError(f"There is no sequence called {unknown[0]}.")
    check_writable(chosen.json)
    model = load_model(settings, chosen.pack)
    found: dict[str, Fix] = {}
    with telling(0) as tell:
        for name in chosen.only or folders:
            tell(f"{name}: encoding")
            footage = read_footage(folders[name], model)
            tell(f"{name}: tracking and fixing")
            found[name] = fix(footage, next(iter(footage.truth)))
    print(table(found))
    if chosen.json:
        write_json(chosen.json, {"model": model.info.id, "fixes": values(found)})
    return 0


def table(found: Mapping[str, Fix]) -> str:
    """A Markdown table, a row for each sequence."""
    columns = "touched | seconds | J&F"
    heading = f"| sequence | frames | fix on | J&F before | {columns} | anew: {columns} | cheaper |"
    lines = [heading, "|---" * 11 + "|"]
    for name, one in found.items():
        near, whole = one.outward, one.anew
        lines.append(
            f"| {name} | {whole.touched + 2} | {one.frame} | {one.before.jf:.3f} "
            f"| {near.touched} | {near.seconds:.1f} | {near.scores.jf:.3f} "
            f"| {whole.touched} | {whole.seconds:.1f} | {whole.scores.jf:.3f} "
            f"| {whole.seconds / max(near.seconds, 1e-3):.1f}x |"
        )
    return "\n".join(lines)
