"""Whether a window can be seen on Linux, before Qt is asked: it ends the program where not."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from contextlib import suppress

LOCAL = re.compile(r"(?:unix)?:(\d+)(?:\.\d+)?")  # a display of this machine
SOCKET = "/tmp/.X11-unix/X"  # noqa: S108 - where X servers listen, as a file and as a bare name


def screen_fault(environment: Mapping[str, str]) -> str:
    """Why no window can be shown, a sentence; empty where one can, or where Qt has to find out."""
    platform, display = environment.get("QT_QPA_PLATFORM"), environment.get("DISPLAY")
    if environment.get("WAYLAND_DISPLAY") or platform not in {None, "", "xcb"}:
        return ""
    if not display:
        return "There is no screen here; `rotocel matte` works without one."
    local = LOCAL.fullmatch(display)
    if local is None or any(_listens(start + SOCKET + local[1]) for start in ("\0", "")):
        return ""
    return (
        f"The screen {display}, which DISPLAY names, does not answer; start Rotocel where a window "
        "can be seen. `rotocel matte` works without one."
    )


def _listens(address: str) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        return True
    return False
