"""The log: what went wrong, without footage in it. No Qt is imported here."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from logging.handlers import RotatingFileHandler
from types import TracebackType

from app import crash, paths
from app.redaction import redact

log = logging.getLogger(__name__)

NAME = "rotocel.log"
LOG_BYTES = 1_000_000
OLDER = 2  # full logs that are kept beside the present one
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Quiet(RotatingFileHandler):
    """Goes without what cannot be written, as on a full disk: nobody reads it on a terminal."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        with suppress(OSError):  # what is left in its buffer
            super().close()


class Redacting(logging.Formatter):
    """Formats a record without paths of footage, in its message, its traceback and elsewhere."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


@contextmanager
def kept(*, log_paths: bool) -> Iterator[str]:
    """Inside, the log is kept: what is logged, what nobody caught in any thread, and crashes.

    Gives a sentence where no log can be kept, else "". Leaves everything as it was.
    """
    formatter = logging.Formatter(FORMAT) if log_paths else Redacting(FORMAT)
    with ExitStack() as stack:
        fault = ""
        try:
            _write_to_file(stack, formatter)
        except OSError as e:
            fault = f"No log is kept: {paths.user_logs()} cannot be written ({e.strerror})."
        stack.enter_context(_hooks())
        yield fault


def _write_to_file(stack: ExitStack, formatter: logging.Formatter) -> None:
    """Until `stack` closes, what is logged and crashes go to files. Raises OSError."""
    paths.user_logs().mkdir(parents=True, exist_ok=True)
    handler = Quiet(
        paths.user_logs() / NAME,
        maxBytes=LOG_BYTES,
        backupCount=OLDER,
        encoding="utf-8",
        errors="backslashreplace",  # names of files need not be text
    )
    stack.callback(handler.close)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    stack.callback(root.setLevel, root.level)
    stack.callback(root.removeHandler, handler)
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    stack.enter_context(crash.watched())


@contextmanager
def _hooks() -> Iterator[None]:
    """Whatever nobody caught is logged, then told as before."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook = _excepthook

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if not isinstance(args.exc_value, SystemExit):
            name = args.thread.name if args.thread else "a thread"
            log.critical("unexpected in %s", name, exc_info=args.exc_value)
        before[1](args)

    def unraisable(args: sys.UnraisableHookArgs) -> None:
        log.error("%s", args.err_msg or "unexpected", exc_info=args.exc_value)
        before[2](args)

    threading.excepthook, sys.unraisablehook = in_thread, unraisable
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before


def _excepthook(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    log.critical("unexpected", exc_info=(kind, error, trace))
    sys.__excepthook__(kind, error, trace)
