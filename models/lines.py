"""Work in a process of its own: one JSON line asks, one JSON line answers.

What has to be measured alone, or needs what this process must not import, is done this way. The
other side is a module with a `main` that calls `answer_lines`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

from models.base import ModelError

Values: TypeAlias = Mapping[str, Any]

ROOT = Path(__file__).parents[1]


class Lines:
    """A process that answers; use it in a `with`, which ends it."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        """Start `python -m module arguments`. Raises ModelError in a program without Python."""
        if getattr(sys, "frozen", False):
            raise ModelError("This needs Rotocel as a Python package: run `pip install rotocel`.")
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self._module = module

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, request: Values) -> Values:
        """The answer to `request`. Raises ModelError where it is a complaint, or none came."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has ended; what it wrote before tells why
        return self.read()

    def read(self) -> Values:
        """The next line of the process. Raises ModelError as `ask` does."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            raise ModelError(f"{self._module} ended without an answer ({self._last_complaint()}).")
        values: Values = json.loads(line)
        if "error" in values:
            raise ModelError(values["error"])
        return values

    def close(self) -> None:
        """End the process, which has nothing to lose."""
        self._process.kill()
        self._process.communicate()
        self._complaints.close()

    def _last_complaint(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().split("\n")
        return next((line for line in reversed(lines) if line.strip()), "no reason given")


def answer_lines(prepare: Callable[[], tuple[Values, Callable[[Values], Values]]]) -> None:
    """Answer the lines on stdin until it ends.

    `prepare` gives the first line, which needs no asking, and the function that answers. A
    ModelError becomes a complaint; whatever else prints to stdout goes to stderr instead.
    """
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(values: Values) -> None:
        out.write(json.dumps(values) + "\n")
        out.flush()

    try:
        ready, answer = prepare()
        tell(ready)
        for line in sys.stdin:
            tell(answer(json.loads(line)))
    except ModelError as e:
        tell({"error": str(e)})
