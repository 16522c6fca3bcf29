"""The session's sights: what the canvas shows of the selected layer beside its masks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from app.clip_caches import ClipCaches
from app.domain import edits
from app.domain.contour import Contour
from app.domain.earlier import Earlier, earlier_mask
from app.domain.history import History
from app.domain.mask import Mask
from app.domain.project import Layer, Point, Project, Prompt
from app.jobs import MatteMade, Question
from app.look_jobs import ContourDrawn, Previewed

MOST_ONION = 3  # frames on each side


class Host(Protocol):
    """What is asked of the session."""

    @property
    def project(self) -> Project:
        """The project as it is now."""

    @property
    def history(self) -> History:
        """The edits made so far."""

    @property
    def playhead(self) -> int:
        """The frame under the playhead."""

    @property
    def selected_layer(self) -> Layer | None:
        """The layer that prompts go to."""

    @property
    def caches(self) -> ClipCaches | None:
        """All that is computed from the clip."""

    @property
    def read_only(self) -> str:
        """Why nothing may be changed; empty where it may."""

    def publish(self) -> None:
        """Tell the lanes what is wanted now."""


class Skin(NamedTuple):
    """The contour of the matte of a frame `away` from the one looked at."""

    away: int
    contour: Contour


class Replaced(NamedTuple):
    """The contours of a mask that a propagation replaced, and of the one it put there."""

    frame: int
    before: Contour
    now: Contour


class Sights(QObject):
    """Widgets say here what they show; the lanes make it, and signals tell that it is there."""

    changed = Signal()
    matte_made = Signal()
    replaced = Signal(object)  # a tuple of Replaced

    def __init__(self, host: Host, parent: QObject) -> None:
        super().__init__(parent)
        self._host = host
        self._onion = 0
        self._comparing = False
        self._hover: Point | None = None
        self._showing_replaced = False
        self._replaced: tuple[tuple[int, Mask, Mask], ...] = ()  # frame, before, now
        self._wishes: dict[Mask, None] = {}  # contours asked for, in order
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(host.publish)

    # What widgets ask

    def show_onion(self, count: int) -> None:
        """Show the contours of so many frames on each side, 0..MOST_ONION."""
        self._onion = count
        self._host.publish()

    def onion(self, frame: int) -> Iterator[Skin]:
        """The contours that are at hand around `frame`, the farthest first."""
        caches = self._host.caches
        for away in reversed(_outwards(self._onion)):
            mask = self._mask(frame + away)
            lines = caches.contours.get(mask) if caches and mask else None
            if lines is not None:
                yield Skin(away, lines)

    def contour(self, mask: Mask) -> Contour | None:
        """The contour of any mask; where it is not there yet it will be made."""
        caches = self._host.caches
        lines = caches.contours.get(mask) if caches else None
        if lines is None and mask not in self._wishes:
            self._wishes[mask] = None
            self._asking.start()  # one paint asks for many: they are published together
        return lines

    def compare(self, *, on: bool) -> None:
        """Have the matte before the last change at hand, or not."""
        if on != self._comparing:
            self._comparing = on
            self._host.publish()

    def earlier(self, frame: int) -> Earlier | None:
        """The selected layer's mask on `frame` before the last change that touched it."""
        layer = self._host.selected_layer
        return earlier_mask(self._host.history, layer.id, frame) if layer else None

    def matte(self, mask: Mask) -> NDArray[np.uint8] | None:
        """The display matte of a mask; None where it is not at hand."""
        caches = self._host.caches
        return caches.mattes.get(mask) if caches else None

    def hover(self, point: Point | None) -> None:
        """Show what a click at `point` would give; None: nothing any more."""
        if point != self._hover:
            self._hover = point
            self._host.publish()
            self.changed.emit()

    def preview(self) -> Contour | None:
        """The contour of what that click would give; None where it is not at hand."""
        caches, asked = self._host.caches, self.question()
        found = caches.previews.get((asked.frame, asked.prompt)) if caches and asked else None
        return found.contour if found else None

    def show_replaced(self, *, on: bool) -> None:
        """Tell by `replaced` when a propagation changes the mask under the playhead, or do not."""
        self._showing_replaced = on

    # What the session asks

    def forget(self) -> None:
        """Another clip is open: what was asked for was of the one before."""
        self._wishes.clear()

    def came(self, before: Project) -> None:
        """A propagation made the project what it is, which was `before`."""
        host, frame = self._host, self._host.playhead
        older = {layer.id: layer.masks.get(frame) for layer in before.layers}
        for layer in host.project.shown_layers if self._showing_replaced else ():
            mask, other = layer.masks.get(frame), older.get(layer.id)
            if mask is not None and other is not None and mask != other:
                self._replaced = (*self._replaced, (frame, other, mask))
        self._tell_replaced()

    def question(self) -> Question | None:
        """What the click hovered over would ask; None where it would ask nothing."""
        host, point = self._host, self._hover
        layer, frame = host.selected_layer, host.playhead
        if point is None or host.read_only or (layer is not None and layer.locked):
            return None
        said = layer is not None and frame in {*layer.prompts, *layer.masks}
        if not (said or point.include):
            return None  # it would be refused
        if layer is None:
            return Question("", frame, Prompt(points=(point,)))
        if frame in layer.locks:
            return None
        asked = edits.add_point(host.project, layer.id, frame, point).layer(layer.id)
        return Question(layer.id, frame, asked.prompts[frame])

    def masks(self) -> tuple[Mask, ...]:
        """The masks of which mattes are wanted."""
        earlier = self.earlier(self._host.playhead) if self._comparing else None
        return (earlier.mask,) if earlier else ()

    def contours(self) -> tuple[Mask, ...]:
        """The masks of which contours are wanted, the most urgent first.

        Those of the playhead and of the next frame ahead are wanted one step later.
        """
        caches = self._host.caches
        flashed = [mask for _, *masks in self._replaced for mask in masks]
        if not self._onion or caches is None:
            return (*flashed, *self._wishes)
        soon = (0, caches.direction * (self._onion + 1))
        around = (*_outwards(self._onion), *soon)
        found = (self._mask(self._host.playhead + away) for away in around)
        return (*flashed, *(mask for mask in found if mask is not None), *self._wishes)

    def take(self, answer: object) -> bool:
        """Take what a lane says; False where it is not for the sights."""
        match answer:
            case ContourDrawn() | Previewed():
                if isinstance(answer, ContourDrawn):
                    self._wishes.pop(answer.mask, None)
                self._tell_replaced()
                self.changed.emit()
            case MatteMade(mask=mask) if mask in self.masks():
                self.matte_made.emit()
            case _:
                return False
        return True

    # Inside

    def _tell_replaced(self) -> None:
        """Tell what was replaced on the frame looked at, once both contours are at hand."""
        caches = self._host.caches
        if caches is None:
            return
        waiting, ready = [], []
        for frame, old, new in self._replaced:
            before, now = caches.contours.get(old), caches.contours.get(new)
            if frame != self._host.playhead:
                continue  # the artist has gone on
            if before is None or now is None:
                waiting.append((frame, old, new))
            else:
                ready.append(Replaced(frame, before, now))
        self._replaced = tuple(waiting)
        if ready:
            self.replaced.emit(tuple(ready))

    @property
    def _layer(self) -> Layer | None:
        """The selected layer where it is shown."""
        layer = self._host.selected_layer
        return layer if layer in self._host.project.shown_layers else None

    def _mask(self, frame: int) -> Mask | None:
        layer = self._layer
        return layer.masks.get(frame) if layer else None


def _outwards(count: int) -> tuple[int, ...]:
    """The frames up to `count` away, the nearest first."""
    return tuple(way * away for away in range(1, count + 1) for way in (-1, 1))
