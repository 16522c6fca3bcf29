"""The vote among masks, on masks drawn by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from models.answer import Decoded, Question, Vote
from models.arrays import half, prompt
from models.base import BoxClick, Click, Logits, Step

SIDE = 16
EQUAL = (0.9, 0.9, 0.9, 0.9)


def square(size: int, at: int = 0) -> NDArray[np.float32]:
    mask = np.full((SIDE, SIDE), -9, np.float32)
    mask[at : at + size, at : at + size] = 9
    return mask


class Drawn:
    """A decoder that gives drawn masks pass by pass, and notes what it was fed."""

    def __init__(self, *passes: tuple[Sequence[NDArray[np.float32]], Sequence[float]]) -> None:
        self._passes = list(passes)
        self.priors: list[Logits | None] = []

    def __call__(
        self, points: NDArray[np.float32], labels: NDArray[np.float32], prior: Logits | None
    ) -> Decoded:
        assert len(points) == len(labels)
        self.priors.append(prior)
        masks, scores = self._passes[min(len(self.priors), len(self._passes)) - 1]
        return Decoded(np.stack(masks), np.array(scores, np.float32))


def question(points: int = 1, prior: Logits | None = None, proposal: int = 0) -> Question:
    labels = np.ones(points, np.float32)
    return Question(np.zeros((points, 2), np.float32), labels, prior, proposal, (SIDE, SIDE))


def area(logits: Logits) -> int:
    return int(np.count_nonzero(logits > 0))


def test_the_answer_is_a_mask_the_model_drew_not_a_blend() -> None:
    masks = [square(4), square(6), square(10), square(12)]
    answer = Vote()(Drawn((masks, EQUAL)), question())
    assert any(np.array_equal(answer.logits, half(mask)) for mask in masks)


def test_one_click_leans_towards_more_than_less() -> None:
    """Half of the votes are for the large square: enough for a first click, not for a sure one."""
    masks = [square(4), square(4), square(12), square(12)]
    assert area(Vote(sure=(1,))(Drawn((masks, EQUAL)), question(1)).logits) == 144
    assert area(Vote(sure=(1,), later=0.6)(Drawn((masks, EQUAL)), question(2)).logits) == 16


def test_a_mask_of_low_score_is_not_heard() -> None:
    masks = [square(4), square(4), square(4), square(12)]
    loud, quiet = (0.1, 0.1, 0.1, 0.95), (0.95, 0.95, 0.95, 0.1)
    assert area(Vote()(Drawn((masks, loud)), question()).logits) == 144
    assert area(Vote()(Drawn((masks, quiet)), question()).logits) == 16


def test_a_correction_does_not_throw_the_mask_away() -> None:
    """Three masks of four jump to another place; the answer before and the fourth hold it."""
    jump = square(4, at=11)
    masks = [jump, jump, jump, square(9)]
    decode = Drawn((masks, (0.8, 0.85, 0.9, 0.95)))
    assert area(Vote()(decode, question(2, prior=half(square(10)))).logits) == 81
    bold = Drawn((masks, (0.8, 0.85, 0.9, 0.95)))
    assert area(Vote(continuity=0)(bold, question(2, prior=half(square(10)))).logits) == 16


def test_a_correction_far_outside_the_answer_before_frees_the_masks() -> None:
    """The answer before is small and the point lies many of its sides away: it was wrong."""
    masks = [square(16), square(16), square(6), square(6)]
    before = half(square(6))
    near = np.array([[4, 4], [26, 12]], np.float32)
    far = np.array([[4, 4], [60, 60]], np.float32)
    for points, expected in ((near, 36), (far, 256)):
        asked = question(2, prior=before)._replace(points=points)
        assert area(Vote(sure=(1,), later=0.49)(Drawn((masks, EQUAL)), asked).logits) == expected


def test_an_empty_answer_before_is_not_heard() -> None:
    masks = [square(8), square(8), square(8), square(2)]
    nothing = half(np.full((SIDE, SIDE), -9, np.float32))
    answer = Vote(continuity=0.9)(Drawn((masks, EQUAL)), question(2, prior=nothing))
    assert area(answer.logits) == 64


def test_the_first_mask_is_believed_from_four_points_on() -> None:
    masks = [square(4), square(12), square(12), square(12)]
    scores = (0.85, 0.9, 0.9, 0.9)
    answers = [Vote()(Drawn((masks, scores)), question(n)) for n in (1, 3, 4, 7)]
    assert [area(answer.logits) for answer in answers] == [144, 144, 16, 16]


def test_the_second_pass_is_fed_the_first_mask_and_may_give_the_answer() -> None:
    first = [square(10), square(2), square(2), square(2)]
    second = [square(11), square(1), square(1), square(1)]
    decode = Drawn((first, (0.99, 0.3, 0.3, 0.3)), (second, (0.97, 0.3, 0.3, 0.3)))
    before = half(square(14))
    answer = Vote(later=0.35)(decode, question(2, prior=before))
    assert decode.priors[0] is before
    assert decode.priors[1] is not None
    assert np.array_equal(decode.priors[1], half(square(10)))
    assert area(answer.logits) == 121
    assert answer.score == pytest.approx(0.97)


@pytest.mark.parametrize("proposal", [1, 2, 3])
def test_a_proposal_costs_one_pass_and_is_taken_as_drawn(proposal: int) -> None:
    masks = [square(3), square(5), square(7), square(9)]
    decode = Drawn((masks, (0.1, 0.2, 0.3, 0.4)))
    answer = Vote()(decode, question(proposal=proposal))
    assert np.array_equal(answer.logits, half(masks[proposal]))
    assert answer.score == pytest.approx(0.1 * (proposal + 1))
    assert len(decode.priors) == 1


def test_the_padding_of_the_square_has_no_vote() -> None:
    """Below the frame the masks disagree; on it the first two agree with the outcome best."""
    wide, narrow = square(8), square(8)
    wide[8:] = 9
    asked = question()._replace(used=(SIDE, 8))
    answer = Vote()(Drawn(([wide, narrow, narrow, narrow], EQUAL)), asked)
    assert np.array_equal(answer.logits, half(wide))


def test_a_box_is_not_ambiguous_a_point_is() -> None:
    prompts: list[tuple[list[Step], bool]] = [
        ([Click(1, 1)], True),
        ([Click(1, 1), Click(2, 2)], False),
        ([BoxClick(0, 0, 2, 2)], False),
    ]
    for steps, ambiguous in prompts:
        points, labels = prompt(steps, (1.0, 1.0))
        assert Question(points, labels, None, 0, (1, 1)).ambiguous is ambiguous


def test_steps_become_labelled_points_in_model_pixels() -> None:
    steps: list[Step] = [BoxClick(1, 2, 3, 4), Click(5, 6), Click(7, 8, include=False)]
    points, labels = prompt(steps, (2.0, 3.0))
    assert points.tolist() == [[2, 6], [6, 12], [10, 18], [14, 24]]
    assert labels.tolist() == [2, 3, 1, 0]
