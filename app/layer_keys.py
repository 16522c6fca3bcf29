"""What is sure of a layer on its frames, as a tracker takes it: prompts and locked masks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app.domain.clip import Clip
from app.domain.mask import MaskError, upsample
from app.domain.project import Layer
from app.jobs import steps
from models.base import ModelError
from models.tracking import Key, KeyMask


def keys_of(layer: Layer, clip: Clip) -> Mapping[int, Key]:
    """The keys of `layer`, by frame, ascending; on a locked frame its mask, whatever the prompt."""
    keys: dict[int, Key] = {frame: tuple(steps(prompt)) for frame, prompt in layer.prompts.items()}
    there = [frame for frame in layer.locks if _is_there(frame, clip)]
    keys |= {frame: LockedMask(layer, frame, clip) for frame in there}
    return dict(sorted(keys.items()))


def is_somewhere(layer: Layer, clip: Clip) -> bool:
    """Whether a key says where the object is; those that only say it is absent lead nowhere."""
    return any(frame not in layer.locks for frame in layer.prompts) or any(
        _is_there(frame, clip) and not layer.masks[frame].empty for frame in layer.locks
    )


def _is_there(frame: int, clip: Clip) -> bool:
    return frame in clip.frames and frame not in clip.missing


class LockedMask(KeyMask):
    """The mask of a locked frame, grown when it is looked at: thousands of frames may be locked."""

    __slots__ = ("_clip", "_frame", "_layer")
    _layer: Layer
    _frame: int
    _clip: Clip

    def __init__(self, layer: Layer, frame: int, clip: Clip) -> None:
        for name, value in (("_layer", layer), ("_frame", frame), ("_clip", clip)):
            object.__setattr__(self, name, value)  # what it is derived from is frozen

    @property
    def inside(self) -> NDArray[np.bool_]:
        """At clip resolution. Raises ModelError where the mask is damaged."""
        try:
            return upsample(self._layer.masks[self._frame], self._clip.size) > 0
        except MaskError as e:
            raise ModelError(
                f"The locked mask of {self._layer.name} on frame {self._frame} is damaged; go to "
                "that frame and click the object there, or open a backup."
            ) from e
