"""Python's cyclic garbage collection, kept to the GUI thread.

Python collects in whichever thread happens to allocate. Were that a lane, it would destroy widgets
and timers outside their thread, which Qt forbids and which crashes now and then.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

PAUSE = 500  # ms between two looks


class GuiGarbage(QObject):
    """Collects on a timer of the GUI thread while it lives; `stop` gives Python its way back."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        gc.collect()
        gc.freeze()  # what start-up made stays; looking through it each time would cost 30 ms
        self._timer = QTimer(self, interval=PAUSE)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def stop(self) -> None:
        """Let Python collect wherever it likes again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    def _collect(self) -> None:
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                gc.collect(generation)
                return
