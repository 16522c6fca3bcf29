"""The lines over the canvas that belong to no mask of its frame: onion skin, previews, flashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QPainter

from app.sights import MOST_ONION
from app.ui import lines, theme
from app.ui.flash import Flash
from app.ui.lines import DASHED, DOTTED, Stroke
from app.ui.viewport import Viewport

if TYPE_CHECKING:
    from app.session import Session

PREVIEW = Stroke(QColor("white"), (4.0, 4.0))
FADING = (1.0, 0.7, 0.45)  # opacity of the frames, the nearest first


class SightLines(QObject):
    """Which of these lines are shown, and their painting; `changed` asks to paint again."""

    changed = Signal()
    onion_changed = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.onion_shown, self.onion_count = False, 1
        session.sights.changed.connect(self.changed)
        self._flash = Flash(session, self)
        self._flash.changed.connect(self.changed)

    def set_onion(self, shown: bool) -> None:
        """Show the contours of the mattes before and after, or not."""
        self.onion_shown = shown
        self._session.sights.show_onion(self.onion_count if shown else 0)
        self.onion_changed.emit()
        self.changed.emit()

    def deepen_onion(self) -> None:
        """Show one frame more on each side; after the most, one again."""
        self.onion_count = (
            self.onion_count % MOST_ONION + 1 if self.onion_shown else self.onion_count
        )
        self.set_onion(shown=True)

    def draw(self, painter: QPainter, frame: int, view: Viewport) -> None:
        """Paint what there is around `frame`, in logical pixels."""
        layer, sights = self._session.selected_layer, self._session.sights
        if layer is not None and self.onion_shown:
            colour = theme.layer_colour(layer.colour)
            for skin in sights.onion(frame):
                lines.draw(painter, skin.contour, view, _stroke(skin.away, colour))
        self._flash.draw(painter, frame, view)
        preview = sights.preview() if frame == self._session.playhead else None
        if preview is not None:
            lines.draw(painter, preview, view, PREVIEW)


def _stroke(away: int, colour: QColor) -> Stroke:
    """Dashed before, dotted after; fainter the farther away, and pale upon the layer's own tint."""
    return Stroke(theme.pale(colour), DASHED if away < 0 else DOTTED, FADING[abs(away) - 1])
