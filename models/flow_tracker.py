"""The tracker for models of single images: optical flow, feature read-outs and the model's redraw.

Between two keyframes a layer comes from both, and the two courses are blended by distance; beyond
the last keyframe it comes from that one alone. What `models.redraw` decides on a frame follows from
the keyframes and the frames in between. An archive only saves the way: what it holds is taken up as
long as the keyframes that were heard say the same; keyframes that came since are not heard by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from models.base import CancelToken, Model
from models.flow_ahead import lead
from models.flow_frames import Frames
from models.flow_layer import Layer
from models.ort import Cancel
from models.redraw import FlowRules
from models.sheet import SingleImages
from models.tracking import Tracked, Tracking, TrackOptions


class FlowTracker:
    """Follows layers with a model that sees single images."""

    def __init__(
        self, model: Model, images: SingleImages, options: TrackOptions, rules: FlowRules
    ) -> None:
        self._model, self._images = model, images
        self._options, self._rules = options, rules

    def track(self, tracking: Tracking, cancel: CancelToken | None = None) -> Iterator[Tracked]:
        """As `models.tracking.Tracker` has it."""
        frames = Frames(self._images, tracking, cast("Cancel | None", cancel))
        layers = {
            name: Layer(self._model, frames, tracking, name, self._options, self._rules)
            for name in tracking.keys
        }
        for frame in tracking.order:
            frames.come_to(frame)
            lead([layer.coming(frame, tracking.step) for layer in layers.values()], frame)
            for layer in layers.values():
                answer = layer.answer(frame, tracking.step)
                if answer is not None:
                    yield answer
