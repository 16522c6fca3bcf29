"""Long work in small steps: a generator driven by the batch lane, cancelled by not going on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from models.base import CancelToken

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Stepped:
    """One value of a batch that goes on."""

    batch: Batch
    value: object


@dataclass(frozen=True, eq=False)
class Ended:
    """A batch is over: done, cancelled, or stopped by `error`."""

    batch: Batch
    error: Exception | None = None
    cancelled: bool = False


@dataclass(eq=False)
class Batch:
    """A job done step by step; `start` makes its generator in the lane's thread."""

    start: Callable[[], Generator[object]]
    token: CancelToken | None = None  # ends the step under way, where there is a way to
    cancelled: bool = False  # looked at between steps
    paused: bool = False  # the lane leaves it alone meanwhile
    over: bool = False
    _steps: Generator[object] | None = field(default=None, repr=False)

    @property
    def waits(self) -> bool:
        """Whether it has a step to take now."""
        return not self.over and (self.cancelled or not self.paused)

    def cancel(self) -> None:
        """Go no further; may be called from any thread."""
        self.cancelled = True
        if self.token is not None:
            self.token.cancel()

    def __call__(self) -> Stepped | Ended:
        """The next step. A generator that is cancelled is closed, so that it can tidy up."""
        try:
            if self._steps is None and not self.cancelled:
                self._steps = self.start()
            if self.cancelled or self._steps is None:
                return self._end(cancelled=True)
            return Stepped(self, next(self._steps))
        except StopIteration:
            return self._end()
        except Exception as error:
            log.exception("a batch stopped")
            return self._end(error)

    def _end(self, error: Exception | None = None, *, cancelled: bool = False) -> Ended:
        if self._steps is not None:
            self._steps.close()
        self.over = True
        return Ended(self, error, cancelled)
