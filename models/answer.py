"""The answer policy: what a model of the SAM 1 family answers to clicks, decided in one place.

A decoder pass gives four masks and the model's opinion of each. Taking the best one by its own
opinion, as the models come, makes clicks jump between whole and part; so the masks vote instead:

1. The masks of a first pass vote pixel by pixel, each with the weight of its score. From the second
   step on, the answer before votes too, since the artist saw it and corrected one place. The
   deeper that correction lies, measured on the size of the answer, the less it is heard. With
   several points the first mask, made for sure prompts, outweighs the others.
2. A second pass is fed the first mask of the first one, which cleans it up.
3. The answer is the mask, of either pass, that is most like the outcome of the vote: always one the
   model drew, with its crisp border, never a blend.

A step that asks for a proposal gets that mask of the first pass as it is. The answer is a pure
function of the embedding and the steps. What each part gains is measured in models/README.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from models.arrays import half
from models.base import Logits

F32: TypeAlias = NDArray[np.float32]

LOGIT_PIXEL = 4  # model pixels to one pixel of the logits


class Decoded(NamedTuple):
    """One decoder pass: four masks, the first for a sure prompt, three for an ambiguous one."""

    masks: F32  # (4, rows, columns) logits
    scores: F32  # (4,) the model's own estimate of each mask's IoU, about 0..1


class Decode(Protocol):
    """The decoder on a fixed embedding."""

    def __call__(self, points: F32, labels: F32, prior: Logits | None) -> Decoded:
        """The four masks for points (n, 2) in model pixels, labels (n,) and an earlier answer.

        Labels: 0 exclude, 1 include, 2 and 3 the corners of a box.
        """


class Question(NamedTuple):
    """What is asked at one step: the prompt so far and the answer to all but its last step."""

    points: F32
    labels: F32
    prior: Logits | None
    proposal: int
    used: tuple[int, int]  # (columns, rows) of the logits that cover the frame, not its padding

    @property
    def ambiguous(self) -> bool:
        """Whether one point is all there is: it may mean the whole, a part or a part of that."""
        return len(self.points) == 1


class Answer(NamedTuple):
    """The mask answered, rounded to float16, and the model's own estimate of its IoU."""

    logits: Logits
    score: float


class Answers(Protocol):
    """A policy: which answer a question gets."""

    def __call__(self, decode: Decode, question: Question) -> Answer:
        """The answer to `question`, asking `decode` as often as need be."""


@dataclass(frozen=True, slots=True)
class Vote:
    """The policy of this module; its numbers were found on the shared sets, see the README."""

    power: float = 8  # how sharply scores tell masks apart
    first: float = 0.3  # the share of votes a pixel needs while the prompt is ambiguous
    later: float = 0.5  # and afterwards
    sure: tuple[float, ...] = (
        1,
        3,
        3,
        30,
    )  # weight of the first mask at 1, 2, 3, 4 and more points
    continuity: float = 0.5  # the share of all votes of an answer before that is hardly corrected
    doubt: float = 3  # how fast that share falls with the depth of the correction
    passes: int = 2

    def __call__(self, decode: Decode, question: Question) -> Answer:
        """The mask most like the outcome of the vote, or the proposal that was asked for."""
        points, labels, prior, proposal, used = question
        decoded = decode(points, labels, prior)
        if proposal:
            return Answer(half(decoded.masks[proposal]), float(decoded.scores[proposal]))
        outcome = self._outcome(decoded, question)
        masks, scores = decoded
        for _ in range(1, self.passes):
            again = decode(points, labels, half(decoded.masks[0]))
            masks = np.concatenate([masks, again.masks])
            scores = np.concatenate([scores, again.scores])
        best = int(np.argmax([_likeness(mask, outcome) for mask in _cropped(masks, used) > 0]))
        return Answer(half(masks[best]), float(scores[best]))

    def _outcome(self, decoded: Decoded, question: Question) -> NDArray[np.bool_]:
        weights = np.clip(decoded.scores, 0.01, None) ** self.power
        weights[0] *= self.sure[min(len(question.points), len(self.sure)) - 1]
        inside = _probability(_cropped(decoded.masks, question.used))
        votes = np.tensordot(weights / weights.sum(), inside, 1)
        if question.prior is not None:
            before = _cropped(question.prior[None], question.used)[0]
            share = self.continuity * math.exp(-self.doubt * _depth(question, before > 0))
            votes = (1 - share) * votes + share * _probability(before)
        needed = self.first if question.ambiguous else self.later
        outcome: NDArray[np.bool_] = votes > needed
        return outcome


def _cropped(masks: NDArray[np.floating], used: tuple[int, int]) -> F32:
    columns, rows = used
    return masks[:, :rows, :columns].astype(np.float32)


def _probability(logits: F32) -> F32:
    inside: F32 = np.reciprocal(1 + np.exp(-np.clip(logits, -30, 30)))
    return inside


def _depth(question: Question, before: NDArray[np.bool_]) -> float:
    """How far the last point lies from where `before` would be right, in sides of its area."""
    area = np.count_nonzero(before)
    if not area:
        return math.inf
    wrong = ~before if question.labels[-1] else before
    column, row = (question.points[-1] / LOGIT_PIXEL).astype(int)
    rows, columns = before.shape
    distance = cv2.distanceTransform(wrong.astype(np.uint8), cv2.DIST_L2, 5)
    at_point = distance[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
    return float(at_point) / math.sqrt(area)


def _likeness(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    union = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / max(1, union)
