"""Progress on stderr: on a line of its own in a terminal, now and then in a log."""

from __future__ import annotations

import io
import sys
import time

import pytest

from app.cli_progress import telling


class Terminal(io.StringIO):
    """Somebody looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock says is the last of these."""
    held = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: held[-1])
    return held


def test_a_terminal_has_one_line_which_is_empty_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", "21")

    def fail() -> None:
        with telling() as tell:
            tell("1 of 2")
            tell("a text that is wider than the terminal")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert terminal.getvalue() == "\r\033[K1 of 2\r\033[Ka text that is wider\r\033[K"


def test_a_log_gets_a_line_every_few_seconds_and_a_quick_command_none(
    monkeypatch: pytest.MonkeyPatch, seconds: list[float]
) -> None:
    monkeypatch.setattr(sys, "stderr", log := io.StringIO())
    with telling(5) as tell:
        for now, text in [(101, "a"), (105, "b"), (106, "c"), (109.9, "d"), (112, "e")]:
            seconds.append(now)
            tell(text)
    assert log.getvalue() == "b\ne\n"
    with telling(0) as tell:
        tell("each")
        tell("one")
    assert log.getvalue() == "b\ne\neach\none\n"


def test_a_window_without_a_terminal_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with telling(0) as tell:
        tell("into the void")
