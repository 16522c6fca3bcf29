"""The arguments that commands share which evaluate on footage whose every mask is known."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from app.cli_words import Parser, UsageError
from app.evaluate import Folders
from app.evaluate_tracking import find_footage
from app.headless import BUNDLED


def add_footage(parser: Parser) -> None:
    """Describe the footage, and the model evaluated on it."""
    parser.add_argument(
        "--sets", type=Path, required=True, metavar="DIR",
        help="folder of sequences, each with frames and masks; or of a folder davis of them",
    )  # fmt: skip
    parser.add_argument("--pack", default=BUNDLED, metavar="NAME", help="the model to evaluate")


def add_only(parser: Parser) -> None:
    """Describe the choice of some sequences."""
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="these sequences, not all"
    )


def chosen_footage(chosen: Namespace) -> dict[str, Folders]:
    """The sequences asked for, by name. Raises UsageError, EvaluationError."""
    found = {one.frames.parent.name: one for one in find_footage(chosen.sets)}
    if unknown := set(chosen.only) - found.keys():
        raise UsageError(f"There is no sequence called {min(unknown)}.")
    return {name: one for name, one in found.items() if not chosen.only or name in chosen.only}
