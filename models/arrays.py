"""Steps and logits of the contract as arrays for graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.base import BoxClick, Click, Logits, Step

F32: TypeAlias = NDArray[np.float32]


def half(mask: F32) -> Logits:
    """`mask` rounded to float16: fed back and stored alike, so replaying gives equal answers."""
    return mask.astype(np.float16)


def prompt(steps: Sequence[Step], scale: tuple[float, float]) -> tuple[F32, F32]:
    """Points (n, 2) in model pixels and labels (n,) for `steps` in clip pixels."""
    points: list[tuple[float, float]] = []
    labels: list[float] = []
    for step in steps:
        if isinstance(step, BoxClick):
            points += [(step.x0, step.y0), (step.x1, step.y1)]
            labels += [2.0, 3.0]
        elif isinstance(step, Click):
            points.append((step.x, step.y))
            labels.append(float(step.include))
    return np.array(points, np.float32) * np.array(scale, np.float32), np.array(labels, np.float32)
