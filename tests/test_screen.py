"""Whether a window can be seen, told before Qt ends the program."""

from __future__ import annotations

import socket
import sys
import uuid
from collections.abc import Iterator

import pytest

from app import screen
from app.screen import screen_fault

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is asked on Linux only")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The display of something that listens as an X server does."""
    place = f"/{uuid.uuid4().hex}/X"
    monkeypatch.setattr(screen, "SOCKET", place)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0{place}7")
        listening.listen()
        yield ":7"


def test_a_display_that_listens_is_no_fault(server: str) -> None:
    assert screen_fault({"DISPLAY": server}) == ""
    assert screen_fault({"DISPLAY": f"{server}.0", "QT_QPA_PLATFORM": "xcb"}) == ""


@pytest.mark.usefixtures("server")
def test_a_display_that_does_not_is_named() -> None:
    assert "The screen :8, which DISPLAY names, does not answer" in screen_fault({"DISPLAY": ":8"})


@pytest.mark.parametrize(
    "environment",
    [
        {"QT_QPA_PLATFORM": "offscreen"},
        {"WAYLAND_DISPLAY": "wayland-0"},
        {"DISPLAY": "elsewhere:0"},  # another machine: Qt finds out
    ],
)
def test_what_only_qt_can_find_out_is_left_to_it(environment: dict[str, str]) -> None:
    assert screen_fault(environment) == ""


def test_no_display_at_all_is_told() -> None:
    assert screen_fault({}) == "There is no screen here; `rotocel matte` works without one."
