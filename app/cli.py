"""The command line: which command runs, and how it says that it failed. No Qt is imported here."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from app import cli_demo, cli_dump, cli_evaluate, cli_matte, cli_report, selftest
from app.cli_demo import OpenWindow
from app.cli_words import CommandError, Parser, UsageError
from app.domain.clip import ClipError
from app.domain.project_schema import ProjectError
from app.evaluate import EvaluationError
from app.headless import settings_path
from app.paths import user_logs
from app.redaction import hide
from app.selftest import SelftestError
from app.settings import Settings, SettingsError, load
from app.version import VERSION
from export.base import ExportError, FrameError
from models.base import ModelError

log = logging.getLogger(__name__)

COMMANDS = {
    "matte": "write mattes from clicks, without a window",
    "demo": "matte the bundled clip and open it",
    "dump": "write what is in a project as JSON and PNG, even of a damaged one",
    "evaluate": "measure a model by simulated clicks",
    "selftest": "say what is installed here and try one click",
    "report": "gather what helps to find a fault",
}
EXPECTED = (
    ClipError,
    CommandError,
    EvaluationError,
    ExportError,
    FrameError,
    ModelError,
    ProjectError,
    SelftestError,
)
OVERVIEW = "\n".join(f"  rotocel {name:9} {what}" for name, what in COMMANDS.items())


def run(arguments: Sequence[str], open_window: OpenWindow) -> int:
    """Run the command that `arguments` name; 0: done, 1: it failed, 2: it was typed wrongly.

    Errors are one sentence on stderr. `open_window` is called where a command opens the editor.
    """
    try:
        return _dispatch(arguments, open_window)
    except UsageError as e:
        return complain(str(e), 2)
    except EXPECTED as e:
        log.info("%s failed", arguments[0], exc_info=e)
        return complain(str(e), 1)
    except SystemExit as e:  # argparse, having printed its help
        return int(e.code or 0)
    except KeyboardInterrupt:
        return complain("Stopped; what was finished stays.", 1)
    except Exception as e:
        log.exception("%s failed", arguments[0])
        kind = type(e).__name__
        return complain(f"Rotocel met a fault of its own ({kind}: {e}); see {user_logs()}.", 1)


def complain(sentence: str, code: int) -> int:
    """Print `sentence` on stderr; returns `code`."""
    if sys.stderr is not None:  # as in a windowed program on Windows
        sys.stderr.write(f"rotocel: {sentence}\n")
    return code


def window_parser() -> Parser:
    """The parser of `rotocel [CLIP]`."""
    parser = Parser(
        prog="rotocel",
        usage="rotocel [CLIP | PROJECT.roto]\n       rotocel COMMAND ...",
        description="Cut objects out of film by clicking them.",
        epilog=f"commands:\n{OVERVIEW}\n\n`rotocel COMMAND --help` explains a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "clip", nargs="?", metavar="CLIP", help="the clip or project to open in the editor"
    )
    parser.add_argument("--version", action="version", version=f"rotocel {VERSION}")
    return parser


def _dispatch(arguments: Sequence[str], open_window: OpenWindow) -> int:
    command, *rest = arguments
    parser = Parser(prog=f"rotocel {command}", description=f"{COMMANDS[command].capitalize()}.")
    if command == "selftest":
        parser.parse_args(rest)
        return selftest.run(_settings())
    if command == "report":
        cli_report.add_arguments(parser)
        return cli_report.run(_parsed(parser, rest))
    if command == "dump":
        cli_dump.add_arguments(parser)
        return cli_dump.run(_parsed(parser, rest))
    if command == "demo":
        cli_demo.add_arguments(parser)
        return cli_demo.run(_parsed(parser, rest), _settings(), open_window)
    if command == "evaluate":
        cli_evaluate.add_arguments(parser)
        return cli_evaluate.run(_parsed(parser, rest), _settings())
    cli_matte.add_arguments(parser)
    return cli_matte.run(_parsed(parser, rest), _settings())


def _parsed(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments as values; every path among them stays out of the log."""
    chosen = parser.parse_args(arguments)
    for value in vars(chosen).values():
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, Path):
                hide(path)
    return chosen


def _settings() -> Settings:
    try:
        return load(settings_path())
    except SettingsError as e:
        complain(f"{e}.", 0)
        return Settings()
