"""The command line: which command runs, and how it says that it failed. No Qt is imported here."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from app import (
    cli_bench,
    cli_demo,
    cli_dump,
    cli_evaluate,
    cli_export,
    cli_matte,
    cli_models,
    cli_propagate,
    cli_report,
    cli_runtime,
    cli_selftest,
)
from app.cli_demo import OpenWindow
from app.cli_words import CommandError, MaskAt, Parser, UsageError
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


class Command(NamedTuple):
    """A command: what it does in a few words, its arguments, and what runs."""

    what: str
    add_arguments: Callable[[Parser], None]
    run: Callable[[argparse.Namespace, OpenWindow], int]


COMMANDS = {
    "matte": Command(
        "write mattes from clicks, without a window",
        cli_matte.add_arguments,
        lambda chosen, _: cli_matte.run(chosen, _settings()),
    ),
    "propagate": Command(
        "follow objects from clicks or masks, without a window",
        cli_propagate.add_arguments,
        lambda chosen, _: cli_propagate.run(chosen, _settings()),
    ),
    "export": Command(
        "write the mattes of a project, without a window",
        cli_export.add_arguments,
        lambda chosen, _: cli_export.run(chosen, _settings()),
    ),
    "dump": Command(
        "write what is in a project as JSON and PNG, even of a damaged one",
        cli_dump.add_arguments,
        lambda chosen, _: cli_dump.run(chosen),
    ),
    "demo": Command(
        "matte the bundled clip and open it",
        cli_demo.add_arguments,
        lambda chosen, open_window: cli_demo.run(chosen, _settings(), open_window),
    ),
    "evaluate": Command(
        "measure how good a model is, or masks on the disk",
        cli_evaluate.add_arguments,
        lambda chosen, _: cli_evaluate.run(chosen, _settings()),
    ),
    "models": Command(
        "list, get, check, choose and remove models",
        cli_models.add_arguments,
        lambda chosen, _: cli_models.run(chosen, _settings()),
    ),
    "runtime": Command(
        "have models run on an NVIDIA card: list, get, install, remove",
        cli_runtime.add_arguments,
        lambda chosen, _: cli_runtime.run(chosen, _settings()),
    ),
    "bench": Command(
        "measure how fast a model is here, beside its original",
        cli_bench.add_arguments,
        lambda chosen, _: cli_bench.run(chosen, _settings()),
    ),
    "report": Command(
        "gather what helps to find a fault",
        cli_report.add_arguments,
        lambda chosen, _: cli_report.run(chosen),
    ),
    "selftest": Command(
        "say what is installed here and try one click",
        cli_selftest.add_arguments,
        lambda chosen, _window: cli_selftest.run(chosen, _settings()),
    ),
}
OVERVIEW = "\n".join(f"  rotocel {name:9} {command.what}" for name, command in COMMANDS.items())


def run(arguments: Sequence[str], open_window: OpenWindow) -> int:
    """Run the command that `arguments` name; 0: done, 1: it failed, 2: it was typed wrongly.

    Errors are one sentence on stderr. `open_window` is called where a command opens the editor.
    """
    try:
        return _dispatch_to_a_reader(arguments, open_window)
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


def _dispatch_to_a_reader(arguments: Sequence[str], open_window: OpenWindow) -> int:
    try:
        return _dispatch(arguments, open_window)
    except BrokenPipeError:  # whoever read along has gone, as `head` does: nothing to complain of
        with suppress(OSError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
        return 1


def _dispatch(arguments: Sequence[str], open_window: OpenWindow) -> int:
    name, *rest = arguments
    command = COMMANDS[name]
    parser = Parser(prog=f"rotocel {name}", description=f"{command.what.capitalize()}.")
    command.add_arguments(parser)
    return command.run(_parsed(parser, rest), open_window)


def _parsed(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments as values; every path among them stays out of the log."""
    chosen = parser.parse_args(arguments)
    for value in vars(chosen).values():
        for item in value if isinstance(value, list) else [value]:
            path = item.path if isinstance(item, MaskAt) else item
            if isinstance(path, Path):
                hide(path)
    return chosen


def _settings() -> Settings:
    try:
        return load(settings_path())
    except SettingsError as e:
        complain(f"{e}.", 0)
        return Settings()
