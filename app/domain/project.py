"""The project: one frozen value. Edits make a new one (`edits`), history keeps the old ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from app.domain.clip import Clip
from app.domain.frames import FrameRange
from app.domain.mask import Mask

LayerId: TypeAlias = str

MOST_POINTS = 10_000  # of one prompt


@dataclass(frozen=True, slots=True)
class Point:
    """A click in clip pixels; the centre of the top left pixel is (0.5, 0.5).

    `proposal` 0 leaves the choice to the model; 1, 2 and 3 ask for one of its alternatives.
    """

    x: float
    y: float
    include: bool = True
    proposal: int = 0


@dataclass(frozen=True, slots=True)
class Box:
    """A box round the object in clip pixels, x0 < x1 and y0 < y1; `proposal` as for `Point`."""

    x0: float
    y0: float
    x1: float
    y1: float
    proposal: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the artist said about an object on one frame: an optional box, then points in order.

    Without a box the points amend `base`, the mask that was there before them, if there was one.
    """

    box: Box | None = None
    points: tuple[Point, ...] = ()
    base: Mask | None = None  # one that no prompt made

    def __bool__(self) -> bool:
        return self.box is not None or bool(self.points)

    @property
    def amends(self) -> Mask | None:
        """The mask that is amended."""
        return self.base if self.box is None else None

    def before_last_step(self) -> Prompt:
        """The prompt as it was before its last step (a point, or the box where it is alone)."""
        if self.points:
            return replace(self, points=self.points[:-1])
        return Prompt()

    @property
    def proposal(self) -> int:
        """The proposal chosen at the last step."""
        last = self.points[-1] if self.points else self.box
        return last.proposal if last else 0


@dataclass(frozen=True)
class Layer:
    """One object to cut out: its prompts and its masks, by frame.

    `locks` are frames whose masks the artist holds for right: neither propagation nor prompts
    change them, only the brush does, and they say what the layer is, as keyframes do. Each of them
    has a mask.
    """

    id: LayerId
    name: str
    colour: int = 0  # index into the theme's layer colours
    shown: bool = True
    solo: bool = False
    locked: bool = False
    prompts: Mapping[int, Prompt] = field(default_factory=lambda: MappingProxyType({}))
    masks: Mapping[int, Mask] = field(default_factory=lambda: MappingProxyType({}))
    locks: frozenset[int] = frozenset()

    def is_stale(self, frame: int) -> bool:
        """Whether the mask on `frame` does not answer the prompt there; a locked one does."""
        if frame in self.locks:
            return False
        prompt, mask = self.prompts.get(frame), self.masks.get(frame)
        if prompt is None:
            return mask is not None and mask.prompt is not None
        return mask is None or mask.prompt != prompt

    @property
    def keyframes(self) -> list[int]:
        """The frames with a prompt, ascending."""
        return sorted(self.prompts)

    def is_absent(self, frame: int) -> bool:
        """Whether the artist holds it for right that the object is not on `frame`."""
        return frame in self.locks and self.masks[frame].empty


@dataclass(frozen=True)
class Project:
    """Everything the artist made: the clip, its layers, the in/out range."""

    clip: Clip | None = None
    layers: tuple[Layer, ...] = ()  # the first is at the top of the panel
    in_out: FrameRange | None = None  # None: the whole clip

    def layer(self, layer_id: LayerId) -> Layer:
        """The layer with this id. Raises KeyError where there is none."""
        for layer in self.layers:
            if layer.id == layer_id:
                return layer
        raise KeyError(layer_id)

    def number(self, place: int) -> int:
        """The number of the layer at `place`: the lowest is 1, so a new one renumbers no other."""
        return len(self.layers) - place

    @property
    def work_range(self) -> FrameRange | None:
        """The in/out range, else the whole clip; None without a clip."""
        return self.in_out or (self.clip.frames if self.clip else None)

    @property
    def shown_layers(self) -> tuple[Layer, ...]:
        """The layers to draw: the soloed ones where there are any, else those not hidden."""
        soloed = tuple(layer for layer in self.layers if layer.solo)
        return soloed or tuple(layer for layer in self.layers if layer.shown)
