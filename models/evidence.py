"""What a tracker saw that speaks for or against its answer on one frame."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measures of one answer, for review; each is 0..1 and better when larger, but `area`."""

    score: float  # the model's own estimate of the mask's IoU
    agreement: float  # IoU of the mask with what flow, read-outs and model together voted for
    flow: float  # how far the flow that carried the mask here returns to where it came from
    likeness: float  # how much of the mask looks like the object on the keyframes
    covered: float  # how much of what looks like the object, near the mask, the mask takes in
    area: float  # the mask's area by that of the frame before; 1 where there is none
    drawn: bool  # whether the model drew the mask, not the vote
    both: float = 1.0  # between keyframes: the IoU of what comes from either side
