"""The window's part of `rotocel selftest --frozen`: a clip, a click, an export, as an artist does.

It runs without a screen, and in folders of its own: nothing of the user is read or written.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from app import paths
from app.cli_demo import PROMPTS
from app.domain.frames import FrameRange
from app.selftest import FRAME, SelftestError
from app.settings import Settings
from models.redraw import iou

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

EXPECTED = ("demo", "expected-mask.png")
ALIKE = 0.99  # the IoU at which two masks count as the same: processors round otherwise
PATIENCE = 120.0  # seconds for each step, on a slow machine


def findings() -> Iterator[str]:
    """One finding a step. Raises SelftestError, ModelError, ClipError."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415 - commands must not load Qt

    from app.headless import load_model  # noqa: PLC0415
    from app.ui import theme  # noqa: PLC0415
    from app.window import Store, make_window  # noqa: PLC0415

    started = time.perf_counter()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    theme.apply(app)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        place = Path(scratch)
        window = make_window(
            load_model(Settings()), Store(place / "settings.json"), place / "cache", place / "live"
        )
        try:
            window.show()
            app.processEvents()
            yield f"the window is open after {time.perf_counter() - started:.2f} s"
            yield from _work(window, place / "mattes")
        finally:
            window.shut_down()


def _work(window: MainWindow, out: Path) -> Iterator[str]:
    session = window.session
    session.open(paths.demo_clip())
    _wait(lambda: session.clip is not None, "opening the demo")
    session.seek(FRAME)
    _wait(lambda: window.viewer.is_current and FRAME in session.embedded_frames(), "its frame")
    _click(window)
    _wait(lambda: session.selected is not None, "a click")
    layer = session.selected
    assert layer is not None
    _wait(lambda: session.matte(layer, FRAME) is not None, "the mask of a click")
    matte = session.matte(layer, FRAME)
    assert matte is not None
    like = _likeness(matte > 127)
    if like < ALIKE:
        raise SelftestError(f"A click in the window gave a mask that is only {like:.1%} right.")
    yield f"a click in the window gave the expected mask (IoU {like:.4f})"
    session.export(out, [layer], FrameRange(FRAME, FRAME), "refuse")
    _wait(lambda: not session.exporting, "an export")
    written = cv2.imread(str(session.first_export_path(out, [layer], FrameRange(FRAME, FRAME))), -1)
    if written is None or written.shape != matte.shape or _likeness(written > 127) < ALIKE:
        raise SelftestError(f"What was exported to {out} is not the mask.")
    yield f"an exported matte holds it, {written.shape[1]} x {written.shape[0]}, {written.dtype}"


def _click(window: MainWindow) -> None:
    """A click of the left button, where the prompts of the demo have their first."""
    from PySide6.QtCore import QEvent, QPointF, Qt  # noqa: PLC0415
    from PySide6.QtGui import QMouseEvent  # noqa: PLC0415
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    point, canvas = PROMPTS[FRAME].points[0], window.viewer
    place = QPointF(canvas.view.to_widget(point.x, point.y))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    steps = ((QEvent.Type.MouseButtonPress, left), (QEvent.Type.MouseButtonRelease, none))
    for kind, held in steps:
        event = QMouseEvent(
            kind,
            place,
            QPointF(canvas.mapToGlobal(place)),
            left,
            held,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(canvas, event)


def _wait(condition: Callable[[], bool], what: str) -> None:
    """Let the window work until `condition` holds. Raises SelftestError."""
    from PySide6.QtCore import QCoreApplication, QEventLoop  # noqa: PLC0415

    until = time.perf_counter() + PATIENCE
    while not condition():
        if time.perf_counter() > until:
            raise SelftestError(f"The window did not get through {what} in {PATIENCE:.0f} s.")
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


def _likeness(inside: NDArray[np.bool_]) -> float:
    """The IoU with the mask that belongs to that click."""
    path = paths.resource(*EXPECTED)
    expected = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if expected is None or expected.shape != inside.shape:
        raise SelftestError(f"{path} is missing or damaged; install Rotocel again.")
    return iou(inside, expected > 127)
