"""The program as an artist starts it: its own process, a real X display, real clicks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.display import SIZE
from tests.display import display as fresh_display

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
HOMES = ("CONFIG", "CACHE", "DATA", "STATE")


@pytest.fixture
def display(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a fresh X display, and of an artist who never used the program."""
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in HOMES}
    with fresh_display() as screen:
        yield {**screen, **homes}


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


def wait_for_window(
    display: dict[str, str], process: subprocess.Popen[bytes], name: str = "plate"
) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, "the program ended"
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", name],
            env=display,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError("no window came")


def start(display: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    """The program as the command line starts it."""
    return subprocess.Popen([sys.executable, "-m", "app", *words], cwd=ROOT, env=display)


def fill_screen(display: dict[str, str], window: str) -> None:
    xdotool(display, "windowmove", window, "0", "0")
    xdotool(display, "windowsize", window, str(SIZE[0]), str(SIZE[1]))
    time.sleep(2)


def make_plate(folder: Path) -> Path:
    """Two frames with a bright disc."""
    folder.mkdir()
    image = np.full((360, 640, 3), 60, np.uint8)
    cv2.circle(image, (320, 180), 90, (200, 200, 200), -1, cv2.LINE_AA)
    for frame in (1001, 1002):
        cv2.imwrite(str(folder / f"plate.{frame}.png"), image)
    return folder


def disc_on(picture: np.ndarray) -> np.ndarray:
    """Where the disc is seen as it is, rows of (y, x)."""
    disc = np.argwhere((np.abs(picture - 200) < 4).all(axis=2))
    assert len(disc) > 5000, "the picture is not on the screen"
    return disc


def wait_for_tint(display: dict[str, str], folder: Path, before: np.ndarray) -> np.ndarray:
    """The screen once the disc of `before` is tinted."""
    disc, until = disc_on(before), time.monotonic() + PATIENCE
    while time.monotonic() < until:
        after = screen(display, folder).astype(int)
        tinted = np.abs(after - before).max(axis=2)[disc[:, 0], disc[:, 1]] > 15
        if tinted.mean() > 0.9:
            return after
        time.sleep(0.3)
    raise AssertionError("the disc was not tinted")


def click_disc(display: dict[str, str], picture: np.ndarray) -> tuple[int, int]:
    y, x = np.median(disc_on(picture), axis=0).astype(int)
    xdotool(display, "mousemove", str(x), str(y), "click", "1")
    return int(x), int(y)


@pytest.mark.xvfb
def test_a_click_on_a_real_display_tints_the_object_and_nothing_else(
    display: dict[str, str], tmp_path: Path
) -> None:
    program = start(display, str(make_plate(tmp_path / "plate")))
    try:
        fill_screen(display, wait_for_window(display, program))
        before = screen(display, tmp_path).astype(int)
        x, y = click_disc(display, before)
        after = wait_for_tint(display, tmp_path, before)
        beside = np.abs(after - before).max(axis=2)[y, x - 300 : x - 200]
        assert beside.max() < 8, "something beside the disc was tinted"
    finally:
        program.terminate()
        program.wait(20)


@pytest.mark.xvfb
def test_work_of_a_killed_program_is_offered_and_seen_again(
    display: dict[str, str], tmp_path: Path
) -> None:
    program = start(display, str(make_plate(tmp_path / "plate")))
    try:
        fill_screen(display, wait_for_window(display, program))
        plain = screen(display, tmp_path).astype(int)
        click_disc(display, plain)
        wait_for_tint(display, tmp_path, plain)
        time.sleep(1)  # the answer goes to the disk
        program.kill()
        program.wait(20)
        program = start(display)
        window = wait_for_window(display, program, "Rotocel")
        fill_screen(display, window)
        offered = screen(display, tmp_path).astype(int)[: SIZE[1] // 4]
        small = (np.abs(offered - 200) < 6).all(axis=2).sum()
        assert small > 300, "the picture of the work is not offered above the canvas"
        xdotool(display, "windowfocus", window, "key", "F6", "key", "Tab", "key", "Return")
        wait_for_window(display, program, "plate")
        wait_for_tint(display, tmp_path, plain)
    finally:
        program.kill()
        program.wait(20)
