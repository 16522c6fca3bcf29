"""Suspect frames: which there are, and how the artist takes them from the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import edits
from app.domain.history import History
from app.domain.mask import Mask
from app.domain.project import Layer, Point, Project, Prompt
from app.domain.review import SENTENCES, SUSPECT, Review, is_suspect, sentence, suspects
from models.review import LOST, WEIGHTS

ABSENT = Mask.absent((160, 90))
doubts = st.dictionaries(st.integers(1, 60), st.floats(0, 1), max_size=30)


def layer(found: Mapping[int, float], name: str = "a") -> Layer:
    """A layer whose masks are as doubtful as that."""
    masks = {f: replace(ABSENT, doubt=doubt, reason="jump") for f, doubt in found.items()}
    return Layer(name, name, masks=MappingProxyType(masks))


def test_every_reason_of_the_rule_has_a_sentence() -> None:
    assert SENTENCES.keys() == {*WEIGHTS, LOST}
    assert sentence("of a later version") == "It may be wrong"


def test_frames_with_a_prompt_or_a_lock_are_never_suspect() -> None:
    one = layer(dict.fromkeys(range(1, 6), 0.9))
    assert suspects(one) == (1, 2, 3, 4, 5)
    assert suspects(replace(one, prompts={2: Prompt(points=(Point(1, 1),))})) == (1, 3, 4, 5)
    assert suspects(replace(one, locks=frozenset({1, 5}))) == (2, 3, 4)
    assert suspects(replace(one, locked=True)) == ()


def test_the_most_doubtful_frame_of_any_layer_comes_first() -> None:
    a, b = layer({1: 0.6, 2: 0.9, 3: 0.4}, "a"), layer({7: 0.8}, "b")
    review = Review()
    assert [(one.layer, one.frame) for one in review.ranked((a, b))] == [
        ("a", 2),
        ("b", 7),
        ("a", 1),
    ]
    assert [one.frame for one in review.of(a)] == [1, 2]
    assert review.of(a) is review.of(a)
    assert review.ranked((b,)) == list(review.of(b))


def test_a_mask_propagated_anew_is_doubted_anew() -> None:
    project = edits.approve(Project(layers=(layer({1: 0.9}),)), "a", 1)
    assert not is_suspect(project.layer("a"), 1)
    again = edits.set_masks(project, {"a": {1: replace(ABSENT, doubt=0.8, reason="area")}})
    assert is_suspect(again.layer("a"), 1)


@given(doubts, st.lists(st.integers(1, 60), max_size=20))
def test_approving_takes_just_that_frame_from_the_list_and_undo_brings_it_back(
    found: dict[int, float], approved: list[int]
) -> None:
    history = History(Project(layers=(layer(found),)))
    lists = [suspects(history.present.layer("a"))]
    for frame in approved:
        project = edits.approve(history.present, "a", frame)
        if project is history.present:
            assert found.get(frame, 0.0) < SUSPECT or frame not in lists[-1]
            continue
        history.commit("Looks right", project)
        lists.append(suspects(project.layer("a")))
        assert set(lists[-1]) == set(lists[-2]) - {frame}
        assert project.layer("a").masks[frame].data == ABSENT.data
    for before in reversed(lists[:-1]):
        history.go_to(history.index - 1)
        assert suspects(history.present.layer("a")) == before


@pytest.mark.parametrize("frame", [2, 99])
def test_approving_what_is_not_doubtful_changes_nothing(frame: int) -> None:
    sure = Layer("a", "a", masks=MappingProxyType({2: ABSENT}))
    project = Project(layers=(sure,))
    assert edits.approve(project, "a", frame) is project
