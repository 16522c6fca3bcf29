"""The tools, left of the canvas."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui import theme
from app.ui.actions import Actions

TOOLS = ("tool.select", "tool.point", "tool.box", "tool.brush")


class ToolColumn(QWidget):
    """One button a tool, and below them what is done to the last click."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Tools"))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GAP, theme.GRID, theme.GAP)
        column.setSpacing(theme.GRID)
        buttons = [actions.button(name, self) for name in TOOLS]
        self.first = buttons[0]
        for button in buttons:
            column.addWidget(button)
        column.addSpacing(theme.GAP)
        column.addWidget(actions.button("edit.proposal", self))
        column.addWidget(actions.button("edit.clear", self))
        column.addStretch(1)
