"""A step that grows while the artist edits on: what propagation leaves in the history."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import edits
from app.domain.history import History, bytes_lost
from app.domain.mask import Mask
from app.domain.project import Point, Project, Prompt
from tests.project.values import plain_mask, plain_project

FRAMES = st.integers(1001, 1012)
CLICK = Prompt(points=(Point(3.0, 4.0),))
MASKS = [plain_mask(None, seed) for seed in range(6)]


def rabbit(project: Project) -> str:
    return project.layers[0].id


def masks_of(project: Project) -> dict[int, Mask]:
    return dict(project.layers[0].masks)


def test_many_masks_are_one_edit_and_frames_with_a_prompt_keep_theirs() -> None:
    project = plain_project(2, 3)
    masks = dict.fromkeys(range(1001, 1010), MASKS[0])
    after = edits.set_masks(project, {rabbit(project): masks, "gone": masks})
    assert after.layers[1] is project.layers[1]
    assert masks_of(after) == {**masks, **masks_of(project)}
    assert edits.set_masks(after, {rabbit(after): masks}) is after


def test_what_comes_after_an_edit_lies_below_it() -> None:
    project = plain_project(1, 1)
    layer = rabbit(project)
    history = History(project)
    history.begin_growing("Propagate")
    history.grow(edits.masks_setter({layer: {1002: MASKS[0]}}))
    history.commit("Click", edits.set_prompt(history.present, layer, 1003, CLICK))
    history.grow(edits.masks_setter({layer: {1003: MASKS[1], 1004: MASKS[1]}}))
    assert set(masks_of(history.present)) == {1001, 1002, 1004}  # 1003 waits for its own answer
    history.end_growing()
    history.go_to(1)
    assert set(masks_of(history.present)) == {1001, 1002, 1003, 1004}
    history.go_to(0)
    assert history.present is project


def test_undoing_the_step_ends_its_growth_and_redo_has_what_there_was() -> None:
    history = History(plain_project(1, 1))
    layer = rabbit(history.present)
    history.begin_growing("Propagate")
    history.grow(edits.masks_setter({layer: {1002: MASKS[0]}}))
    history.go_to(0)
    assert not history.is_growing
    history.grow(edits.masks_setter({layer: {1003: MASKS[0]}}))
    history.end_growing()
    history.go_to(1)
    assert set(masks_of(history.present)) == {1001, 1002}


def test_a_step_to_which_nothing_came_goes_away() -> None:
    history = History(plain_project(1, 1))
    history.begin_growing("Propagate")
    history.commit("Rename", edits.rename_layer(history.present, rabbit(history.present), "Fox"))
    history.end_growing()
    assert history.labels() == ["Open", "Rename"]
    assert history.index == 1
    assert history.present.layers[0].name == "Fox"


@pytest.mark.parametrize("undone", [False, True])
def test_a_step_to_which_nothing_came_costs_no_redo(undone: bool) -> None:
    history = History(plain_project(1, 1))
    layer = rabbit(history.present)
    for name in ("Fox", "Hare"):
        history.commit(name, edits.rename_layer(history.present, layer, name))
    history.go_to(1)
    before = history.labels(), history.present, history.bytes
    history.begin_growing("Propagate")
    assert not history.can_redo
    if undone:
        history.go_to(1)
    history.end_growing()
    assert (history.labels(), history.present, history.bytes) == before
    history.go_to(2)
    assert history.present.layers[0].name == "Hare"


@pytest.mark.parametrize("deed", ["grow", "commit"])
def test_a_redo_is_forgotten_where_something_was_done(deed: str) -> None:
    history = History(plain_project(1, 1))
    layer = rabbit(history.present)
    history.commit("Fox", edits.rename_layer(history.present, layer, "Fox"))
    history.go_to(0)
    history.begin_growing("Propagate")
    if deed == "grow":
        history.grow(edits.masks_setter({layer: {1002: MASKS[0]}}))
    else:
        history.commit("Hare", edits.rename_layer(history.present, layer, "Hare"))
    history.end_growing()
    assert history.labels() == ["Open", {"grow": "Propagate", "commit": "Hare"}[deed]]
    assert history.index == 1


class Shot:
    """One shot worked on while masks come, and the same edits kept apart from the masks."""

    def __init__(self) -> None:
        self.start = plain_project(2, 2)
        self.layer = rabbit(self.start)
        self.history = History(self.start)
        self.history.begin_growing("Propagate")
        self.came: dict[int, Mask] = {}
        self.edits: list[tuple[str, int]] = []

    def mask(self, frame: int, mask: Mask) -> None:
        if ("click", frame) in self.edits:
            return  # it is waited for its own answer, which this history has none of
        if frame not in self.start.layers[0].prompts:
            self.came[frame] = mask
        self.history.grow(edits.masks_setter({self.layer: {frame: mask}}))

    def undo(self) -> None:
        if self.history.index > 1:
            self.history.go_to(self.history.index - 1)

    def edit(self, kind: str, frame: int) -> None:
        if any(x.id == self.layer for x in self.history.present.layers):
            del self.edits[self.history.index - 1 :]
            self.edits.append((kind, frame))
            self.history.commit(kind, self.changed(self.history.present, kind, frame))

    def changed(self, project: Project, kind: str, frame: int) -> Project:
        if kind == "click":
            return edits.set_prompt(project, self.layer, frame, CLICK)
        if kind == "rename":
            return edits.rename_layer(project, self.layer, f"Layer at {frame}")
        return edits.delete_layer(project, self.layer)

    def values(self) -> list[Project]:
        """Every value of the history, oldest first."""
        found = []
        for index in range(len(self.history.labels())):
            self.history.go_to(index)
            found.append(self.history.present)
        return found

    def wanted(self) -> list[Project]:
        """The values as they were, had all masks come before all edits."""
        found = [edits.set_masks(self.start, {self.layer: self.came})]
        for kind, frame in self.edits:
            found.append(self.changed(found[-1], kind, frame))
        return found


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mask", "mask", "click", "rename", "undo", "delete"]),
            FRAMES,
            st.sampled_from(MASKS),
        ),
        max_size=14,
    )
)
def test_however_edits_and_masks_interleave_it_is_as_if_the_masks_had_come_first(
    deeds: list[tuple[str, int, Mask]],
) -> None:
    shot = Shot()
    for kind, frame, mask in deeds:
        if kind == "mask":
            shot.mask(frame, mask)
        elif kind == "undo":
            shot.undo()
        else:
            shot.edit(kind, frame)
        assert shot.history.is_growing
    shot.history.end_growing()
    values = shot.values()
    assert values[-len(shot.wanted()) :] == shot.wanted()
    assert shot.history.bytes == sum(bytes_lost(a, b) for a, b in pairwise(values))


def test_the_masks_of_a_long_shot_come_without_being_felt() -> None:
    """5,000 masks on two edited layers: each lot costs milliseconds, however many are there."""
    project = plain_project(1, 1)
    layer = rabbit(project)
    history = History(project)
    history.begin_growing("Propagate")
    history.grow(edits.masks_setter({layer: dict.fromkeys(range(1002, 6002), MASKS[0])}))
    history.commit("Rename", edits.rename_layer(history.present, layer, "Fox"))
    start = time.perf_counter()
    for frame in range(1002, 1022):
        history.grow(edits.masks_setter({layer: {frame: MASKS[1]}}))
    assert (time.perf_counter() - start) / 20 < 0.1
