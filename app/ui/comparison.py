"""The canvas against the past: the selected layer's mask as it was before the last change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from app.domain.mask import Mask
from app.domain.project import Layer, LayerId
from app.ui import theme
from app.ui.overlay import Pixels, Sheet
from app.ui.scene import Scene

if TYPE_CHECKING:
    from app.session import Session


class Wet(NamedTuple):
    """The matte of a layer under a stroke of the brush.

    `awaited` is the mask it became, until its own matte is made; None while the stroke is drawn.
    """

    layer: Layer
    frame: int
    matte: Pixels  # (height, width)
    awaited: Mask | None = None


class Comparison(QObject):
    """Whether the mask before is shown; puts mattes of now and before into the canvas's scenes."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.before_shown = False
        self._wet: Wet | None = None

    def set_before(self, shown: bool) -> None:
        """Show the mask before in place of the present one, or not."""
        self.before_shown = shown
        self.changed.emit()

    def show_wet(self, wet: Wet | None) -> None:
        """Show a matte that is being painted in place of its layer's."""
        if wet is not self._wet:
            self._wet = wet
            self.changed.emit()

    def dressed(self, scene: Scene) -> Scene:
        """The scene with the mattes of its frame and, where asked for, those before."""
        differs = scene.mode == "difference"
        self._session.sights.compare(on=differs or self.before_shown)
        if (wet := self._wet_on(scene.frame)) is not None:
            mode = "overlay" if scene.mode in {"picture", "difference"} else scene.mode
            return replace(scene, sheets=self._wet_sheets(wet), mode=mode)
        plain = replace(scene, sheets=self._sheets(scene.frame))
        if not (differs or self.before_shown):
            return plain
        layer = self._session.selected_layer
        if layer is None or layer not in self._session.project.shown_layers:
            return replace(plain, note=self.tr("Select a layer that is shown to compare it"))
        return self._differing(plain, layer) if differs else self._before(plain, layer)

    def _before(self, scene: Scene, layer: Layer) -> Scene:
        earlier = self._session.sights.earlier(scene.frame)
        if earlier is None:
            return replace(scene, note=self._nothing(layer))
        matte = self._session.sights.matte(earlier.mask)
        if matte is None:  # it is on its way
            return scene
        note = self.tr("Before “{}”").format(earlier.label)
        return replace(scene, sheets=self._sheets(scene.frame, {layer.id: matte}), note=note)

    def _differing(self, scene: Scene, layer: Layer) -> Scene:
        colour = theme.layer_colour(layer.colour)
        now = self._session.matte(layer.id, scene.frame)
        sheets = () if now is None else (Sheet(now, colour),)
        earlier = self._session.sights.earlier(scene.frame)
        if earlier is None:
            return replace(scene, sheets=sheets, note=self._nothing(layer))
        matte = self._session.sights.matte(earlier.mask)
        if matte is None or (now is None and scene.frame in layer.masks):
            return replace(scene, sheets=sheets)  # one is on its way
        note = self.tr("by “{}”").format(earlier.label)
        return replace(scene, sheets=sheets, before=Sheet(matte, colour), note=note)

    def _wet_on(self, frame: int) -> Wet | None:
        """What is wet on a frame; it dries once the matte of its mask is made, or by undo."""
        wet = self._wet
        if wet is None or wet.frame != frame:
            return None
        if wet.awaited is not None:
            held = {x.id: x.masks.get(frame) for x in self._session.project.layers}
            undone = held.get(wet.layer.id) is not wet.awaited
            if undone or self._session.matte(wet.layer.id, frame) is not None:
                self._wet = None
        return self._wet

    def _sheets(
        self, frame: int, instead: Mapping[LayerId, Pixels] | None = None
    ) -> tuple[Sheet, ...]:
        layers = self._session.project.shown_layers
        instead = instead or {}
        found = [(instead.get(x.id, self._session.matte(x.id, frame)), x) for x in layers]
        return tuple(
            Sheet(matte, theme.layer_colour(layer.colour))
            for matte, layer in found
            if matte is not None
        )

    def _wet_sheets(self, wet: Wet) -> tuple[Sheet, ...]:
        """Those of its frame; a layer that the stroke is about to make comes on top."""
        if wet.layer.id in [layer.id for layer in self._session.project.layers]:
            return self._sheets(wet.frame, {wet.layer.id: wet.matte})
        own = Sheet(wet.matte, theme.layer_colour(wet.layer.colour))
        return own, *self._sheets(wet.frame)

    def _nothing(self, layer: Layer) -> str:
        return self.tr("No earlier mask of {} on this frame").format(layer.name)
