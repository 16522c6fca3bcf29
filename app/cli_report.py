"""`rotocel report`: what helps to find a fault, to be read and sent by whoever met it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from app.cli_words import CommandError, Parser
from app.report_bundle import ReportError, collect, save


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    parser.add_argument(
        "--out", type=Path, metavar="FILE.zip", help="write it to this file; default: print it"
    )


def run(chosen: Namespace) -> int:
    """Print the report or write it; nothing is sent. Raises CommandError."""
    if chosen.out is None:
        print(collect().text, end="")
        return 0
    if chosen.out.exists():
        raise CommandError(f"{chosen.out} is already there; choose another name.")
    try:
        save(collect(), chosen.out)
    except ReportError as e:
        raise CommandError(str(e)) from e
    print(f"The report is {chosen.out}. Read it before you send it; Rotocel sends nothing.")
    return 0
