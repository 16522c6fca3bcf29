"""One layer on one frame: what flow and memory expect, drawn anew by the model and put to a vote.

1. Three opinions of where the object is: the mask of the frame before, carried here by the flow;
   what the keyframes say of the features anywhere in the frame; what the last frames say of those
   near by. Their sum in logits is the expectation; where the flow cannot be trusted it counts less.
2. The model draws that anew, prompted with its box and with the expectation as a mask: four masks.
3. Opinions and masks vote pixel by pixel, the masks weighted by the model's own scores. The answer
   is the drawn mask most like the outcome of the vote; the outcome itself where none is like it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.answer import LOGIT_PIXEL, Decoded
from models.evidence import Evidence
from models.sheet import Sheet

F32: TypeAlias = NDArray[np.float32]
Bits: TypeAlias = NDArray[np.bool_]

FEWEST = 4  # pixels of a mask that are worth a prompt
ABSENT = -0.1  # the logit at most, where nothing is found
SURE = 0.01  # probabilities are kept this far from 0 and 1


@dataclass(frozen=True, slots=True)
class FlowRules:
    """The numbers of the flow tracker; found on the shared sequences, see models/README.md."""

    sharpness: float = 50.0  # how sharply cosines tell cells apart
    reach: float = 4.0  # cells; see `models.read_out.read`
    recent: int = 3  # frames remembered beside the keyframes
    distrust: float = 0.2  # what flow counts at least, where it cannot be trusted
    flow_limit: float = 3.2  # logits an opinion may be sure of
    memory_limit: float = 2.0
    keys: float = 2.0  # weights in the expectation, that of flow being 1
    last: float = 1.0
    key_votes: float = 1.0  # weights in the vote, those of flow and of the model being 1
    last_votes: float = 1.0
    power: float = 4.0  # how sharply scores tell drawn masks apart
    alike: float = 0.6  # the IoU with the outcome from which on a drawn mask is taken
    part: float = 0.05  # of the largest part: what is smaller is no part of the object
    shrink: float = 0.95  # of the object's side, what is kept of it a frame while it is hidden
    free: float = 0.2  # how far off the object may be found, in sides of its box, at no price
    price: float = 8.0  # logits that a side further off costs
    patience: int = 12  # frames that the object may not be seen until it is lost
    prompt_limit: float = 8.0  # logits of the mask the model is prompted with

    @property
    def earshot(self) -> float:
        """How far off, in sides, the surest keyframe is heard no more than by `memory_limit`."""
        return self.free + (self.memory_limit + math.log((1 - SURE) / SURE)) / self.price


@dataclass(frozen=True, eq=False, slots=True)
class Opinions:
    """Where the object may be, each (rows, columns) of 0..1; `trust` is that of the flow."""

    flow: F32
    trust: F32
    keys: F32
    last: F32


@dataclass(frozen=True, eq=False, slots=True)
class Redrawn:
    """The answer: logits (rows, columns), and what speaks for it."""

    logits: F32
    evidence: Evidence


def redrawn(sheet: Sheet, opinions: Opinions, area: int, rules: FlowRules) -> Redrawn:
    """The object by `opinions`; `area` is that of the mask on the frame before, in its pixels.

    Raises ModelError.
    """
    expected = _expected(opinions, rules)
    outline = main_parts(expected > 0, rules.part)
    if np.count_nonzero(outline) < FEWEST:
        return Redrawn(np.minimum(expected, ABSENT), NOTHING)
    decoded = _drawn(sheet, expected, outline, rules)
    masks = sheet.cut(decoded.masks)
    outcome = _outcome(opinions, masks, decoded.scores, rules)
    voted = main_parts(outcome > 0.5, rules.part)
    likeness = [iou(mask > 0, outcome > 0.5) for mask in masks]
    best = int(np.argmax(likeness))
    drawn = likeness[best] >= rules.alike
    logits = masks[best] if drawn else logits_of(np.where(voted, outcome, np.minimum(outcome, 0.3)))
    inside = logits > 0
    evidence = Evidence(
        score=min(max(float(decoded.scores[best]), 0.0), 1.0),
        agreement=likeness[best],
        flow=_mean(opinions.trust, inside),
        likeness=_mean(opinions.keys, inside),
        covered=_covered(opinions.keys, inside),
        area=int(np.count_nonzero(inside)) / area if area else 1.0,
        drawn=drawn,
    )
    return Redrawn(logits, evidence)


def iou(a: Bits, b: Bits) -> float:
    """The shared part of the union, 1 where both are empty."""
    union = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / union if union else 1.0


def probability(logits: NDArray[np.floating]) -> F32:
    """0..1 of logits."""
    inside: F32 = np.reciprocal(1 + np.exp(-np.clip(logits.astype(np.float32), -30, 30)))
    return inside


def logits_of(inside: F32, sure: float = SURE) -> F32:
    """The logits of 0..1, never surer than by `sure`."""
    kept = np.clip(inside, sure, 1 - sure)
    logits: F32 = np.log(kept / (1 - kept))
    return logits


def main_parts(inside: Bits, part: float) -> Bits:
    """Without the connected parts that are smaller than `part` of the largest."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if len(areas) < 2:
        return inside
    large = np.concatenate([[False], areas >= part * areas.max()])
    return cast("Bits", large[labels])


def _expected(opinions: Opinions, rules: FlowRules) -> F32:
    """What is to be expected, in logits."""
    trust = np.maximum(opinions.trust, rules.distrust)
    flow = np.clip(logits_of(opinions.flow), -rules.flow_limit, rules.flow_limit)
    keys = np.clip(logits_of(opinions.keys), -rules.memory_limit, rules.memory_limit)
    last = np.clip(logits_of(opinions.last), -rules.memory_limit, rules.memory_limit)
    return cast("F32", trust * flow + rules.keys * keys + rules.last * last)


def _drawn(sheet: Sheet, expected: F32, outline: Bits, rules: FlowRules) -> Decoded:
    """What the model makes of the expectation and its box."""
    rows, columns = np.flatnonzero(outline.any(axis=1)), np.flatnonzero(outline.any(axis=0))
    corners = [(columns[0], rows[0]), (columns[-1] + 1, rows[-1] + 1)]
    box = LOGIT_PIXEL * np.array(corners, np.float32)
    limit = rules.prompt_limit
    square = np.full((sheet.side, sheet.side), -limit, np.float16)
    square[: expected.shape[0], : expected.shape[1]] = np.clip(expected, -limit, limit)
    return sheet.decode(box, BOX, square)


BOX = np.array([2, 3], np.float32)  # labels of a box's corners


def _outcome(opinions: Opinions, masks: F32, scores: F32, rules: FlowRules) -> F32:
    """What all vote for, 0..1."""
    weights = np.clip(scores, 0.01, 1) ** rules.power
    model = np.tensordot(weights / weights.sum(), probability(masks), 1)
    trust = np.maximum(opinions.trust, rules.distrust)
    votes = model + trust * opinions.flow
    votes += rules.key_votes * opinions.keys + rules.last_votes * opinions.last
    return cast("F32", votes / (1 + trust + rules.key_votes + rules.last_votes))


NOTHING = Evidence(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, drawn=False)


def _mean(values: F32, inside: Bits) -> float:
    return float(values[inside].mean()) if inside.any() else 0.0


def _covered(keys: F32, inside: Bits) -> float:
    """How much of what looks like the object, in a mask's length round it, the mask takes in."""
    if not inside.any():
        return 0.0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    more = int(max(rows[-1] - rows[0], columns[-1] - columns[0])) + 1
    near = (
        slice(max(0, int(rows[0]) - more), int(rows[-1]) + 1 + more),
        slice(max(0, int(columns[0]) - more), int(columns[-1]) + 1 + more),
    )
    alike = keys[near] > 0.5
    taken = int(np.count_nonzero(alike & inside[near]))
    return taken / max(1, int(np.count_nonzero(alike)))
