"""A flash on the canvas: where the edge of a mask was and is, when a propagation changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal
from PySide6.QtGui import QColor, QPainter

from app.ui import lines
from app.ui.lines import DASHED, Stroke
from app.ui.motion import may_move
from app.ui.viewport import Viewport

if TYPE_CHECKING:
    from app.session import Session
    from app.sights import Replaced

LASTS = 600  # ms
WHITE = QColor("white")


class Flash(QObject):
    """Fades away by itself; `changed` asks to paint it again."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject, *, moving: bool | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: tuple[Replaced, ...] = ()
        self._fading = QVariantAnimation(self, startValue=1.0, endValue=0.0, duration=LASTS)
        self._fading.setEasingCurve(QEasingCurve.Type.InQuad)  # bright first, then soon gone
        self._fading.valueChanged.connect(self.changed)
        self._fading.finished.connect(self._end)
        session.sights.replaced.connect(self._begin)
        session.sights.show_replaced(on=may_move() if moving is None else moving)

    def draw(self, painter: QPainter, frame: int, view: Viewport) -> None:
        """Paint what was replaced on `frame`: the edge before dashed, the present one solid."""
        strength = self._fading.currentValue()
        for change in self._shown:
            if change.frame == frame and isinstance(strength, float):
                lines.draw(painter, change.before, view, Stroke(WHITE, DASHED, strength))
                lines.draw(painter, change.now, view, Stroke(WHITE, width=2, opacity=strength))

    def _begin(self, changes: tuple[Replaced, ...]) -> None:
        self._fading.stop()
        self._shown = changes
        self._fading.start()

    def _end(self) -> None:
        self._shown = ()
        self.changed.emit()
