"""Undo and redo: every edit there is can be taken back and taken again, within a budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.history import History, bytes_lost
from app.domain.project import Box, Layer, LayerId, Point, Project, Prompt
from tests.project.values import plain_clip, plain_mask, plain_project

FRAMES = st.integers(1001, 1006)


def prompted(project: Project, layer_id: LayerId, frame: int) -> bool:
    return bool(project.layer(layer_id).prompts.get(frame, Prompt()).points)


CLICK = Prompt(points=(Point(1.0, 2.0),))
EDITS: dict[str, Callable[[st.DrawFn, Project, Layer, int], Project]] = {
    "add_layer": lambda _d, p, _l, _f: edits.add_layer(p),
    "delete_layer": lambda _d, p, x, _f: edits.delete_layer(p, x.id),
    "move_layer": lambda d, p, x, _f: edits.move_layer(p, x.id, d(st.integers(0, 3))),
    "rename_layer": lambda d, p, x, _f: edits.rename_layer(p, x.id, d(st.sampled_from("abc"))),
    "set_colour": lambda d, p, x, _f: edits.set_colour(p, x.id, d(st.integers(0, 6))),
    "set_shown": lambda d, p, x, _f: edits.set_shown(p, x.id, d(st.booleans())),
    "set_solo": lambda d, p, x, _f: edits.set_solo(p, x.id, d(st.booleans())),
    "set_locked": lambda d, p, x, _f: edits.set_locked(p, x.id, d(st.booleans())),
    "set_in_out": lambda d, p, _l, f: edits.set_in_out(
        p, d(st.sampled_from([None, FrameRange(1001, f)]))
    ),
    "add_point": lambda d, p, x, f: edits.add_point(p, x.id, f, Point(d(st.integers(0, 99)), 5.0)),
    "move_point": lambda d, p, x, f: (
        edits.move_point(p, x.id, f, 0, d(st.integers(0, 99)), 5.0) if prompted(p, x.id, f) else p
    ),
    "delete_point": lambda _d, p, x, f: (
        edits.delete_point(p, x.id, f, 0) if prompted(p, x.id, f) else p
    ),
    "set_box": lambda d, p, x, f: edits.set_box(
        p, x.id, f, d(st.sampled_from([None, Box(1.0, 2.0, 3.0, 4.0)]))
    ),
    "set_proposal": lambda d, p, x, f: edits.set_proposal(p, x.id, f, d(st.integers(0, 3))),
    "set_prompt": lambda d, p, x, f: edits.set_prompt(
        p, x.id, f, Prompt(points=(Point(1.0, 2.0),))
    ),
    "clear_prompt": lambda _d, p, x, f: edits.clear_prompt(p, x.id, f),
    "approve": lambda _d, p, x, f: edits.approve(
        edits.set_mask(p, x.id, f, replace(plain_mask(None, 1), doubt=0.9, reason="jump")), x.id, f
    ),
    "lock_frames": lambda d, p, x, f: edits.lock_frames(p, x.id, range(1001, f), d(st.booleans())),
    "mark_absent": lambda _d, p, x, f: edits.mark_absent(p, x.id, range(f, 1005)),
    "import_masks": lambda d, p, x, f: edits.import_masks(
        p, x.id, {f: plain_mask(None, d(st.integers(0, 5)))}
    ),
    "paint_mask": lambda d, p, x, f: edits.paint_mask(
        p, x.id, f, plain_mask(None, d(st.integers(0, 5)))
    ),
    "drop_mask": lambda _d, p, x, f: edits.drop_mask(p, x.id, f),
    "set_mask": lambda d, p, x, f: edits.set_mask(
        p, x.id, f, plain_mask(None, d(st.integers(0, 5)))
    ),
    "set_masks": lambda d, p, x, f: edits.set_masks(
        p, {x.id: dict.fromkeys(range(1001, f + 1), plain_mask(None, d(st.integers(0, 5))))}
    ),
}
NO_EDITS = {"answers_setter", "frames_marked_otherwise", "masks_setter", "with_masks"}


def test_every_edit_there_is_stands_in_these_tests() -> None:
    public = {
        name
        for name, value in vars(edits).items()
        if callable(value) and getattr(value, "__module__", "") == edits.__name__ and name[0] != "_"
    }
    assert public - NO_EDITS == set(EDITS)


@st.composite
def walks(draw: st.DrawFn) -> list[Project]:
    """The values a project goes through in some edits."""
    values = [plain_project(2, 2)]
    for _ in range(draw(st.integers(1, 25))):
        project = values[-1]
        if not project.layers:
            project = edits.add_layer(project)
            values.append(project)
        name = draw(st.sampled_from(sorted(EDITS)))
        layer = draw(st.sampled_from(project.layers))
        values.append(EDITS[name](draw, project, layer, draw(FRAMES)))
    return values


many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(walks())
def test_whatever_is_edited_a_locked_frame_has_its_mask(values: list[Project]) -> None:
    for layer in (layer for project in values for layer in project.layers):
        assert layer.locks <= layer.masks.keys()
        assert not any(map(layer.is_stale, layer.locks))


@many
@given(walks(), st.data())
def test_undo_and_redo_lead_to_the_very_values(values: list[Project], data: st.DataObject) -> None:
    history = History(values[0])
    for number, project in enumerate(values[1:]):
        history.commit(f"edit {number}", project)
    for index in data.draw(st.lists(st.integers(0, len(values) - 1), max_size=20)):
        history.go_to(index)
        assert history.present is values[index]


@many
@given(walks())
def test_an_edit_that_changes_nothing_is_none(values: list[Project]) -> None:
    """The session makes a step of what is another value."""
    for before, after in pairwise(values):
        assert after is before or after != before or _masks_came(before, after)


def _masks_came(before: Project, after: Project) -> bool:
    """Whether masks were put anew, as propagation does; whether they are equal is not looked at."""
    return any(
        mask is not new.masks.get(frame)
        for old, new in zip(before.layers, after.layers, strict=True)
        for frame, mask in old.masks.items()
    )


def _instead(old: Project, new: Project, value: Project) -> Project:
    return new if value is old else value


@many
@given(walks(), st.data())
def test_the_bytes_are_those_that_only_the_other_steps_hold(
    values: list[Project], data: st.DataObject
) -> None:
    """However one came there: by commits, merges, answers, undo."""
    history, kept = History(values[0]), [values[0]]
    for project in values[1:]:
        way = data.draw(st.sampled_from(["commit", "amend", "complete", "undo"]))
        if way == "commit":
            history.commit("edit", project)
            kept = [*kept[: history.index], project]
        elif way == "amend":
            history.amend(project)
            kept[history.index] = project
        elif way == "complete":
            old = data.draw(st.sampled_from(kept))
            kept = [project if value is old else value for value in kept]
            history.complete(partial(_instead, old, project))
        elif history.can_undo:
            history.go_to(history.index - 1)
    assert history.bytes == sum(bytes_lost(a, b) for a, b in pairwise(kept))
    for index, project in enumerate(kept):
        history.go_to(index)
        assert history.present is project


def big(seed: int) -> Project:
    """A project with one mask of some hundred bytes that no other one shares."""
    layer = Layer("a", "Rabbit", masks={1001: plain_mask(None, seed)})
    return Project(plain_clip(), (layer,))


def test_the_oldest_steps_are_forgotten_beyond_the_budget() -> None:
    one = bytes_lost(big(0), big(1))
    history = History(big(0), budget=5 * one + 200)
    for seed in range(1, 30):
        history.commit(f"edit {seed}", big(seed))
    assert 4 <= history.index <= 6
    assert history.bytes <= 5 * one + 200
    assert history.labels()[-1] == "edit 29"


def test_one_step_back_always_stays() -> None:
    history = History(big(0), budget=0)
    for seed in range(1, 5):
        history.commit(f"edit {seed}", big(seed))
    assert history.can_undo
    history.go_to(history.index - 1)
    assert history.present.layers == big(3).layers


def test_shared_masks_weigh_nothing() -> None:
    """Renaming a layer of many masks costs no mask, and no table of them."""
    project = plain_project(1, 40)
    layer_id = project.layers[0].id
    assert bytes_lost(project, edits.rename_layer(project, layer_id, "Fox")) == 0
    deleted = edits.delete_layer(project, layer_id)
    assert bytes_lost(project, deleted) > sum(
        len(mask.data) for mask in project.layers[0].masks.values()
    )


def test_what_is_no_edit_changes_every_value() -> None:
    history = History(plain_project(1, 1))
    history.commit("edit", edits.add_layer(history.present))
    clip = replace(plain_clip(), name="other")
    first, other = history.present, plain_project(2, 1)
    assert history.map(lambda project: replace(project, clip=clip), first) is history.present
    elsewhere = history.map(lambda project: replace(project, clip=clip), other)
    assert elsewhere == replace(other, clip=clip)
    history.go_to(0)
    assert history.present.clip is clip


@pytest.mark.parametrize("index", [-1, 2])
def test_there_is_nothing_beyond_the_ends(index: int) -> None:
    history = History(plain_project())
    history.commit("edit", plain_project())
    with pytest.raises(IndexError):
        history.go_to(index)


def test_a_drag_is_one_step_until_it_ends() -> None:
    history, values = History(plain_project()), [plain_project() for _ in range(4)]
    history.commit("move", values[0], "drag")
    history.commit("move", values[1], "drag")
    assert history.labels() == ["Open", "move"]
    history.end_merge()
    history.commit("move", values[2], "drag")
    assert history.labels() == ["Open", "move", "move"]
    assert history.present is values[2]
