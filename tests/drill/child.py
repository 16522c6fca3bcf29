"""A child process that works, says what it does, and is killed with SIGKILL in the middle of it."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Literal, TypeAlias

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(str(ROOT / name) + os.sep for name in ("app", "export"))
CALLS = {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "sqlite3.connect"}
PATIENCE = 60.0  # seconds until a child that says nothing more is a failure

Work: TypeAlias = "Callable[[Say], None]"


@dataclass(frozen=True, slots=True)
class Kill:
    """When to kill: some time after the start; or when write number `write` is acknowledged, or
    some time, some lines of our code, or some calls that touch files, after it began."""

    at: Literal["start", "acknowledgement", "moment", "line", "call"]
    write: int = 0  # the first
    seconds: float = 0.0
    count: int = 0  # of lines or calls


@dataclass(slots=True)
class Heard:
    """What a child said until it ended."""

    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)  # of our code, run by each write
    calls: list[int] = field(default_factory=list)  # that touch files, made by each write
    started: float = field(default_factory=time.monotonic)
    moments: list[float] = field(default_factory=list)  # when each write began
    error: str = ""  # where the work itself failed
    killed: bool = False

    @property
    def where(self) -> str:
        """Where the kill hit: before the first write, in one, after one."""
        if not self.begun:
            return "before"
        return "in" if self.begun[-1] not in self.done[-1:] else "after"

    def possible(self) -> list[str]:
        """What may be found: what was acknowledged last, or what was begun after that."""
        if not self.done:
            return self.begun
        last = 0
        for what in self.done:
            last = self.begun.index(what, last)
        return self.begun[last:]


class Say:
    """The child's end of the pipe: what was written to it survives the child."""

    def __init__(self, pipe: int, kill: Kill | None, *, count: bool = False) -> None:
        self._pipe, self._kill, self._count = pipe, kill, count
        self._begun, self._lines, self._calls = 0, 0, 0
        if count or (kill and kill.at == "call"):
            sys.addaudithook(self._before_call)  # in every thread

    def begin(self, what: str) -> None:
        """What follows puts `what` on the disk."""
        self._send("b", what)
        now = self._kill is not None and self._kill.write == self._begun
        if self._count or now:
            self._lines = self._calls = 0
            if self._count or (self._kill and self._kill.at == "line"):
                sys.settrace(self._trace)
        self._begun += 1

    def done(self, what: str) -> None:
        """`what` is on the disk."""
        if self._count:
            sys.settrace(None)
            self._send("l", str(self._lines))
            self._send("c", str(self._calls))
        self._send("a", what)

    def error(self, text: str) -> None:
        """The work failed."""
        self._send("x", text.replace("\n", " "))

    def end(self) -> None:
        """The work is over; there is nothing left to be hit but that."""
        self._send("e", "")

    def _send(self, kind: str, what: str) -> None:
        os.write(self._pipe, f"{kind}{what}\n".encode())

    def _trace(self, frame: FrameType, event: str, _arg: object) -> Any:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        if event == "line":
            self._lines += 1
            if self._kill is not None and self._lines > self._kill.count:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._trace

    def _before_call(self, event: str, _arguments: object) -> None:
        if event in CALLS:
            self._calls += 1
            due = self._kill is not None and self._begun > self._kill.write
            if due and self._kill and self._calls > self._kill.count:
                os.kill(os.getpid(), signal.SIGKILL)


def run(work: Work, kill: Kill | None = None, *, count: bool = False) -> Heard:
    """Run `work` in a child and kill it as planned, at its end at the latest.

    `count` counts the lines of our code that each write runs.
    """
    ear, mouth = os.pipe()
    number = os.fork()
    if not number:
        os.close(ear)
        _be_child(work, Say(mouth, kill, count=count), wait=kill is not None)
    os.close(mouth)
    try:
        return _listen(number, ear, kill)
    except BaseException:  # nobody would end it
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
        raise
    finally:
        os.close(ear)


def _be_child(work: Work, say: Say, *, wait: bool) -> None:
    """Never returns: what the parent would do next is none of the child's business."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        work(say)
        sys.settrace(None)
        if wait:
            say.end()
            signal.pause()
    except BaseException as error:  # noqa: BLE001 - the parent tells of it
        say.error(told(error))
    finally:
        os._exit(0)


def told(error: BaseException) -> str:
    """An error and where it arose, on one line."""
    places = [
        f"{Path(at.filename).name}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)
    ]
    return f"{type(error).__name__}: {error} ({' > '.join(places[-4:])})"


def _listen(number: int, ear: int, kill: Kill | None) -> Heard:
    heard, rest, until, due = Heard(), b"", time.monotonic() + PATIENCE, float("inf")
    if kill and kill.at == "start":
        due = heard.started + kill.seconds
    while True:
        now = time.monotonic()
        if now >= until:
            heard.error = heard.error or f"it said nothing for {PATIENCE:g} s"
            due = now
        if now >= due and not heard.killed:
            os.kill(number, signal.SIGKILL)
            heard.killed = True
        ready, _, _ = select.select([ear], [], [], max(0.0, min(due, until) - now))
        if not ready:
            continue
        data = os.read(ear, 65536)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            due = min(due, _hear(heard, line.decode(), kill))
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)
    _, status = os.waitpid(number, 0)
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if ended_by not in {0, signal.SIGKILL}:
        heard.error = f"it crashed with signal {ended_by}"
    heard.killed = ended_by == signal.SIGKILL
    return heard


def _hear(heard: Heard, line: str, kill: Kill | None) -> float:
    """Take a line in; when to kill because of it."""
    kind, what, now = line[:1], line[1:], time.monotonic()
    if kind == "b":
        heard.begun.append(what)
        heard.moments.append(now)
        if kill and kill.at == "moment" and len(heard.begun) == kill.write + 1:
            return now + kill.seconds
    elif kind == "a":
        heard.done.append(what)
        if kill and kill.at == "acknowledgement" and len(heard.done) == kill.write + 1:
            return now
    elif kind == "e":
        return now
    elif kind == "l":
        heard.lines.append(int(what))
    elif kind == "c":
        heard.calls.append(int(what))
    else:
        heard.error = what
        return now
    return float("inf")
