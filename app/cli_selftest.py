"""`rotocel selftest`, with or without the window."""

from __future__ import annotations

from argparse import Namespace

from app import selftest
from app.cli_words import Parser
from app.settings import Settings


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    parser.add_argument(
        "--frozen",
        action="store_true",
        help="try the window too, without a screen: open the demo, click, export, read again",
    )


def run(chosen: Namespace, settings: Settings) -> int:
    """Print one finding a line. Raises SelftestError, ModelError, ClipError."""
    selftest.run(settings)
    if chosen.frozen:
        from app import selftest_window  # noqa: PLC0415 - commands must not load Qt

        for finding in selftest_window.findings():
            print(finding, flush=True)
    return 0
