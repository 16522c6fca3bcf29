"""The bar under the canvas: how the matte is shown, and the zoom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from app.ui import theme
from app.ui.overlay import MODES

if TYPE_CHECKING:
    from app.ui.actions import Actions
    from app.ui.viewer import Viewer


class ModeBar(QWidget):
    """Buttons for the modes and for the marks on the left, zoom on the right."""

    def __init__(self, viewer: Viewer, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.GAP, theme.GRID, theme.GAP, theme.GRID)
        layout.setSpacing(theme.GRID)
        buttons = [actions.button(f"view.{mode}", self) for mode in MODES]
        self.first = buttons[0]
        for button in buttons:
            layout.addWidget(button)
        self.tint = self._make_tint()
        layout.addWidget(self.tint)
        layout.addSpacing(theme.GAP)
        for action in ("view.before", "view.points", "view.onion"):
            layout.addWidget(actions.button(action, self))
        layout.addStretch()
        self.zoom = QLabel(self)
        self.zoom.setFont(theme.numerals(self.font()))
        self.zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.zoom.setMinimumWidth(self.fontMetrics().horizontalAdvance("6400.0 %"))
        self.zoom.setAccessibleName(self.tr("Zoom"))
        layout.addWidget(self.zoom)
        layout.addSpacing(theme.GRID)
        for action in ("view.zoom_out", "view.zoom_in", "view.actual", "view.fit"):
            layout.addWidget(actions.button(action, self))
        viewer.zoom_changed.connect(self._show_zoom)
        viewer.session.clip_changed.connect(self._show_zoom)
        self._show_zoom()

    def _make_tint(self) -> QSlider:
        tint = QSlider(Qt.Orientation.Horizontal, self)
        tint.setRange(10, 100)
        tint.setPageStep(10)
        tint.setValue(round(100 * self._viewer.tint))
        tint.setFixedWidth(96)
        tint.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tint.setAccessibleName(self.tr("Strength of the overlay"))
        tint.setToolTip(self.tr("Strength of the overlay"))
        tint.valueChanged.connect(lambda percent: self._viewer.set_tint(percent / 100))
        self._viewer.mode_changed.connect(lambda mode: tint.setEnabled(mode == "overlay"))
        return tint

    def _show_zoom(self) -> None:
        has_clip = self._viewer.session.clip is not None
        self.zoom.setText(f"{self._viewer.zoom * 100:.0f} %" if has_clip else "")
