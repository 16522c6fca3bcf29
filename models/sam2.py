"""Models of the SAM 2 family: clicks on single frames, and a memory to track through a clip."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import cast

from models.arrays import half
from models.base import CancelToken, Embedding, Logits, ModelInfo, Prediction, Rgb8, Step
from models.memory_tracker import MemoryTracker
from models.ort import Cancel
from models.resize import squashed
from models.tracking import Tracker, TrackOptions
from models.video_graphs import Features, VideoGraphs, features_of
from models.video_prompt import played

PREPROCESS = ("squash", 1)


class Sam2:
    """A model of four graphs. `encode`, `decode` and a tracker may run at once."""

    def __init__(self, graphs: VideoGraphs) -> None:
        self.graphs = graphs
        self._latest: tuple[Embedding, Features] | None = None

    @property
    def info(self) -> ModelInfo:
        """What this model is; `device` and `notes` are as checked once a graph has been opened."""
        opened = self.graphs.opened
        if not opened:
            return self.graphs.info
        notes = tuple(dict.fromkeys(graph.note for graph in opened if graph.note))
        return dataclasses.replace(self.graphs.info, device=opened[0].device, notes=notes)

    def encode(self, rgb: Rgb8, cancel: CancelToken | None = None) -> Embedding:
        """The embedding of one frame, squashed to a square. Raises Cancelled or ModelError."""
        square = squashed(rgb, self.graphs.size)
        features = self.graphs.encode(square, cast("Cancel | None", cancel))
        arrays = (features.embed, *features.high_res)
        height, width = rgb.shape[:2]
        return Embedding(tuple(half(array[0]) for array in arrays), (width, height))

    def decode(
        self,
        embedding: Embedding,
        steps: Sequence[Step],
        prior: Logits | None = None,
        cancel: CancelToken | None = None,
    ) -> Prediction:
        """The answer to `steps` by the original's rules. Raises Cancelled or ModelError.

        `prior` = the logits answered to `steps[:-1]`; without it the steps are played from the
        first. Both ways end in the same logits.
        """
        width, height = embedding.frame_size
        token = cast("Cancel | None", cancel)
        features = self._features(embedding)
        seen = played(self.graphs, features, steps, (width, height), prior, cancel=token)
        return Prediction(half(seen.logits), (0.0, 0.0, width, height), seen.score)

    def _features(self, embedding: Embedding) -> Features:
        """Those of the frame that is clicked on are kept: making them takes a tenth of a click."""
        latest = self._latest
        if latest is None or latest[0].arrays[0] is not embedding.arrays[0]:
            latest = self._latest = (embedding, features_of(embedding))
        return latest[1]

    def tracker(self, options: TrackOptions) -> Tracker:
        """A tracker on these graphs."""
        return MemoryTracker(self.graphs, options)
