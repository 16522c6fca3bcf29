"""Where the program starts: the window, or a command of the command line."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from app import cli, runtimes
from app.cli_words import UsageError
from app.domain.project import Project
from app.headless import settings_path
from app.log import kept
from app.screen import screen_fault
from app.settings import Settings, SettingsError, load

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with `argv` (the command line's by default); returns its exit code."""
    multiprocessing.freeze_support()  # a frozen program is its own child, see models.quarantine
    arguments = list(sys.argv[1:] if argv is None else argv)
    settings = _settings()
    with kept(log_paths=settings.log_paths) as fault:
        runtimes.offer(settings.device)
        if fault:
            cli.complain(fault, 0)
        if arguments and arguments[0] in cli.COMMANDS:
            return cli.run(arguments, open_window)
        return _window(arguments)


def open_window(path: Path | None, project: Project | None = None) -> int:
    """The editor on the clip at `path`, or on `project`; returns its exit code."""
    if sys.platform == "linux" and (fault := screen_fault(os.environ)):
        return cli.complain(fault, 1)
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
    if chosen.clip and not Path(chosen.clip).exists() and not any(c in chosen.clip for c in "#@%$"):
        return cli.complain(f"{chosen.clip} is not there; `rotocel --help` tells more.", 2)
    return open_window(Path(chosen.clip) if chosen.clip else None)


def _settings() -> Settings:
    try:
        return load(settings_path())
    except SettingsError:  # told where the settings are used; they may have said "cpu"
        return Settings(device="cpu")


if __name__ == "__main__":
    sys.exit(main())
