"""Our video loop beside the original: the same prompts on the same frames.

The frames are made up, the weights may be random: what is compared is arithmetic, not quality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import sam2.sam2_video_predictor as original_module
import torch
from numpy.typing import NDArray

from models.base import Rgb8
from models.convert.sam2_graphs import MEAN, STD, Predictor
from models.memory_tracker import LayerTracker
from models.resize import squashed
from models.sam2 import Sam2
from models.tracking import TrackOptions
from models.video_graphs import Features

F32: TypeAlias = NDArray[np.float32]


class Points(NamedTuple):
    """Clicks on a frame: (x, y) in clip pixels and labels; `box` leads them where there is one."""

    layer: str
    frame: int
    points: Sequence[tuple[float, float]]
    labels: Sequence[int]
    box: tuple[float, float, float, float] | None = None


class Whole(NamedTuple):
    """A mask on a frame: a disc round a clip pixel."""

    layer: str
    frame: int
    centre: tuple[float, float]
    radius: float  # 0: an empty mask


class Go(NamedTuple):
    """Propagation of all layers over frames `start` to `end`, backward where `end` is the lower."""

    start: int
    end: int


Event: TypeAlias = Points | Whole | Go


@dataclass(frozen=True, slots=True)
class Difference:
    """How far apart one answer is."""

    what: str
    largest: float
    mean: float
    flipped: int  # pixels of the low-resolution mask that are in by one and out by the other
    absent: bool  # whether the original says that the object is not there
    magnitude: float  # mean of the original's logits, unsigned


def frames(count: int, size: tuple[int, int], seed: int = 0) -> list[Rgb8]:
    """Made-up frames of (width, height): coarse noise that drifts, with a disc that moves."""
    width, height = size
    draw = np.random.default_rng(seed)
    coarse = draw.random((height // 8 + 2, width // 8 + count + 2, 3), np.float32)
    y, x = np.mgrid[0:height, 0:width]
    made = []
    for k in range(count):
        picture = 200 * coarse[y // 8, x // 8 + k]
        inside = (x - width * (0.3 + 0.04 * k)) ** 2 + (y - height / 2) ** 2 < (height / 5) ** 2
        picture[inside] = (230, 120, 40)
        made.append(picture.astype(np.uint8))
    return made


def end_to_end(
    predictor: Predictor,
    model: Sam2,
    pictures: Sequence[Rgb8],
    events: Sequence[Event],
    options: TrackOptions,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Difference]:
    """The differences of every answer to `events`, in order; `tell` is told how far it is.

    `options` hold for both; pruning, which the original has not, must be off.
    """
    theirs = Theirs(predictor, pictures, options)
    ours = Ours(model, pictures, options)
    differences: list[Difference] = []
    count = count_answers(events)
    for event in events:
        for (what, a), (_, b) in zip(theirs.play(event), ours.play(event), strict=True):
            differences.append(compared(what, a, b))
            tell(f"{len(differences)} of {count} answers beside the original")
    return differences


def count_answers(events: Sequence[Event]) -> int:
    """How many answers `events` have: one to a prompt, one a frame and layer to a propagation."""
    layers: set[str] = set()
    count = 0
    for event in events:
        if isinstance(event, Go):
            count += len(layers) * (abs(event.end - event.start) + 1)
        else:
            layers.add(event.layer)
            count += 1
    return count


class Theirs:
    """The original's predictor on a clip held in memory.

    Predictors made from SAM 2 as it first came out track all layers as one batch, which has to be
    whole before anything is tracked (and EdgeTAM's perceiver fails on a batch of two). They get a
    state for each layer, which is what sam2 1.1 does by itself.
    """

    def __init__(
        self, predictor: Predictor, pictures: Sequence[Rgb8], options: TrackOptions
    ) -> None:
        predictor.max_cond_frames_in_attn = options.conditioning or -1
        predictor.memory_temporal_stride_for_eval = options.stride
        self._predictor, self._pictures = predictor, pictures
        self._size = pictures[0].shape[1], pictures[0].shape[0]
        self._apart = hasattr(predictor, "_add_output_per_object")
        self._states: dict[str, Any] = {}

    def play(self, event: Event) -> Iterator[tuple[str, F32]]:
        """The low-resolution logits of each answer, with what it answers."""
        if isinstance(event, Go):
            backward = event.end < event.start
            runs = [
                self._predictor.propagate_in_video(
                    state, event.start, abs(event.end - event.start), reverse=backward
                )
                for state in self._states.values()
            ]
            for answers in zip(*runs, strict=True):
                for frame, layers, _ in answers:
                    for layer in layers:
                        yield f"{layer} {frame}", self._logits(layer, frame)
            return
        if isinstance(event, Whole):
            inside = disc(event, self._size)
            state = self._state(event.layer)
            self._predictor.add_new_mask(state, event.frame, event.layer, inside)
        else:
            self._add_points(event)
        yield f"{event.layer} {event.frame} prompted", self._logits(event.layer, event.frame)

    def _state(self, layer: str) -> Any:  # noqa: ANN401
        key = layer if self._apart else ""
        if key not in self._states:
            with _frames_in_memory(self._predictor, self._pictures):
                self._states[key] = self._predictor.init_state("frames in memory")
        return self._states[key]

    def _add_points(self, event: Points) -> None:
        predictor, state = self._predictor, self._state(event.layer)
        points = np.array(event.points, np.float32).reshape(-1, 2)
        labels = np.array(event.labels, np.int32)
        if hasattr(predictor, "add_new_points_or_box"):
            predictor.add_new_points_or_box(
                state, event.frame, event.layer, points, labels, box=event.box
            )
            return
        if event.box is not None:  # a box is two points with labels of their own
            points = np.vstack([np.reshape(event.box, (2, 2)), points]).astype(np.float32)
            labels = np.array([2, 3, *labels], np.int32)
        predictor.add_new_points(state, event.frame, event.layer, points, labels)

    def _logits(self, layer: str, frame: int) -> F32:
        state = self._state(layer)
        at = state["obj_id_to_idx"][layer]
        for held in ("temp_output_dict_per_obj", "output_dict_per_obj"):
            for kind in ("cond_frame_outputs", "non_cond_frame_outputs"):
                out = state[held][at][kind].get(frame)
                if out is not None:
                    logits: F32 = out["pred_masks"][0, 0].numpy()
                    return logits
        raise KeyError(frame)


class Ours:
    """Our trackers on the same clip, one a layer; embeddings stay float32."""

    def __init__(self, model: Sam2, pictures: Sequence[Rgb8], options: TrackOptions) -> None:
        self._graphs, self._options = model.graphs, options
        self._pictures = pictures
        self._features: dict[int, Features] = {}
        self._layers: dict[str, LayerTracker] = {}

    def play(self, event: Event) -> Iterator[tuple[str, F32]]:
        """As `Theirs.play`."""
        if isinstance(event, Go):
            step = -1 if event.end < event.start else 1
            for frame in range(event.start, event.end + step, step):
                for name, layer in self._layers.items():
                    yield f"{name} {frame}", layer.track(frame, self._seen(frame), step).logits
            return
        layer = self._layers.setdefault(
            event.layer, LayerTracker(self._graphs, self._options, len(self._pictures))
        )
        height, width = self._pictures[0].shape[:2]
        features = self._seen(event.frame)
        if isinstance(event, Whole):
            seen = layer.take_mask(event.frame, features, disc(event, (width, height)))
        else:
            corners = [] if event.box is None else [event.box[:2], event.box[2:]]
            scale = np.array([self._graphs.size / width, self._graphs.size / height], np.float32)
            points = np.array([*corners, *event.points], np.float32) * scale
            labels = np.array([*((2, 3) if corners else ()), *event.labels], np.float32)
            seen = layer.prompt(event.frame, features, points, labels)
        yield f"{event.layer} {event.frame} prompted", seen.logits

    def _seen(self, frame: int) -> Features:
        if frame not in self._features:
            square = squashed(self._pictures[frame], self._graphs.size)
            self._features[frame] = self._graphs.encode(square)
        return self._features[frame]


def disc(event: Whole, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask (height, width) that `event` means on frames of (width, height)."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    inside: NDArray[np.bool_] = np.hypot(x - event.centre[0], y - event.centre[1]) < event.radius
    return inside


def compared(what: str, theirs: F32, ours: F32) -> Difference:
    """How far apart two answers are, both (rows, columns)."""
    apart = np.abs(theirs - ours)
    return Difference(
        what,
        float(apart.max()),
        float(apart.mean()),
        int(np.count_nonzero((theirs > 0) != (ours > 0))),
        bool((theirs <= -1000).all()),
        float(np.abs(theirs).mean()),
    )


@contextmanager
def _frames_in_memory(predictor: Predictor, pictures: Sequence[Rgb8]) -> Iterator[None]:
    """Let the original take its frames from memory instead of a folder of JPEGs."""
    mean, std = (torch.tensor(part)[:, None, None] for part in (MEAN, STD))
    squares = [squashed(picture, predictor.image_size) for picture in pictures]
    images = torch.stack([torch.from_numpy(square / 255.0).permute(2, 0, 1) for square in squares])
    loaded = ((images.float() - mean) / std, *pictures[0].shape[:2])
    original_module.tqdm = lambda frames, **_: frames  # its bars are nobody's business here
    before: Callable[..., Any] = original_module.load_video_frames
    original_module.load_video_frames = lambda **_: loaded
    try:
        yield
    finally:
        original_module.load_video_frames = before
