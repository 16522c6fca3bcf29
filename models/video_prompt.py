"""What a keyframe says: its clicks and box played in order, or a mask taken as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.arrays import half, prompt
from models.base import Logits, MaskStep, ModelError, Step
from models.ort import Cancel
from models.regrid import regridded
from models.resize import soft_resized
from models.video_answer import Seen, answer, prior, proposal, several
from models.video_graphs import Features, VideoGraphs

F32: TypeAlias = NDArray[np.float32]

NO_POINT = (np.zeros((1, 2), np.float32), np.array([-1], np.float32))
SURE = 10.0  # the logit of what a mask says, either way


def played(
    graphs: VideoGraphs,
    features: Features,
    steps: Sequence[Step],
    frame_size: tuple[int, int],
    before: Logits | None = None,
    cancel: Cancel | None = None,
) -> Seen:
    """The answer to `steps` on a frame of (width, height), without any memory.

    A mask that leads them is fed back to the first click. `before`, the answer to all but the last
    step, only saves playing those again: what is fed back is rounded to float16 either way. Raises
    Cancelled or ModelError.
    """
    start = None
    if steps and isinstance(steps[0], MaskStep):
        (width, height), step = frame_size, steps[0]
        start = regridded(step.logits, step.window, graphs.side, (0.0, 0.0, width, height))
        steps = steps[1:]
    if not steps:
        raise ModelError("A mask needs a point or a box to start from.")
    seen: Seen | None = None
    before = before if len(steps) > 1 else None
    fed = start if before is None else before
    first = len(steps) if before is not None else 1
    alone = graphs.without_memory(features)
    for count in range(first, len(steps) + 1):
        points, labels = prompt(steps[:count], scale_of(frame_size, graphs.size))
        back = None if fed is None else prior(fed.astype(np.float32))
        drawn = graphs.draw(alone, points, labels, back, cancel)
        wished, no_pointer = steps[count - 1].proposal, graphs.constants.no_pointer
        if wished:
            seen = proposal(drawn, wished, drawn.pointers[wished], no_pointer)
        else:
            ambiguous = several(len(points), tracking=False, rules=graphs.rules)
            seen = answer(drawn, ambiguous=ambiguous, rules=graphs.rules, no_pointer=no_pointer)
        fed = half(seen.logits)
    assert seen is not None
    return seen


def of_mask(
    graphs: VideoGraphs,
    features: Features,
    inside: NDArray[np.bool_],
    cancel: Cancel | None = None,
) -> Seen:
    """A mask (height, width) as the answer; the decoder is asked for its pointer only.

    Of an object so small that it covers no model pixel by half, the pixels it covers most stay: the
    original loses it. Source: sam2 1.1.0, sam2_video_predictor.py `add_new_mask`, sam2_base.py
    `_use_mask_as_output`.
    """
    size, side, constants = graphs.size, graphs.side, graphs.constants
    covered = soft_resized(inside.astype(np.float32), size, size)
    most = float(covered.max()) if inside.any() else 1.0
    square = covered >= min(0.5, most)
    logits = soft_resized(np.where(square, SURE, -SURE).astype(np.float32), side, side)
    tiles = square.astype(np.float32).reshape(side, 4, side, 4)
    shrunk = np.einsum("rycx,yx->rc", tiles, constants.shrink_weights) + constants.shrink_bias
    drawn = graphs.draw(features, *NO_POINT, shrunk.astype(np.float32), cancel)
    there = bool(square.any())
    pointer = drawn.pointers[0] if there and drawn.presence > 0 else constants.no_pointer
    return Seen(logits, 1.0, pointer, SURE if there else -SURE)


def scale_of(frame_size: tuple[int, int], size: int) -> tuple[float, float]:
    """Model pixels per clip pixel, across and down: the frame is squashed to a square."""
    return size / frame_size[0], size / frame_size[1]
