"""The program as an artist starts it: its own process, a real X display, real clicks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SIZE = (1440, 900)
PATIENCE = 60.0


@pytest.fixture
def display() -> Iterator[dict[str, str]]:
    """The environment of a fresh X display."""
    read, write = os.pipe()
    screen = f"{SIZE[0]}x{SIZE[1]}x24"
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", screen, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as number:
        name = f":{number.readline().strip()}"
    yield {**os.environ, "DISPLAY": name, "QT_QPA_PLATFORM": "xcb"}
    server.terminate()
    server.wait(10)


def xdotool(display: dict[str, str], *words: str) -> str:
    command = ["xdotool", *words]
    done = subprocess.run(command, env=display, capture_output=True, text=True, check=True)
    return done.stdout


def screen(display: dict[str, str], folder: Path) -> np.ndarray:
    """What an artist sees, (height, width, 3) BGR."""
    dump = folder / "screen.xwd"
    command = ["xwd", "-root", "-silent", "-out", str(dump)]
    subprocess.run(command, env=display, check=True, timeout=20)
    data = dump.read_bytes()
    header = np.frombuffer(data[:100], ">u4")
    start, width, height = int(header[0] + 12 * header[19]), int(header[4]), int(header[5])
    pixels = np.frombuffer(data, np.uint8, height * int(header[12]), start)
    return pixels.reshape(height, -1)[:, : 4 * width].reshape(height, width, 4)[..., :3]


def wait_for_window(display: dict[str, str], process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, "the program ended"
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "plate"],
            env=display,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError("no window came")


@pytest.mark.xvfb
def test_a_click_on_a_real_display_tints_the_object_and_nothing_else(
    display: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "plate"
    folder.mkdir()
    image = np.full((360, 640, 3), 60, np.uint8)
    cv2.circle(image, (320, 180), 90, (200, 200, 200), -1, cv2.LINE_AA)
    for frame in (1001, 1002):
        cv2.imwrite(str(folder / f"plate.{frame}.png"), image)
    command = [sys.executable, "-m", "app", str(folder)]
    program = subprocess.Popen(command, cwd=ROOT, env=display)
    try:
        window = wait_for_window(display, program)
        xdotool(display, "windowmove", window, "0", "0")
        xdotool(display, "windowsize", window, str(SIZE[0]), str(SIZE[1]))
        time.sleep(2)
        before = screen(display, tmp_path).astype(int)
        disc = np.argwhere((np.abs(before - 200) < 4).all(axis=2))
        assert len(disc) > 5000, "the picture is not on the screen"
        y, x = np.median(disc, axis=0).astype(int)
        xdotool(display, "mousemove", str(x), str(y), "click", "1")
        tinted, until = np.zeros((), bool), time.monotonic() + PATIENCE
        while time.monotonic() < until:
            after = screen(display, tmp_path).astype(int)
            tinted = np.abs(after - before).max(axis=2)[disc[:, 0], disc[:, 1]] > 15
            if tinted.mean() > 0.9:
                break
            time.sleep(0.3)
        assert tinted.mean() > 0.9, "the disc was not tinted"
        beside = np.abs(after - before).max(axis=2)[y, x - 300 : x - 200]
        assert beside.max() < 8, "something beside the disc was tinted"
    finally:
        program.terminate()
        program.wait(20)
