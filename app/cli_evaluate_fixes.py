"""`rotocel evaluate fixes`: what a fix costs, carried outward or with all tracked anew.

Of each sequence one object is fixed, that of the lowest number; the table says of how many.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

from app.cli_footage import add_footage, add_only, chosen_footage
from app.cli_progress import telling
from app.cli_results import add_json, check_writable, write_json
from app.cli_words import Parser
from app.evaluate_fixes import Fix, fix, values
from app.evaluate_tracking import read_footage
from app.headless import load_model
from app.settings import Settings


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    add_footage(parser)
    add_only(parser)
    add_json(parser, "every number")


def run(chosen: Namespace, settings: Settings) -> int:
    """Print the table. Raises UsageError, EvaluationError, ModelError."""
    footages = chosen_footage(chosen)
    check_writable(chosen.json)
    model = load_model(settings, chosen.pack)
    found: dict[str, Fix] = {}
    with telling(0) as tell:
        for name, folders in footages.items():
            tell(f"{name}: encoding")
            footage = read_footage(folders, model)
            tell(f"{name}: tracking and fixing")
            found[name] = fix(footage, min(footage.truth))
    print(table(found))
    if chosen.json:
        write_json(chosen.json, {"model": model.info.id, "fixes": values(found)})
    return 0


def table(found: Mapping[str, Fix]) -> str:
    """A Markdown table, a row for each sequence."""
    columns = "touched | seconds | J&F"
    given = "sequence | object | frames | fix on | J&F before"
    lines = [f"| {given} | {columns} | anew: {columns} | cheaper |", "|---" * 12 + "|"]
    for name, one in found.items():
        near, whole = one.outward, one.anew
        lines.append(
            f"| {name} | {one.object} of {one.objects} | {one.frames} | {one.frame} "
            f"| {one.before.jf:.3f} "
            f"| {near.touched} | {near.seconds:.1f} | {near.scores.jf:.3f} "
            f"| {whole.touched} | {whole.seconds:.1f} | {whole.scores.jf:.3f} "
            f"| {whole.seconds / max(near.seconds, 1e-3):.1f}x |"
        )
    return "\n".join(lines)
