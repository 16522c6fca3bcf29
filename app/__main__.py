"""Where the program starts: the window, or a command of the command line."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from app import cli
from app.cli_words import UsageError
from app.domain.project import Project
from app.paths import user_logs

log = logging.getLogger(__name__)

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")  # any of them promises a window
LOG_BYTES = 1_000_000
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with `argv` (the command line's by default); returns its exit code."""
    multiprocessing.freeze_support()  # a frozen program is its own child, see models.quarantine
    arguments = list(sys.argv[1:] if argv is None else argv)
    handler = _start_log()
    before, sys.excepthook = sys.excepthook, _excepthook
    try:
        if arguments and arguments[0] in cli.COMMANDS:
            return cli.run(arguments, open_window)
        return _window(arguments)
    finally:
        sys.excepthook = before
        logging.getLogger().removeHandler(handler)
        handler.close()


def open_window(path: Path | None, project: Project | None = None) -> int:
    """The editor on the clip at `path`, or on `project`; returns its exit code."""
    if sys.platform == "linux" and not any(os.environ.get(name) for name in DISPLAYS):
        return cli.complain("There is no screen here; `rotocel matte` works without one.", 1)
    try:
        from app.window import run_window  # noqa: PLC0415 - commands must not load Qt
    except ImportError as e:
        log.exception("the window cannot be loaded")
        return cli.complain(f"The window cannot be opened: {e}.", 1)
    return run_window(path, project)


def _window(arguments: Sequence[str]) -> int:
    try:
        chosen = cli.window_parser().parse_args(arguments)
    except UsageError as e:
        return cli.complain(str(e), 2)
    except SystemExit as e:  # argparse, having printed its help
        return int(e.code or 0)
    return open_window(Path(chosen.clip) if chosen.clip else None)


def _start_log() -> logging.Handler:
    """The log file, a few megabytes at most; nothing is logged where it cannot be written."""
    handler: logging.Handler = logging.NullHandler()
    try:
        user_logs().mkdir(parents=True, exist_ok=True)
        path = user_logs() / "rotocel.log"
        handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    except OSError as e:
        cli.complain(f"No log is kept: {user_logs()} cannot be written ({e.strerror}).", 0)
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    return handler


def _excepthook(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    log.critical("unexpected", exc_info=(kind, error, trace))
    sys.__excepthook__(kind, error, trace)


if __name__ == "__main__":
    sys.exit(main())
