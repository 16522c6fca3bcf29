"""The memory bank of SAM 2 in numpy: what is remembered of a layer, and what a frame looks back at.

Source of the rules: sam2 1.1.0, modeling/sam2_base.py, `_prepare_memory_conditioned_features`, and
modeling/sam2_utils.py, `select_closest_cond_frames`. Frames are counted from 0 here, since a stride
is counted from the first frame of the clip. Tokens are opaque: how many there are to a frame, and
how they lie on it, only the graphs know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.base import ModelError
from models.tracking import TrackOptions
from models.tracking_rules import TrackingRules

F32: TypeAlias = NDArray[np.float32]
Bf16: TypeAlias = NDArray[np.uint16]  # the upper halves of float32, as the original keeps memories

EXPONENT = np.uint16(0x7F80)  # of a bfloat16, all its bits set: infinite or no number
LEFT_OUT = 2  # memories that pruning drops (Surgical SAM 2: five of seven are kept)


@dataclass(frozen=True, eq=False, slots=True)
class Remembered:
    """What is remembered of one layer on one frame."""

    tokens: Bf16  # (tokens, channels)
    pointer: F32  # (width,)
    presence: float  # logit; above 0 the object was on the frame


class Gathered(NamedTuple):
    """What a frame looks back at, as the memory attention takes it; M memories, P pointers."""

    tokens: F32  # (1, M, tokens, channels)
    times: NDArray[np.int64]  # (M,) rows of the model's table of times
    pointers: F32  # (1, P, width)
    pointer_times: F32  # (P,) how long ago, as a share of the longest time looked at


class Moment(NamedTuple):
    """Where in a clip one is, and which way one goes."""

    frame: int  # counted from 0
    step: int  # 1 forward, -1 backward
    length: int  # frames of the clip

    def back(self, count: int) -> int:
        """The frame `count` steps ago."""
        return self.frame - self.step * count


def gather(
    keys: Mapping[int, Remembered],
    tracked: Mapping[int, Remembered],
    moment: Moment,
    rules: TrackingRules,
    options: TrackOptions,
) -> Gathered:
    """What to look back at from `moment`: keyframes, frames tracked lately, object pointers.

    `keys` may compute its values when they are asked for; only those that count are. Raises
    ModelError where there is nothing to look back at.
    """
    near = nearest(keys.keys(), moment.frame, options.conditioning)

    def before(frame: int) -> Remembered | None:
        """A keyframe that is not near counts as a tracked frame, where it lies among them."""
        found = tracked.get(frame)
        if found is None and frame in keys and frame not in near:
            return keys[frame]
        return found

    memories = [(rules.memories - 1, keys[key]) for key in near]
    for back in range(rules.memories - 1, 0, -1):
        remembered = before(_place(moment, back, options.stride))
        if remembered is not None:
            memories.append((back - 1, remembered))
    if options.prune and len(memories) >= rules.memories:
        memories = pruned(memories, len(near))
    pointers: list[tuple[int, F32]] = []
    for key in near:
        ago = (moment.frame - key) * moment.step
        if ago >= 0 or not rules.past_pointers:
            pointers.append((ago if rules.signed_time else abs(ago), keys[key].pointer))
    most = min(moment.length, rules.pointers)
    for ago in range(1, most):
        remembered = before(moment.back(ago))
        if remembered is not None:
            pointers.append((ago, remembered.pointer))
    return _as_arrays(memories, pointers, most)


def nearest(keys: Collection[int], frame: int, most: int) -> list[int]:
    """Up to `most` of `keys`, ascending; all of them where `most` is 0.

    The nearest before comes first, with the nearest at or after, then the others by distance.
    """
    if not most or len(keys) <= most:
        return sorted(keys)
    ahead = [key for key in keys if key >= frame]
    behind = [key for key in keys if key < frame]
    both = [max(behind)] if behind else []
    if ahead:
        both.append(min(ahead))

    def distance(key: int) -> tuple[int, int]:
        return abs(key - frame), key

    rest = sorted((key for key in keys if key not in both), key=distance)
    return sorted([*sorted(both, key=distance), *rest][:most])


def reach(rules: TrackingRules, options: TrackOptions) -> int:
    """How many frames back anything is looked at, keyframes aside."""
    return max(rules.pointers - 1, 1 + (rules.memories - 1) * options.stride)


def pruned(memories: list[tuple[int, Remembered]], keys: int) -> list[tuple[int, Remembered]]:
    """Without the LEFT_OUT memories that are most like the newest one.

    The first `keys`, which the artist made, and the newest always stay. Likeness is the cosine of
    tokens at the same place, summed (Efficient Frame Pruning, Surgical SAM 2, 2024, section 3,
    where there is one keyframe).
    """
    newest = _directions(memories[-1][1])
    between = range(keys, len(memories) - 1)
    likeness = {k: float((_directions(memories[k][1]) * newest).sum()) for k in between}
    dropped = sorted(likeness, key=lambda k: -likeness[k])[:LEFT_OUT]
    return [memory for k, memory in enumerate(memories) if k not in dropped]


def as_bf16(values: F32) -> Bf16:
    """`values` rounded to the nearest bfloat16, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)
    return (rounded >> 16).astype(np.uint16)


def is_finite(values: Bf16) -> bool:
    """Whether none of the bfloat16 `values` is infinite or no number."""
    return not ((values & EXPONENT) == EXPONENT).any()


def as_float(values: Bf16) -> F32:
    """The bfloat16 `values` as float32."""
    return (values.astype(np.uint32) << 16).view(np.float32)


def _place(moment: Moment, back: int, stride: int) -> int:
    """The frame of the memory that is `back` places back: the last, then every `stride`-th."""
    if back == 1:
        return moment.back(1)
    nearest_multiple = (moment.step * moment.back(2)) // stride * stride
    return moment.step * (nearest_multiple - (back - 2) * stride)


def _as_arrays(
    memories: list[tuple[int, Remembered]], pointers: list[tuple[int, F32]], most: int
) -> Gathered:
    if not memories:
        raise ModelError("A layer needs a keyframe to be tracked from.")
    tokens = np.stack([as_float(remembered.tokens) for _, remembered in memories])[None]
    times = np.array([row for row, _ in memories], np.int64)
    width = len(memories[0][1].pointer)
    held = np.array([pointer for _, pointer in pointers], np.float32).reshape(1, -1, width)
    ages = np.array([ago for ago, _ in pointers], np.float32) / max(1, most - 1)
    return Gathered(tokens, times, held, ages.astype(np.float32))


def _directions(remembered: Remembered) -> F32:
    tokens = as_float(remembered.tokens)
    lengths = np.linalg.norm(tokens, axis=1, keepdims=True)
    directions: F32 = tokens / np.maximum(lengths, 1e-12)
    return directions
