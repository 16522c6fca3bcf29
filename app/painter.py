"""The session's brush: whether a stroke may begin, and the one edit that a finished one is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject

from app.domain import edits
from app.domain.clip import Clip
from app.domain.mask import MaskError
from app.domain.project import Layer, LayerId, Project
from app.domain.stroke import Stroke
from app.reports import Level, layer_locked, sentence_of


class Host(Protocol):
    """What is asked of the session."""

    @property
    def project(self) -> Project:
        """The project as it is now."""

    @property
    def clip(self) -> Clip | None:
        """The open clip."""

    @property
    def playhead(self) -> int:
        """The frame under the playhead."""

    @property
    def selected_layer(self) -> Layer | None:
        """The layer that prompts go to."""

    @property
    def read_only(self) -> str:
        """Why nothing may be changed; empty where it may."""

    def is_pending(self, layer_id: LayerId, frame: int) -> bool:
        """Whether an answer is on its way."""

    def shuttle(self, direction: int) -> None:
        """Stop playing (0)."""

    def edit(self, label: str, change: Callable[[Project], Project]) -> None:
        """Make one undoable edit."""

    def say(self, level: Level, text: str) -> None:
        """Send a sentence to the message bar."""


class Painter(QObject):
    """Strokes over the selected layer's mask at the playhead, or on a new layer."""

    def __init__(self, host: Host, parent: QObject) -> None:
        super().__init__(parent)
        self._host = host

    def begin(self, diameter: float, *, include: bool) -> Stroke | None:
        """A stroke over the mask of this frame; playing stops.

        None where none may be, which is said. `diameter` is that of the brush in clip pixels.
        """
        host, clip, layer = self._host, self._host.clip, self._host.selected_layer
        if clip is None:
            return None
        host.shuttle(0)
        mask = layer.masks.get(host.playhead) if layer else None
        if reason := self._obstacle(layer):
            host.say("info", reason)
            return None
        if mask is None and not include:
            host.say("info", self.tr("Paint the object first; then take away what is too much."))
            return None
        aspect = float(clip.pixel_aspect)
        try:
            return Stroke(mask, clip.size, diameter, include=include, aspect=aspect)
        except MaskError as e:
            host.say("error", sentence_of(e))
            return None

    def finish(self, stroke: Stroke) -> None:
        """Make a stroke of `begin` one step of the history: its mask is right, and locked.

        One that changes nothing is no step; what is in its way now is said.
        """
        host, layer = self._host, self._host.selected_layer
        if reason := self._obstacle(layer):
            host.say("info", reason)
        elif (layer.masks.get(host.playhead) if layer else None) is not stroke.before:
            host.say("info", self.tr("This mask became another while you painted; paint it again."))
        elif stroke.changed:
            label = self.tr("Paint") if stroke.include else self.tr("Erase")
            change = partial(_painted, layer=layer, frame=host.playhead, stroke=stroke)
            host.edit(self.tr("{0}, frame {1}").format(label, host.playhead), change)

    def _obstacle(self, layer: Layer | None) -> str:
        host = self._host
        if host.read_only or layer is None:
            return host.read_only
        if layer.locked:
            return layer_locked(layer.name)
        if layer not in host.project.shown_layers:
            return self.tr("{} is hidden; show it to paint on it.").format(layer.name)
        if host.is_pending(layer.id, host.playhead):
            return self.tr(
                "The mask of this frame is still on its way; paint when it is there, or clear the "
                "clicks."
            )
        return ""


def _painted(project: Project, layer: Layer | None, frame: int, stroke: Stroke) -> Project:
    if layer is None:
        layers = len(project.layers)
        project = edits.add_layer(project)
        if len(project.layers) == layers:  # there are as many as there can be
            return project
        layer = project.layers[0]
    return edits.paint_mask(project, layer.id, frame, stroke.mask())
