"""What the actions of the layer menu do to the selected layer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from app.domain import edits
from app.domain.project import LayerId, Project
from app.session import Session


class LayerCommands(QObject):
    """Edits of the selected layer; without one they do nothing."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session

    def delete(self) -> None:
        """Delete it."""
        if self._session.selected is not None:
            self._session.delete_layer(self._session.selected)

    def set_shown(self, shown: bool) -> None:
        """Show or hide it."""
        self._edit(self.tr("Show") if shown else self.tr("Hide"), edits.set_shown, shown)

    def set_solo(self, solo: bool) -> None:
        """Show it alone, or not."""
        self._edit(self.tr("Solo") if solo else self.tr("Solo off"), edits.set_solo, solo)

    def set_locked(self, locked: bool) -> None:
        """Lock or unlock it."""
        self._edit(self.tr("Lock") if locked else self.tr("Unlock"), edits.set_locked, locked)

    def move(self, by: int) -> None:
        """Move it up (-1) or down (+1)."""
        layer_id = self._session.selected
        ids = [layer.id for layer in self._session.project.layers]
        if layer_id not in ids:
            return
        place = ids.index(layer_id) + by
        if layer_id is not None and 0 <= place < len(ids):
            self._session.edit(
                self.tr("Move layer"), lambda project: edits.move_layer(project, layer_id, place)
            )

    def _edit(
        self, label: str, change: Callable[[Project, LayerId, bool], Project], on: bool
    ) -> None:
        layer_id = self._session.selected
        if layer_id is not None:
            self._session.edit(label, lambda project: change(project, layer_id, on))
