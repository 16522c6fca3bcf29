"""What is left of a run that crashed: `crash.log`, which faulthandler writes as the program dies.

All instances append to the one file. It is empty unless one of them crashed, so text in it is never
the business of an instance that still runs, and emptying it takes nothing from the others: they
have it open and would append at its new end. Hence no lock and no name for each process.
"""

from __future__ import annotations

import faulthandler
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from app import paths
from app.redaction import redact

log = logging.getLogger(__name__)

NAME = "crash.log"
LAST = "crash.1.log"  # the crash that was told last
SENTENCE = (
    "Rotocel stopped unexpectedly last time. "
    "Help > Make an error report gathers what is needed to find out why."
)


@contextmanager
def watched() -> Iterator[None]:
    """A crash inside leaves its trace in `crash.log`. Raises OSError.

    Who asked Python for traces elsewhere (`python -X faulthandler`, a test run) keeps them there.
    """
    if faulthandler.is_enabled():
        yield
        return
    with (paths.user_logs() / NAME).open("ab", buffering=0) as file:
        faulthandler.enable(file)  # not stderr, which a windowed program on Windows lacks
        try:
            yield
        finally:
            faulthandler.disable()


def take() -> bool:
    """Whether a run before crashed, said once: its trace goes to `crash.1.log`."""
    path = paths.user_logs() / NAME
    try:
        trace = path.read_text("utf-8", "replace") if path.exists() else ""
        if not trace.strip():
            return False
        path.with_name(LAST).write_text(redact(trace), "utf-8")
        os.truncate(path, 0)
    except OSError:
        log.exception("the trace of a crash cannot be put aside")
        return False
    return True
