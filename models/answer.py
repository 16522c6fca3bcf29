"""The answer policy: what a model of the SAM 1 family answers to clicks, decided in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.base import BoxClick, Logits, Step

Points: TypeAlias = NDArray[np.float32]  # (points, 2) in model pixels
Labels: TypeAlias = NDArray[np.float32]  # (points,): 0 exclude, 1 include, 2 and 3 box corners


class Decoded(NamedTuple):
    """One decoder pass: four masks, the first for a sure prompt, three for an ambiguous one."""

    masks: NDArray[np.float32]  # (4, rows, columns) logits
    scores: NDArray[np.float32]  # (4,) the model's own estimate of each mask's IoU


class Decode(Protocol):
    """One pass of the decoder on a fixed embedding."""

    def __call__(self, points: Points, labels: Labels, prior: Logits | None) -> Decoded:
        """The four masks for these points, and the logits of an earlier answer."""


def answer(
    decode: Decode, steps: Sequence[Step], scale: tuple[float, float], prior: Logits | None
) -> tuple[Logits, float]:
    """The logits and score for `steps`, given the answer `prior` to all steps but the last."""
    points, labels = prompt(steps, scale)
    decoded = decode(points, labels, prior)
    token = steps[-1].proposal or _best(decoded, ambiguous=len(steps) == 1)
    logits = half(decoded.masks[token])
    if steps[-1].proposal:
        return logits, float(decoded.scores[token])
    again = decode(points, labels, logits)
    token = _best(again, ambiguous=len(steps) == 1)
    return half(again.masks[token]), float(again.scores[token])


def _best(decoded: Decoded, *, ambiguous: bool) -> int:
    return 1 + int(np.argmax(decoded.scores[1:])) if ambiguous else 0


def half(mask: NDArray[np.float32]) -> Logits:
    """`mask` rounded to float16: fed back and stored alike, so replaying gives equal answers."""
    return mask.astype(np.float16)


def prompt(steps: Sequence[Step], scale: tuple[float, float]) -> tuple[Points, Labels]:
    """Points in model pixels and their labels for `steps` in clip pixels."""
    points: list[tuple[float, float]] = []
    labels: list[float] = []
    for step in steps:
        if isinstance(step, BoxClick):
            points += [(step.x0, step.y0), (step.x1, step.y1)]
            labels += [2.0, 3.0]
        else:
            points.append((step.x, step.y))
            labels.append(float(step.include))
    return np.array(points, np.float32) * np.array(scale, np.float32), np.array(labels, np.float32)
