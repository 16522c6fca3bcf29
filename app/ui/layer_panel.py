"""The panel of layers: choose, name, colour, show, solo, lock, order, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSignalBlocker, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidgetItem, QMenu, QVBoxLayout, QWidget

from app.domain import edits
from app.domain.project import Layer, LayerId, Project
from app.ui import theme
from app.ui.actions import Actions
from app.ui.layer_list import LayerList
from app.ui.layer_row import LayerRow

if TYPE_CHECKING:
    from app.session import Session

CONTEXT = ("rename", "shown", "solo", "locked", "up", "down", "delete")


class LayerPanel(QWidget):
    """The layers of the project, the first on top; every change is one undoable edit."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._actions = actions
        self.list = LayerList("", self)
        self.list.setAccessibleName(self.tr("Layers"))
        self._lay_out()
        self._connect()
        self._sync()

    def rename_selected(self) -> None:
        """Let the name of the selected layer be typed."""
        if self.list.currentRow() >= 0:
            self._row(self.list.currentRow()).name.edit()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setContentsMargins(theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        buttons.setSpacing(theme.GRID)
        buttons.addWidget(self._actions.button("layer.new", self))
        buttons.addStretch(1)
        for name in ("up", "down", "delete"):
            buttons.addWidget(self._actions.button(f"layer.{name}", self))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addLayout(buttons)

    def _connect(self) -> None:
        session = self._session
        session.clip_changed.connect(self._sync)
        session.project_changed.connect(self._sync)
        session.selection_changed.connect(self._sync_selection)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.list.currentRowChanged.connect(self._on_row_chosen)
        self.list.move_asked.connect(self._move)
        self.list.rename_asked.connect(lambda row: self._row(row).name.edit())
        self.list.delete_asked.connect(lambda row: session.delete_layer(self._layer(row).id))

    # --- from the session to the list

    def _sync(self) -> None:
        """Show the layers as they are; rows are kept, and with them a name being typed."""
        layers = self._session.project.layers
        empty = self.tr("Click the picture to start a layer") if self._session.clip else ""
        self.list.empty = empty
        self.list.setAccessibleDescription("" if layers else empty)
        with QSignalBlocker(self.list):
            while self.list.count() > len(layers):
                self.list.takeItem(self.list.count() - 1)
            while self.list.count() < len(layers):
                self._append()
        for row, layer in enumerate(layers):
            self._show(row, layer)
        self._sync_selection()
        self.list.viewport().update()

    def _append(self) -> None:
        item = QListWidgetItem(self.list)
        item.setSizeHint(QSize(0, theme.ROW))
        row = LayerRow()
        self.list.setItemWidget(item, row)
        at = self.list.count() - 1
        row.name.done.connect(self.list.setFocus)
        row.renamed.connect(lambda name: self._rename(at, name))
        row.coloured.connect(lambda colour: self._recolour(at, colour))
        row.shown_asked.connect(lambda on: self._set_shown(at, on=on))
        row.solo_asked.connect(lambda on: self._set_solo(at, on=on))
        row.locked_asked.connect(lambda on: self._set_locked(at, on=on))

    def _show(self, row: int, layer: Layer) -> None:
        item = self.list.item(row)
        number = self._session.project.number(row)
        state = (layer.id, number, layer.name, layer.colour, layer.shown, layer.solo, layer.locked)
        if item.data(Qt.ItemDataRole.UserRole) != state:
            item.setData(Qt.ItemDataRole.UserRole, state)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, layer.name)
            self._row(row).show_layer(layer, number)

    def _sync_selection(self) -> None:
        ids = [layer.id for layer in self._session.project.layers]
        selected = self._session.selected
        row = ids.index(selected) if selected in ids else -1
        if row != self.list.currentRow():
            with QSignalBlocker(self.list):
                self.list.setCurrentRow(row)
            self.list.viewport().update()

    # --- from the list to the session

    def _row(self, row: int) -> LayerRow:
        widget = self.list.itemWidget(self.list.item(row))
        assert isinstance(widget, LayerRow)
        return widget

    def _layer(self, row: int) -> Layer:
        return self._session.project.layers[row]

    def _on_row_chosen(self, row: int) -> None:
        self._session.select_layer(self._layer(row).id if row >= 0 else None)

    def _edit(self, row: int, label: str, change: Callable[[Project, LayerId], Project]) -> None:
        layer, before = self._layer(row), self._session.project
        self._session.edit(label, lambda project: change(project, layer.id))
        if self._session.project is before:
            self._row(row).show_layer(layer, before.number(row))  # not the button as it was clicked

    def _move(self, row: int, to: int) -> None:
        self._edit(row, self.tr("Move layer"), lambda p, layer: edits.move_layer(p, layer, to))

    def _rename(self, row: int, name: str) -> None:
        label = self.tr("Rename layer")
        self._edit(row, label, lambda p, layer: edits.rename_layer(p, layer, name))

    def _recolour(self, row: int, colour: int) -> None:
        label = self.tr("Change colour of layer")
        self._edit(row, label, lambda p, layer: edits.set_colour(p, layer, colour))

    def _set_shown(self, row: int, *, on: bool) -> None:
        label = self.tr("Show layer") if on else self.tr("Hide layer")
        self._edit(row, label, lambda p, layer: edits.set_shown(p, layer, on))

    def _set_solo(self, row: int, *, on: bool) -> None:
        label = self.tr("Solo layer") if on else self.tr("End solo of layer")
        self._edit(row, label, lambda p, layer: edits.set_solo(p, layer, on))

    def _set_locked(self, row: int, *, on: bool) -> None:
        label = self.tr("Lock layer") if on else self.tr("Unlock layer")
        self._edit(row, label, lambda p, layer: edits.set_locked(p, layer, on))

    def _show_menu(self, at: QPoint) -> None:
        if self.list.itemAt(at) is not None:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions([self._actions[f"layer.{name}"] for name in CONTEXT])
            menu.popup(self.list.viewport().mapToGlobal(at))
