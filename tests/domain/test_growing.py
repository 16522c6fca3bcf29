"""A step that grows while the artist edits on: what propagation leaves in the history."""

from __future__ import annotations

import time

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


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_however_edits_and_masks_interleave_it_is_as_if_the_masks_had_come_first(
    data: st.DataObject,
) -> None:
    """Every value of the history equals its edits replayed upon all masks that came."""
    project = plain_project(2, 2)
    layer = rabbit(project)
    history = History(project)
    history.begin_growing("Propagate")
    came: dict[int, Mask] = {}
    replayed: list[tuple[str, int]] = []

    def replay(count: int) -> Project:
        value = edits.set_masks(project, {layer: came})
        for kind, frame in replayed[:count]:
            value = change(value, kind, frame)
        return value

    def change(value: Project, kind: str, frame: int) -> Project:
        if kind == "click":
            return edits.set_prompt(value, layer, frame, CLICK)
        if kind == "rename":
            return edits.rename_layer(value, layer, f"Layer at {frame}")
        return edits.delete_layer(value, layer) if kind == "delete" else value

    for _ in range(data.draw(st.integers(1, 12))):
        kind = data.draw(st.sampled_from(["mask", "mask", "click", "rename", "undo", "delete"]))
        frame = data.draw(FRAMES)
        there = any(x.id == layer for x in history.present.layers)
        clicked = any(edit == ("click", frame) for edit in replayed)
        if kind == "mask" and not clicked:  # of a frame clicked meanwhile nothing is asked
            mask = data.draw(st.sampled_from(MASKS))
            if frame not in project.layers[0].prompts:
                came[frame] = mask
            history.grow(edits.masks_setter({layer: {frame: mask}}))
        elif kind == "undo":
            if history.index > 1:
                history.go_to(history.index - 1)
        elif kind != "mask" and there:
            del replayed[history.index - 1 :]
            replayed.append((kind, frame))
            history.commit(kind, change(history.present, kind, frame))
        assert history.is_growing
    history.end_growing()
    last = len(history.labels()) - 1
    first = last - len(replayed)
    for count in range(len(replayed) + 1):
        history.go_to(first + count)
        assert history.present == replay(count)
    values = []
    for index in range(last + 1):
        history.go_to(index)
        values.append(history.present)
    lost = [bytes_lost(a, b) for a, b in zip(values, values[1:], strict=False)]
    assert history.bytes == sum(lost)


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
