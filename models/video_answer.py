"""From the four masks a SAM 2 decoder draws to the one that is the answer.

Source of the rules: sam2 1.1.0, modeling/sam2_base.py (`_use_multimask`, `_forward_sam_heads`) and
modeling/sam/mask_decoder.py (`_dynamic_multimask_via_stability`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.tracking_rules import TrackingRules

F32: TypeAlias = NDArray[np.float32]

NOTHING = np.float32(-1024.0)  # the logit of every pixel where the object is not on the frame
PRIOR_LIMIT = 32.0  # logits fed back are cut to +-this


class Drawn(NamedTuple):
    """One pass of the decoder: a mask for a sure prompt, then three for an ambiguous one."""

    masks: F32  # (4, rows, columns) logits
    scores: F32  # (4,) the model's estimate of each mask's IoU
    pointers: F32  # (4, width) what stands for the object of each mask
    presence: float  # logit; above 0 the object is on the frame


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """The answer for one layer on one frame."""

    logits: F32  # (rows, columns)
    score: float  # the model's estimate of its IoU
    pointer: F32  # (width,)
    presence: float


def several(points: int, *, tracking: bool, rules: TrackingRules) -> bool:
    """Whether the answer is one of the three masks for ambiguous prompts.

    `points` counts a box as two, `tracking` says that memories were looked at.
    """
    fewest, most = rules.several_masks
    return fewest <= points <= most and (rules.several_while_tracking or not tracking)


def answer(drawn: Drawn, *, ambiguous: bool, rules: TrackingRules, no_pointer: F32) -> Seen:
    """The answer: the best of three where `ambiguous`, else the first mask if it is stable.

    The pointer of the first mask stands for the object even where an unstable mask gave way to
    another. Where the object is not there, so does `no_pointer` (width,), and every pixel is out.
    """
    best = 1 + int(np.argmax(drawn.scores[1:]))
    mask = best if ambiguous or not _is_stable(drawn.masks[0], rules.stability) else 0
    pointer = drawn.pointers[best if ambiguous else 0]
    return proposal(drawn, mask, pointer, no_pointer)


def proposal(drawn: Drawn, mask: int, pointer: F32, no_pointer: F32) -> Seen:
    """Mask number `mask` as the answer."""
    score = float(drawn.scores[mask])
    if drawn.presence > 0:
        logits = drawn.masks[mask].copy()  # or it would keep the other three
        return Seen(logits, score, pointer, drawn.presence)
    return Seen(np.full_like(drawn.masks[mask], NOTHING), score, no_pointer, drawn.presence)


def prior(logits: F32) -> F32:
    """`logits` as they are fed back to the next step."""
    cut: F32 = np.clip(logits, -PRIOR_LIMIT, PRIOR_LIMIT)
    return cut


def _is_stable(mask: F32, stability: tuple[float, float]) -> bool:
    delta, threshold = (np.float32(number) for number in stability)
    inner, outer = np.count_nonzero(mask > delta), np.count_nonzero(mask > -delta)
    return not outer or bool(np.float32(inner) / np.float32(outer) >= threshold)
