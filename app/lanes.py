"""A lane: one background thread that does one job after another, each time asking what is next."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import TypeAlias

from PySide6.QtCore import QObject, QThread, Signal

log = logging.getLogger(__name__)

Job: TypeAlias = Callable[[], object]

RESPITE = 1.0  # seconds a lane rests after a job that raised


class Lane(QThread):
    """Runs the jobs that `pick` names, in its own thread, until it is stopped.

    `pick` is called in the lane's thread and returns None when there is nothing to do; the lane
    then sleeps until `wake`. A job's result is emitted with `answered` unless it is None; an
    exception is logged and emitted with `failed`, and the lane goes on: after RESPITE, or once it
    is woken, so that a job that always fails costs little.
    """

    answered = Signal(object)
    failed = Signal(object)  # the exception

    def __init__(
        self, name: str, pick: Callable[[], Job | None], *, nice: int = 0, parent: QObject | None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._pick = pick
        self._nice = nice
        self._condition = threading.Condition()
        self._awake = True
        self._stopping = False
        self.current: Job | None = None  # what runs now; read from other threads

    def wake(self) -> None:
        """Have the lane ask again what is next."""
        with self._condition:
            self._awake = True
            self._condition.notify()

    def stop(self) -> None:
        """Have the lane end after its present job; `wait` for it afterwards."""
        self._stopping = True
        self.wake()

    def run(self) -> None:
        self._step_aside()
        while not self._stopping:
            job = self._next()
            if job is None:
                self._sleep()
                continue
            self.current = job
            if self._awake:  # something else may be wanted since the job was chosen
                self.current = None
                continue
            try:
                answer = job()
            except Exception as error:
                log.exception("%s lane", self.objectName())
                self.failed.emit(error)
                self.current = None
                self._sleep(RESPITE)
            else:
                if answer is not None:
                    self.answered.emit(answer)
            finally:
                self.current = None

    def _next(self) -> Job | None:
        with self._condition:
            self._awake = False
        try:
            return self._pick()
        except Exception as error:
            log.exception("%s lane cannot choose its next job", self.objectName())
            self.failed.emit(error)
            return None

    def _sleep(self, most: float | None = None) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._awake or self._stopping, most)

    def _step_aside(self) -> None:
        """Lower this thread's priority; threads it starts (a model's, a decoder's) inherit it."""
        if self._nice and sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
