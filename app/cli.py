"""The command line: which command runs, and how it says that it failed. No Qt is imported here."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from app.cli_words import CommandError, MaskAt, Parser, UsageError, described
from app.headless import settings_path
from app.paths import user_logs
from app.redaction import hide
from app.settings import Settings, SettingsError, load
from app.version import VERSION

if TYPE_CHECKING:
    from app.cli_demo import OpenWindow

log = logging.getLogger(__name__)

Chosen: TypeAlias = argparse.Namespace
Run: TypeAlias = "Callable[[ModuleType, Chosen, OpenWindow], int]"


class Command(NamedTuple):
    """A command: what it does in a few words, and the module of `app` that has the rest of it.

    That is loaded when the command is typed: the window starts without any of them.
    """

    what: str
    module: str
    run: Run


def _alone(module: ModuleType, chosen: Chosen, _window: OpenWindow) -> int:
    return int(module.run(chosen))


def _with_settings(module: ModuleType, chosen: Chosen, _window: OpenWindow) -> int:
    return int(module.run(chosen, _settings()))


def _with_window(module: ModuleType, chosen: Chosen, window: OpenWindow) -> int:
    return int(module.run(chosen, _settings(), window))


COMMANDS = {
    "matte": Command("write mattes from clicks, without a window", "cli_matte", _with_settings),
    "propagate": Command(
        "follow objects from clicks or masks, without a window", "cli_propagate", _with_settings
    ),
    "export": Command(
        "write the mattes of a project, without a window", "cli_export", _with_settings
    ),
    "dump": Command(
        "write what is in a project as JSON and PNG, even of a damaged one", "cli_dump", _alone
    ),
    "demo": Command("matte the bundled clip and open it", "cli_demo", _with_window),
    "evaluate": Command(
        "measure how good a model is, or masks on the disk", "cli_evaluate", _with_settings
    ),
    "models": Command("list, get, check, choose and remove models", "cli_models", _with_settings),
    "runtime": Command(
        "have models run on an NVIDIA card: list, wanted, install, verify, retry, remove",
        "cli_runtime",
        _with_settings,
    ),
    "bench": Command(
        "measure how fast a model is here, beside its original", "cli_bench", _with_settings
    ),
    "report": Command("gather what helps to find a fault", "cli_report", _alone),
    "selftest": Command(
        "say what is installed here and try one click", "cli_selftest", _with_settings
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
    except SystemExit as e:  # argparse, having printed its help
        return int(e.code or 0)
    except KeyboardInterrupt:
        return complain("Stopped; what was finished stays.", 1)
    except Exception as e:
        if isinstance(e, _expected()):
            log.info("%s failed", arguments[0], exc_info=e)
            return complain(str(e), 1)
        log.exception("%s failed", arguments[0])
        kind = type(e).__name__
        return complain(f"Rotocel met a fault of its own ({kind}: {e}); see {user_logs()}.", 1)


def _expected() -> tuple[type[Exception], ...]:
    """The errors whose text is fit to be shown."""
    from app.domain.clip import ClipError  # noqa: PLC0415 - these rooms take long to load
    from app.domain.project_schema import ProjectError  # noqa: PLC0415
    from app.evaluate import EvaluationError  # noqa: PLC0415
    from app.selftest import SelftestError  # noqa: PLC0415
    from export.base import ExportError, FrameError  # noqa: PLC0415
    from models.base import ModelError  # noqa: PLC0415

    return (
        ClipError,
        CommandError,
        EvaluationError,
        ExportError,
        FrameError,
        ModelError,
        ProjectError,
        SelftestError,
    )


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
    module = import_module(f"app.{command.module}")
    parser = Parser(prog=f"rotocel {name}", description=described(command.what))
    module.add_arguments(parser)
    return command.run(module, _parsed(parser, rest), open_window)


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
